"""What else in a patient's files draws a face: the dose grid, which ends at the skin, and the BODY contour."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..case import Structure
from ..errors import NotAvailable
from ..structures.mask import structure_mask
from .surface import FaceBox, on_box

DOSE_SHARES = (0.002, 0.01, 0.05)
"""Levels at which an attacker draws the dose, as shares of its maximum: planning systems end the dose at the skin."""
DOSE_SMOOTHING_MM, BODY_SMOOTHING_MM = 2.0, 1.5
"""Gaussian sigma over the steps of dose voxels (2 to 3 mm) and of contour slabs."""


def dose_greys(dose: sitk.Image, box: FaceBox, highest: float) -> list[NDArray[np.float32]]:
    """A dose grid on the face's grid, once for each level, scaled so that the level is 0 and no dose is -1.

    Parameters
    ----------
    highest : float
        Maximum of the original dose: the levels stay the same for every version.

    Returns
    -------
    list of ndarray of float32, shape (z, y, x)
    """
    values = on_box(dose, box, 0.0)
    greys = []
    for share in DOSE_SHARES:
        level = max(share * highest, float(np.finfo(np.float32).tiny))
        scaled = np.clip(values / np.float32(level) - 1.0, -1.0, 1.0)
        greys.append(ndimage.gaussian_filter(scaled, DOSE_SMOOTHING_MM / box.spacing_mm, mode="nearest", truncate=3.0))
    return greys


def box_grid(box: FaceBox) -> sitk.Image:
    """The face's grid as an empty image."""
    grid = sitk.Image(box.size, sitk.sitkUInt8)
    grid.SetOrigin(box.origin_mm)
    grid.SetSpacing(box.spacings_mm)
    return grid


def body_mask(body: Structure, box: FaceBox) -> NDArray[np.bool_]:
    """The planned outer contour on the face's grid, shape (z, y, x).

    Raises
    ------
    NotAvailable
        If it does not reach the face.
    """
    grid = box_grid(box)
    found = structure_mask(body, grid)
    if found is None:
        raise NotAvailable("the outer contour does not reach the face")
    return found.whole(grid)


def body_grey(mask: NDArray[np.bool_], box: FaceBox) -> NDArray[np.float32]:
    """An outer contour as scaled grey values (-1 outside, 1 inside, smoothed)."""
    solid = np.where(mask, np.float32(1.0), np.float32(-1.0))
    return ndimage.gaussian_filter(solid, BODY_SMOOTHING_MM / box.spacing_mm, mode="nearest", truncate=3.0)

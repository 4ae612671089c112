"""The isotropic grid along LPS axes on which heads are searched."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CaseImage
from ..errors import FaceNotFound
from ..geometry.boxes import box_around
from ..geometry.grids import onto_grid, working_grid
from ..geometry.morphology import largest_part
from .air import air_level, skin_threshold

COARSE_SPACING_MM = 6.0
"""Enough to see where the body is."""

MARGIN_MM, FRONT_MARGIN_MM = 24.0, 44.0
"""Room around the body; in front of the face as far as devices count (mask shells, bolus: 40 mm)."""

DEEPEST_MM = 320.0
"""No face and no brain lies further below the vertex."""


def head_grid(image: CaseImage) -> sitk.Image:
    """The working grid of an image around its largest body, so that air, couch and trunk cost nothing.

    Raises
    ------
    FaceNotFound
        If nothing in the image exceeds the skin threshold.
    """
    coarse = working_grid(image.image, COARSE_SPACING_MM)
    values = onto_grid(image.image, coarse, air_level(image))
    body = box_around(largest_part(sitk.GetArrayViewFromImage(values) > skin_threshold(image)))
    if body is None:
        raise FaceNotFound(f"image {image.key} shows no head: nothing exceeds the skin threshold")
    z, y, x = ((place.start * COARSE_SPACING_MM, place.stop * COARSE_SPACING_MM) for place in body.slices)
    origin = np.array(coarse.GetOrigin()) - 0.5 * COARSE_SPACING_MM
    top = origin[2] + z[1] + MARGIN_MM
    bottom = max(origin[2] + z[0] - MARGIN_MM, top - DEEPEST_MM)
    low = np.array([origin[0] + x[0] - MARGIN_MM, origin[1] + y[0] - FRONT_MARGIN_MM, bottom])
    high = np.array([origin[0] + x[1] + MARGIN_MM, origin[1] + y[1] + MARGIN_MM, top])
    return _between(working_grid(image.image), low, high)


def _between(grid: sitk.Image, low: NDArray[np.float64], high: NDArray[np.float64]) -> sitk.Image:
    """The part of a grid between two corners, LPS mm."""
    spacing, size = np.array(grid.GetSpacing()), np.array(grid.GetSize())
    first = np.clip(np.floor((low - grid.GetOrigin()) / spacing), 0, size - 1).astype(int)
    last = np.clip(np.ceil((high - grid.GetOrigin()) / spacing), first, size - 1).astype(int)
    return sitk.RegionOfInterest(grid, (last - first + 1).tolist(), first.tolist())

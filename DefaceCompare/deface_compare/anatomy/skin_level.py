"""The skin between voxels: a signed distance that follows the image's values, not a mask's stair-steps."""

from __future__ import annotations

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.boxes import box_around
from ..geometry.crossings import distance_to_crossing_mm
from ..geometry.grids import on_grid
from ..geometry.level_set import SMOOTHING_VOXELS, from_border_mm
from ..geometry.nearness import dilated, eroded

FAR_MM = 1000.0
"""Marks voxels that do not touch the skin; no head is so large."""
AROUND_VOXELS = 3
"""So far around the outline the skin is located: one voxel holds values of its own, one more their slope."""


def skin_level(values: sitk.Image, outline: sitk.Image, threshold: float) -> sitk.Image:
    """Locate the skin at the outline's border, where the values pass the middle between air and tissue.

    The middle stays where it is however thick the slices are; the skin threshold of a CT lies above it and sinks in with them.
    On eight grids of one head the level at fixed skin points differs by up to 0.03 mm in the mean (at the threshold by 0.23) and
    0.16 mm in its spread (the mask's own distance map: 0.28).

    Parameters
    ----------
    values : SimpleITK.Image
        float32 on the working grid (MR and PET: smoothed as for the outline).
    outline : SimpleITK.Image
        uint8, the filled patient: cavities and devices have no skin of their own.
    threshold : float
        The image's skin threshold, by which the outline was found.

    Returns
    -------
    SimpleITK.Image
        float32, mm from the skin, negative inside.
    """
    found = sitk.GetArrayViewFromImage(values)
    inside = sitk.GetArrayViewFromImage(outline) > 0
    air, tissue = (float(np.median(found[mask])) if mask.any() else threshold for mask in (~inside, inside))
    middle = 0.5 * (air + tissue)
    solid = np.full(inside.shape, air, np.float32)
    around = box_around(inside, AROUND_VOXELS)
    if around is not None:  # beyond is air, which no skin touches
        solid[around.slices] = _with_own_skin(found[around.slices], inside[around.slices], air, tissue, threshold)
    level = from_border_mm(on_grid(solid > middle, outline))
    if around is not None:
        part = level[around.slices]
        to_skin = distance_to_crossing_mm(solid[around.slices], middle, outline.GetSpacing()[::-1], FAR_MM)
        np.copyto(part, -to_skin, where=np.abs(to_skin) < 0.5 * FAR_MM)
    return on_grid(scipy.ndimage.gaussian_filter(level, SMOOTHING_VOXELS), outline)


def _with_own_skin(
    found: NDArray[np.float32], inside: NDArray[np.bool_], air: float, tissue: float, threshold: float
) -> NDArray[np.float64]:
    """Air outside and tissue inside; at the border between them the values found, where these agree with the outline."""
    next_to_skin = dilated(inside) & ~eroded(inside)
    solid = np.where(inside, tissue, air)
    own = next_to_skin & ((found > threshold) == inside)
    solid[own] = found[own]
    return solid

"""Devices near the edited face: a mask shell, bolus or head holder left in air would be a cast of the face."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.air import air_level
from ..anatomy.head import Head
from ..anatomy.working_grid import on_grid
from ..case import CaseImage
from .edit import Patch
from .removal import stored_level
from .voxel_box import VoxelBox, box_around, box_between, box_of_patch, box_of_points, boxed, corners_mm, index_to_mm, sample_box

REACH_MM = 40.0
"""Devices this near to the edited face become background."""


def devices_near_edit(image: sitk.Image, patch: Patch, head: Head) -> sitk.Image | None:
    """Mark the device voxels of the working grid within `REACH_MM` of the patient's voxels that `patch` altered.

    Parameters
    ----------
    image : SimpleITK.Image
        The image that `patch` belongs to.
    patch : Patch
    head : Head

    Returns
    -------
    SimpleITK.Image or None
        uint8 on the working grid, one voxel wider than the devices where that is away from the skin; None without any.
    """
    devices = sitk.GetArrayViewFromImage(head.devices) > 0
    if not devices.any():
        return None
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    box = _box_on_grid(image, patch, head.grid)
    if box.empty or not devices[box.slices].any():
        return None
    altered = _altered_on_grid(image, patch, head.grid, box) & outline[box.slices]
    if not altered.any():
        return None
    near = ndimage.distance_transform_edt(~altered, sampling=head.grid.GetSpacing()[::-1]) <= REACH_MM
    found = devices[box.slices] & near
    rim = ndimage.binary_dilation(found) & ~ndimage.binary_dilation(outline[box.slices])
    if not found.any():
        return None
    marked = np.zeros(devices.shape, dtype=np.bool_)
    marked[box.slices] = found | rim
    return on_grid(marked, head.grid)


def without_devices(image: CaseImage, patch: Patch, marked: sitk.Image | None) -> Patch:
    """`patch`, widened where need be, with the marked devices turned into the image's background."""
    if marked is None:
        return patch
    around = box_around(sitk.GetArrayViewFromImage(marked) > 0)
    if around is None:
        return patch
    box = _union(image.image, patch, corners_mm(marked, around), margin_mm=marked.GetSpacing()[0])
    values = image.array()[box.slices].copy()
    x, y, z = np.subtract(patch.offset, box.offset).tolist()
    values[VoxelBox((x, y, z), box_of_patch(patch).size).slices] = patch.values
    device = sample_box(marked, image.image, box, 0.0, nearest=True) > 0.5
    values[device] = stored_level(air_level(image), values.dtype)
    return Patch(box.offset, values)


def _union(grid: sitk.Image, patch: Patch, points_mm: NDArray[np.float64], margin_mm: float) -> VoxelBox:
    """The box of `grid` around a patch and points."""
    matrix, origin = index_to_mm(grid)
    index = (points_mm - origin) @ np.linalg.inv(matrix).T
    margin = margin_mm / np.array(grid.GetSpacing())
    low = np.minimum(index.min(axis=0) - margin, patch.offset)
    high = np.maximum(index.max(axis=0) + margin, np.add(patch.offset, patch.values.shape[::-1]) - 1)
    return box_between(low, high, grid)


def _box_on_grid(image: sitk.Image, patch: Patch, grid: sitk.Image) -> VoxelBox:
    """The box of the working grid around a patch, `REACH_MM` wider."""
    return box_of_points(corners_mm(image, box_of_patch(patch)), grid, REACH_MM)


def _altered_on_grid(image: sitk.Image, patch: Patch, grid: sitk.Image, box: VoxelBox) -> NDArray[np.bool_]:
    """Where `patch` altered `image`, by nearest neighbour on `box` of the working grid."""
    altered = boxed(patch.altered(image).astype(np.uint8), image, box_of_patch(patch))
    return sample_box(altered, grid, box, 0.0, nearest=True) > 0.5

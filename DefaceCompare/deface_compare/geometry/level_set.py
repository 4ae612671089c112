"""A surface as a level set: mm from it at every voxel of a grid, negative inside."""

from __future__ import annotations

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from .boxes import VoxelBox, index_to_mm

SMOOTHING_VOXELS = 1.0
"""Gaussian sigma that takes noise and what is left of the stair-steps out of the level set."""


def distance_outside_mm(mask: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.float32]:
    """Distance in mm from the nearest true voxel, 0 inside; infinite if there is none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    return (scipy.ndimage.distance_transform_edt(~mask) * spacing_mm).astype(np.float32)


def ramp(values: NDArray[np.floating], zero_at: float, one_at: float) -> NDArray[np.float32]:
    """Smooth step (Hermite) from 0 at `zero_at` to 1 at `one_at`; either may be the larger."""
    t = values - zero_at
    t /= one_at - zero_at
    np.clip(t, 0.0, 1.0, out=t)
    step = t * t
    t *= -2.0
    t += 3.0
    step *= t
    return step.astype(np.float32, copy=False)


def grid_points_mm(grid: sitk.Image, box: VoxelBox) -> NDArray[np.float64]:
    """Voxel centres of `box` in LPS mm, shape (n, 3), in the order of the (z, y, x) array."""
    matrix, origin = index_to_mm(grid)
    z, y, x = np.meshgrid(*(np.arange(s.start, s.stop, dtype=np.float64) for s in box.slices), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1) @ matrix.T + origin


def sample_at(
    values: NDArray[np.float32], grid: sitk.Image, points_mm: NDArray[np.float64], outside: float
) -> NDArray[np.float64]:
    """Linear interpolation of an array on `grid` at points, shape (n, 3); `outside` beyond the grid."""
    matrix, origin = index_to_mm(grid)
    index = (points_mm - origin) @ np.linalg.inv(matrix).T
    return scipy.ndimage.map_coordinates(values, index[:, ::-1].T, np.float64, order=1, mode="constant", cval=outside)


def mask_level_mm(mask: sitk.Image) -> NDArray[np.float32]:
    """Distance in mm from a mask's border, negative inside, without the mask's stair-steps, shape (z, y, x)."""
    return scipy.ndimage.gaussian_filter(from_border_mm(mask), SMOOTHING_VOXELS)


def smoothed_level_mm(distance: sitk.Image) -> NDArray[np.float32]:
    """The same of a mask's signed distance map at hand."""
    return scipy.ndimage.gaussian_filter(_counted_from_border(distance), SMOOTHING_VOXELS)


def from_border_mm(mask: sitk.Image) -> NDArray[np.float32]:
    """Distance in mm from a mask's border, negative inside, shape (z, y, x)."""
    return _counted_from_border(sitk.SignedMaurerDistanceMap(mask > 0, False, False, True))


def _counted_from_border(distance: sitk.Image) -> NDArray[np.float32]:
    """The border runs half a voxel outside the centres of a mask's outermost voxels, from which the distance map counts."""
    return sitk.GetArrayFromImage(distance) - np.float32(0.5 * distance.GetSpacing()[0])

"""The isotropic grid along LPS axes on which heads are searched."""

from __future__ import annotations

import itertools

import numpy as np
import SimpleITK as sitk

WORKING_SPACING_MM = 2.0
"""Fine enough for a nose, coarse enough for seconds; the shared MR heads themselves have 2 mm."""


def working_grid(image: sitk.Image, spacing_mm: float = WORKING_SPACING_MM) -> sitk.Image:
    """Make an empty uint8 grid along LPS axes that covers all corners of `image` (any orientation, tilt or spacing)."""
    size = np.array(image.GetSize())
    corners = [
        image.TransformContinuousIndexToPhysicalPoint([float(c) for c in corner])
        for corner in itertools.product(*[(-0.5, n - 0.5) for n in size])
    ]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    # rounding guards against 1e-12 differences between equal grids, which would add a slice
    count = np.maximum(1, np.ceil(np.round((high - low) / spacing_mm, 3)).astype(int))
    middle = 0.5 * (low + high)
    grid = sitk.Image(count.tolist(), sitk.sitkUInt8)
    grid.SetSpacing([spacing_mm] * 3)
    grid.SetOrigin((middle - 0.5 * (count - 1) * spacing_mm).tolist())
    return grid


def onto_grid(image: sitk.Image, grid: sitk.Image, outside: float, nearest: bool = False) -> sitk.Image:
    """Resample onto `grid` (float32 linear, or nearest in its own type); voxels outside the image get `outside`.

    An image finer than half the grid is smoothed first, so that noise and thin streaks do not alias.
    """
    if nearest:
        return sitk.Resample(image, grid, sitk.Transform(), sitk.sitkNearestNeighbor, outside, image.GetPixelID())
    smooth = sitk.Cast(image, sitk.sitkFloat32)
    for axis, spacing in enumerate(image.GetSpacing()):
        if spacing <= 0.5 * grid.GetSpacing()[0] + 1e-6:
            smooth = sitk.RecursiveGaussian(
                smooth, 0.4 * grid.GetSpacing()[0], False, sitk.RecursiveGaussianImageFilter.ZeroOrder, axis
            )
    return sitk.Resample(smooth, grid, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkFloat32)


def field_of_view(image: sitk.Image, grid: sitk.Image) -> sitk.Image:
    """Mark (uint8, 1) the grid voxels whose centre lies inside `image`."""
    ones = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    ones.CopyInformation(image)
    return sitk.Resample(ones, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def on_grid(array: np.ndarray, grid: sitk.Image) -> sitk.Image:
    """Wrap an array, shape (z, y, x), as an image on `grid` (bool becomes uint8)."""
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.CopyInformation(grid)
    return image

"""Grids of voxels: made, resampled onto, wrapped around arrays."""

from __future__ import annotations

import itertools

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from .box_sampling import sample_box
from .boxes import whole_box

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

    Voxels no larger than half the grid's are averaged first, so that noise and thin streaks do not alias.
    """
    if nearest:
        return sitk.Resample(image, grid, sitk.Transform(), sitk.sitkNearestNeighbor, outside, image.GetPixelID())
    bins = [max(1, int(grid.GetSpacing()[0] / spacing + 1e-6)) for spacing in image.GetSpacing()]
    bins = [min(count, size) for count, size in zip(bins, image.GetSize(), strict=True)]
    coarse = sitk.BinShrink(image, bins) if max(bins) > 1 else image
    return on_grid(sample_box(coarse, grid, whole_box(grid), outside), grid)


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


def mapped(affine: sitk.Transform, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) through an affine transform, all at once (four of its values define it)."""
    start = np.array(affine.TransformPoint((0.0, 0.0, 0.0)))
    rows = np.array([np.array(affine.TransformPoint(unit)) - start for unit in np.eye(3).tolist()])
    return start + points_mm @ rows


def nearest_axes(direction: NDArray[np.float64]) -> tuple[int, int, int]:
    """For L, P and S the image axis that runs most along it; each axis is used once, the clearest pairing first."""
    strength = np.abs(direction).copy()
    chosen = [0, 0, 0]
    for _ in range(3):
        world, axis = np.unravel_index(int(np.argmax(strength)), (3, 3))
        chosen[int(world)] = int(axis)
        strength[world, :] = -1.0
        strength[:, axis] = -1.0
    return chosen[0], chosen[1], chosen[2]


def flattened(transforms: tuple[sitk.AffineTransform, ...]) -> sitk.AffineTransform:
    """One affine for several; the last one is applied first."""
    matrix, offset = np.eye(3), np.zeros(3)
    for transform in reversed(transforms):
        own = np.array(transform.GetMatrix()).reshape(3, 3)
        own_offset = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
        matrix, offset = own @ matrix, own @ offset + own_offset
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(matrix.ravel().tolist())
    affine.SetTranslation(offset.tolist())
    return affine

"""Boxes of voxels of an image: where methods look and edit, so that big images are never walked as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray


@dataclass(frozen=True)
class VoxelBox:
    """A box of voxel indices, both in (x, y, z) order."""

    offset: tuple[int, int, int]
    size: tuple[int, int, int]

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as (z, y, x) slices of the whole array."""
        (x, y, z), (width, height, depth) = self.offset, self.size
        return slice(z, z + depth), slice(y, y + height), slice(x, x + width)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the box's array, (z, y, x)."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def empty(self) -> bool:
        """True if it holds no voxel."""
        return min(self.size) <= 0

    def within(self, inner: VoxelBox) -> VoxelBox:
        """`inner`, a box inside this box (its offset counted from this box), as a box of the whole image."""
        x, y, z = (a + b for a, b in zip(self.offset, inner.offset, strict=True))
        return VoxelBox((x, y, z), inner.size)


Slices = tuple[slice, slice, slice]


def common_part(first: VoxelBox, second: VoxelBox) -> tuple[Slices, Slices] | None:
    """What two boxes of one image share, as (z, y, x) slices of the first one's array and of the second one's; None: nothing."""
    low = np.maximum(first.offset, second.offset)
    high = np.minimum(np.add(first.offset, first.size), np.add(second.offset, second.size))
    if np.any(high <= low):
        return None
    (x, y, z), (x_end, y_end, z_end) = low.tolist(), high.tolist()
    own, other = (
        (slice(z - oz, z_end - oz), slice(y - oy, y_end - oy), slice(x - ox, x_end - ox))
        for ox, oy, oz in (first.offset, second.offset)
    )
    return own, other


def whole_box(grid: sitk.Image) -> VoxelBox:
    """All voxels of `grid`."""
    width, height, depth = grid.GetSize()
    return VoxelBox((0, 0, 0), (width, height, depth))


def box_at(offset: tuple[int, int, int], array: NDArray[np.generic]) -> VoxelBox:
    """The box that an array, shape (z, y, x), fills from the voxel `offset` (x, y, z) on."""
    depth, height, width = array.shape
    return VoxelBox(offset, (width, height, depth))


def box_between(lower: NDArray[np.floating], upper: NDArray[np.floating], grid: sitk.Image) -> VoxelBox:
    """The voxels with lower <= index <= upper ((x, y, z) bounds) that lie in `grid`; may be empty."""
    first = np.maximum(np.ceil(lower - 1e-9), 0)
    last = np.minimum(np.floor(upper + 1e-9), np.array(grid.GetSize()) - 1)
    x, y, z = (int(v) for v in first)
    width, height, depth = (int(v) for v in np.maximum(last - first + 1, 0))
    return VoxelBox((x, y, z), (width, height, depth))


def box_around(mask: NDArray[np.bool_], margin: int = 0) -> VoxelBox | None:
    """The smallest box that holds all true voxels of a (z, y, x) array, wider by `margin` voxels where the array goes on.

    None if no voxel is true.
    """
    bounds = []
    for axis in (2, 1, 0):
        others = tuple(a for a in range(3) if a != axis)
        met = np.flatnonzero(mask.any(axis=others))
        if met.size == 0:
            return None
        first, end = max(0, int(met[0]) - margin), min(mask.shape[axis], int(met[-1]) + 1 + margin)
        bounds.append((first, end - first))
    (x, width), (y, height), (z, depth) = bounds
    return VoxelBox((x, y, z), (width, height, depth))


def index_to_mm(grid: sitk.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix (3, 3) and origin (3,) with ``point = origin + matrix @ index``; index is (x, y, z), point LPS mm."""
    direction = np.array(grid.GetDirection()).reshape(3, 3)
    return direction * np.array(grid.GetSpacing()), np.array(grid.GetOrigin())


def grid_points(mask: sitk.Image) -> NDArray[np.float64]:
    """Centres of a mask's voxels, shape (n, 3), LPS mm."""
    index = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    matrix, origin = index_to_mm(mask)
    return origin + index @ matrix.T


def box_of_points(points_mm: NDArray[np.float64], grid: sitk.Image, margin_mm: float = 0.0) -> VoxelBox:
    """The voxels of `grid` in the box around `points_mm` (n, 3), widened by `margin_mm`; may be empty."""
    matrix, origin = index_to_mm(grid)
    index = (points_mm - origin) @ np.linalg.inv(matrix).T
    margin = margin_mm / np.array(grid.GetSpacing())
    return box_between(index.min(axis=0) - margin, index.max(axis=0) + margin, grid)


def margin_in_view_mm(image: sitk.Image, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far inside the field of view of an image points lie, along its nearest axis; negative outside, shape (n,)."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    along = (points_mm - np.array(image.GetOrigin())) @ np.linalg.inv(direction).T
    spacing, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    x, y, z = np.minimum(along + 0.5 * spacing, (size - 0.5) * spacing - along).T
    return np.minimum(np.minimum(x, y), z)  # np.min along an axis of three takes many times as long


def corners_mm(grid: sitk.Image, box: VoxelBox | None = None) -> NDArray[np.float64]:
    """Centres of the eight corner voxels of `box` (default: of all), shape (8, 3)."""
    chosen = box or whole_box(grid)
    matrix, origin = index_to_mm(grid)
    low = np.array(chosen.offset)
    high = low + np.array(chosen.size) - 1
    index = np.array([[(low, high)[(n >> axis) & 1][axis] for axis in range(3)] for n in range(8)], dtype=np.float64)
    return origin + index @ matrix.T


def cropped_to(image: sitk.Image, grid: sitk.Image, margin_mm: float = 6.0) -> sitk.Image:
    """The part of `image` that `grid` covers, `margin_mm` wider; the whole image where they don't meet."""
    box = box_for_grid(image, grid, margin_mm)
    return sitk.RegionOfInterest(image, box.size, box.offset)


def box_for_grid(image: sitk.Image, grid: sitk.Image, margin_mm: float = 6.0) -> VoxelBox:
    """The box of `cropped_to`."""
    box = box_of_points(corners_mm(grid), image, margin_mm)
    return whole_box(image) if box.empty else box


def boxed(array: NDArray[np.generic], grid: sitk.Image, box: VoxelBox) -> sitk.Image:
    """`array`, the (z, y, x) values of `box`, as an image that lies where the box lies."""
    image = sitk.GetImageFromArray(array)
    image.SetOrigin(grid.TransformIndexToPhysicalPoint(box.offset))
    image.SetSpacing(grid.GetSpacing())
    image.SetDirection(grid.GetDirection())
    return image


@dataclass(frozen=True)
class Patch:
    """The changed box of one image.

    Parameters
    ----------
    offset : (int, int, int)
        Voxel index (x, y, z) of the box's first voxel.
    values : ndarray, shape (z, y, x)
        The edited voxels of the box in the image's own stored type.
    """

    offset: tuple[int, int, int]
    values: NDArray[np.generic]

    @property
    def box(self) -> VoxelBox:
        """The box that the patch covers."""
        return box_at(self.offset, self.values)

    def whole(self, image: sitk.Image) -> sitk.Image:
        """A copy of `image` with the box replaced; every voxel outside is bit-identical."""
        stored = sitk.GetArrayViewFromImage(image).dtype
        values = sitk.GetImageFromArray(self.values.astype(stored, copy=False))
        return sitk.Paste(image, values, self.box.size, (0, 0, 0), self.offset)

    def part(self, image: sitk.Image, box: VoxelBox) -> sitk.Image:
        """A box of `image` as the patch leaves it: what `whole` gives there, without a copy of all of it."""
        values = sitk.GetArrayViewFromImage(image)[box.slices].copy()
        common = common_part(self.box, box)
        if common is not None:
            own, there = common
            values[there] = self.values[own]
        return boxed(values, image, box)

    def altered(self, image: sitk.Image) -> NDArray[np.bool_]:
        """Which voxels of the box differ from the original, shape (z, y, x) of the box."""
        return sitk.GetArrayViewFromImage(image)[self.box.slices] != self.values

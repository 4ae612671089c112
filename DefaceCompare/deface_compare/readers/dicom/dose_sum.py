"""The sum of several dose grids: on the finest of them, and only where all of them are known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...errors import NotAvailable
from ...geometry.boxes import VoxelBox, index_to_mm
from ...geometry.lattice import voxel_cc

SAME_PLACE = 1e-4
"""Share of a voxel by which places may differ and still be the same: coordinates are written with a few decimals."""
LEAST_SIDE = 2
"""Voxels along each axis of a grid that doses can be interpolated in."""


def in_fixed_order(grids: Sequence[sitk.Image]) -> list[int]:
    """Positions of dose grids, the finest first; what they hold decides, never how their files are called."""

    def content(k: int) -> tuple[object, ...]:
        grid = grids[k]
        place = (round(voxel_cc(grid), 9), grid.GetSize(), grid.GetOrigin(), grid.GetSpacing(), grid.GetDirection())
        return (*place, hashlib.sha256(sitk.GetArrayViewFromImage(grid).tobytes()).digest())

    return sorted(range(len(grids)), key=content)


def sum_of_grids(grids: Sequence[sitk.Image]) -> tuple[sitk.Image, tuple[str, ...]]:
    """The sum (float32) on the first grid, cut to a box of it that all grids cover, and what its rows must say.

    Outside a grid its dose is missing, not 0: a voxel that one of the grids does not reach has no sum. A grid reaches half a
    voxel beyond its outermost centres. In between doses are linear.

    Raises
    ------
    NotAvailable
        If the grids have no common part.
    """
    first = grids[0]
    if len(grids) == 1:
        return first, ()
    total = sitk.GetArrayFromImage(first).astype(np.float64)
    covered = np.ones(total.shape, dtype=bool)
    for grid in grids[1:]:
        if _same_place(grid, first):
            total += sitk.GetArrayViewFromImage(grid)
            continue
        covered &= _covered(first, grid)
        total += _doses_at(first, grid)
    box = covered_box(covered)
    if box is None:
        raise NotAvailable(f"the {len(grids)} doses that belong together have no common part and were not added up")
    image = sitk.GetImageFromArray(np.ascontiguousarray(total[box.slices], dtype=np.float32))
    image.SetSpacing(first.GetSpacing())
    image.SetDirection(first.GetDirection())
    image.SetOrigin(first.TransformIndexToPhysicalPoint(box.offset))
    unequal = any(not _same_place(grid, image) for grid in grids)
    extent = " of unequal extent: known where all of them are, missing elsewhere" if unequal else ""
    return image, (f"sum of {len(grids)} dose grids{extent}",)


def covered_box(covered: NDArray[np.bool_]) -> VoxelBox | None:
    """A box of voxels that are all true, None if it has less than `LEAST_SIDE` voxels a side.

    What grids cover together is convex, so a box lies in it as soon as its faces do. Faces are taken off, the one with the
    largest uncovered share first; of grids with parallel axes that leaves all that they cover.

    Parameters
    ----------
    covered : ndarray of bool, shape (z, y, x)
    """
    low, high = np.zeros(3, dtype=int), np.array(covered.shape)
    while np.all(high - low >= LEAST_SIDE):
        part = covered[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        missing = [1.0 - float(np.take(part, end, axis=axis).mean()) for axis in range(3) for end in (0, -1)]
        worst = int(np.argmax(missing))
        if missing[worst] == 0:
            (z, y, x), (depth, height, width) = low.tolist(), (high - low).tolist()
            return VoxelBox((x, y, z), (width, height, depth))
        if worst % 2:
            high[worst // 2] -= 1
        else:
            low[worst // 2] += 1
    return None


def _same_place(grid: sitk.Image, other: sitk.Image) -> bool:
    if grid.GetSize() != other.GetSize():
        return False
    matrix, start = _index_map(other, grid)
    last = np.array(other.GetSize()) - 1.0
    return bool(np.abs(start).max() < SAME_PLACE and np.abs(matrix @ np.diag(last) - np.diag(last)).max() < SAME_PLACE)


def _index_map(grid: sitk.Image, other: sitk.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix and start with ``index in other = start + matrix @ index in grid``, both (x, y, z)."""
    (matrix, origin), (other_matrix, other_origin) = index_to_mm(grid), index_to_mm(other)
    back = np.linalg.inv(other_matrix)
    return back @ matrix, back @ (origin - other_origin)


def _covered(grid: sitk.Image, other: sitk.Image) -> NDArray[np.bool_]:
    """Which voxel centres of `grid` lie in `other`, shape (z, y, x)."""
    matrix, start = _index_map(grid, other)
    x, y, z = (np.arange(count, dtype=np.float64) for count in grid.GetSize())
    inside = np.ones(grid.GetSize()[::-1], dtype=bool)
    for row, begin, count in zip(matrix, start, other.GetSize(), strict=True):
        index = begin + row[2] * z[:, None, None] + row[1] * y[:, None] + row[0] * x
        inside &= (index >= -0.5 - SAME_PLACE) & (index <= count - 0.5 + SAME_PLACE)
    return inside


def _doses_at(grid: sitk.Image, other: sitk.Image) -> NDArray[np.float64]:
    """Linear doses of `other` at the voxel centres of `grid`; within half a voxel of its border the border's dose."""
    wider = sitk.ZeroFluxNeumannPad(sitk.Cast(other, sitk.sitkFloat64), [1] * 3, [1] * 3)
    return sitk.GetArrayFromImage(sitk.Resample(wider, grid, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat64))

"""A field or a mask at the voxels of a box of another grid: what SimpleITK's resampling gives, sooner where the axes are shared.

Where both grids run along the same axes, as the working grid and most scans do, each axis is interpolated by itself: a plane of
the coarse field is stretched once for all the slices that lie near it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from .boxes import VoxelBox

MOST_PLACES = 64
"""So many pairs of grids are remembered, some ten kB each: a case has a dozen."""

Places = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Continuous index in the field of each column, row and slice (x, y, z) of a box."""


def sample_box(field: sitk.Image, grid: sitk.Image, box: VoxelBox, outside: float) -> NDArray[np.float32]:
    """The values of `field` at the voxel centres of `box` of `grid`, linear, shape (z, y, x); `outside` where `field` ends."""
    sampled = np.empty(box.shape, np.float32)
    for plane, values in zip(sampled, sample_planes(field, grid, box, outside), strict=True):
        plane[...] = values
    return sampled


def sample_planes(field: sitk.Image, grid: sitk.Image, box: VoxelBox, outside: float) -> Iterator[NDArray[np.float32]]:
    """The planes of `sample_box`, one after the other, shape (y, x): for who keeps but few of a large box's voxels."""
    places = _places(field, grid, box)
    values = sitk.GetArrayViewFromImage(field)
    if places is None or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        yield from _resampled(field, grid, box, outside, sitk.sitkLinear, sitk.sitkFloat32)
        return
    (x, columns), (y, rows) = (_within(at, n) for at, n in zip(places[:2], field.GetSize()[:2], strict=True))
    stretched = _Stretched(values, x, y)
    for at in places[2]:
        sampled = np.full(box.shape[1:], outside, np.float32)
        if -0.5 <= at < len(values) - 0.5 and len(x) and len(y):
            sampled[rows, columns] = stretched.at(at)
        yield sampled


def sample_mask(mask: sitk.Image, grid: sitk.Image, box: VoxelBox) -> NDArray[np.bool_]:
    """Whether the voxel of `mask` nearest to each voxel centre of `box` of `grid` is set, shape (z, y, x); not where it ends."""
    places = _places(mask, grid, box)
    if places is None:
        return _resampled(mask, grid, box, 0.0, sitk.sitkNearestNeighbor, sitk.sitkUInt8).astype(np.bool_)
    sampled = np.zeros(box.shape, np.bool_)
    inside = [_within(at, n) for at, n in zip(places, mask.GetSize(), strict=True)]
    # halves are rounded up, by SimpleITK's own arithmetic: voxels of half or a quarter of the mask's lie on them
    (x, columns), (y, rows), (z, slices) = ((np.rint(2.0 * at + 0.5).astype(np.intp) >> 1, part) for at, part in inside)
    values, last, found = sitk.GetArrayViewFromImage(mask), -1, sampled[:0]
    for plane, to in zip(z.tolist(), range(slices.start, slices.stop), strict=True):
        if plane != last:  # several slices may lie nearest to one plane
            last, found = plane, (values[plane].take(x, axis=1) > 0).take(y, axis=0)
        sampled[to, rows, columns] = found
    return sampled


class _Stretched:
    """Planes of a field, interpolated along x and y; neighbours of the one asked for last are kept.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    x, y : ndarray of float
        Where along the field's axes.
    """

    def __init__(self, values: NDArray[np.generic], x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        (self._columns, across), (self._rows, down) = (
            _neighbours_among(at, n) for at, n in ((x, values.shape[2]), (y, values.shape[1]))
        )
        self._values = values[:, down, across]
        self._known: dict[int, NDArray[np.float64]] = {}

    def at(self, z: float) -> NDArray[np.float64]:
        """The field between two of its planes, or in the outermost one, shape (y, x)."""
        low, share = int(max(z, 0.0)), max(z, 0.0) % 1.0
        if share == 0.0 or low + 1 == len(self._values):
            return self._plane(low)
        return _between(self._plane(low), self._plane(low + 1), share)

    def _plane(self, number: int) -> NDArray[np.float64]:
        """One plane of the field, shape (y, x)."""
        if number not in self._known:
            low, high, share = self._columns
            values = self._values[number].astype(np.float64)
            wide = _between(values.take(low, axis=1), values.take(high, axis=1), share)
            low, high, share = self._rows
            self._known = {key: plane for key, plane in self._known.items() if abs(key - number) == 1}
            self._known[number] = _between(wide.take(low, axis=0), wide.take(high, axis=0), share[:, None])
        return self._known[number]


def _between(low: NDArray[np.float64], high: NDArray[np.float64], share: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Linear interpolation, in the arithmetic of SimpleITK."""
    step = high - low
    step *= share
    step += low
    return step


def _neighbours(at: NDArray[np.float64], length: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The voxel before each place, the one after it, and how far the place lies between them; the outermost go on outwards."""
    low = np.maximum(np.floor(at).astype(np.intp), 0)
    return low, np.minimum(low + 1, length - 1), np.maximum(at - low, 0.0)


def _neighbours_among(
    at: NDArray[np.float64], length: int
) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]], slice]:
    """The same, counted among those voxels only that are anyone's neighbours; and which voxels of all these are."""
    low, high, share = _neighbours(at, length)
    used = slice(int(low.min()), int(high.max()) + 1) if at.size else slice(0, 0)
    return (low - used.start, high - used.start, share), used


def _within(at: NDArray[np.float64], length: int) -> tuple[NDArray[np.float64], slice]:
    """The places that lie in a field, half a voxel around its centres, and which of all they are (they ascend or descend)."""
    inside = np.flatnonzero((at >= -0.5) & (at < length - 0.5))
    part = slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)
    return at[part], part


def _places(field: sitk.Image, grid: sitk.Image, box: VoxelBox) -> Places | None:
    """Where the voxels of a box lie in a field, in the arithmetic of SimpleITK; None unless the two share their axes."""
    return _places_between(_lie(field), _lie(grid), box)


_Lie = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
"""Origin, spacing and direction of a grid."""


def _lie(grid: sitk.Image) -> _Lie:
    return grid.GetOrigin(), grid.GetSpacing(), grid.GetDirection()


@lru_cache(maxsize=MOST_PLACES)
def _places_between(field_lie: _Lie, grid_lie: _Lie, box: VoxelBox) -> Places | None:
    """Found once for each pair of grids: SimpleITK is asked row by row, and the fields of an edit share their grid."""
    field, grid = (_grid(lie) for lie in (field_lie, grid_lie))
    own, other = (np.array(each.GetDirection()).reshape(3, 3) for each in (field, grid))
    if np.count_nonzero(own) != 3 or np.count_nonzero(other) != 3 or not own.diagonal().all() or not other.diagonal().all():
        return None
    first = np.array(grid.TransformIndexToPhysicalPoint(box.offset))
    step = other.diagonal() * np.array(grid.GetSpacing())
    found = []
    for axis, count in enumerate(box.size):
        points = np.repeat(first[None], count + 1, axis=0)
        points[:, axis] += step[axis] * np.arange(count + 1)
        if axis == 0:  # along a row SimpleITK goes evenly from its first voxel to the end
            start, end = (field.TransformPhysicalPointToContinuousIndex(points[n].tolist())[0] for n in (0, count))
            found.append(start + np.arange(count) / max(count, 1) * (end - start))
        else:
            index = [field.TransformPhysicalPointToContinuousIndex(point)[axis] for point in points[:-1].tolist()]
            found.append(np.array(index, dtype=np.float64))
    for each in found:
        each.setflags(write=False)
    return found[0], found[1], found[2]


def _grid(lie: _Lie) -> sitk.Image:
    """A grid of one voxel: where it ends is not asked."""
    grid = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    origin, spacing, direction = lie
    grid.SetOrigin(origin)
    grid.SetSpacing(spacing)
    grid.SetDirection(direction)
    return grid


def _resampled(
    field: sitk.Image, grid: sitk.Image, box: VoxelBox, outside: float, interpolator: int, pixel: int
) -> NDArray[np.generic]:
    origin = grid.TransformIndexToPhysicalPoint(box.offset)
    return sitk.GetArrayFromImage(
        sitk.Resample(
            field,
            box.size,
            sitk.Transform(),
            interpolator,
            origin,
            grid.GetSpacing(),
            grid.GetDirection(),
            outside,
            pixel,
        )
    )

"""Which voxels lie near a mask, exact and fast for reaches of a few voxels: what most masks are grown, closed and shrunk by."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LARGEST_REACH = 40
"""Voxels. Beyond, ITK's distance map is sooner: it takes as long for any reach, this one longer for each further voxel."""

BYTE_REACH = 11
"""Voxels. Twice its square and one still fits a byte; of a larger reach, two."""

AT_ONCE = 2**18
"""Voxels that are compared at once: they, their copy and what they are compared with stay in the processor's cache."""

Squares = NDArray[np.uint8] | NDArray[np.uint16]


def squared_voxels(mask: NDArray[np.bool_], reach: int) -> Squares:
    """Squared distance of each voxel to the nearest true one, in voxels, exact up to a reach.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    reach : int
        Voxels, at most `LARGEST_REACH`.

    Returns
    -------
    ndarray of uint8 (up to `BYTE_REACH`) or uint16, shape (z, y, x)
        0 in the mask; ``reach ** 2 + 1`` for all that is further than `reach`. The lower envelope is taken axis by axis
        (Felzenszwalb and Huttenlocher 2012, Theory of Computing 8, 415), within the reach only.

    Raises
    ------
    ValueError
        If `reach` is too large or not positive.
    """
    if not 0 < reach <= LARGEST_REACH:
        raise ValueError(f"the reach must be 1 to {LARGEST_REACH} voxels, not {reach}")
    squared: Squares = np.where(mask, 0, reach + 1).astype(np.uint8 if reach <= BYTE_REACH else np.uint16)
    for rows in _parts(squared.reshape(-1, mask.shape[-1], 1)):
        _square_along_rows(rows[:, :, 0], reach)
    for axis in range(mask.ndim - 1):
        for lines in _parts(squared.reshape(-1, mask.shape[axis], math.prod(mask.shape[axis + 1 :]))):
            _lower_along(lines, reach)
    return squared


def _parts(lines: Squares) -> Iterator[Squares]:
    """Views of an array, shape (n, along, m), that hold whole lines, about `AT_ONCE` voxels each."""
    count, along, side = lines.shape
    some = max(1, AT_ONCE // max(1, along * side))
    width = max(1, min(side, AT_ONCE // max(1, along)))
    for first in range(0, count, some):
        for left in range(0, side, width):
            yield lines[first : first + some, :, left : left + width]


def _square_along_rows(rows: Squares, reach: int) -> None:
    """In place, from 0 in a mask and more than the reach elsewhere, shape (n, along), to the squared distance along the row.

    Steps of 1, 2, 4, ... add up to any distance.
    """
    step = 1
    while step <= min(reach, rows.shape[1] - 1):
        moved = rows + rows.dtype.type(step)
        np.minimum(rows[:, step:], moved[:, :-step], out=rows[:, step:])
        np.minimum(rows[:, :-step], moved[:, step:], out=rows[:, :-step])
        step *= 2
    rows *= rows
    np.minimum(rows, rows.dtype.type(reach**2 + 1), out=rows)


def _lower_along(lines: Squares, reach: int) -> None:
    """In place, shape (n, along, m): the least of a voxel and its neighbours along the line, each with its squared distance."""
    least = int(lines.min(initial=reach**2 + 1))
    before, moved = lines.copy(), np.empty_like(lines)
    for step in range(1, min(reach, lines.shape[1] - 1) + 1):
        if least + step**2 >= int(lines.max()):  # nothing that lies so far away is less
            break
        np.add(before, before.dtype.type(step**2), out=moved)  # at most twice the reach's square and one
        np.minimum(lines[:, step:], moved[:, :-step], out=lines[:, step:])
        np.minimum(lines[:, :-step], moved[:, step:], out=lines[:, :-step])


def distance_table(reach: int, spacing_mm: float) -> NDArray[np.float32]:
    """Distances in mm by squared voxels, as `squared_voxels` gives them; infinite for what is further than the reach."""
    table = np.sqrt(np.arange(reach**2 + 2)).astype(np.float32) * np.float32(spacing_mm)
    table[-1] = np.inf
    return table


def dilated(mask: NDArray[np.bool_], steps: int = 1, *, corners: bool = False) -> NDArray[np.bool_]:
    """The mask grown across voxel faces (with `corners`: edges and corners, too), so many steps; nothing grows in from beyond."""
    for _ in range(steps):
        wide = mask.copy()
        if corners:
            _widen_along_each_axis(wide)
        for old, new in _beside(mask, wide):
            np.logical_or(new, old, out=new)
        mask = wide
    return mask


def eroded(mask: NDArray[np.bool_], steps: int = 1) -> NDArray[np.bool_]:
    """The mask shrunk across voxel faces, so many steps; what lies beyond the array is no part of it."""
    for _ in range(steps):
        narrow = mask.copy()
        for old, new in _beside(mask, narrow):
            np.logical_and(new, old, out=new)
        for axis in range(mask.ndim):
            ends = np.moveaxis(narrow, axis, 0)
            ends[0], ends[-1] = False, False
        mask = narrow
    return mask


def _widen_along_each_axis(mask: NDArray[np.bool_]) -> None:
    """In place, one axis after the other, so that the corners come along."""
    for axis in range(mask.ndim):
        along = np.moveaxis(mask, axis, 0)
        before = along.copy()
        along[1:] |= before[:-1]
        along[:-1] |= before[1:]


def _beside(old: NDArray[np.bool_], new: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Views of an array and of the one made of it in which each voxel meets a neighbour of its."""
    pairs = []
    for axis in range(old.ndim):
        before, after = np.moveaxis(old, axis, 0), np.moveaxis(new, axis, 0)
        pairs += [(before[:-1], after[1:]), (before[1:], after[:-1])]
    return pairs

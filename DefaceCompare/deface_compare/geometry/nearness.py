"""Which voxels lie near a mask, exact and fast for reaches of a few voxels: what most masks are grown, closed and shrunk by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST_REACH = 11
"""Voxels. Twice its square and one still fits a byte."""


def squared_voxels(mask: NDArray[np.bool_], reach: int) -> NDArray[np.uint8]:
    """Squared distance of each voxel to the nearest true one, in voxels, exact up to a reach.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    reach : int
        Voxels, at most `LARGEST_REACH`.

    Returns
    -------
    ndarray of uint8, shape (z, y, x)
        0 in the mask; ``reach ** 2 + 1`` for all that is further than `reach`. The lower envelope is taken axis by axis
        (Felzenszwalb and Huttenlocher 2012, Theory of Computing 8, 415), within the reach only.

    Raises
    ------
    ValueError
        If `reach` is too large or not positive.
    """
    if not 0 < reach <= LARGEST_REACH:
        raise ValueError(f"the reach must be 1 to {LARGEST_REACH} voxels, not {reach}")
    beyond = np.uint8(reach**2 + 1)
    squared = np.where(mask, np.uint8(0), beyond)
    for axis in range(mask.ndim):
        along = np.moveaxis(squared, axis, 0)
        nearest = along.copy()
        for step in range(1, min(reach, len(along) - 1) + 1):
            moved = along + np.uint8(step**2)  # at most twice the reach's square and one: no byte overflows
            np.minimum(nearest[step:], moved[:-step], out=nearest[step:])
            np.minimum(nearest[:-step], moved[step:], out=nearest[:-step])
        squared = np.moveaxis(nearest, 0, axis)
    return np.minimum(squared, beyond, order="C")


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

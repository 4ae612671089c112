"""Blocks of a scan's values: found whole blocks at a time, summed, and laid beside each other."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCKS_AT_ONCE = 500
"""So many blocks of 12 mm are copied at once to be summed: some ten MB of an image with voxels of half a millimetre."""


@dataclass(frozen=True)
class Blocks:
    """Blocks of one size in an array, shape (z, y, x).

    Parameters
    ----------
    values : ndarray
    size : (int, int, int)
        (z, y, x) voxels.
    first : ndarray of int, shape (n, 3)
        First voxel of each block, (z, y, x).
    """

    values: NDArray[np.generic]
    size: tuple[int, int, int]
    first: NDArray[np.intp]

    def laid(
        self, where: NDArray[np.bool_], random: np.random.Generator, at: NDArray[np.bool_] | None = None
    ) -> NDArray[np.generic]:
        """Blocks in random order, each mirrored or not along each axis, laid beside each other.

        Parameters
        ----------
        where : ndarray of bool, shape (z, y, x)
            What is to be covered; a tile without any of it stays empty.
        random : numpy.random.Generator
        at : ndarray of bool, shape (z, y, x), optional
            The voxels whose values are asked for, if not those of `where`.

        Returns
        -------
        ndarray, shape (n,)
            The values there, in the order of the array. Laid a layer of tiles after the other: the whole would be an image.
        """
        at = where if at is None else at
        count = [-(-length // step) for length, step in zip(where.shape, self.size, strict=True)]
        chosen = random.integers(len(self.first), size=count)
        mirrored = random.integers(2, size=(*chosen.shape, 3)).astype(bool)
        windows = np.lib.stride_tricks.sliding_window_view(self.values, self.size)
        z, y, x = self.size
        _, high, wide = where.shape
        found = [np.empty(0, self.values.dtype)]
        for layer, (blocks, turned) in enumerate(zip(self.first[chosen], mirrored, strict=True)):
            part = slice(layer * z, (layer + 1) * z)
            asked = np.zeros((z, count[1] * y, count[2] * x), np.bool_)
            asked[: len(where[part]), :high, :wide] = where[part]
            asked_for = reduced(np.logical_or, asked, self.size)[0]
            laid = np.zeros(asked.shape, self.values.dtype)
            tiles = laid.reshape(z, count[1], y, count[2], x).transpose(1, 3, 0, 2, 4)
            for turns in itertools.product((False, True), repeat=3):
                places = np.nonzero(asked_for & (turned == turns).all(axis=2))
                backwards = (slice(None), *(slice(None, None, -1 if turn else 1) for turn in turns))
                tiles[places] = windows[tuple(blocks[places].T)][backwards]
            found.append(laid[: len(at[part]), :high, :wide][at[part]])
        return np.concatenate(found)

    def sums(self) -> NDArray[np.generic]:
        """The sum of each block, shape (n,).

        Along z, then y, then x, each row in memory's order: floats must round in one way, or other blocks are the usual ones.
        """
        windows = np.lib.stride_tricks.sliding_window_view(self.values, self.size)
        found = []
        for first in range(0, len(self.first), BLOCKS_AT_ONCE):
            sums = windows[tuple(self.first[first : first + BLOCKS_AT_ONCE].T)]
            for _ in range(3):
                rows = np.moveaxis(sums, 1, -1)
                sums = np.add.reduceat(rows.ravel(), np.arange(0, rows.size, rows.shape[-1])).reshape(rows.shape[:-1])
            found.append(sums)
        return np.concatenate(found)


def reduced(reduce: np.ufunc, values: NDArray[np.generic], size: tuple[int, int, int]) -> NDArray[np.generic]:
    """The least or the greatest of the values of each whole block, shape (blocks along z, y, x).

    A layer of blocks at a time, its slices first: whole slices meet each other in memory.
    """
    deep, high, wide = count = np.floor_divide(values.shape, size).tolist()
    z, y, x = size
    if min(count) == 0:
        return values[:0, :0, :0]
    layers = []
    for layer in range(deep):
        slices = values[layer * z : (layer + 1) * z, : high * y, : wide * x]
        rows = reduce.reduce(reduce.reduce(slices, axis=0).reshape(high, y, wide * x), axis=1)
        layers.append(reduce.reduce(rows.reshape(high, wide, x), axis=2))
    return np.stack(layers)

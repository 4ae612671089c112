"""Contour planes as a fine raster, for grids that do not lie along them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .contour_stack import ContourStack
from .lattice import Lattice

OBLIQUE_REFINEMENT = 2
"""In-plane samples per voxel edge of the contour raster that oblique grids look into."""

RASTER_OFFSET = 1.382
"""Where that raster begins before the outline, in steps (one and the golden section)."""


@dataclass(frozen=True)
class Raster:
    """A fine grid over the contour planes that oblique grids look into (nearest point)."""

    start: NDArray[np.float64]
    step: float
    count: tuple[int, int]

    @classmethod
    def over(cls, stack: ContourStack, part: Lattice) -> Raster:
        """As fine as half the lattice's smallest spacing."""
        step = float(part.spacing.min()) / OBLIQUE_REFINEMENT
        points = np.concatenate([polygon for plane in stack.polygons for polygon in plane])
        # Not a whole step: drawn outlines like round numbers, and points exactly on them would all fall to one side.
        start = points.min(axis=0) - RASTER_OFFSET * step
        nx, ny = np.ceil((points.max(axis=0) + step - start) / step).astype(int) + 1
        return cls(start, step, (int(nx), int(ny)))

    def look_up(self, turned: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Which points lie over the raster, and their rows and columns there."""
        column = np.rint((turned[..., 0] - self.start[0]) / self.step).astype(np.int64)
        row = np.rint((turned[..., 1] - self.start[1]) / self.step).astype(np.int64)
        return (column >= 0) & (column < self.count[0]) & (row >= 0) & (row < self.count[1]), row, column


def turned_slices(stack: ContourStack, part: Lattice) -> Iterator[NDArray[np.float64]]:
    """The points of each slice of a lattice in the contours' own axes, shape (ny, nx, 3)."""
    nx, ny, nz = part.size
    y, x = np.meshgrid(np.arange(ny), np.arange(nx), indexing="ij")
    for k in range(nz):
        yield part.points(np.stack([x, y, np.full_like(x, k)], axis=-1)) @ stack.rotation.T

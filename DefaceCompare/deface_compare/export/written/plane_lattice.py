"""A lattice over one axial plane, and what a head's surface is at its points: axis by axis, as both lie along LPS axes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...geometry.boxes import box_around, margin_in_view_mm
from ..beyond_image import BEYOND_MM
from .head_surface import GRID_MM, HeadSurface

SURE_MM = 1e-6
"""Rounding of places is far less: corners so far inside an image prove that all between them is inside."""

SOFT_REACH = 9
"""Lattice steps around an area within which it is smoothed: twice what scipy's kernel of one step reaches (4), and one."""


@dataclass(frozen=True)
class PlaneLattice:
    """Points of an even lattice in a plane of constant z.

    Parameters
    ----------
    surface : HeadSurface
    x_mm, y_mm : ndarray, shape (columns,), (rows,)
    z_mm : float
    """

    surface: HeadSurface
    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    z_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y_mm), len(self.x_mm)

    def known(self) -> NDArray[np.bool_]:
        """Which points the surface's grid covers, shape (rows, columns): further from the edit nothing is looked at."""
        found = np.zeros(self.shape, bool)
        found[self._covered] = True
        return found

    def inside(self) -> NDArray[np.float32]:
        """`HeadSurface.inside` at each point, linear, shape (rows, columns); -1 beyond the grid."""
        (z,), y, x = self._index
        found = np.full(self.shape, np.float32(-1.0))
        rows, columns = self._covered
        if rows.stop > rows.start and columns.stop > columns.start:
            plane = _between(self.surface.inside, np.array([z]))[0]
            found[rows, columns] = _between(_between(plane, y[rows]).T, x[columns]).T
        return found

    def in_zone(self) -> NDArray[np.bool_]:
        """`HeadSurface.in_zone` at each point, shape (rows, columns)."""
        z, y, x = (np.rint(index).astype(int) for index in self._index)
        depth, height, width = self.surface.zone.shape
        found = np.zeros(self.shape, bool)
        if 0 <= z[0] < depth:
            rows, columns = np.flatnonzero((y >= 0) & (y < height)), np.flatnonzero((x >= 0) & (x < width))
            found[np.ix_(rows, columns)] = self.surface.zone[z[0]][np.ix_(y[rows], x[columns])]
        return found

    def beyond(self) -> NDArray[np.bool_]:
        """`HeadSurface.is_beyond` at each point, shape (rows, columns); a field of view is convex, so corners may tell all."""
        corners = np.array([(x, y, self.z_mm) for x in self.x_mm[[0, -1]] for y in self.y_mm[[0, -1]]])
        if margin_in_view_mm(self.surface.view, corners).min() > SURE_MM - BEYOND_MM:
            return np.zeros(self.shape, bool)
        view = self.surface.view
        apart = [each - origin for each, origin in zip((self.x_mm, self.y_mm[:, None], self.z_mm), view.GetOrigin(), strict=True)]
        found = np.zeros(self.shape, bool)
        axes = np.linalg.inv(np.array(view.GetDirection()).reshape(3, 3))
        for axis, spacing, size in zip(axes, view.GetSpacing(), view.GetSize(), strict=True):
            # of an image along the axes only one coordinate counts: a line of numbers, not a plane of them
            along = sum(share * place for share, place in zip(axis, apart, strict=True) if share)
            found |= np.minimum(along + 0.5 * spacing, (size - 0.5) * spacing - along) < -BEYOND_MM
        return found

    @cached_property
    def _index(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Continuous index on the surface's grid along each of its axes, (z, y, x)."""
        origin = self.surface.origin_mm
        return (np.array([self.z_mm]) - origin[2]) / GRID_MM, (self.y_mm - origin[1]) / GRID_MM, (self.x_mm - origin[0]) / GRID_MM

    @cached_property
    def _covered(self) -> tuple[slice, slice]:
        """Rows and columns that the surface's grid covers; empty slices where its planes do not reach."""
        z, *across = self._index
        depth, *sizes = self.surface.inside.shape
        if not 0 <= z[0] <= depth - 1:
            return slice(0, 0), slice(0, 0)
        held = [np.flatnonzero((index >= 0) & (index <= size - 1)) for index, size in zip(across, sizes, strict=True)]
        rows, columns = (slice(int(each[0]), int(each[-1]) + 1) if len(each) else slice(0, 0) for each in held)
        return rows, columns


def _between(values: NDArray[np.floating], index: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between the entries along the first axis, linear, at a continuous index that none of them leaves."""
    first = np.minimum(index.astype(np.intp), max(len(values) - 2, 0))
    share = (index - first).reshape(-1, *([1] * (values.ndim - 1)))
    after = values[np.minimum(first + 1, len(values) - 1)]
    return np.asarray(values[first] * (1.0 - share) + after * share)


def softened(drawn: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A drawn area of a lattice as a field between -1 and 1, zero at its edge; smoothed only where that changes something."""
    soft = np.full(drawn.shape, np.float32(-1.0))
    box = box_around(drawn[None], SOFT_REACH)
    if box is not None:
        part = box.slices[1:]
        soft[part] = 2.0 * ndimage.gaussian_filter(drawn[part].astype(np.float32), 1.0) - 1.0
    return soft

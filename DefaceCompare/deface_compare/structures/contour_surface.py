"""Planar contours as one closed surface: contours that face each other are joined, loose ends taper to a flat cap.

Between two planes the surface runs where the signed distances to both outlines, weighted by height, cancel (shape-based
interpolation, Raya and Udupa 1990). An island that meets nothing in the next plane ends half a spacing further on in a cap
whose outline is drawn inwards, which is what SlicerRT's smooth end caps do (Sunderland et al. 2015). No triangle is made:
per point of the plane the heights are kept at which the surface is left and entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, binary_opening, label, map_coordinates
from scipy.spatial import KDTree

from .contours import GAP_FACTOR, TIE_MM, ContourStack, fill

CAP_PIXELS = 28
"""An end contour is drawn with so many pixels across and up, of `CAP_PIXEL_MM` at most, to be peeled."""
CAP_PIXEL_MM = 1.0
CAP_MARGIN_PIXELS = 4
"""Empty pixels around the drawn contour."""
PEEL = np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]], dtype=bool)
"""One peel takes off every pixel with an empty one in this neighbourhood."""
CAP_AREA_SHARE = 0.5
"""Peeling stops when no more than this share of the end contour is left."""
OUTLINE_STEPS = 0.5
"""Outlines are sampled this finely for distances, in steps of the grid (error below 0.05 steps, a step away)."""
NEVER, ALWAYS = 2.0, -1.0
"""Heights that no point of a layer (0 to 1) reaches, and that every point is above."""


@dataclass(frozen=True)
class Layer:
    """The space from one contour plane to the next, or from an end plane to its cap.

    Parameters
    ----------
    lower_mm, upper_mm : float
        Along the normal.
    below, above : int
        Index of the plane at either end, -1 where the layer ends in nothing.
    cap_share : float
        Share of the layer's height after which a cap ends.
    """

    lower_mm: float
    upper_mm: float
    below: int
    above: int
    cap_share: float


@dataclass(frozen=True)
class Passage:
    """Where the surface is passed in one layer, per point of a 2-D grid, shape (ny, nx).

    A point at height h (0 to 1 of the layer) is inside if ``h < leaves`` or ``h >= enters``.
    """

    leaves: NDArray[np.float32]
    enters: NDArray[np.float32]

    def inside(self, height: float | NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points lie inside at a height."""
        return np.asarray((height < self.leaves) | (height >= self.enters))


def layers(stack: ContourStack) -> list[Layer]:
    """The layers of a stack in order; a gap in the planes gives two layers with caps."""
    planes = stack.planes_mm
    half = float(stack.upper_mm[-1] - planes[-1])
    found = [Layer(float(planes[0]) - half, float(planes[0]), -1, 0, 1.0)]
    for index, (low, high) in enumerate(zip(planes[:-1].tolist(), planes[1:].tolist(), strict=True)):
        if high - low > GAP_FACTOR * 2 * half:
            found.append(Layer(low, low + half, index, -1, 1.0))
            found.append(Layer(high - half, high, -1, index + 1, 1.0))
        else:
            found.append(Layer(low, high, index, index + 1, 0.5))
    found.append(Layer(float(planes[-1]), float(planes[-1]) + half, len(planes) - 1, -1, 1.0))
    return found


def layer_of(stack_layers: Sequence[Layer], along_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the layer that each position along the normal lies in, -1 outside all."""
    shifted = along_mm + TIE_MM
    index = np.searchsorted([layer.lower_mm for layer in stack_layers], shifted, side="right") - 1
    upper = np.array([layer.upper_mm for layer in stack_layers])
    return np.where((index >= 0) & (shifted < upper[np.maximum(index, 0)]), index, -1)


def passages(
    stack: ContourStack,
    chosen: Sequence[Layer],
    start: tuple[float, float],
    step: tuple[float, float],
    count: tuple[int, int],
) -> Iterator[Passage]:
    """The passage of each layer on a regular grid of in-plane points (see `contour_stack.fill`), in the order given."""
    x = start[0] + step[0] * np.arange(count[0], dtype=np.float64)
    y = start[1] + step[1] * np.arange(count[1], dtype=np.float64)
    empty = np.zeros((count[1], count[0]), dtype=bool)
    planes: dict[int, _Plane] = {-1: _Plane((), empty, x, y)}
    for layer in chosen:
        wanted = (layer.below, layer.above)
        planes = {index: plane for index, plane in planes.items() if index in (-1, *wanted)}
        for index in wanted:
            if index not in planes:
                polygons = stack.polygons[index]
                planes[index] = _Plane(polygons, fill(polygons, start, step, count), x, y)
        yield _passage(planes[layer.below], planes[layer.above], layer.cap_share)


class _Plane:
    """One contour plane on the grid: its filled mask, and distances to its outlines."""

    def __init__(
        self,
        polygons: tuple[NDArray[np.float64], ...],
        mask: NDArray[np.bool_],
        x: NDArray[np.float64],
        y: NDArray[np.float64],
    ) -> None:
        self.polygons, self.mask = polygons, mask
        self._x, self._y = x, y
        self._step_mm = OUTLINE_STEPS * float(min(abs(x[-1] - x[0]) / max(len(x) - 1, 1), abs(y[-1] - y[0]) / max(len(y) - 1, 1)))
        self._tree: KDTree | None = None

    def distances_mm(self, where: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Distance of the chosen points to the nearest outline."""
        if self._tree is None:
            self._tree = _tree(self._sampled(self.polygons))
        row, column = np.nonzero(where)
        found, _ = self._tree.query(np.column_stack([self._x[column], self._y[row]]))
        return np.asarray(found)

    def outline_of(self, island: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
        """The polygons that bound an island of this plane."""
        if len(self.polygons) == 1:
            return list(self.polygons)
        near = binary_dilation(island, iterations=2)
        points = [self._nearest(polygon) for polygon in self.polygons]
        return [polygon for polygon, (row, column) in zip(self.polygons, points, strict=True) if near[row, column].any()]

    def _nearest(self, polygon: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of the grid points nearest to an outline."""
        sampled = self._sampled([polygon])
        column, row = (
            np.clip(np.rint((sampled[:, axis] - line[0]) / (line[1] - line[0])), 0, len(line) - 1).astype(np.intp)
            for axis, line in enumerate((self._x, self._y))
        )
        return row, column

    def taper(self, island: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Share of the cap's height over which each point of a loose island stays inside."""
        outline = self.outline_of(island)
        row, column = np.nonzero(island)
        points = np.column_stack([self._x[column], self._y[row]])
        cap, start, pixel = _peeled(outline)
        if not cap.any():
            return np.ones(len(points))
        in_cap = map_coordinates(cap.astype(np.float32), ((points - start) / pixel)[:, ::-1].T, order=1) > 1 - TIE_MM
        rows, columns = np.nonzero(cap)
        to_cap, _ = _tree(start + pixel * np.column_stack([columns, rows])).query(points)
        to_outline, _ = _tree(self._sampled(outline)).query(points)
        return np.where(in_cap, 1.0, to_outline / np.maximum(to_outline + to_cap, TIE_MM))

    def _sampled(self, outline: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate([_sampled(polygon, self._step_mm) for polygon in outline])

    def loose(self, other: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """The islands that meet nothing of another plane's mask."""
        if not self.mask.any():
            return []
        if len(self.polygons) == 1:
            return [] if (self.mask & other).any() else [self.mask]
        islands, number = label(self.mask)
        met = np.unique(islands[other])
        return [islands == index for index in range(1, number + 1) if index not in met]


def _tree(points: NDArray[np.float64]) -> KDTree:
    """A search tree that is quick to build: each is asked once or twice."""
    return KDTree(points, balanced_tree=False, compact_nodes=False)


def _sampled(polygon: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """Points along a closed polygon, at most `step_mm` apart."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    pieces = np.maximum(np.ceil(np.linalg.norm(edges, axis=1) / step_mm).astype(np.int64), 1)
    edge = np.repeat(np.arange(len(polygon)), pieces)
    share = (np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    return np.asarray(polygon[edge] + share[:, None] * edges[edge])


def _passage(below: _Plane, above: _Plane, cap_share: float) -> Passage:
    leaves = np.where(below.mask, np.float32(NEVER), np.float32(ALWAYS))
    enters = np.full(above.mask.shape, NEVER, np.float32)
    loose_below, loose_above = below.loose(above.mask), above.loose(below.mask)
    joined_below = _without(below.mask, loose_below)
    joined_above = _without(above.mask, loose_above)
    differs = joined_below ^ joined_above
    if differs.any():
        to_below, to_above = below.distances_mm(differs), above.distances_mm(differs)
        switch = to_below / np.maximum(to_below + to_above, TIE_MM)
        goes_out = joined_below[differs]
        leaves[differs] = np.where(goes_out, switch, ALWAYS)
        enters[differs] = np.where(goes_out, NEVER, switch)
    for island in loose_below:
        leaves[island] = below.taper(island) * cap_share
    for island in loose_above:
        enters[island] = 1 - above.taper(island) * cap_share
    return Passage(leaves, enters)


def _without(mask: NDArray[np.bool_], islands: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    for island in islands:
        mask = mask & ~island
    return mask


def _peeled(
    outline: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """An end contour drawn in pixels and peeled to half of its area: pixels (y, x), first pixel's centre, pixel size, mm."""
    points = np.concatenate(outline)
    pixel = np.minimum(np.ptp(points, axis=0) / CAP_PIXELS, CAP_PIXEL_MM)
    start = points.min(axis=0) - CAP_MARGIN_PIXELS * pixel
    nx, ny = (np.ceil(np.ptp(points, axis=0) / pixel - TIE_MM).astype(int) + 2 * CAP_MARGIN_PIXELS).tolist()
    drawn = fill(outline, (float(start[0]), float(start[1])), (float(pixel[0]), float(pixel[1])), (nx, ny))
    left, whole = drawn, np.count_nonzero(drawn)
    while np.count_nonzero(left) > CAP_AREA_SHARE * whole:
        left = binary_erosion(left, PEEL)
    outlined = binary_opening(left, np.ones((2, 2), dtype=bool))
    return outlined if outlined.any() else left, start, pixel

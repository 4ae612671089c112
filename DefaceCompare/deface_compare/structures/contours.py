"""Stacks of planar contours: their planes, areas and rasters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAvailable
from ..geometry.lattice import Lattice

PLANE_TOLERANCE_MM = 0.05
"""Contours closer than this along the normal lie in one plane (DICOM exports round to 0.01 mm)."""

WARP_TOLERANCE_MM = 1.0
"""A contour that leaves its plane by more is not planar."""

SINGLE_PLANE_MM = 3.0
"""Thickness of a structure in one plane where no other structure tells the spacing (a usual planning CT slice)."""

GAP_FACTOR = 1.5
"""Neighbouring planes further apart than this many usual spacings are separate parts; the gap stays empty."""

FARTHEST_SLICES_MM = 10.5
"""Planes further apart are no neighbours (the thickest head protocols have 10 mm): each is a part by itself."""

AREA_STEP_MM = 0.1
"""Distance of the lines over which a contour's area is added up."""

TIE_MM = 1e-6
"""Ties (a sample exactly on a slab's end) fall to the same side whatever the rounding."""

OBLIQUE_REFINEMENT = 2
"""In-plane samples per voxel edge of the contour raster that oblique grids look into."""

RASTER_OFFSET = 1.382
"""Where that raster begins before the outline, in steps (one and the golden section)."""


@dataclass(frozen=True)
class ContourStack:
    """Slabs of one structure.

    Parameters
    ----------
    rotation : ndarray, shape (3, 3)
        Rows are the in-plane axes and the normal, in LPS; identity for axial contours.
    planes_mm, lower_mm, upper_mm : ndarray, shape (n,)
        Position of each contour plane along the normal, and the slab that it stands for (lower <= z < upper).
    polygons : tuple of tuples of (m, 2) arrays
        In-plane polygons of each plane, mm.
    """

    rotation: NDArray[np.float64]
    planes_mm: NDArray[np.float64]
    lower_mm: NDArray[np.float64]
    upper_mm: NDArray[np.float64]
    polygons: tuple[tuple[NDArray[np.float64], ...], ...]

    @property
    def axial(self) -> bool:
        """Whether the planes are LPS axial planes."""
        return bool(np.array_equal(self.rotation, np.eye(3)))

    @cached_property
    def volume_cc(self) -> float:
        """Volume of all slabs: areas of the contours times their thickness (no sampling)."""
        areas = np.array([area_mm2(plane) for plane in self.polygons])
        return float((areas * (self.upper_mm - self.lower_mm)).sum() / 1000.0)

    def corners_mm(self) -> NDArray[np.float64]:
        """The eight corners, shape (8, 3) LPS mm, of the box around all slabs."""
        points = np.concatenate([polygon for plane in self.polygons for polygon in plane])
        low = np.array([*points.min(axis=0), self.lower_mm[0]])
        high = np.array([*points.max(axis=0), self.upper_mm[-1]])
        choice = np.array([[(i >> axis) & 1 for axis in range(3)] for i in range(8)], dtype=bool)
        return np.asarray(np.where(choice, high, low) @ self.rotation)

    def plane_of(self, along_mm: NDArray[np.float64]) -> NDArray[np.intp]:
        """Index of the slab that each position along the normal lies in, -1 outside all."""
        shifted = along_mm + TIE_MM
        index = np.searchsorted(self.lower_mm, shifted, side="right") - 1
        inside = (index >= 0) & (shifted < self.upper_mm[np.maximum(index, 0)])
        return np.where(inside, index, -1)


def stack_contours(contours: Sequence[NDArray[np.float64]], set_spacing_mm: float | None = None) -> ContourStack:
    """Sort contours into planes and give each plane its slab.

    Each contour stands for the space up to half way to the next plane, at the ends for half the usual spacing (the slab
    end model; SlicerRT's smooth end caps and Eclipse give less volume for organs of few slices).

    Parameters
    ----------
    contours : sequence of (n, 3) arrays
        LPS mm.
    set_spacing_mm : float, optional
        Distance of the structure set's contour planes: the thickness of a structure drawn in one plane only, or in two that
        are further apart.

    Raises
    ------
    NotAvailable
        If there are no contours or one is not planar.
    """
    if not contours:
        raise NotAvailable("the structure has no closed contours")
    rotation = _rotation(contours)
    turned = [contour @ rotation.T for contour in contours]
    along = np.array([contour[:, 2].mean() for contour in turned])
    if max(float(np.ptp(contour[:, 2])) for contour in turned) > WARP_TOLERANCE_MM:
        raise NotAvailable("the structure's contours are not planar")
    order = np.argsort(along, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(along[order]) > PLANE_TOLERANCE_MM) + 1)
    planes = np.array([along[group].mean() for group in groups])
    gaps = np.diff(planes)
    spacing = _spacing_mm(gaps, set_spacing_mm)
    half = np.where(gaps > GAP_FACTOR * spacing, 0.5 * spacing, 0.5 * gaps)
    return ContourStack(
        rotation=rotation,
        planes_mm=planes,
        lower_mm=planes - np.concatenate([[0.5 * spacing], half]),
        upper_mm=planes + np.concatenate([half, [0.5 * spacing]]),
        polygons=tuple(tuple(turned[i][:, :2] for i in group) for group in groups),
    )


def _spacing_mm(gaps_mm: NDArray[np.float64], set_spacing_mm: float | None) -> float:
    """The usual distance of a structure's planes, by itself or, where its own tells nothing, by its set."""
    usual = set_spacing_mm or SINGLE_PLANE_MM
    if not len(gaps_mm):
        return usual
    # Of an even number of gaps the lower middle one: a structure in three planes with a hole between has no other measure.
    own = float(np.percentile(gaps_mm, 50, method="lower"))
    two_parts = len(gaps_mm) == 1 and set_spacing_mm is not None and own > GAP_FACTOR * set_spacing_mm
    return usual if two_parts or own > FARTHEST_SLICES_MM else own


def plane_gaps_mm(contours: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Distances of a structure's neighbouring contour planes; none if it has fewer than two planes or none can be told."""
    try:
        return np.diff(stack_contours(contours).planes_mm)
    except NotAvailable:
        return np.empty(0)


def _rotation(contours: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    if all(np.ptp(contour[:, 2]) <= PLANE_TOLERANCE_MM for contour in contours):
        return np.eye(3)
    largest = max(contours, key=lambda contour: float(np.linalg.norm(_area_vector(contour))))
    normal = _area_vector(largest)
    normal /= np.linalg.norm(normal)
    first = np.cross(np.eye(3)[int(np.argmin(np.abs(normal)))], normal)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(normal, first), normal])


def _area_vector(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newell's vector: normal to the polygon, as long as its area."""
    centred = contour - contour.mean(axis=0)
    return np.asarray(0.5 * np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0))


def area_mm2(polygons: Sequence[NDArray[np.float64]]) -> float:
    """Area inside an odd number of polygons: widths of lines `AREA_STEP_MM` apart, exact between corners.

    Parameters
    ----------
    polygons : sequence of (n, 2) arrays
        Closed polygons of one plane, mm.
    """
    begin, end = _edges(polygons)
    low = float(begin[:, 1].min())
    height = float(begin[:, 1].max()) - low
    rows = max(int(np.ceil(height / AREA_STEP_MM)), 1)
    step = height / rows
    if step == 0:
        return 0.0
    edge, row = _crossed(begin, end, low + 0.5 * step, step, rows)
    y = low + (row + 0.5) * step
    x = begin[edge, 0] + (y - begin[edge, 1]) * (end[edge, 0] - begin[edge, 0]) / (end[edge, 1] - begin[edge, 1])
    x = x[np.lexsort((x, row))]
    return float((x[1::2] - x[::2]).sum() * step)


def _edges(polygons: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and second end of every edge of closed polygons, shape (n, 2)."""
    parts = [part for polygon in polygons for part in (polygon[1:], polygon[:1])]
    return np.concatenate(polygons), np.concatenate(parts)


def _crossed(
    begin: NDArray[np.float64], end: NDArray[np.float64], y0: float, dy: float, ny: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Edge and row of every crossing of an edge with the rows y0 + dy k; low <= y < high, so a vertex on a row counts once."""
    low, high = np.minimum(begin[:, 1], end[:, 1]), np.maximum(begin[:, 1], end[:, 1])
    first, last = (np.minimum(np.maximum(np.ceil((side - y0) / dy - TIE_MM), 0), ny).astype(np.int64) for side in (low, high))
    rows_of_edge = last - first
    edge = np.repeat(np.arange(len(begin)), rows_of_edge)
    return edge, np.arange(len(edge)) - np.repeat(np.cumsum(rows_of_edge) - rows_of_edge, rows_of_edge) + first[edge]


def fill(
    polygons: Sequence[NDArray[np.float64]], start: tuple[float, float], step: tuple[float, float], count: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which points of a regular 2-D grid lie inside an odd number of polygons, by scanline.

    Parameters
    ----------
    polygons : sequence of (n, 2) arrays
        Closed polygons (first point not repeated), mm.
    start, step : (x, y)
        First point and distance of the points, mm; steps may be negative.
    count : (nx, ny)

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    nx, ny = count
    x0, y0 = (s + d * (n - 1) if d < 0 else s for s, d, n in zip(start, step, count, strict=True))
    dx, dy = abs(step[0]), abs(step[1])
    begin, end = _edges(polygons)
    edge, row = _crossed(begin, end, y0, dy, ny)
    rise = end[edge, 1] - begin[edge, 1]
    crossing = begin[edge, 0] + (y0 + row * dy - begin[edge, 1]) * (end[edge, 0] - begin[edge, 0]) / rise
    column = np.minimum(np.maximum(np.ceil((crossing - x0) / dx - TIE_MM), 0), nx).astype(np.int64)
    toggles = np.bincount(row * (nx + 1) + column, minlength=ny * (nx + 1)).reshape(ny, nx + 1)
    inside = (np.cumsum(toggles[:, :nx], axis=1) & 1).astype(bool)
    return inside[:: -1 if step[1] < 0 else 1, :: -1 if step[0] < 0 else 1]


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

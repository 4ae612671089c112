"""The grids of a patient's images: where they begin and end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Point
from .person_head import PersonHead
from .difficulty import Difficulty

EYES_AVERAGE_MM: Point = (0.0, -78.0, -33.0)
"""Midway between the eyes' centres in average-head mm: a CT cut at the orbits begins here."""
VERTEX_AVERAGE_MM: Point = (0.0, 18.0, 83.0)
CROWN_MM = 30.0
"""A CT cut at the crown ends so far below the vertex."""
BROW_AVERAGE_MM: Point = (0.0, -100.0, -12.0)
"""The brow in average-head mm: a CT cut at the brow ends here."""
ORBIT_FLOOR_AVERAGE_MM: Point = (0.0, -84.0, -53.0)
"""Below the orbits' lower rims in average-head mm: a CT cut under the orbits ends here."""
FRONT_AVERAGE_MM: tuple[Point, ...] = ((0.0, -118.0, -68.0), (0.0, -93.0, -137.0), (0.0, -62.0, -205.0))
"""Nose, chin and the neck's lower end in average-head mm: a posed patient's foremost points."""
BEFORE_MM = 16.0
"""Air in front of them, with room for a mask."""
SHOULDERS_LOWER_MM: Point = (-216.0, -120.0, -270.0)
SHOULDERS_UPPER_MM: Point = (216.0, 140.0, -270.0)
"""A CT with the shoulders holds these corners (patient LPS mm)."""


def grid_around(middle_mm: Sequence[float] | NDArray[np.float64], size: Sequence[int], spacing_mm: Sequence[float]) -> sitk.Image:
    """An empty grid with identity direction, its middle at `middle_mm`."""
    grid = sitk.Image([int(n) for n in size], sitk.sitkUInt8)
    spacing = np.array(spacing_mm, dtype=np.float64)
    grid.SetSpacing(spacing.tolist())
    grid.SetOrigin((np.array(middle_mm) - 0.5 * spacing * (np.array(size) - 1)).round(3).tolist())
    return grid


def posed_field(grid: sitk.Image, head: PersonHead) -> sitk.Image:
    """A grid (identity direction) that holds what a pose moves forward out of it."""
    if head.pose is None:
        return grid
    front = head.patient_points(np.array(FRONT_AVERAGE_MM))[:, 1].min() - BEFORE_MM
    origin = np.array(grid.GetOrigin())
    return grown_to(grid, np.array([[origin[0], front, origin[2]]]))


def shoulder_field(grid: sitk.Image, head: PersonHead) -> sitk.Image:
    """A grid (identity direction) that holds the shoulders too."""
    return grown_to(grid, np.array([SHOULDERS_LOWER_MM, SHOULDERS_UPPER_MM]) + _pose_shift_mm(head))


def _pose_shift_mm(head: PersonHead) -> NDArray[np.float64]:
    """How far a pose moves the shoulders; shape (3,)."""
    return np.zeros(3) if head.pose is None else head.pose.shift_mm


def grown_to(grid: sitk.Image, points_mm: NDArray[np.float64]) -> sitk.Image:
    """A grid (identity direction) with whole voxels added until it holds points, shape (n, 3), LPS mm."""
    origin, spacing, size = np.array(grid.GetOrigin()), np.array(grid.GetSpacing()), np.array(grid.GetSize())
    index = (points_mm - origin) / spacing
    before = np.maximum(np.ceil(-index.min(axis=0)), 0).astype(int)
    after = np.maximum(np.ceil(index.max(axis=0) - (size - 1)), 0).astype(int)
    grown = sitk.Image((size + before + after).tolist(), sitk.sitkUInt8)
    grown.SetSpacing(spacing.tolist())
    grown.SetOrigin((origin - before * spacing).round(3).tolist())
    return grown


def cut_field(grid: sitk.Image, head: PersonHead, difficulties: Sequence[Difficulty]) -> sitk.Image:
    """The part of a grid (identity direction) that a CT cut through the head shows: whole slices."""
    if Difficulty.CUT_AT_ORBITS in difficulties:
        grid = grid[:, :, max(0, _slice_of(grid, head, EYES_AVERAGE_MM)) :]
    if Difficulty.CUT_AT_CROWN in difficulties:
        below = round(CROWN_MM / grid.GetSpacing()[2])
        grid = grid[:, :, : _slice_of(grid, head, VERTEX_AVERAGE_MM) - below + 1]
    for difficulty, top in ((Difficulty.CUT_AT_BROW, BROW_AVERAGE_MM), (Difficulty.CUT_UNDER_ORBITS, ORBIT_FLOOR_AVERAGE_MM)):
        if difficulty in difficulties:
            grid = grid[:, :, : _slice_of(grid, head, top) + 1]
    return grid


def _slice_of(grid: sitk.Image, head: PersonHead, average_mm: Point) -> int:
    """The slice nearest to a point of the average head in the patient."""
    z = float(head.patient_points(np.array([average_mm]))[0, 2])
    return round((z - grid.GetOrigin()[2]) / grid.GetSpacing()[2])

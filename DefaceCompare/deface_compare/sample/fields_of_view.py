"""The grids of a patient's images: where they begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Point
from .difficulty import Difficulty
from .person_head import PersonHead
from .sites import BRAIN, HEAD_AND_NECK
from .trunk import WHOLE_BODY_MIDDLE_MM, WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM

CT_GRIDS: dict[str, tuple[tuple[int, int, int], Point]] = {
    BRAIN: ((128, 128, 108), (2.0, 2.0, 2.5)),
    HEAD_AND_NECK: ((216, 128, 124), (2.0, 2.0, 3.0)),
}
"""Voxels and spacing of the planning CT: from above the vertex to below the chin, or to the shoulders (truncated at the arms)."""
CT_TOP_MM = 97.0
"""z of the uppermost slice."""
MR_SIZE, MR_SPACING_MM = (112, 120, 124), (2.0, 2.0, 2.0)
THICK_SIZE, THICK_SPACING_MM = (150, 160, 44), (1.5, 1.5, 5.5)
PET_SPACING_MM = (4.0, 4.0, 4.0)
HEAD_EXTENT_MM, HEAD_MIDDLE_MM = (256.0, 256.0, 270.0), (0.0, -12.0, -38.0)
"""Size and middle of what every scan shows of the head, in patient mm."""
MR_OFFSET_MM = (1.3, -4.7, 4.1)
"""The MR's middle lies here from the CT's: another grid in the same frame of reference."""
LATER_VOXELS = (0.9, 0.9, 1.2)
"""Voxels of later visits over those of the first one."""
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


@dataclass(frozen=True)
class FieldsOfView:
    """Empty grids (uint8, identity direction) of a patient's images.

    Parameters
    ----------
    ct, mr, pet : SimpleITK.Image
    planned : SimpleITK.Image
        The part of the CT that is planned on.
    """

    ct: sitk.Image
    planned: sitk.Image
    mr: sitk.Image
    pet: sitk.Image


def fields_of_view(
    head: PersonHead,
    site: str,
    difficulties: Sequence[Difficulty],
    ct_size: Sequence[int] | None,
    ct_spacing_mm: Sequence[float] | None,
    visit: int,
) -> FieldsOfView:
    """The grids of a patient's images; parameters as in `sample_patient`."""
    whole = site == HEAD_AND_NECK and ct_size is None and Difficulty.CHILD not in difficulties
    ct = planned = posed_field(_planning_grid(site if whole else BRAIN, ct_size, ct_spacing_mm, visit), head)
    extent = np.array(HEAD_EXTENT_MM)
    pet = posed_field(grid_around(HEAD_MIDDLE_MM, [int(n) for n in extent / PET_SPACING_MM], PET_SPACING_MM), head)
    mr_middle = np.add(HEAD_MIDDLE_MM, MR_OFFSET_MM)
    thick = Difficulty.THICK_MR in difficulties
    mr_size, mr_spacing = (THICK_SIZE, THICK_SPACING_MM) if thick else (MR_SIZE, MR_SPACING_MM)
    mr = posed_field(_of_visit(grid_around(mr_middle, mr_size, mr_spacing), visit), head)
    if Difficulty.SHOULDERS in difficulties or whole:
        ct, pet = shoulder_field(ct, head), shoulder_field(pet, head)
    if Difficulty.WHOLE_BODY in difficulties:
        ct = grid_around(WHOLE_BODY_MIDDLE_MM, WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM)
        extent = np.array(WHOLE_BODY_SIZE) * np.array(WHOLE_BODY_SPACING_MM)
        pet = grid_around(WHOLE_BODY_MIDDLE_MM, [int(n) for n in extent / PET_SPACING_MM], PET_SPACING_MM)
    return FieldsOfView(cut_field(ct, head, difficulties), cut_field(planned, head, difficulties), mr, pet)


def _planning_grid(site: str, size: Sequence[int] | None, spacing_mm: Sequence[float] | None, visit: int) -> sitk.Image:
    """The grid of the planning CT: the site's own, or one of a size around the head."""
    own_size, own_spacing = CT_GRIDS[site]
    if size is not None or spacing_mm is not None:
        return _of_visit(grid_around(HEAD_MIDDLE_MM, size or CT_GRIDS[BRAIN][0], spacing_mm or CT_GRIDS[BRAIN][1]), visit)
    x, y, _ = HEAD_MIDDLE_MM
    return _of_visit(grid_around((x, y, CT_TOP_MM - 0.5 * own_spacing[2] * (own_size[2] - 1)), own_size, own_spacing), visit)


def _of_visit(grid: sitk.Image, visit: int) -> sitk.Image:
    """A grid (identity direction) as it is; for later visits one of other voxels around the same middle."""
    if visit == 1:
        return grid
    spacing = np.array(grid.GetSpacing()) * LATER_VOXELS
    middle = np.array(grid.GetOrigin()) + 0.5 * np.array(grid.GetSpacing()) * (np.array(grid.GetSize()) - 1)
    size = np.rint(np.array(grid.GetSize()) * np.array(grid.GetSpacing()) / spacing).astype(int)
    return grid_around(middle, size.tolist(), spacing.tolist())


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

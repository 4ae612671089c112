"""SlicerRT's rows of structures that were drawn again on the defaced image, beside the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deface_compare.case import Case
from deface_compare.errors import NotAvailable
from deface_compare.geometry.lattice import Lattice
from deface_compare.measurement import NOT_AVAILABLE, OK, Measurement
from deface_compare.progress import Progress, report_step, silent

from .segment_comparison import ENGINE, SegmentsCompared, compare_masks, comparison_logic

DICE, HD95 = "resegmented_dice", "resegmented_hd95"


def resegmentation_rows(
    case: Case, rows: Sequence[Measurement], scene: Any, progress: Progress = silent, logic: Any | None = None
) -> list[Measurement]:
    """Dice and Hausdorff distance by SlicerRT of every structure of which the built-in engine has them.

    Both engines get the same masks: what differs is what they compute.

    Parameters
    ----------
    case : Case
        With what was drawn again.
    rows : sequence of Measurement
        The case's own.
    scene : vtkMRMLScene
        SlicerRT works in it, with nodes that are gone afterwards.
    progress : callable
        Asked before each of SlicerRT's steps; False raises `Cancelled`.
    logic : vtkSlicerSegmentComparisonModuleLogic, optional
        SlicerRT's own if not given.

    Returns
    -------
    list of Measurement
        None where SlicerRT is not installed or nothing was drawn again.
    """
    logic = comparison_logic() if logic is None else logic
    builtin = [row for row in rows if row.metric in (DICE, HD95) and row.status == OK]
    if logic is None or not builtin or case.structure_set is None:
        return []
    scans = list(dict.fromkeys((row.method, row.structure) for row in builtin))
    steps = iter(range(2 * len(scans)))

    def between() -> None:
        report_step(progress, next(steps), 2 * len(scans), f"{case.id}: SlicerRT's comparison of structures drawn again")

    found = {scan: _compared(case, *scan, scene, logic, between) for scan in scans}
    return [_twin(row, found[row.method, row.structure]) for row in builtin]


def _compared(case: Case, method: str, name: str, scene: Any, logic: Any, between: Any) -> SegmentsCompared | str:
    from deface_compare.structures.region import regions  # brings parts of scipy, which opening the panel need not wait for
    from deface_compare.utility.resegmentation import drawn_again_by_name, region_masks

    again = case.resegmented.get(method)
    grid = case.primary.image if case.primary is not None else case.dose.image if case.dose is not None else None
    if again is None or isinstance(again, str) or case.structure_set is None or grid is None:
        return "what was drawn again is not there any more"
    planned = {region.name: region for region in regions(case.structure_set)}
    drawn = drawn_again_by_name(again, planned)
    if name not in planned or name not in drawn:
        return "what was drawn again is not there any more"
    try:
        masks = region_masks(planned[name], drawn[name], Lattice.of(grid))
    except NotAvailable as reason:
        return str(reason)
    box = (masks.first, masks.first + masks.before.shape[::-1])
    return compare_masks(logic, scene, masks.before, masks.after, masks.lattice.crop(box), between)


def _twin(row: Measurement, found: SegmentsCompared | str) -> Measurement:
    """A built-in row with SlicerRT's number, or with the reason why it has none."""
    if isinstance(found, str):
        nothing = float("nan")
        empty = replace(row, original=nothing, defaced=nothing, change=nothing, change_percent=nothing)
        return replace(empty, engine=ENGINE, status=NOT_AVAILABLE, note=f"SlicerRT: {found}")
    value = found.dice if row.metric == DICE else found.hd95_mm
    return replace(row, defaced=value, change=value - row.original, engine=ENGINE)

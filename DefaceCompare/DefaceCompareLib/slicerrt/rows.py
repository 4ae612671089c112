"""The extra dose rows of a finished case: what SlicerRT finds where the built-in engine has a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from deface_compare.case import Case, Dose, StructureSet
from deface_compare.case_report import CaseReport
from deface_compare.errors import UnusableInput
from deface_compare.geometry.boxes import Patch
from deface_compare.measurement import NOT_AVAILABLE, OK, Measurement, metrics
from deface_compare.measurement_table import write_measurements
from deface_compare.output.folder import OutputFolder
from deface_compare.output.kept_edit import kept_dose_patch
from deface_compare.progress import Progress, report_step, silent
from deface_compare.settings import KEEP
from deface_compare.structures.organs import NOT_MEASURED

from ..nodes.structures import add_structures
from ..nodes.volumes import remove_node
from .dvh import ENGINE, STEP_GY, SegmentDvh, segment_dvhs, slicerrt_logic

FILE_NAME = "measurements_slicerrt.csv"
"""Beside ``measurements.csv``: the same columns, rows of SlicerRT's engines only, so that no statistic mixes two engines."""


LEAST_SHARE = 0.99
"""Of a structure's planned volume that SlicerRT must have counted, or a row says so: what lies outside the dose grid it drops."""

Dvhs = Mapping[str, SegmentDvh | str]
"""Region name to its DVH, or to the reason why it has none."""


@dataclass(frozen=True)
class _Edits:
    """The dose grids to measure, each once: the first is the original (None)."""

    patches: list[Patch | None]
    index: dict[tuple[str, str], int]


def add_slicerrt_rows(
    out: Path, case: Case, scene: Any, segmentation: Any | None = None, logic: Any | None = None, progress: Progress = silent
) -> list[Measurement]:
    """Measure a finished case with SlicerRT too, and write the rows beside its ``measurements.csv``.

    Parameters
    ----------
    out : Path
        The output folder; ``identifiable/edits`` in it holds the edited doses.
    case : Case
        As it was compared; its id names the folder in `out`.
    scene : vtkMRMLScene
        SlicerRT works in it, with nodes that are gone afterwards.
    segmentation : vtkMRMLSegmentationNode, optional
        The one that the case's structures came from; made of them, and removed again, if not given.
    logic : vtkSlicerDoseVolumeHistogramModuleLogic, optional
        SlicerRT's own if not given.
    progress : callable
        Asked before each structure of each dose; False raises `Cancelled`, and then no file is written.

    Returns
    -------
    list of Measurement
        One for each built-in dose row where the case has structures and a dose in Gy, then those of structures that were drawn
        again; none where SlicerRT is not installed.

    Raises
    ------
    UnusableInput
        If the segmentation is not the one that was compared, or under a transform, or the structures are of several forms, or the
        scene was closed meanwhile.
    Cancelled
        If `progress` answers False.
    """
    rows = CaseReport.read(OutputFolder(out).case(case.id)).measurements
    logic = slicerrt_logic() if logic is None else logic
    made = _dose_rows(out, case, scene, segmentation, logic, rows, progress) if logic is not None else []
    from .resegmentation_rows import resegmentation_rows  # its masks need scipy, which opening the panel does not

    made += resegmentation_rows(case, rows, scene, progress)
    if made:
        write_measurements(OutputFolder(out).case(case.id) / FILE_NAME, made)
    return made


def _dose_rows(
    out: Path,
    case: Case,
    scene: Any,
    segmentation: Any | None,
    logic: Any,
    rows: Sequence[Measurement],
    progress: Progress,
) -> list[Measurement]:
    if case.structure_set is None or case.dose is None or case.dose.unit != "Gy":
        return []
    builtin = [row for row in rows if row.domain == "dose"]
    edits = _distinct_edits(out, case.id, builtin)
    if segmentation is not None:
        found = _measure(edits, case, scene, segmentation, logic, progress)
    else:
        own = add_structures(scene, case.structure_set.structures, f"{case.id} structures")
        try:
            found = _measure(edits, case, scene, own, logic, progress)
        finally:
            remove_node(scene, own)
    planned_cc = {row.structure: row.original for row in rows if row.metric == "planned_volume" and row.original > 0}
    prescribed_gy = _prescriptions(case.structure_set, case.dose)
    grids = [edits.index.get((row.method, row.dose_policy), 0) for row in builtin]
    return [twin_row(row, found[0], found[grid], planned_cc, prescribed_gy) for row, grid in zip(builtin, grids, strict=True)]


def _measure(edits: _Edits, case: Case, scene: Any, segmentation: Any, logic: Any, progress: Progress) -> list[Dvhs]:
    """The DVHs of every grid, in order."""
    assert case.structure_set is not None
    assert case.dose is not None
    names = _segment_names(segmentation, case.structure_set)
    found: list[Dvhs] = []
    steps = iter(range(len(edits.patches) * max(len(names), 1)))

    def between() -> None:
        step = next(steps)
        text = f"{case.id}: SlicerRT's DVH, dose {step // len(names) + 1} of {len(edits.patches)}"
        report_step(progress, step, len(edits.patches) * len(names), text)
        if segmentation.GetScene() is not scene:  # whoever tells the progress may let the user close it
            raise UnusableInput("The scene was closed while SlicerRT measured in it: nothing was kept.")

    for patch in edits.patches:
        by_segment = segment_dvhs(logic, scene, segmentation, _edited(case.dose.image, patch), list(names), between)
        found.append({names[segment_id]: dvh for segment_id, dvh in by_segment.items()})
    return found


def _segment_names(segmentation: Any, structure_set: StructureSet) -> dict[str, str]:
    """Segment id to the name in tables, for the structures that can give rows; planned names stay out of tables."""
    segments, structures = segmentation.GetSegmentation(), structure_set.structures
    ids = [segments.GetNthSegmentID(number) for number in range(segments.GetNumberOfSegments())]
    planned = [segments.GetSegment(segment_id).GetName() for segment_id in ids]
    if planned != [structure.name for structure in structures]:
        raise UnusableInput("The segmentation has changed since it was compared: compare again.")
    known = zip(ids, structures, strict=True)
    return {segment_id: s.standard_name for segment_id, s in known if s.group not in NOT_MEASURED and not s.problem}


def _distinct_edits(out: Path, case_id: str, rows: Sequence[Measurement]) -> _Edits:
    """Which grid belongs to which method and policy; removal edits `mask` and `follow` alike, and is measured once."""
    edits = _Edits([None], {})
    for key in dict.fromkeys((row.method, row.dose_policy) for row in rows if row.status == OK):
        patch = None if key[1] == KEEP else kept_dose_patch(out, case_id, *key)
        same = (n for n, known in enumerate(edits.patches) if _equal(known, patch))
        number = next(same, len(edits.patches))
        if number == len(edits.patches):
            edits.patches.append(patch)
        edits.index[key] = number
    return edits


def _equal(one: Patch | None, other: Patch | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.offset == other.offset and np.array_equal(one.values, other.values)


def _edited(dose: sitk.Image, patch: Patch | None) -> sitk.Image:
    if patch is None:
        return dose
    values = sitk.GetArrayFromImage(dose)
    values[patch.box.slices] = patch.values
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(dose)
    return image


def _prescriptions(structure_set: StructureSet, dose: Dose) -> dict[str, float]:
    """What percent is relative to: a structure's own prescribed dose, else the plan's."""
    whole = dose.prescription_gy
    own = {s.standard_name: s.prescription_gy for s in structure_set.structures}
    return {name: dose_gy for name, part in own.items() if (dose_gy := whole if part is None else part)}


def twin_row(
    row: Measurement, original: Dvhs, edited: Dvhs, planned_cc: Mapping[str, float], prescribed_gy: Mapping[str, float]
) -> Measurement:
    """A built-in row with SlicerRT's numbers; where the built-in engine has none, its reason holds here too."""
    if row.status != OK:
        planned = math.nan if math.isnan(row.original) else _value(original.get(row.structure, _NO_SEGMENT), row.metric)
        return replace(row, original=math.nan if isinstance(planned, str) else planned, engine=ENGINE)
    numbers = [_value(dvhs.get(row.structure, _NO_SEGMENT), row.metric) for dvhs in (original, edited)]
    reason = next((each for each in numbers if isinstance(each, str)), "")
    if reason:
        return without_numbers(row, f"SlicerRT: {reason}")
    values = [float(each) for each in numbers]
    change = values[1] - values[0]
    in_gy = metrics()[row.metric].unit == "Gy"
    prescription_gy = prescribed_gy.get(row.structure, float("nan")) if in_gy else float("nan")
    return replace(
        row,
        original=values[0],
        defaced=values[1],
        change=change,
        change_percent=100.0 * change / prescription_gy,
        engine=ENGINE,
        note="; ".join(part for part in (row.note, _counted(original[row.structure], planned_cc.get(row.structure))) if part),
    )


def without_numbers(row: Measurement, reason: str) -> Measurement:
    """A built-in row as SlicerRT's, not available for a reason."""
    nothing = float("nan")
    empty = replace(row, original=nothing, defaced=nothing, change=nothing, change_percent=nothing)
    return replace(empty, engine=ENGINE, status=NOT_AVAILABLE, note=reason)


_NO_SEGMENT = "the structure is no single segment"


def _value(dvh: SegmentDvh | str, metric: str) -> float | str:
    """A number, or why there is none."""
    if isinstance(dvh, str):
        return dvh
    return dvh.values.get(metric, f"the structure ({dvh.volume_cc:g} cc) is too small for {metric}")


def _counted(dvh: SegmentDvh | str, planned_cc: float | None) -> str:
    """How SlicerRT sampled, and whether part of the structure is missing in it."""
    assert isinstance(dvh, SegmentDvh)
    told = f"bins of {STEP_GY:g} Gy; SlicerRT counted {dvh.volume_cc:g} cc"
    if planned_cc and dvh.volume_cc < LEAST_SHARE * planned_cc:
        return f"{told}, less than {100 * LEAST_SHARE:g} % of the planned {planned_cc:.3g} cc"
    return told

"""Which of a patient's dose files is the plan's dose, and what was prescribed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from ..case import Dose
from ..errors import NotAvailable
from .dicom_rtdose import read_dose_grid, sum_on_first
from .dicom_scan import Header

SUMS = ("PLAN_SUM", "MULTI_PLAN")
"""DoseSummationType of a dose that already is the sum of plans."""
BEAMS = "BEAM"


def choose_dose(doses: Sequence[Header], plans: Sequence[Header], frames: set[str]) -> tuple[Dose | None, list[str]]:
    """Choose the dose: a plan sum, else the only plan, else the sum of different plans, else all beams of one plan.

    A sum is never added to its parts. Where no rule decides, there is no dose, and the note says why.

    Parameters
    ----------
    frames : set of str
        Frames of reference of the images; empty if there are none.
    """
    notes: list[str] = []
    usable = []
    for header in doses:
        if frames and header.text("FrameOfReferenceUID") not in frames:
            notes.append(f"dose {header.path.name} is in another frame of reference than the images and was not used")
        else:
            usable.append(header)
    if not usable:
        return None, notes
    chosen, how = _chosen(usable, plans)
    if not chosen:
        return None, [*notes, how]
    grids = []
    for header in chosen:
        try:
            grid, grid_notes = read_dose_grid(header)
        except NotAvailable as reason:
            return None, [*notes, str(reason)]
        grids.append(grid)
        notes.extend(grid_notes)
    image = sum_on_first(grids)
    if not np.any(sitk.GetArrayViewFromImage(image) > 0):
        return None, [*notes, f"dose {chosen[0].path.name} is zero everywhere and was not used"]
    if how:
        notes.append(how)
    dose = Dose(
        image=image,
        frame_of_reference_uid=chosen[0].text("FrameOfReferenceUID"),
        prescription_gy=prescription_gy(chosen, plans),
        summation=chosen[0].text("DoseSummationType"),
        notes=tuple(notes),
        sources=tuple(header.path for header in chosen),
    )
    return dose, notes


def _chosen(doses: Sequence[Header], plans: Sequence[Header]) -> tuple[list[Header], str]:
    by_kind: dict[str, list[Header]] = {}
    for header in doses:
        by_kind.setdefault(header.text("DoseSummationType").upper(), []).append(header)
    sums = [header for kind in SUMS for header in by_kind.get(kind, [])]
    if len(sums) == 1:
        parts = len(doses) - 1
        return sums, f"the plan sum {sums[0].path.name} was used, not its {parts} parts" if parts else ""
    if sums:
        return [], f"{len(sums)} plan sums and no rule to choose one; keep one dose file"
    whole = by_kind.get("PLAN", [])
    if len(whole) == 1:
        return whole, ""
    if whole:
        if len({_plan_uid(header) for header in whole}) < len(whole):
            return [], f"{len(whole)} plan doses of one plan and no rule to choose one; keep one dose file"
        if len({header.text("FrameOfReferenceUID") for header in whole}) > 1:
            return [], f"{len(whole)} plan doses in different frames of reference; keep one dose file"
        return whole, f"the dose is the sum of {len(whole)} plan doses"
    beams = by_kind.get(BEAMS, [])
    planned = {_plan_uid(header) for header in beams}
    plan = next((one for one in plans if one.text("SOPInstanceUID") in planned), None)
    if len(planned) == 1 and plan is not None and _beam_count(plan) == len(beams):
        return beams, f"the dose is the sum of all {len(beams)} beams of the plan"
    kinds = ", ".join(sorted(kind or "not stated" for kind in by_kind))
    return [], f"no dose of a whole plan among {len(doses)} dose files ({kinds}), so none was used"


def _plan_uid(header: Header) -> str:
    sequence = header.dataset.get("ReferencedRTPlanSequence") or []
    return str(sequence[0].get("ReferencedSOPInstanceUID") or "") if sequence else ""


def _beam_count(plan: Header) -> int:
    groups = plan.dataset.get("FractionGroupSequence") or []
    return sum(int(group.get("NumberOfBeams") or 0) for group in groups)


def prescription_gy(doses: Sequence[Header], plans: Sequence[Header]) -> float | None:
    """Prescribed dose of the plans behind a dose, None unless each of them states one.

    The highest target prescription of a plan counts; without one, fractions times the beams' doses.
    """
    wanted = {_plan_uid(header) for header in doses} | {
        str(item.get("ReferencedSOPInstanceUID") or "")
        for header in doses
        for item in header.dataset.get("ReferencedRTPlanSequence") or []
    }
    chosen = [plan for plan in plans if plan.text("SOPInstanceUID") in wanted]
    if not chosen or len(chosen) < len(wanted - {""}):
        return None
    stated = [_prescribed(plan) for plan in chosen]
    return None if any(value is None for value in stated) else float(sum(value for value in stated if value is not None))


def _prescribed(plan: Header) -> float | None:
    targets = [
        float(item.TargetPrescriptionDose)
        for item in plan.dataset.get("DoseReferenceSequence") or []
        if item.get("TargetPrescriptionDose") is not None
    ]
    if targets:
        return max(targets)
    total = 0.0
    for group in plan.dataset.get("FractionGroupSequence") or []:
        beams = [float(item.BeamDose) for item in group.get("ReferencedBeamSequence") or [] if item.get("BeamDose") is not None]
        total += float(group.get("NumberOfFractionsPlanned") or 0) * sum(beams)
    return total or None

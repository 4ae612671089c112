"""What was prescribed: to the plan as a whole, and to each target by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from pydicom.dataset import Dataset

from .header import Header, naming_file, whole_number
from .plan_relations import imaging_beams

STATED_DOSE = re.compile(r"\d+(?:[.,]\d+)?")
"""A number in a target's name that may be its dose: ``PTV54``, ``PTV_5400``, ``PTV 59.4``."""
SAME_GY = 0.05
"""A dose in a name is the plan's if it is this close."""
CGY_PER_GY = 100.0
NO_TARGET = "ORGAN_AT_RISK"
"""DoseReferenceType of what is to be spared: a dose that stands there prescribes nothing."""


def plan_uid(dose: Header) -> str:
    """SOPInstanceUID of the (first) plan that a dose was computed for, ``""`` if not stated."""
    return next(iter(plan_uids(dose)), "")


@naming_file
def plan_uids(dose: Header) -> list[str]:
    """SOPInstanceUIDs of all plans that a dose was computed for."""
    items = dose.dataset.get("ReferencedRTPlanSequence") or []
    return [uid for item in items if (uid := str(item.get("ReferencedSOPInstanceUID") or ""))]


@naming_file
def structure_set_uid(header: Header) -> str:
    """SOPInstanceUID of the structure set that a plan or dose refers to, ``""`` if not stated."""
    items = header.dataset.get("ReferencedStructureSetSequence") or []
    return str(items[0].get("ReferencedSOPInstanceUID") or "") if items else ""


def plans_of(doses: Sequence[Header], plans: Sequence[Header]) -> list[Header] | None:
    """The plans behind doses, None if one of them is not here."""
    wanted = {uid for header in doses for uid in plan_uids(header)}
    chosen = [plan for plan in plans if plan.text("SOPInstanceUID") in wanted]
    return chosen if chosen and len(chosen) == len(wanted) else None


def prescription_gy(doses: Sequence[Header], plans: Sequence[Header]) -> float | None:
    """Prescribed dose of the plans behind a dose, None unless each of them states one.

    The highest target prescription of a plan counts; without one, fractions times the doses of all of its beams.
    """
    stated = [_prescribed(plan) for plan in plans_of(doses, plans) or []]
    known = [value for value in stated if value is not None]
    return sum(known) if known and len(known) == len(stated) else None


def why_no_prescription(doses: Sequence[Header], plans: Sequence[Header]) -> str:
    """Why `prescription_gy` gives none."""
    if not all(plan_uids(header) for header in doses):
        return "the dose names no plan"
    return "a plan of the dose is not in the folder" if plans_of(doses, plans) is None else "a plan of the dose states none"


@naming_file
def _prescribed(plan: Header) -> float | None:
    targets = [dose_gy for _, dose_gy in _references(plan)]
    if targets:
        return max(targets)
    total, imaged = 0.0, imaging_beams(plan)
    for group in plan.dataset.get("FractionGroupSequence") or []:
        items = list(group.get("ReferencedBeamSequence") or [])
        treated = [item for item in items if whole_number(item, "ReferencedBeamNumber") not in imaged]
        beams = [float(item.BeamDose) for item in treated if item.get("BeamDose") is not None]
        if len(beams) < len(treated) or len(items) < (whole_number(group, "NumberOfBeams") or 0):
            return None  # the sum of some beams is nobody's prescription
        total += float(group.get("NumberOfFractionsPlanned") or 0) * sum(beams)
    return total if _is_dose(total) else None


@naming_file
def _references(plan: Header) -> list[tuple[int | None, float]]:
    """ROI number (None if not stated) and prescribed dose of each target that a plan refers to; what is no dose is left out."""
    items = [
        item
        for item in plan.dataset.get("DoseReferenceSequence") or []
        if str(item.get("DoseReferenceType") or "").upper() != NO_TARGET and item.get("TargetPrescriptionDose") is not None
    ]
    stated = [(_roi(item), float(item.TargetPrescriptionDose)) for item in items]
    return [(roi, dose_gy) for roi, dose_gy in stated if _is_dose(dose_gy)]


def _is_dose(value_gy: float) -> bool:
    """Whether a number can be a prescription: 0, negative and NaN stand where none was entered."""
    return math.isfinite(value_gy) and value_gy > 0


def _roi(item: Dataset) -> int | None:
    return whole_number(item, "ReferencedROINumber")


def target_prescriptions_gy(
    structure_set: Header, names: Mapping[int, str], doses: Sequence[Header], plans: Sequence[Header]
) -> dict[int, float]:
    """Each target's own prescribed dose, summed over the plans behind the chosen dose.

    A plan's dose reference counts for the structure that it refers to; failing that, for the target whose name holds just that
    dose (``PTV54`` or ``PTV_5400`` where 54 Gy is prescribed).

    Parameters
    ----------
    names : mapping of ROI number to planned name
        The targets.

    Returns
    -------
    dict of ROI number to Gy
        Targets of which a plan says nothing are left out.
    """
    total: dict[int, float] = {}
    chosen = plans_of(doses, plans) or []
    for plan in chosen:
        same_set = structure_set_uid(plan) in ("", structure_set.text("SOPInstanceUID"))
        own = _own_doses_gy(plan, names) if same_set else {}
        stated = {dose_gy for _, dose_gy in _references(plan)}
        for roi, name in names.items():
            dose_gy = own.get(roi) or (_named_gy(name, stated) if len(chosen) == 1 else None)
            if dose_gy is not None:
                total[roi] = total.get(roi, 0.0) + dose_gy
    return total


def _own_doses_gy(plan: Header, names: Mapping[int, str]) -> dict[int, float]:
    """The dose of each target that a plan refers to by its number; where it states several, none is known to be the one."""
    stated: dict[int, set[float]] = {}
    for roi, dose_gy in _references(plan):
        if roi is not None and roi in names:
            stated.setdefault(roi, set()).add(dose_gy)
    return {roi: doses_gy.pop() for roi, doses_gy in stated.items() if len(doses_gy) == 1}


def _named_gy(name: str, prescribed_gy: set[float]) -> float | None:
    numbers = [float(text.replace(",", ".")) for text in STATED_DOSE.findall(name)]
    found = {
        dose_gy
        for dose_gy in prescribed_gy
        for number in numbers
        if min(abs(number - dose_gy), abs(number / CGY_PER_GY - dose_gy)) < SAME_GY
    }
    return found.pop() if len(found) == 1 else None

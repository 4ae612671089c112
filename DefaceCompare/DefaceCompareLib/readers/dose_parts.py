"""Whether doses of a plan's parts (beams, fraction groups, sessions) are all there, so that they add up to the plan.

DICOM PS3.3 C.8.8.3 (Dose Summation Type): BEAM is the entire delivery of one or more beams, FRACTION that of one fraction group
(not one fraction), FRACTION_SESSION one session of one fraction group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from .dicom_prescription import plan_uids
from .dicom_scan import Header, whole_number

BEAM, FRACTION, SESSION = "BEAM", "FRACTION", "FRACTION_SESSION"
PARTS = {BEAM: "beams", FRACTION: "fraction groups", SESSION: "fractions"}
"""Kinds of dose that add up to a plan, and what they are of."""
NO_DOSE = ("SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM")
"""TreatmentDeliveryType of beams that are imaged, not treated."""

Part = tuple[int, int]
"""Fraction group, and beam or fraction in it (0 of a whole group)."""


def is_complete(doses: Sequence[Header], plans: Sequence[Header], kind: str) -> bool:
    """Whether doses of one kind of `PARTS` are all of one plan's, each once.

    Doses that do not state their part are counted; if only some state it, nothing is known.
    """
    uids = {uid for header in doses for uid in plan_uids(header)}
    plan = next((one for one in plans if one.text("SOPInstanceUID") in uids), None)
    if len(uids) != 1 or plan is None:
        return False
    needed, count = _needed(plan, kind)
    stated = [list(_stated(header, kind)) for header in doses]
    if not any(stated):
        return count == len(doses)
    told = [part for parts in stated for part in parts]
    if not all(stated) or len(set(told)) < len(told):
        return False
    return set(told) == needed if needed else len(told) == count


def _needed(plan: Header, kind: str) -> tuple[set[Part], int]:
    """The parts that a plan delivers, as far as it lists them, and how many there are."""
    groups = plan.dataset.get("FractionGroupSequence") or []
    numbers = [_number(group, "FractionGroupNumber") for group in groups]
    if kind == FRACTION:
        return {(number, 0) for number in numbers}, len(groups)
    if kind == SESSION:
        planned = [_number(group, "NumberOfFractionsPlanned") for group in groups]
        needed = {(number, k) for number, last in zip(numbers, planned, strict=True) for k in range(1, last + 1)}
        return needed, len(needed)
    imaged = {
        _number(beam, "BeamNumber")
        for beam in plan.dataset.get("BeamSequence") or []
        if str(beam.get("TreatmentDeliveryType") or "") in NO_DOSE
    }
    beams = {
        (number, beam)
        for number, group in zip(numbers, groups, strict=True)
        for item in group.get("ReferencedBeamSequence") or []
        if (beam := _number(item, "ReferencedBeamNumber")) not in imaged
    }
    return beams, len(beams) or sum(_number(group, "NumberOfBeams") for group in groups)


def _stated(dose: Header, kind: str) -> Iterator[Part]:
    """The parts that a dose says it is of."""
    for plan in dose.dataset.get("ReferencedRTPlanSequence") or []:
        for group in plan.get("ReferencedFractionGroupSequence") or []:
            number = _number(group, "ReferencedFractionGroupNumber")
            if kind == FRACTION:
                yield number, 0
            elif kind == SESSION:
                fraction = group.get("ReferencedFractionNumber") or dose.dataset.get("ReferencedFractionNumber")
                if fraction is not None:
                    yield number, int(fraction)
            else:
                for beam in group.get("ReferencedBeamSequence") or []:
                    yield number, _number(beam, "ReferencedBeamNumber")


def _number(item: Dataset, keyword: str) -> int:
    return whole_number(item, keyword) or 0

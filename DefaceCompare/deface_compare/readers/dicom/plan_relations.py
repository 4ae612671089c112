"""What a plan is for, which of its beams treat, and whether it stands for another one: such plans' doses do not add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .header import Header, naming_file, whole_number

NO_TREATMENT = ("VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE")
"""PlanIntent (PS3.3 C.8.8.9) of plans that no patient is treated by."""
INSTEAD = ("PREDECESSOR", "ALTERNATIVE", "VERIFIED_PLAN")
"""RTPlanRelationship (PS3.3 C.8.8.9) of a plan that replaces, rivals or checks the one that it names; PRIOR and CONCURRENT are
treated, too."""

BEAMS = ("BeamSequence", "IonBeamSequence")
"""Beams of a plan, and of one for ions."""
NO_DOSE = ("SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM")
"""TreatmentDeliveryType of beams that are imaged, not treated."""


def no_treatment(plan: Header | None) -> str:
    """The intent of a plan that no patient is treated by, ``""`` of every other one."""
    intent = "" if plan is None else plan.text("PlanIntent").upper()
    return intent if intent in NO_TREATMENT else ""


def stand_for_another(plans: Sequence[Header]) -> bool:
    """Whether one of several plans says that it replaces, rivals or checks another of them."""
    here = {plan.text("SOPInstanceUID") for plan in plans}
    return any(here & _replaced_by(plan) for plan in plans)


@naming_file
def _replaced_by(plan: Header) -> set[str]:
    items: Sequence[Mapping[str, object]] = plan.dataset.get("ReferencedRTPlanSequence") or []
    return {
        str(item.get("ReferencedSOPInstanceUID") or "")
        for item in items
        if str(item.get("RTPlanRelationship") or "").upper() in INSTEAD
    }


@naming_file
def imaging_beams(plan: Header) -> set[int]:
    """Numbers of the beams that are imaged, not treated."""
    beams = [beam for keyword in BEAMS for beam in plan.dataset.get(keyword) or []]
    return {whole_number(beam, "BeamNumber") or 0 for beam in beams if str(beam.get("TreatmentDeliveryType") or "") in NO_DOSE}

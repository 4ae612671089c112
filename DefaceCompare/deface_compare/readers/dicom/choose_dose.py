"""Which of a patient's dose files is the plan's dose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from ...case import Dose
from ...errors import NotAvailable, UnusableInput
from ..checks import dose_warnings
from .copies import Twins
from .dose_remarks import UNAPPROVED, doubtful_plans, left_beside
from .dose_sum import in_fixed_order, sum_of_grids
from .header import Header, whole_number
from .named_by_user import named_by_user
from .plan_relations import imaging_beams, no_treatment, stand_for_another
from .prescription import plan_uid, plan_uids, prescription_gy, structure_set_uid, why_no_prescription
from .rtdose import EFFECTIVE, GY, read_dose_grid

SUMS = ("PLAN_SUM", "MULTI_PLAN")
"""DoseSummationType of a dose that already is the sum of plans (DICOM's word is MULTI_PLAN)."""

WHOLE = "PLAN"

APPROVED = "APPROVED"
"""ApprovalStatus of a plan."""

PLUS = "+"
"""Between the doses that a user adds up: ``--dose "first.dcm + boost.dcm"``."""

BEAM, FRACTION, SESSION = "BEAM", "FRACTION", "FRACTION_SESSION"

PARTS = {BEAM: "beams", FRACTION: "fraction groups", SESSION: "fractions"}
"""Kinds of dose that add up to a plan, and what they are of."""


@dataclass(frozen=True)
class ChosenDose:
    """The dose of a patient, or the reason why there is none; the files behind it, and what a reader must know."""

    dose: Dose | None
    reason: str = ""
    headers: tuple[Header, ...] = ()
    notes: tuple[str, ...] = ()


def choose_dose(
    doses: Sequence[Header],
    plans: Sequence[Header],
    frames: set[str],
    wanted: str = "",
    twins: Sequence[Twins] = (),
    lost: Sequence[str] = (),
) -> ChosenDose:
    """Choose the dose: a plan sum, else the sum of the approved plans' doses, else all beams or fractions of one plan.

    A sum is never added to its parts. Where no rule decides, there is no dose, and the reason names the candidates.

    Parameters
    ----------
    frames : set of str
        Frames of reference of the images; empty if there are none.
    wanted : str
        The user's own choice: a dose's file name or path (``*`` and ``?`` allowed), series description or plan label; several
        joined by ``+`` are added up.
    twins : sequence of Twins
        Objects that contradict one another: no rule chooses beside such doses, since one of them may be the plan's.
    lost : sequence of str
        What is said of doses that are damaged: no rule chooses beside them either.
    """
    if not doses and not lost:
        return ChosenDose(None)
    if lost and not (doses and wanted):
        beside = " and it may be the plan's: choose another one with --dose" if doses else ""
        reason = f"dose {'; '.join(lost)}; no dose was used{beside}"
        return ChosenDose(None, reason, notes=(reason,))
    notes = [f"dose {each}; it was not used" for each in lost]
    usable = []
    for header in doses:
        frame = header.text("FrameOfReferenceUID")
        if frames and frame not in frames:
            where = "is in another frame of reference than the images" if frame else "states no frame of reference"
            notes.append(f"dose {header.path.name} {where} and was not used")
        else:
            usable.append(header)
    if not usable:
        return ChosenDose(None, notes[0], notes=tuple(notes))
    torn = [twin for twin in twins if any(header is one for one in usable for header in twin.headers)]
    if torn and not wanted:
        reason = f"{torn[0].told()}; no dose was used: keep the right one, or choose with --dose"
        return ChosenDose(None, reason, notes=(*notes, reason))
    chosen, how = _wanted(usable, plans, wanted) if wanted else _chosen(usable, plans)
    if not chosen:
        return ChosenDose(None, how, notes=(*notes, how))
    try:
        dose, dose_notes = _read(chosen, plans)
    except (NotAvailable, UnusableInput) as reason:
        return ChosenDose(None, str(reason), notes=(*notes, str(reason)))
    counted = wanted or chosen[0].text("DoseSummationType").upper() in SUMS
    how_told = filter(None, [how, doubtful_plans(chosen, plans), "" if counted else left_beside(chosen, usable)])
    return ChosenDose(dose, headers=tuple(chosen), notes=(*notes, *dose_notes, *how_told))


def _read(chosen: Sequence[Header], plans: Sequence[Header]) -> tuple[Dose, list[str]]:
    units = {header.text("DoseUnits").upper() for header in chosen}
    if len(units) > 1:
        raise NotAvailable(f"{len(chosen)} doses of one plan are in different units ({', '.join(sorted(units))})")
    if len({header.text("DoseType").upper() == EFFECTIVE for header in chosen}) > 1:
        raise NotAvailable(f"of {len(chosen)} doses some are physical and some effective (DoseType): they were not added up")
    grids = []
    notes: list[str] = []
    for header in chosen:
        grid, grid_notes = read_dose_grid(header)
        grids.append(grid)
        notes.extend(grid_notes)
    order = in_fixed_order(grids)
    chosen = [chosen[k] for k in order]
    image, remarks = sum_of_grids([grids[k] for k in order])
    notes.extend(f"the dose is a {remark}" for remark in remarks)
    unit = "Gy" if units == {GY} else "relative"
    prescribed_gy = prescription_gy(chosen, plans) if unit == "Gy" else None
    if unit == "Gy" and prescribed_gy is None:
        notes.append(f"no prescription is known: {why_no_prescription(chosen, plans)}")
    notes.extend(dose_warnings(image, unit, _named(chosen), prescribed_gy))
    return Dose(
        image=image,
        frame_of_reference_uid=chosen[0].text("FrameOfReferenceUID"),
        prescription_gy=prescribed_gy,
        summation=chosen[0].text("DoseSummationType"),
        notes=tuple(notes),
        sources=tuple(header.path for header in chosen),
        unit=unit,
        remarks=remarks,
    ), notes


def _named(chosen: Sequence[Header]) -> str:
    """The files of a dose, for a sentence."""
    return " + ".join(sorted(header.path.name for header in chosen))


def _chosen(doses: Sequence[Header], plans: Sequence[Header]) -> tuple[list[Header], str]:
    """The doses to add up, and how they were found; none, and why no rule decides."""
    in_gy = [header for header in doses if header.text("DoseUnits").upper() == GY]
    by_kind: dict[str, list[Header]] = {}
    for header in in_gy or doses:
        by_kind.setdefault(header.text("DoseSummationType").upper(), []).append(header)
    sums = [header for kind in SUMS for header in by_kind.get(kind, [])]
    if len(sums) == 1:
        parts = len(doses) - 1
        return sums, f"the plan sum {sums[0].path.name} was used, not the other {parts} dose files" if parts else ""
    if sums:
        return [], _undecided(f"{len(sums)} plan sums", sums)
    if WHOLE in by_kind:
        return _whole(by_kind[WHOLE], plans)
    for kind, word in PARTS.items():
        if kind in by_kind and is_complete(by_kind[kind], plans, kind):
            return by_kind[kind], f"the dose is the sum of all {len(by_kind[kind])} {word} of the plan"
    kinds = ", ".join(sorted(kind or "not stated" for kind in by_kind))
    return [], _undecided(f"no dose of a whole plan ({kinds})", doses)


def _whole(doses: list[Header], plans: Sequence[Header]) -> tuple[list[Header], str]:
    """Doses of whole plans: the only one, else those of approved plans, which must share structure set and frame.

    Two plans that nobody approved, or of which one replaces the other, may be rivals; their sum would be a dose that no one
    planned.
    """
    by_uid = {plan.text("SOPInstanceUID"): plan for plan in plans}
    behind = [by_uid.get(plan_uid(header)) for header in doses]
    status = [plan.text("ApprovalStatus") if plan is not None else "" for plan in behind]
    intents = [no_treatment(plan) for plan in behind]
    if len(doses) == 1:
        return doses, ""
    left = [h for h, word, other in zip(doses, status, intents, strict=True) if word not in UNAPPROVED and not other]
    if not left:
        return [], _undecided(f"{len(doses)} plan doses, none of an approved plan that is for treatment", doses)
    what = "plans that are unapproved or for no treatment" if any(intents) else "unapproved plans"
    how = f"{len(doses) - len(left)} doses of {what} were not used" if len(left) < len(doses) else ""
    if len(left) == 1:
        return left, how
    if len({plan_uid(header) for header in left}) < len(left):
        return [], _undecided(f"{len(left)} plan doses, some of one and the same plan", left)
    approved = [plan is not None and plan.text("ApprovalStatus") == APPROVED for plan in map(by_uid.get, map(plan_uid, left))]
    if not all(approved):
        return [], _undecided(f"{len(left)} plan doses, not all of plans that are here and approved", left)
    if stand_for_another([by_uid[plan_uid(header)] for header in left]):
        return [], _undecided(f"{len(left)} plan doses, one of a plan that replaces, rivals or checks another", left)
    if len({header.text("FrameOfReferenceUID") for header in left}) > 1:
        return [], _undecided(f"{len(left)} plan doses in different frames of reference", left)
    if len({_planned_on(header, by_uid) for header in left}) > 1:
        return [], _undecided(f"{len(left)} plan doses on different structure sets", left)
    return left, "; ".join(part for part in (f"the dose is the sum of {len(left)} plan doses", how) if part)


def _planned_on(dose: Header, plans: dict[str, Header]) -> str:
    """The structure set behind a dose, as its plan or it itself tells."""
    plan = plans.get(plan_uid(dose))
    return (structure_set_uid(plan) if plan is not None else "") or structure_set_uid(dose)


def _wanted(doses: Sequence[Header], plans: Sequence[Header], wanted: str) -> tuple[list[Header], str]:
    """The dose that the user names, or the doses that the user adds up."""
    labels = {plan.text("SOPInstanceUID"): plan.text("RTPlanLabel") for plan in plans}

    def meant(text: str) -> list[Header]:
        return named_by_user(doses, text, lambda header: (header.text("SeriesDescription"), labels.get(plan_uid(header), "")))

    found = meant(wanted)
    if len(found) == 1:
        return found, f"the dose {found[0].path.name} was chosen by the user"
    parts = [meant(part) for part in wanted.split(PLUS)]
    added = [header for part in parts for header in part]
    distinct = len({header.path for header in added}) == len(added) == len(parts) and all(parts)
    if len(parts) > 1 and distinct and len({header.text("FrameOfReferenceUID") for header in added}) == 1:
        return added, f"the doses {', '.join(header.path.name for header in added)} were added up by the user"
    return [], _undecided(f"--dose names {len(found) or 'none'} of {len(doses)} dose files", found or doses)


def _undecided(what: str, candidates: Sequence[Header]) -> str:
    named = ", ".join(f"{header.path.name} ({header.text('DoseSummationType') or 'kind not stated'})" for header in candidates)
    return f"{what} and no rule to choose; choose with --dose: {named}"


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
    imaged = imaging_beams(plan)
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

"""Whether the plan, the structure set and the dose that would be used name each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..case import Case
from ..readers.bids.dataset import is_bids_patient
from ..readers.dicom.header import Header
from ..readers.dicom.kept_scan import kept_scan
from ..readers.files.case_json import CASE_FILE

BY_FILE = "named together in case.json"


def pairing_words(folder: Path, case: Case) -> str:
    """How structure set, plan and dose of a patient belong together, by the UIDs that they name; ``""`` if there are none.

    Parameters
    ----------
    case : Case
        As read: which files were used stands in its `sources`.

    Raises
    ------
    UnusableInput
        If the folder cannot be read.
    """
    if folder.is_file():  # one image and nothing beside it
        return ""
    if (folder / CASE_FILE).is_file():
        return BY_FILE if case.structure_set or case.dose else ""
    if is_bids_patient(folder):
        return "by their names" if case.structure_set else ""
    scan = kept_scan(folder)
    structures = _used([*scan.structure_sets, *scan.segmentations], case.structure_set.sources if case.structure_set else ())
    doses = _used(scan.doses, case.dose.sources if case.dose else ())
    told = [
        _how_many("structure set", structures, [*scan.structure_sets, *scan.segmentations]),
        _how_many("dose", doses, scan.doses),
    ]
    plans = {plan.text("SOPInstanceUID"): plan for plan in scan.plans}
    named = {uid for dose in doses for uid in _referenced(dose, "ReferencedRTPlanSequence")}
    if doses and not named:
        told.append("the dose names no plan")
    elif doses and not named <= plans.keys():
        told.append("the dose's plan is not in the folder")
    elif doses:
        told.append("dose ↔ plan")
    own = [plans[uid] for uid in sorted(named) if uid in plans] or list(scan.plans)
    drawn = {uid for plan in own for uid in _referenced(plan, "ReferencedStructureSetSequence")}
    here = {structure.text("SOPInstanceUID") for structure in structures}
    if own and structures:
        told.append("plan ↔ structure set" if drawn & here else "the plan was made on another structure set")
    return "; ".join(filter(None, told))


def _used(headers: Sequence[Header], sources: Sequence[Path]) -> list[Header]:
    return [header for header in headers if header.path in sources]


def _how_many(what: str, used: Sequence[Header], found: Sequence[Header]) -> str:
    if not found:
        return f"no {what}"
    return "" if len(used) == len(found) else f"{len(used)} of {len(found)} {what}s used"


def _referenced(header: Header, keyword: str) -> list[str]:
    return [str(item.get("ReferencedSOPInstanceUID") or "") for item in header.dataset.get(keyword) or []]

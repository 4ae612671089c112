"""How many of a set's structures were measured, and why the others were not: by standard name or place holder only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..case import Case, Structure
from ..structures.organs import EXCLUDE, EXTERNAL
from .baseline import Baseline
from .dose_sampling import DoseSamples

HELPER, OUTLINE = "helper, excluded", "body outline, excluded"
MOST_NAMED = 6
"""Names that a sentence tells of one reason; `StructureCount` has all."""

StructureCount = Mapping[str, Any]
"""``total`` and ``measured`` (numbers), ``not_measured``: reason to names. Kept in ``case_report.json`` and ``study.json``."""


def count_structures(case: Case, baseline: Baseline) -> StructureCount:
    """Count the structures of a case that have numbers on an image or in the dose; empty without a structure set."""
    if case.structure_set is None:
        return {}
    structures = case.structure_set.structures
    reasons: dict[str, list[str]] = {}
    for structure in structures:
        reason = _reason(structure, baseline)
        if reason:
            reasons.setdefault(reason, []).append(structure.standard_name)
    missing = sum(map(len, reasons.values()))
    return {"total": len(structures), "measured": len(structures) - missing, "not_measured": reasons}


def _reason(structure: Structure, baseline: Baseline) -> str:
    """Why a structure has no number at all; ``""`` if it has one."""
    if structure.group in (EXCLUDE, EXTERNAL):
        return HELPER if structure.group == EXCLUDE else OUTLINE
    found = [image if isinstance(image, str) else image.regions[structure.standard_name] for image in baseline.images.values()]
    dose = baseline.dose.get(structure.standard_name, baseline.dose_reason or "the case has no dose")
    if isinstance(dose, DoseSamples) or not all(isinstance(each, str) for each in found):
        return ""
    return next((each for each in (*found, dose) if isinstance(each, str)), "")


def pooled_count(counts: Sequence[StructureCount]) -> StructureCount:
    """The counts of several cases added up, reasons with how many structures of how many cases; empty if there is none."""
    known = [count for count in counts if count]
    if not known:
        return {}
    reasons: dict[str, list[str]] = {}
    for count in known:
        for reason, names in count["not_measured"].items():
            reasons.setdefault(reason, []).extend(names)
    return {
        "total": sum(count["total"] for count in known),
        "measured": sum(count["measured"] for count in known),
        "not_measured": dict(sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0]))),
    }


def structures_sentence(count: StructureCount, *, named: bool = True) -> str:
    """``12 of 14 structures measured; not measured: 1 × helper (structure-03)`` and so on; ``""`` for an empty count."""
    if not count:
        return ""
    told = f"{count['measured']} of {count['total']} structures measured"
    reasons = [_told(reason, names, named) for reason, names in count["not_measured"].items()]
    return f"{told}; not measured: {'; '.join(reasons)}" if reasons else told


def _told(reason: str, names: Sequence[str], named: bool) -> str:
    if not named:
        return f"{len(names)} × {reason}"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} × {reason} ({', '.join(names[:MOST_NAMED])}{more})"

"""How many structures were measured and why others were not: the count that files keep, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_NAMED = 6
"""Names that a sentence tells of one reason; `StructureCount` has all."""

StructureCount = Mapping[str, Any]
"""``total`` and ``measured`` (numbers), ``not_measured``: reason to names. Kept in ``case_report.json`` and ``study.json``."""


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

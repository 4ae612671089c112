"""In which version and settings the cases of one table differ, as far as each case tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..cohort.cohort import PooledCase

NOT_TOLD = "not told"
"""Of a centre that shares tables only."""


def differing(cases: Sequence[PooledCase]) -> dict[str, dict[str, int]]:
    """By name (``version``, or a setting) the values that the cases have, each with how many have it.

    What all have in common is left out: an empty mapping says that all were made alike.
    """
    told = [_made_with(case) for case in cases]
    names = list(dict.fromkeys(name for each in told for name in each))
    found = {}
    for name in names:
        known = Counter(each[name] for each in told if name in each)
        if len(known) > 1:
            found[name] = dict(sorted(known.items()))
    return found


def _made_with(case: PooledCase) -> dict[str, str]:
    if not case.report.version:
        return {"version": NOT_TOLD}
    return {"version": case.report.version, **dict(_plain(case.report.settings.as_dict()))}


def _plain(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Names and values as text, those of a mapping under a name with a point."""
    listed: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            listed += _plain(value, f"{before}{name}.")
        else:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            listed.append((f"{before}{name}", f"{value:.12g}" if number else str(value)))  # 5 and 5.0 are one tolerance
    return listed

"""Names in the order in which a person counts: ``case-9`` stands before ``case-10``, and ``case-999`` before ``case-1000``."""

from __future__ import annotations

import re

DIGITS = re.compile(r"(\d+)")
NaturalKey = tuple[tuple[str | int, ...], str]
"""Words and numbers in turn, and the name itself, by which names stay apart that differ in capitals or leading zeros only."""


def natural(name: str) -> NaturalKey:
    """Sort key of a name: its digits count as numbers, capitals do not matter.

    >>> sorted(["P10", "p9", "P1"], key=natural)
    ['P1', 'p9', 'P10']
    """
    parts = DIGITS.split(name.casefold())
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), name

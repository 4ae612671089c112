"""Sentences that differ in a number only, told once with the range of the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..natural_order import natural

NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
"""A measured number or a count; not a part of a name such as ``case-003``, ``MR_T1`` or ``D95``."""


def pattern_of(note: str) -> str:
    """The sentence without its numbers: equal for those that are to be told once."""
    return NUMBER.sub("\0", note)


def merged(notes: Iterable[str]) -> str:
    """One sentence for several of one pattern: a number that differs becomes ``least to most``.

    >>> merged(["moved by 3.1 mm of 9", "moved by 2.5 mm of 9"])
    'moved by 2.5 to 3.1 mm of 9'
    """
    listed = list(dict.fromkeys(notes))
    columns = [sorted(set(column), key=float) for column in zip(*(NUMBER.findall(note) for note in listed), strict=True)]
    told = iter(column[0] if len(column) == 1 else f"{column[0]} to {column[-1]}" for column in columns)
    return NUMBER.sub(lambda _: next(told), listed[0])


def merged_by_pattern(notes: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Notes with their cases: those of one pattern become one, with the cases of all."""
    groups: dict[str, list[str]] = {}
    for note in sorted(notes):
        groups.setdefault(pattern_of(note), []).append(note)
    found = {merged(group): {case for note in group for case in notes[note]} for group in groups.values()}
    return {note: sorted(cases, key=natural) for note, cases in found.items()}

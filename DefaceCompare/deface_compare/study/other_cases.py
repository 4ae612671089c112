"""The cases of an output folder that a run was not asked for: they stay, and join its tables where they can be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..natural_order import natural
from ..output.finished_mark import drop_case, finish_move, read_mark
from ..output.folder import OutputFolder
from ..settings import Settings
from .recipe import COMMON, common_parts, differences
from .study_report import LEFT_OUT

NO_MARK = "nothing tells what it was made from (identifiable/finished is gone)"
FEW = 3
"""So many cases are named one by one; of more the first ones, and how many there are."""


@dataclass(frozen=True)
class OtherCases:
    """Finished cases of earlier runs.

    Parameters
    ----------
    alike : tuple of str
        Made by the same program under the same settings (but fill, protection and variant, which stand in every row).
    unlike : mapping of case id to the reason
        Made otherwise: their files stay, but their numbers do not belong into one table with the others.
    dropped : mapping of case id to what was dropped
    """

    alike: tuple[str, ...] = ()
    unlike: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    replaced: bool = False
    """Earlier runs do not count any more."""


def other_cases(out: Path, ids: Collection[str], settings: Settings) -> OtherCases:
    """The finished cases of an output folder beside those called `ids`."""
    parts = common_parts(settings)
    alike, unlike = [], {}
    for folder in OutputFolder(out).finished_cases():
        if folder.name in ids:
            continue
        mark = read_mark(out, folder.name)
        if mark is None or mark.moving:
            unlike[folder.name] = f"{LEFT_OUT}: {NO_MARK}; compare it again"
        elif differing := differences(parts, mark.parts, COMMON):
            why = " and ".join(differing)
            unlike[folder.name] = f"{LEFT_OUT}, its files stay: compared with {why}; compare it again"
        else:
            alike.append(folder.name)
    return OtherCases(tuple(alike), unlike)


def mixed_words(outs: Sequence[Path]) -> str:
    """What finished cases that shall stand in one table differ in, in words; ``""`` if in nothing that matters."""
    folders = [(out, folder.name) for out in outs for folder in OutputFolder(out).finished_cases()]
    marks = [mark for out, case in folders if (mark := read_mark(out, case)) is not None and not mark.moving]
    differing = dict.fromkeys(what for mark in marks for what in differences(marks[0].parts, mark.parts, COMMON))
    return f"not all of one making: {' and '.join(differing)}" if differing else ""


def drop_cases(out: Path, others: OtherCases) -> OtherCases:
    """Remove the finished cases that a run was not asked for."""
    dropped = sorted([*others.alike, *others.unlike], key=natural)
    for case in dropped:
        drop_case(out, case)
    return OtherCases(dropped=dict.fromkeys(dropped, "dropped: not in the cohort"), replaced=True)


def finish_moves(out: Path) -> None:
    """Move what a killed run had made and not moved to its place."""
    unfinished = OutputFolder(out).unfinished
    for growing in sorted(unfinished.iterdir()) if unfinished.is_dir() else []:
        finish_move(growing, out, growing.name)


def grouped(reasons: Mapping[str, str]) -> str:
    """Reasons by case in one sentence; a reason that many cases share is said once."""
    cases: dict[str, list[str]] = {}
    for case, reason in reasons.items():
        cases.setdefault(reason.replace(case, "it"), []).append(case)
    told = []
    for reason, named in cases.items():
        more = f" and {len(named) - FEW} more" if len(named) > FEW else ""
        told.append(f"{', '.join(named[:FEW])}{more}: {reason}")
    return "; ".join(told)

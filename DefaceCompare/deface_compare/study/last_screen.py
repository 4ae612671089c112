"""The last screen of a comparison as values: the answer, a table of the methods, remarks, the report's place, the next step."""

from __future__ import annotations

import math
import shlex
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category, east_asian_width

from ..cohort.answer import Answer, dose_words, recognised_words
from ..cohort.arms import Arm
from ..cohort.method_facts import MethodFacts
from ..output.folder import OutputFolder
from ..report.small_face import left_words
from ..words import NOTHING, number

OPENERS = {"darwin": "open", "win32": "start"}
"""What opens a page from a shell, by ``sys.platform``; elsewhere xdg-open."""
HEADINGS = (
    "Method",
    "Recognised?",
    "Left of the face",
    "Organs lost",
    "Dose: worst patient",
    "Beyond tolerance",
    "Worked",
    "Face seen",
    "s a case",
)
WIDTHS = dict(zip(HEADINGS, (18, 26, 16, 24, 26, 10, 7, 9, 8), strict=True))
"""Characters of the plain table's columns at most: with the gaps 160, of which a log has as many as it likes."""
TEXT_WIDTH = 100
GAP = "  "
NO_WIDTH = ("Mn", "Me", "Cf")
"""Unicode's classes of marks that stand over another letter, and of signs that are not seen."""


@dataclass(frozen=True)
class LastScreen:
    """What a person reads when a command ends.

    Parameters
    ----------
    warnings, sentences : tuple of str
        What stands above the table: the answer in words.
    headings : tuple of str
    rows : tuple of tuple of str
        One a method, in the answer's order.
    decides : str
        How the methods are ordered.
    remarks : tuple of str
        One line each.
    report : str
        Absolute path of the page.
    next_step : tuple of str
        A sentence, and a command to copy.
    """

    warnings: tuple[str, ...]
    sentences: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    decides: str
    remarks: tuple[str, ...]
    report: str
    next_step: tuple[str, ...]

    @property
    def opener(self) -> str:
        """The command that opens the page."""
        return f"{OPENERS.get(sys.platform, 'xdg-open')} {shlex.quote(self.report)}"

    @property
    def table_width(self) -> int:
        """Columns of a terminal that the table needs to stand in."""
        return max((shown_width(line) for line in self._table()), default=0)

    def _table(self) -> list[str]:
        return plain_table(self.headings, self.rows, [WIDTHS[heading] for heading in self.headings]) if self.rows else []

    def lines(self) -> list[str]:
        """All of it as plain text, as a log keeps it."""
        told = [*self.warnings, *(line for sentence in self.sentences for line in textwrap.wrap(sentence, TEXT_WIDTH)), ""]
        told += [*self._table(), ""] if self.rows else []
        told += textwrap.wrap(self.decides, TEXT_WIDTH)
        return [*told, *self.remarks, f"Report: {self.report}", f"Open it: {self.opener}", *self.next_step]


def last_screen(
    answer: Answer, out: Path, similarity: Mapping[Arm, float], remarks: Sequence[str], next_step: Sequence[str]
) -> LastScreen:
    """Put the screen of a study or of a single patient together.

    Parameters
    ----------
    similarity : mapping of Arm to float
        Median cosine similarity to the own original: told where there is no AUC.
    """
    warnings = (answer.warning,) if answer.warning else ()
    cells = [_cells(facts, answer, similarity.get(facts.arm, math.nan)) for facts in answer.facts]
    used = [k for k in range(len(HEADINGS)) if any(row[k] not in ("", NOTHING) for row in cells)]
    rows = tuple(tuple(row[k] for k in used) for row in cells)
    report = str(OutputFolder(out).report.resolve())
    headings = tuple(HEADINGS[k] for k in used)
    return LastScreen(warnings, answer.sentences, headings, rows, answer.decides, tuple(remarks), report, tuple(next_step))


def _cells(facts: MethodFacts, answer: Answer, similarity: float) -> tuple[str, ...]:
    lost = ", ".join(f"{each.structure} {number(each.median_percent, '%', signed=True)}\u00a0%" for each in facts.organs_lost)
    dose, beyond = facts.worst_dose, facts.beyond_tolerance
    alone = math.isnan(facts.recognised.auc) and not math.isnan(similarity)
    return (
        answer.names.title(facts.arm),
        recognised_words(facts.recognised) + (f"; similarity {number(similarity)}" if alone else ""),
        left_words(facts.left_percent) if facts.left_percent else NOTHING,
        lost or ("none" if facts.organs_measured else NOTHING),
        dose_words(dose) if dose is not None and dose.change_gy else "no change" if dose is not None else NOTHING,
        beyond.patients.words if beyond is not None else NOTHING,
        facts.worked.words if facts.worked is not None else NOTHING,
        facts.seen.words if facts.seen is not None else NOTHING,
        NOTHING if math.isnan(facts.seconds) else f"{facts.seconds:.1f}",
    )


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Columns of wrapped cells, each as wide as its longest line, at most `widths`."""
    wrapped = [
        [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=False)] for row in (headings, *rows)
    ]
    own = [max(shown_width(line) for row in wrapped for line in row[k]) for k in range(len(headings))]
    lines = []
    for number_of_row, row in enumerate(wrapped):
        for k in range(max(map(len, row))):
            told = [cell[k] if k < len(cell) else "" for cell in row]
            cells = [line + " " * (width - shown_width(line)) for line, width in zip(told, own, strict=True)]
            lines.append(GAP.join(cells).rstrip())
        if number_of_row == 0:
            lines.append(GAP.join("-" * width for width in own))
    return lines


def shown_width(text: str) -> int:
    """Columns of a terminal that a text takes: letters of East Asia two, marks that join another letter none."""
    return sum(0 if category(letter) in NO_WIDTH else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)

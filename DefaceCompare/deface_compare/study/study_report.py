"""What a study found, and the lines of it that a person wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort.answer import Answer
from ..cohort.summary import SummaryRow, find, first_of_each_arm, summary_table
from ..measurement import Measurement
from ..measurement_table import measurement_table
from ..natural_order import natural
from .last_screen import LastScreen, last_screen
from .next_step import next_step

if TYPE_CHECKING:
    import pandas

LEFT_OUT = "left out of the tables"
"""Begins the reason of a finished case whose numbers do not belong into one table with the others."""


@dataclass(frozen=True)
class StudyReport:
    """A pooled study.

    Parameters
    ----------
    out : Path
        Where ``report.html`` and the tables lie.
    image : str
        The image that the verdict is about.
    manifest : mapping
        What ``study.json`` holds.
    unreadable : mapping of case id to reason
    seconds : mapping of method key to mean seconds a case
    """

    out: Path
    image: str
    manifest: Mapping[str, Any]
    measurements: tuple[Measurement, ...]
    summary: tuple[SummaryRow, ...]
    answer: Answer
    """What the study says, as values: the first screen of the report, the last one of the command line."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    """By case: what was renewed, kept or dropped, which files were not read."""
    beside: str = ""
    """How many things beside the patients' folders were not read."""
    empty: Mapping[str, str] = field(default_factory=dict)
    """By case: why nothing of it was defaced."""

    @property
    def table(self) -> pandas.DataFrame:
        """``measurements.csv`` as a table."""
        return measurement_table(self.measurements)

    @property
    def summary_table(self) -> pandas.DataFrame:
        """``summary.csv`` as a table."""
        return summary_table(self.summary)

    def screen(self) -> LastScreen:
        """The last screen: the answer, a table of the methods, remarks, where the report lies and what to do next."""
        remarks = [f"beside the patients' folders: {self.beside}"] if self.beside else []
        remarks += [f"{case}: {remark}" for case, remark in _in_order(self.remarks)]
        remarks += [f"{case}: unreadable: {reason}" for case, reason in _in_order(self.unreadable)]
        synthetic = {case["id"]: bool(case["synthetic"]) for case in self.manifest["cases"]}
        following = next_step(self.answer, self.out, self.measurements, synthetic)
        alike = find(self.summary, metric="cosine_similarity_own", image=self.image, cohort=self.manifest["cohort"])
        similarity = {arm: row.value for arm, row in first_of_each_arm(alike).items()}
        return last_screen(self.answer, self.out, similarity, remarks, following)

    def lines(self) -> list[str]:
        """The last screen as plain text."""
        return self.screen().lines()


def _in_order(told: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(told.items(), key=lambda pair: natural(pair[0]))

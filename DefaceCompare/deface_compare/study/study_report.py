"""What a study found, and the lines of it that a person wants to know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort.answer import Answer
from ..cohort.arms import Arm, arm_key, arm_of, arm_order
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.summary import SummaryRow, find, is_of_one_arm, summary_table
from ..measurement import Measurement
from ..measurement_table import measurement_table
from ..structures.organs import is_further
from ..words import NO_VERDICT_FROM_ONE_CASE, SYNTHETIC_WARNING, auc_words, number

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
    unreadable: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    """By case: what was renewed, kept or dropped, which files were not read."""
    beside: str = ""
    """How many things beside the patients' folders were not read."""
    empty: Mapping[str, str] = field(default_factory=dict)
    """By case: why nothing of it was defaced."""
    answer: Answer | None = None
    """What the study says, as values: the first screen of the report, the last one of the command line."""

    @property
    def table(self) -> pandas.DataFrame:
        """``measurements.csv`` as a table."""
        return measurement_table(self.measurements)

    @property
    def summary_table(self) -> pandas.DataFrame:
        """``summary.csv`` as a table."""
        return summary_table(self.summary)

    def lines(self) -> list[str]:
        """Where the report lies, and one line a method: AUC, success, faces still seen, largest organ change, seconds a case."""
        arms = sorted({arm_of(row) for row in self.summary if is_of_one_arm(row)}, key=arm_order)
        width = max((len(arm_key(arm, arms)) for arm in arms), default=0)
        lines = [f"{arm_key(arm, arms):<{width}}  {self._line(arm)}" for arm in arms]
        if self.manifest["synthetic"]:
            lines.insert(0, SYNTHETIC_WARNING)
        if len(self.manifest["cases"]) == 1:
            lines.insert(0, NO_VERDICT_FROM_ONE_CASE)
        lines += [f"beside the patients' folders: {self.beside}"] if self.beside else []
        lines += [f"{case}: {remark}" for case, remark in sorted(self.remarks.items())]
        lines += [f"{case}: unreadable: {reason}" for case, reason in sorted(self.unreadable.items())]
        lines.append(f"Report: {self.out / 'report.html'}")
        return lines

    def _line(self, arm: Arm) -> str:
        mine = [row for row in self.summary if arm_of(row) == arm]
        parts = [self._auc(mine), self._success(mine), f"largest organ change {largest_organ_change(mine, self.image)}"]
        if arm.method in self.seconds:
            parts.append(f"{self.seconds[arm.method]:.1f} s a case")
        return ", ".join(parts)

    def _auc(self, rows: list[SummaryRow]) -> str:
        for row in find(rows, metric=HEADLINE, image=self.image):
            if not math.isnan(row.value):
                return f"AUC {auc_words(row.value, row.low, row.high)} n {row.n}"
        similarity = find(rows, metric="cosine_similarity_own", image=self.image)
        if similarity and similarity[0].n:
            return f"no AUC, similarity {number(similarity[0].value)} n {similarity[0].n}"
        return "no AUC"

    def _success(self, rows: list[SummaryRow]) -> str:
        """Success, and whether a face is still seen: the one does not stand for the other."""
        told = []
        for metric, words in (("success_rate", "success"), ("detection_rate", "face still seen")):
            found = [row for row in find(rows, metric=metric, image=self.image) if not math.isnan(row.value)]
            told.append(f"{words} {round(found[0].value * found[0].n / 100)}/{found[0].n}" if found else f"{words}: not measured")
        return ", ".join(told)


def largest_organ_change(rows: list[SummaryRow], image: str) -> str:
    """The headline's organ or target that loses the largest share of its intact volume, as text."""
    found = [row for row in find(rows, metric="intact_volume", unit="%", image=image) if row.n and not is_further(row.structure)]
    if not found:
        return "not measured"
    worst = min(found, key=lambda row: (row.value, row.structure))
    return f"{worst.structure} {number(worst.value, '%', signed=True)} % intact volume"

"""The tables of the report as plain cells; the template only prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..cohort.summary import SummaryRow, is_change
from ..words import NOTHING, auc_number, count, interval, number, without_warning
from .small_face import left_words, small_face

COLOURED = ("data_whole",)
"""Rates of which all and none are coloured: that a method did what it means to do is no news of whether a face is left."""
SIGNIFICANT, CHANGED = 0.05, "*"
"""Below this Holm-corrected p a median bears this mark."""


@dataclass(frozen=True)
class Cell:
    """One cell: what is read first, and what stands small below it."""

    text: str
    small: str = ""
    kind: str = ""
    """CSS class: ``good``, ``bad``, ``quiet`` or "" ."""
    picture: str = ""
    """SVG that stands over the text."""


@dataclass(frozen=True)
class ReportTable:
    """A table with a caption; `arm_columns` says which columns carry a method's colour."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    arm_columns: Mapping[int, str] = field(default_factory=dict)
    arm_rows: tuple[str, ...] = ()
    opened: bool = True
    words: bool = False
    """Whether the cells are words, to be read from the left."""


def by_arm(make: Callable[[SummaryRow | None], Cell], rows: Sequence[SummaryRow]) -> Callable[[Arm], Cell]:
    """A column of `arm_table`: the cell that `make` makes of each arm's row."""
    return lambda arm: make(of_arm(rows, arm))


def of_arm(rows: Sequence[SummaryRow], arm: Arm) -> SummaryRow | None:
    """The first row of an arm."""
    return next((row for row in rows if arm_of(row) == arm), None)


def _median_cell(row: SummaryRow | None) -> Cell:
    """Median on top, quartiles and n below."""
    if row is None:
        return Cell(NOTHING, kind="quiet")
    if not row.n:
        return Cell("failed" if row.failed else "not available", kind="bad" if row.failed else "quiet")
    signed = is_change(row.domain, row.metric)
    failed = f", {row.failed} failed" if row.failed else ""
    kind = "quiet" if row.value == row.low == row.high == 0.0 else ""
    mark = CHANGED if row.p_holm < SIGNIFICANT else ""
    if row.n == 1 or math.isnan(row.low):
        return Cell(number(row.value, row.unit, signed=signed), small=f"{count(row.n)}{failed}", kind=kind)
    spread = interval(row.low, row.high, row.unit, signed=signed)
    return Cell(number(row.value, row.unit, signed=signed) + mark, small=f"{spread} {count(row.n)}{failed}", kind=kind)


def arm_table(
    caption: str,
    names: ArmNames,
    arms: Sequence[Arm],
    columns: Mapping[str, Callable[[Arm], Cell]],
    *,
    note: str = "",
) -> ReportTable:
    """Methods down; each column is a function of the arm."""
    rows = tuple((Cell(names.title(arm)), *(make(arm) for make in columns.values())) for arm in arms)
    colours = tuple(names.colour(arm) for arm in arms)
    return ReportTable(caption, ("Method", *columns), rows, note=note, arm_rows=colours)


def auc_cell(row: SummaryRow | None) -> Cell:
    """An AUC with its interval, or why there is none."""
    if row is None:
        return Cell(NOTHING, kind="quiet")
    if math.isnan(row.value):
        return Cell("not available", small=without_warning(row.note), kind="quiet")
    spread = "" if math.isnan(row.low) else f"{interval(row.low, row.high)} "
    return Cell(auc_number(row.value), small=f"{spread}{count(row.n)}")


def left_cell(rows: Sequence[SummaryRow]) -> Cell:
    """A small face of what is left, by the medians of one arm's rows of `feature_moved`, with the features that stand."""
    left = {row.structure: 100.0 - row.value for row in rows if row.n}
    if not left:
        return Cell(NOTHING, kind="quiet")
    n = max(row.n for row in rows)
    return Cell("", small=f"{left_words(left)} {count(n) if n > 1 else ''}".strip(), picture=small_face(left))


def rate_cell(row: SummaryRow | None, *, single: bool = False) -> Cell:
    """``k/n`` on top, percent with its interval below; of a single case yes or no."""
    if row is None or math.isnan(row.value):
        return Cell(NOTHING, kind="quiet")
    successes = round(row.value * row.n / 100)
    kind = "" if row.metric not in COLOURED else "good" if successes == row.n else "bad" if not successes else ""
    if single and row.n == 1:
        return Cell("yes" if successes else "no", kind=kind)
    return Cell(f"{successes}/{row.n}", small=f"{row.value:.0f}\u00a0% [{row.low:.0f},\u00a0{row.high:.0f}]", kind=kind)


def value_cell(row: SummaryRow | None) -> Cell:
    """A median with its interval below."""
    return _median_cell(row)


def metric_title(name: str, unit: str, *, change: bool = False) -> str:
    """A metric's name in words with its unit: ``intact_volume``, ``%`` -> ``Change of intact volume (%)``."""
    words = name.replace("_", " ") if name.islower() else name
    words = f"Change of {words}" if change else words[:1].upper() + words[1:]
    return f"{words} ({unit})" if unit else words


COUNT_IN_CELL = re.compile(r"(?:,?[ \u00a0])?\bn\u00a0(\d+)")


def with_n_once(table: ReportTable | None) -> ReportTable | None:
    """The table with ``n 6`` in its caption instead of in each cell, where all cells have the same n."""
    if table is None:
        return None
    found = [match.group(1) for row in table.rows for cell in row for match in COUNT_IN_CELL.finditer(cell.small)]
    if len(found) < 2 or len(set(found)) > 1:
        return table
    rows = tuple(tuple(replace(cell, small=COUNT_IN_CELL.sub("", cell.small).strip(" ,")) for cell in row) for row in table.rows)
    return replace(table, caption=f"{table.caption}, {count(int(found[0]))}", rows=rows)

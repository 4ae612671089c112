"""Which tables the report shows: from summary rows to sections."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..cohort.decision import Decision
from ..cohort.patient_table import SIMILARITIES
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.summary import MINUS, SummaryRow, find
from ..measurement import FAILED, NO_FACE, NOT_AVAILABLE, OK, Measurement, metrics
from ..natural_order import natural
from ..words import NOTHING, counted, number, without_warning
from .merged_notes import merged, pattern_of
from .published import AGREES, CANNOT_TEST, CONDITIONS, DISAGREES, Answer
from .reviews import agreement_table, review_columns
from .small_face import left_words, small_face
from .tables import (
    Cell,
    ReportTable,
    arm_table,
    by_arm,
    left_cell,
    metric_title,
    rate_cell,
    value_cell,
)

LEFT, DONE, SEEN, WHOLE = "What is left of the face", "Did what it means to do", "Face still seen", "Data whole"
ANSWERS = {"done_as_intended": DONE, "detection_rate": SEEN, "data_whole": WHOLE}
"""The three answers to whether a method worked: none stands for another."""
QUALITY_COLUMNS = {
    "face_covered_fraction": "Face covered",
    "face_surface_moved_p95": "Surface moved, p95",
    "brain_voxels_altered": "Brain altered",
    "edited_volume": "Edited",
    "target_altered_volume": "Targets altered",
}
PLANNED_COLUMNS = ("Dmean", "D95%", "D2%", "D0.03cc")
"""What a single case tells of its plan."""
CASES_NAMED = 3
LONGEST_LIST = 60
"""Rows of a list of failures or notes that a page shows; the CSV has all."""


def single_case_table(rows: Sequence[Measurement], names: ArmNames, image: str) -> ReportTable:
    """One case: similarity and millimetres moved, no verdict."""
    shown = {
        "Similarity, own landmarks": ("cosine_similarity_own", ""),
        "Similarity, reference landmarks": ("cosine_similarity_reference", ""),
        "Face surface moved, p95 (mm)": ("face_surface_moved_p95", "mm"),
        "Mean surface distance (mm)": ("face_surface_distance", "mm"),
        DONE: ("done_as_intended", "flag"),
        SEEN: ("face_detected", "flag"),
        WHOLE: ("data_whole", "flag"),
    }
    left = [row for row in rows if row.metric == "feature_moved" and row.image == image]
    columns = {LEFT: lambda arm: _left_measured([row for row in left if arm_of(row) == arm])} if left else {}
    for title, (metric, unit) in shown.items():
        here = [row for row in rows if row.metric == metric and row.image == image]
        models = list(dict.fromkeys(row.engine for row in here if row.engine)) if metric in SIMILARITIES else []
        for model in models if len(models) > 1 else [""]:
            found = {arm_of(row): row for row in here if model in ("", row.engine)}
            columns[f"{title} ({model})" if model else title] = partial(_measured, found, unit)
    return arm_table(f"On {image}" if image else "No image", names, names.arms, columns)


def _measured(found: Mapping[Arm, Measurement], unit: str, arm: Arm) -> Cell:
    row = found.get(arm)
    if row is None:
        return Cell(NOTHING, kind="quiet")
    if row.status != "ok":
        return Cell(row.status, small=without_warning(row.note), kind="bad" if row.status == FAILED else "quiet")
    value = row.defaced if not math.isnan(row.defaced) else row.change
    return Cell(("yes" if value > 0.5 else "no") if unit == "flag" else number(value, unit))


def answer_columns(summary: Sequence[SummaryRow], image: str, *, single: bool = False) -> dict[str, Callable[[Arm], Cell]]:
    """What is left of the face, and the three answers, as far as they are known of an image."""
    here = find(summary, image=image)
    moved = find(here, metric="feature_moved")
    columns: dict[str, Callable[[Arm], Cell]] = {}
    if moved:
        columns[LEFT] = lambda arm: left_cell([row for row in moved if arm_of(row) == arm])
    return columns | {
        title: by_arm(partial(rate_cell, single=single), found)
        for metric, title in ANSWERS.items()
        if (found := find(here, metric=metric))
    }


def _left_measured(rows: Sequence[Measurement]) -> Cell:
    left = {row.structure: 100.0 - row.defaced for row in rows if row.status == OK}
    return Cell("", small=left_words(left), picture=small_face(left)) if left else Cell(NOTHING, kind="quiet")


def success_tables(
    summary: Sequence[SummaryRow], names: ArmNames, reviews: Sequence[Decision] = (), *, single: bool = False
) -> list[ReportTable]:
    """An image a table: what is left, k/n of the three answers and of success, what reviewers said, the numbers behind them."""
    tables = []
    for image in dict.fromkeys(row.image for row in find(summary, metric="success_rate")):
        here = find(summary, image=image, domain="quality")
        columns = answer_columns(summary, image, single=single)
        columns["Success"] = by_arm(partial(rate_cell, single=single), find(here, metric="success_rate"))
        columns |= review_columns(reviews, image)
        columns |= {
            metric_title(title, metrics()[metric].unit): by_arm(value_cell, find(here, metric=metric))
            for metric, title in QUALITY_COLUMNS.items()
            if find(here, metric=metric)
        }
        tables.append(arm_table(image, names, names.arms, columns))
    agreement = agreement_table(reviews)
    return [*tables, agreement] if agreement else tables


def planned_dose_table(rows: Sequence[Measurement]) -> ReportTable | None:
    """One case: its planned DVHs, which need no defacing; None without a dose."""
    known: dict[str, dict[str, Measurement]] = {}
    for row in rows:
        if row.metric in PLANNED_COLUMNS and row.domain == "dose" and not math.isnan(row.original):
            known.setdefault(row.structure, {}).setdefault(row.metric, row)
    if not known:
        return None
    columns = [metric for metric in PLANNED_COLUMNS if any(metric in found for found in known.values())]
    body = tuple(
        (
            Cell(name),
            *(
                Cell(number(found[metric].original, found[metric].unit)) if metric in found else Cell(NOTHING, kind="quiet")
                for metric in columns
            ),
        )
        for name, found in known.items()
    )
    unit = next(row.unit for found in known.values() for row in found.values())
    return ReportTable(f"Planned dose ({unit})", ("Structure", *columns), body)


def difference_table(summary: Sequence[SummaryRow]) -> ReportTable | None:
    """Paired tests between methods that hold after Holm's correction."""
    found = [row for row in summary if MINUS in row.method and row.metric != HEADLINE and row.p_holm < 0.05]
    if not found:
        return None
    found.sort(key=lambda row: (row.p_holm, row.metric, row.structure, row.method))
    rows = tuple(
        (
            Cell(row.method),
            Cell(" ".join(part for part in (row.metric, row.structure, row.image, row.dose_policy) if part)),
            Cell(f"{number(row.value, row.unit, signed=True)} {row.unit}"),
            Cell(str(row.n)),
            Cell(f"{row.p_holm:.2g}"),
        )
        for row in found[:LONGEST_LIST]
    )
    caption = f"Differences between methods with Holm-corrected p < 0.05 ({len(found)} in all)"
    return ReportTable(caption, ("Methods", "Number", "Median difference", "n", "p (Holm)"), rows, opened=False, words=True)


def published_table(found: Sequence[Answer]) -> ReportTable:
    """Published figures beside this cohort's."""
    kinds = {AGREES: "good", DISAGREES: "bad", CANNOT_TEST: "quiet"}
    rows = tuple(
        (
            Cell(answer.claim.claim, small=f"{answer.claim.published_method}; {answer.claim.cohort}"),
            Cell(answer.here or NOTHING),
            *(Cell(answer.conditions.get(name, NOTHING)) for name in CONDITIONS),
            Cell(answer.verdict, small=answer.reason, kind=kinds[answer.verdict]),
        )
        for answer in found
    )
    sources = ", ".join(dict.fromkeys(answer.claim.source for answer in found))
    heads = ("Published", "This cohort", *(f"Same {name}" for name in CONDITIONS), "Verdict")
    note = f"Source: {sources}. What it does not tell counts as not the same; – does not apply."
    return ReportTable("Published figures", heads, rows, note=note, words=True)


def failure_table(rows: Sequence[Measurement], unreadable: Mapping[str, str], names: ArmNames) -> ReportTable | None:
    """What failed, and what could not be had: each reason once, with where, for which methods and for how many cases."""
    found: dict[tuple[str, str, str], list[Measurement]] = {}
    for row in rows:
        if row.status in (FAILED, NOT_AVAILABLE, NO_FACE):
            pattern = pattern_of(without_warning(row.note))
            found.setdefault((row.status, row.image, pattern), []).append(row)
    told = sorted(unreadable.items(), key=lambda pair: natural(pair[0]))
    lines = [(Cell("unreadable"), Cell(reason), Cell(""), Cell(""), Cell(case)) for case, reason in told]
    for (status, image, _), members in sorted(found.items(), key=lambda each: (each[0][0], -len(each[1]), each[0]))[
        :LONGEST_LIST
    ]:
        arms = {arm_of(row) for row in members}
        reason = merged(without_warning(row.note) for row in members)
        titles = (
            ", ".join(names.title(arm) for arm in names.arms if arm in arms) if len(arms) < len(names.arms) else "all methods"
        )
        lines.append(
            (Cell(status), Cell(reason, small=counted(len(members), "row")), Cell(image), Cell(titles), _cases_cell(members))
        )
    if not lines:
        return None
    left = len(found) - LONGEST_LIST
    note = f"{left} more reasons in measurements.csv." if left > 0 else ""
    head = ("Status", "Reason", "Image", "Methods", "Cases")
    return ReportTable("What failed or is not available", head, tuple(lines), note=note, words=True)


def _cases_cell(rows: Sequence[Measurement]) -> Cell:
    """A few case ids and how many more."""
    ids = sorted({row.case for row in rows}, key=natural)
    more = f" and {len(ids) - CASES_NAMED} more" if len(ids) > CASES_NAMED else ""
    return Cell(", ".join(ids[:CASES_NAMED]) + more)

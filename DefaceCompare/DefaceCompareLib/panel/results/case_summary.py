"""What one case may say of each method: similarity, millimetres moved, the gate. No verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deface_compare.cohort.reidentification.auc import FEW_PERSONS
from deface_compare.cohort.reidentification.percentile import Percentile
from deface_compare.measurement import OK, Measurement
from deface_compare.report.small_face import left_sentence
from deface_compare.words import number, without_warning

from ..install.hint import in_this_panel
from .measurement_table import Cell, MeasurementTable, measurement_table
from .organ_changes import OrganChange, organ_changes, worst_organ

RESTORED = "cosine_similarity_reconstructed"
SUMMARY = {
    "done_as_intended": "did as meant",
    "face_detected": "face seen",
    "cosine_similarity_own": "similarity",
    RESTORED: "restored",
    "data_whole": "data whole",
    "target_altered_volume": "target altered (cc)",
}
"""Metrics of the summary and their short headings; the pointer reads the full meaning."""

LEFT, FEATURE_MOVED = "left of face", "feature_moved"
"""Heading of the small face, and the metric that it is drawn from."""

PERCENTILE_MEANING = "Percent of other heads that look less like the defaced face than its own original does; 50 is chance"


def case_summary(
    rows: Sequence[Measurement], titles: Mapping[str, str], percentiles: Mapping[str, Percentile], dose_policy: str
) -> MeasurementTable:
    """One line a method, for the case's primary image.

    Parameters
    ----------
    rows : sequence of Measurement
        All rows of one case.
    titles : mapping of method key to title
    percentiles : mapping of method key to Percentile
        Empty: there is no such column.
    dose_policy : str
        The policy whose doses tell the worst organ.

    Returns
    -------
    MeasurementTable
        Its `structures` are empty: lines are methods. The second column is a small face of what is left.
    """
    image = primary_image(rows)
    wanted = [row for row in rows if row.metric in SUMMARY and row.image == image]
    moved = [row for row in rows if row.metric == FEATURE_MOVED and row.image == image]
    by_metric = {metric: found for metric in SUMMARY if (found := _measured(wanted, metric))}
    arms = list(dict.fromkeys((row.method, row.variant) for row in wanted))
    changes = organ_changes(rows, image, dose_policy)
    organs = any(worst_organ(of_arm) is not None for of_arm in changes.values())
    lines = []
    for method, variant in arms:
        title = titles.get(method, method)
        cells = [Cell(f"{title}, {variant}" if variant else title)]
        if moved:
            cells.append(_left_cell([row for row in moved if (row.method, row.variant) == (method, variant)]))
        for found in by_metric.values():
            mine = [row for row in found if (row.method, row.variant) == (method, variant)]
            cells.append(measurement_table(mine, titles).lines[0][-1] if mine else Cell("", "not measured"))
        if percentiles:
            own = percentiles.get(method)
            cells.append(Cell("") if own is None else Cell(own.percent, PERCENTILE_MEANING, shown=number(own.percent, "%")))
        if organs:
            cells.append(_organ_cell(worst_organ(changes.get((method, variant), {}))))
        lines.append(tuple(cells))
    told = [SUMMARY[metric] for metric in by_metric]
    headings = ("method", *([LEFT] if moved else []), *told, *(["percentile"] if percentiles else []))
    headings += ("worst organ",) if organs else ()
    return MeasurementTable(headings, tuple(lines), ("",) * len(lines), ())


def may_be_left_out(summary: MeasurementTable) -> list[int]:
    """The summary's columns that a narrow panel can do without, the first one first.

    Those that tell no method from another, then what the table *Privacy* repeats.
    """
    told = [column for column, heading in enumerate(summary.headings) if heading in (*SUMMARY.values(), "percentile")]
    same = [column for column in told if len(summary.lines) > 1 and len({line[column].text for line in summary.lines}) == 1]
    return [*same, *(column for column in told if summary.headings[column] == SUMMARY[RESTORED] and column not in same)]


def left_out_sentence(summary: MeasurementTable, left_out: Sequence[str]) -> str:
    """What the columns say for which there was no room; empty if there was."""
    told = []
    for heading in left_out:
        column = summary.headings.index(heading)
        texts = {line[column].text for line in summary.lines}
        told.append(
            f"{heading}: {texts.pop() or 'not measured'}, every method" if len(texts) == 1 else f"{heading}: table Privacy"
        )
    return "; ".join(told)


def _measured(rows: Sequence[Measurement], metric: str) -> list[Measurement]:
    """The rows of a metric; none where no method has a number: a column of excuses says less than one sentence."""
    found = [row for row in rows if row.metric == metric]
    return found if any(row.status == OK for row in found) else []


def not_measured_sentence(rows: Sequence[Measurement]) -> str:
    """Which columns of the summary there are not, and why; empty if none is missing."""
    image = primary_image(rows)
    of_image = [row for row in rows if row.metric in SUMMARY and row.image == image]
    reasons: dict[str, list[str]] = {}
    for metric, heading in SUMMARY.items():
        missing = [row for row in of_image if row.metric == metric]
        if missing and not _measured(of_image, metric):
            reasons.setdefault("; ".join(dict.fromkeys(in_this_panel(without_warning(row.note)) for row in missing)), []).append(
                heading
            )
    told = [f"{', '.join(headings)} ({reason})" if reason else ", ".join(headings) for reason, headings in reasons.items()]
    return f"not measured: {'; '.join(told)}" if told else ""


def _organ_cell(worst: OrganChange | None) -> Cell:
    return Cell("none", "no organ changed") if worst is None else Cell(f"{worst.structure}: {worst.words()}")


def _left_cell(rows: Sequence[Measurement]) -> Cell:
    left = {row.structure: 100.0 - row.defaced for row in rows if row.status == OK}
    if not left:
        return Cell("", rows[0].note if rows else "not measured")
    return Cell("", left_sentence(left), left)


def primary_image(rows: Sequence[Measurement]) -> str:
    """The image that the summary is about: the first that the gate judged."""
    return next((row.image for row in rows if row.metric == "done_as_intended"), "")


def percentile_sentence(rows: Sequence[Measurement], percentiles: Mapping[str, Percentile]) -> str:
    """Of how many heads the percentiles are, or that there are none."""
    if percentiles:
        heads = max(each.heads for each in percentiles.values())
        return f"percentile among {heads} other heads" + (", which are few" if heads < FEW_PERSONS else "")
    scored = any(row.metric.startswith("cosine_similarity") and row.status == OK for row in rows)
    return "no other heads here, so no percentile" if scored else ""

"""The cohort table: one row for each method, image, structure and metric (``summary.csv``)."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnusableInput
from ..measurement import CHANGE, DOSE, Measurement, metrics, metrics_of_kind
from ..measurement_table import require_pandas
from ..settings import Tolerances
from ..storage.atomic import written_csv
from ..structures.organs import is_further
from ..table_cells import OF_PRESCRIPTION, number_text
from .arms import Arm, arm_key, arm_of, arm_order
from .patient_table import PLANNED_METRICS, Item, PatientValues, Table, patient_table
from .statistics import Summary, holm, summarise_all, wilson_interval

IQR, CI95 = "IQR", "CI95"
"""What `low` and `high` are: the quartiles of the patients, or a 95 % confidence interval."""

if TYPE_CHECKING:
    import pandas

RATES = {
    "success": "success_rate",
    "done_as_intended": "done_as_intended",
    "data_whole": "data_whole",
    "face_detected": "detection_rate",
}
"""0/1 metrics and the name of their cohort value, the share of scans, k/n."""

OF_ALL_SCANS = ("success", "done_as_intended")
"""Rates over all scans with a face: one that could not be defaced, or of which it is not known, is none that worked."""

MINUS = " − "
"""Between the names of two methods in the rows of their difference."""

ALL_METHODS = "all"
"""Stands in the method column of a test over all methods."""

TESTED_DOMAINS = ("volume", "intensity", "dose")
"""Domains whose changes are tested."""


@dataclass(frozen=True)
class SummaryRow:
    """One row of ``summary.csv``; the fields are its columns, in order. Numbers that do not apply are NaN."""

    cohort: str
    method: str
    variant: str
    fill: str
    protect: str
    dose_policy: str
    image: str
    domain: str
    structure: str
    metric: str
    unit: str
    n: int
    failed: int
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    interval: str = ""
    p_value: float = math.nan
    p_holm: float = math.nan
    engine: str = ""
    note: str = ""


SUMMARY_COLUMNS = tuple(f.name for f in fields(SummaryRow))
VALUE_COLUMNS, P_COLUMNS = ("value", "low", "high"), ("p_value", "p_holm")
P_VALUE = "p"
"""Stands for the unit of p values, which have significant digits, not decimals."""


def summary_table(rows: Sequence[SummaryRow]) -> pandas.DataFrame:
    """Rows as a table, one column a field of `SummaryRow`.

    Raises
    ------
    NotAvailable
        If pandas is not installed.
    """
    pandas = require_pandas()
    return pandas.DataFrame([[getattr(row, name) for name in SUMMARY_COLUMNS] for row in rows], columns=list(SUMMARY_COLUMNS))


def first_of_each_arm(rows: Iterable[SummaryRow]) -> dict[Arm, SummaryRow]:
    """The first row of each arm: of several AUC rows the one that ranks."""
    found: dict[Arm, SummaryRow] = {}
    for row in rows:
        found.setdefault(arm_of(row), row)
    return found


def is_of_one_arm(row: SummaryRow) -> bool:
    """Whether a row describes one arm (no control, no difference, no test over all methods)."""
    return row.method not in ("", ALL_METHODS) and MINUS not in row.method


def describe(cohort: str, item: Item, arm: Arm, patients: PatientValues, changes: Summary, tolerances: Tolerances) -> SummaryRow:
    """Median [IQR] over patients, or k/n with a 95 % interval for 0/1 metrics."""
    row = SummaryRow(
        cohort=cohort,
        **arm._asdict(),
        dose_policy=item.dose_policy,
        image=item.image,
        domain=item.domain,
        structure=item.structure,
        metric=item.metric,
        unit=item.unit,
        n=len(patients.values),
        failed=len(patients.failed),
        engine="; ".join(sorted(patients.engines)),
        note=_missing_note(patients),
    )
    if item.metric in RATES:
        return _rate(row, patients)
    if not patients.values:
        return row
    kind = f"median of {_kind(item)} over patients; 95th percentile of its size {changes.p95:.4g}, largest {changes.largest:.4g}"
    tested = item.domain in TESTED_DOMAINS and is_change(item.domain, item.metric)
    notes = (kind, _beyond(item, changes, tolerances), changes.note if tested else "", row.note)
    return replace(
        row,
        value=changes.median,
        low=changes.low,
        high=changes.high,
        interval=IQR,
        p_value=changes.p_value if tested else math.nan,
        note="; ".join(part for part in notes if part),
    )


def _rate(row: SummaryRow, patients: PatientValues) -> SummaryRow:
    """Share of scans in percent; a scan that the method failed on counts as 0, but says nothing about detection.

    A scan that is known to show no face is counted apart. A method that ran nowhere has no rate.
    """
    known = set(patients.values)
    ran = bool(known or patients.failed)
    unknown = patients.not_available - known if ran and row.metric in OF_ALL_SCANS else frozenset()
    n = len(known | (frozenset() if row.metric == "face_detected" else patients.failed) | unknown)
    successes = sum(value > 0.5 for value in patients.values.values())
    metric = RATES[row.metric]
    if not n:
        return replace(row, metric=metric, unit="%")
    low, high = wilson_interval(successes, n)
    of = "scans with a face" if row.metric in OF_ALL_SCANS else "scans"
    apart = f"{len(patients.no_face)} more show no face" if patients.no_face else ""
    note = "; ".join(part for part in (f"{successes}/{n} {of}", apart, row.note) if part)
    value = 100.0 * successes / n
    return replace(row, metric=metric, unit="%", n=n, value=value, low=100 * low, high=100 * high, interval=CI95, note=note)


def is_change(domain: str, metric: str) -> bool:
    """Whether the cohort value of this metric is a change (signed), not a value."""
    return domain not in ("quality", "privacy") and metric in metrics_of_kind(CHANGE)


def _kind(item: Item) -> str:
    if not is_change(item.domain, item.metric):
        return "the planned value" if item.metric in PLANNED_METRICS else "the value"
    if item.unit == OF_PRESCRIPTION:
        return "the change in percent of the prescription"
    if item.unit == "%" and metrics()[item.metric].unit != "%":
        return "the change in percent"
    return "the change"


def _tolerance(item: Item, tolerances: Tolerances) -> float:
    limits = {
        ("volume", "%"): tolerances.volume_percent,
        ("intensity", "HU"): tolerances.intensity_hu,
        ("dose", "Gy"): tolerances.dose_gy,
    }
    return limits.get((item.domain, item.unit), math.nan) if is_change(item.domain, item.metric) else math.nan


def _beyond(item: Item, changes: Summary, tolerances: Tolerances) -> str:
    """How many patients change by more than the tolerance of this kind of number."""
    limit = _tolerance(item, tolerances)
    if math.isnan(limit):
        return ""
    return f"{round(changes.beyond_tolerance * changes.n)}/{changes.n} patients beyond {limit:g} {item.unit}"


def _missing_note(patients: PatientValues) -> str:
    missing = patients.not_available - set(patients.values)
    return f"{len(missing)} not available" if missing else ""


def describe_all(table: Table, cohort: str, tolerances: Tolerances) -> list[SummaryRow]:
    """Every arm and item of the table, described.

    `p_holm` of a change from zero is Holm's over the structures of one arm, metric, unit, image and dose policy: those of the
    headline (organs and targets) and the further organs each by themselves.
    """
    listed = [(item, arm, arms[arm]) for item, arms in table.items() for arm in sorted(arms, key=arm_order)]
    changes = summarise_all(
        [patients.values for _, _, patients in listed], [_tolerance(item, tolerances) for item, _, _ in listed]
    )
    rows = [
        describe(cohort, item, arm, patients, each, tolerances)
        for (item, arm, patients), each in zip(listed, changes, strict=True)
    ]
    families: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for k, row in enumerate(rows):
        further = "further" if is_further(row.structure) else ""
        families[arm_of(row) + (row.dose_policy, row.image, row.metric, row.unit, further)].append(k)  # noqa: RUF005
    for members in families.values():
        for k, p_holm in zip(members, holm([rows[k].p_value for k in members]), strict=True):
            if not math.isnan(p_holm):
                rows[k] = replace(rows[k], p_holm=p_holm)
    return rows


def describe_sides(rows: Iterable[Measurement], cohort: str, tolerances: Tolerances) -> list[SummaryRow]:
    """Left and right by themselves, for ``summary.csv`` only: verdict, tests and report take their mean.

    `p_holm` is Holm's over the sides alone, so that more rows make no test of the others weaker.
    """
    return describe_all(patient_table(rows, by_side=True), cohort, tolerances)


def write_summary(path: Path, rows: Iterable[SummaryRow]) -> None:
    """Write ``summary.csv``: values with the decimals of their unit, p values with `STORED_DIGITS` digits."""
    with written_csv(path) as table:
        table.writerow(SUMMARY_COLUMNS)
        for row in rows:
            cells = {name: getattr(row, name) for name in SUMMARY_COLUMNS}
            cells |= {name: number_text(cells[name], row.unit) for name in VALUE_COLUMNS}
            cells |= {name: number_text(cells[name], P_VALUE) for name in P_COLUMNS}
            table.writerow(cells.values())


def read_summary(path: Path) -> list[SummaryRow]:
    """Read what `write_summary` wrote, also of earlier versions.

    Raises
    ------
    UnusableInput
        If it is no summary.
    """
    found = []
    with path.open(newline="", encoding="utf-8") as stream:
        lines = csv.DictReader(stream)
        if missing := [name for name in SUMMARY_COLUMNS if name not in (lines.fieldnames or ())]:
            raise UnusableInput(f"{path} is no summary of a study: it has no column {missing[0]}; make it again with `pool`")
        for line in lines:
            row = {name: line[name] for name in SUMMARY_COLUMNS}
            if row["domain"] == DOSE and row["unit"] == "%" and metrics()[row["metric"]].unit == "Gy":
                row["unit"] = OF_PRESCRIPTION  # as the first version had it
            numbers = {name: float(row[name]) if row[name] else math.nan for name in (*VALUE_COLUMNS, *P_COLUMNS)}
            counts = {name: int(row[name]) for name in ("n", "failed")}
            found.append(SummaryRow(**{**row, **numbers, **counts}))  # type: ignore[arg-type]
    return found


def find(rows: Sequence[SummaryRow], **wanted: str) -> list[SummaryRow]:
    """The rows whose columns equal what is asked for."""
    if not wanted:
        return list(rows)
    columns = attrgetter(*wanted)  # a value, or a tuple of several
    asked: object = next(iter(wanted.values())) if len(wanted) == 1 else tuple(wanted.values())
    return [row for row in rows if columns(row) == asked]


def difference_row(row: SummaryRow, first: Arm, second: Arm, arms: Sequence[Arm]) -> SummaryRow:
    """`row` relabelled as first minus second; columns in which the two arms differ are left empty."""
    shared = {
        name: getattr(first, name) if getattr(first, name) == getattr(second, name) else ""
        for name in ("variant", "fill", "protect")
    }
    name = f"{arm_key(first, arms)}{MINUS}{arm_key(second, arms)}"
    return replace(row, method=name, variant=shared["variant"], fill=shared["fill"], protect=shared["protect"])

"""One measured number with everything a reader needs, and the list of metrics it comes from."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter, itemgetter
from pathlib import Path
from sys import intern
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .atomic import written_csv
from .data import data_text
from .errors import NotAvailable

if TYPE_CHECKING:
    import pandas

OK, FAILED, NOT_AVAILABLE = "ok", "failed", "not available"
NO_FACE = "no face"
"""Status of what asks for a face on a scan that, as two witnesses say, shows none: nobody's failure, and counted apart."""


@dataclass(frozen=True)
class Missing:
    """Why a number, or an edited image, cannot be had.

    `status` is ``failed`` (it was tried), ``not available`` or ``no face`` (the scan shows none).
    """

    status: str
    reason: str


@dataclass(frozen=True)
class Metric:
    """One line of ``data/metrics.csv``."""

    name: str
    domain: str
    unit: str
    meaning: str
    good_direction: str


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by name, in table order."""
    text = data_text("metrics.csv")
    return {row["name"]: Metric(**row) for row in csv.DictReader(text.splitlines())}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of ``measurements.csv``; the fields are its columns, in order.

    `original`, `defaced`, `change`, `change_percent` are NaN where they do not apply.
    `status` is ``ok``, ``failed``, ``not available`` or ``no face``; all but the first carry the reason in `note`, and still the
    original's number where that is known.
    """

    case: str
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
    original: float
    defaced: float
    change: float
    change_percent: float
    engine: str
    status: str
    note: str


COLUMNS = tuple(f.name for f in fields(Measurement))
NUMBER_COLUMNS = ("original", "defaced", "change", "change_percent")


@dataclass(frozen=True)
class Scope:
    """Whose numbers these are: the fields that all rows of one method on one case share."""

    case: str
    method: str
    variant: str
    fill: str
    protect: str
    note: str = ""
    """Stands in front of every row's note, e.g. the SYNTHETIC warning."""

    def row(
        self,
        metric: str,
        *,
        original: float = math.nan,
        defaced: float = math.nan,
        change: float | None = None,
        change_percent: float = math.nan,
        image: str = "",
        structure: str = "",
        dose_policy: str = "",
        unit: str | None = None,
        engine: str = "builtin",
        status: str = OK,
        note: str = "",
    ) -> Measurement:
        """Make a row; domain and unit come from ``data/metrics.csv``; `change` defaults to defaced minus original."""
        known = metrics()[metric]
        return Measurement(
            case=self.case,
            method=self.method,
            variant=self.variant,
            fill=self.fill,
            protect=self.protect,
            dose_policy=dose_policy,
            image=image,
            domain=known.domain,
            structure=structure,
            metric=metric,
            unit=known.unit if unit is None else unit,
            original=original,
            defaced=defaced,
            change=defaced - original if change is None else change,
            change_percent=change_percent,
            engine=engine,
            status=status,
            note="; ".join(part for part in (self.note, note) if part),
        )

    def missing(
        self,
        metric: str,
        reason: str,
        *,
        image: str = "",
        structure: str = "",
        dose_policy: str = "",
        status: str = NOT_AVAILABLE,
        engine: str = "builtin",
        original: float = math.nan,
        unit: str | None = None,
    ) -> Measurement:
        """Make the row of a number that cannot be had; `reason` says why.

        `original` is what is known before any defacing (a planned dose); a cohort takes numbers of rows that are ``ok`` only.
        """
        return self.row(
            metric,
            original=original,
            image=image,
            structure=structure,
            dose_policy=dose_policy,
            unit=unit,
            engine=engine,
            status=status,
            note=reason,
        )


def percent_change(original: float, defaced: float) -> float:
    """100 (defaced - original) / original; NaN where the original is 0."""
    return 100.0 * (defaced - original) / original if original else math.nan


def write_measurements(path: Path, rows: Iterable[Measurement]) -> None:
    """Write ``measurements.csv``."""
    write_table(path, COLUMNS, rows)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[object]) -> None:
    """Write the attributes `columns` of rows as CSV, with every digit that a number has; NaN is an empty cell."""
    values_of = attrgetter(*columns)
    with written_csv(path) as table:
        table.writerow(columns)
        for row in rows:
            table.writerow(["" if value != value else value for value in values_of(row)])  # only NaN differs from itself


def read_measurements(path: Path) -> list[Measurement]:
    """Read what `write_measurements` wrote; each text is kept once, however many rows have it."""
    readers: list[Callable[[str], Any]] = [_number if name in NUMBER_COLUMNS else intern for name in COLUMNS]
    with path.open(newline="", encoding="utf-8") as stream:
        lines = csv.reader(stream)
        in_order = itemgetter(*map(next(lines, list(COLUMNS)).index, COLUMNS))
        return [
            Measurement(*[read(text) for read, text in zip(readers, in_order(line), strict=True)]) for line in filter(None, lines)
        ]


def _number(text: str) -> float:
    return float(text) if text else math.nan


def measurement_table(rows: Sequence[Measurement]) -> pandas.DataFrame:
    """Rows as a table: one column a field of `Measurement`, numbers as float64 (NaN where they do not apply).

    Raises
    ------
    NotAvailable
        If pandas is not installed.
    """
    pandas = require_pandas()
    return pandas.DataFrame(list(map(attrgetter(*COLUMNS), rows)), columns=list(COLUMNS))


def require_pandas() -> ModuleType:
    """The package pandas, which only tables for scripts need.

    Raises
    ------
    NotAvailable
        If it is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise NotAvailable("tables need the package pandas: pip install pandas") from None
    return pandas


def failures(rows: Sequence[Measurement]) -> list[Measurement]:
    """The rows whose status is ``failed``."""
    return [row for row in rows if row.status == FAILED]

"""One measured number with everything a reader needs, and the list of metrics it comes from."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

from .data import data_text

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


VALUE, CHANGE, PLANNED = "value", "change", "planned"
"""Kinds of metrics: a value by itself, a number before and after, a number of the original only."""
DOSE = "dose"
"""The domain of dose metrics."""
ONE_COHORT = "cohort"
"""Name of the patients of a study of one output folder."""


@dataclass(frozen=True)
class Metric:
    """One line of ``data/metrics.csv``; `kind` says which columns hold its number: ``value``, ``change`` or ``planned``."""

    name: str
    domain: str
    unit: str
    kind: str
    meaning: str
    good_direction: str


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by name, in table order."""
    text = data_text("metrics.csv")
    return {row["name"]: Metric(**row) for row in csv.DictReader(text.splitlines())}


@cache
def metrics_of_kind(kind: str) -> frozenset[str]:
    """The names of the metrics of one kind."""
    return frozenset(metric.name for metric in metrics().values() if metric.kind == kind)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number with all that a reader needs; `TABLE_COLUMNS` are how tables lay it out.

    `original`, `defaced`, `change`, `change_percent` are NaN where they do not apply. A metric that is a value by itself (did the
    method work, a similarity) has it in `defaced`; tables show it as `value`. `change_percent` is relative to the original, of
    dose to the prescription; tables show the two apart.
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
    synthetic: bool = False
    cohort: str = ONE_COHORT

    @property
    def value(self) -> float:
        """The number of a metric that is a value by itself; NaN of all others."""
        return self.defaced if self.metric in metrics_of_kind(VALUE) else math.nan

    @property
    def change_percent_of_prescription(self) -> float:
        """The change of a dose in percent of the prescribed dose; NaN of all else."""
        return self.change_percent if self.domain == DOSE else math.nan


COLUMNS = tuple(f.name for f in fields(Measurement))


@dataclass(frozen=True)
class Scope:
    """Whose numbers these are: the fields that all rows of one method on one case share."""

    case: str
    method: str
    variant: str
    fill: str
    protect: str
    synthetic: bool = False

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
            note=note,
            synthetic=self.synthetic,
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


def failures(rows: Sequence[Measurement]) -> list[Measurement]:
    """The rows whose status is ``failed``."""
    return [row for row in rows if row.status == FAILED]

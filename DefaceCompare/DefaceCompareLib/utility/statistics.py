"""The cohort's statistics of utility numbers: summaries of change, and comparisons of methods. Plain numpy and scipy.

Values are one number a case (a patient's change of one metric in one structure or organ group). Left and right, and several
targets, are averaged a patient first: see `average_by_case`.

>>> summary = summarise_changes({"case-001": 0.0, "case-002": -3.0}, tolerance=5.0)
>>> comparison = compare_methods({"quickshear": {...}, "surface_blur": {...}})
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .rank_tests import friedman_p, quantiles, signed_rank_p

LEAST_CASES = 10
"""Fewer paired cases give no p value (DESIGN section 5)."""
QUARTILES = (0.25, 0.5, 0.75)
NO_CHANGE = "no change"
TOO_FEW = f"fewer than {LEAST_CASES} paired cases: no test"


@dataclass(frozen=True)
class Summary:
    """How one number changed over the cases.

    Parameters
    ----------
    n : int
        Cases with a number.
    failed : int
        Cases without one (NaN), as given.
    median, low, high : float
        Median and quartiles (25 %, 75 %).
    p95, largest : float
        95th percentile and maximum of the absolute values.
    beyond_tolerance : float
        Share (0 to 1) of the cases whose absolute value exceeds the tolerance; NaN without tolerance.
    p_value : float
        Two-sided Wilcoxon signed rank test against zero; NaN if there are fewer than `LEAST_CASES` cases or no change.
    note : str
        ``no change`` if all values are exactly 0, or why there is no p value.
    """

    n: int
    failed: int
    median: float
    low: float
    high: float
    p95: float
    largest: float
    beyond_tolerance: float
    p_value: float
    note: str = ""


@dataclass(frozen=True)
class PairTest:
    """One paired comparison of two methods on the cases that both have.

    Parameters
    ----------
    first, second : str
        Method keys.
    n : int
        Paired cases.
    median_difference, low, high : float
        Median and quartiles of first minus second.
    p_value, p_holm : float
        Wilcoxon signed rank, and Holm-adjusted over all pairs of the comparison; NaN where there is no test.
    note : str
    """

    first: str
    second: str
    n: int
    median_difference: float
    low: float
    high: float
    p_value: float
    p_holm: float
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """Methods against each other on one number: Friedman over the cases that all have, then all pairs.

    Parameters
    ----------
    n : int
        Cases that every method has.
    friedman_p : float
        NaN with fewer than three methods, fewer than `LEAST_CASES` cases, or no difference at all.
    pairs : tuple of PairTest
        In the order of the methods given.
    note : str
    """

    n: int
    friedman_p: float
    pairs: tuple[PairTest, ...]
    note: str = ""


def summarise_changes(values_by_case: Mapping[str, float], tolerance: float = math.nan) -> Summary:
    """Summarise one number over the cases.

    Parameters
    ----------
    values_by_case : mapping of case id to value
        NaN stands for a case without a number (a failure); it is counted, never dropped silently.
    tolerance : float, optional
        Bound of the absolute value, in the value's own unit (`Settings.tolerances`).
    """
    values = np.array([value for value in values_by_case.values() if not math.isnan(value)], dtype=np.float64)
    failed = len(values_by_case) - len(values)
    if not len(values):
        nan = math.nan
        return Summary(0, failed, nan, nan, nan, nan, nan, nan, nan, "no case has a number")
    low, median, high = quantiles(values, QUARTILES)
    size = np.abs(values)
    p_value, note = _against_zero(values)
    return Summary(
        n=len(values),
        failed=failed,
        median=median,
        low=low,
        high=high,
        p95=quantiles(size, (0.95,))[0],
        largest=float(size.max()),
        beyond_tolerance=math.nan if math.isnan(tolerance) else float(np.mean(size > tolerance)),
        p_value=p_value,
        note=note,
    )


def compare_methods(values: Mapping[str, Mapping[str, float]]) -> Comparison:
    """Compare methods pairwise on the same cases.

    Parameters
    ----------
    values : mapping of method key to mapping of case id to value
        Cases may be missing or NaN for a method; each pair uses the cases that both have, Friedman those that all have.
    """
    usable = {
        method: {case: value for case, value in by_case.items() if not math.isnan(value)} for method, by_case in values.items()
    }
    common = sorted(set.intersection(*(set(by_case) for by_case in usable.values()))) if usable else []
    columns = {method: np.array([by_case[case] for case in common]) for method, by_case in usable.items()}
    complete = all(len(by_case) == len(common) for by_case in usable.values())
    pairs = [
        _pair(first, second, columns[first] - columns[second] if complete else _differences(usable[first], usable[second]))
        for first, second in combinations(usable, 2)
    ]
    adjusted = holm([pair.p_value for pair in pairs])
    pairs = [
        PairTest(p.first, p.second, p.n, p.median_difference, p.low, p.high, p.p_value, p_holm, p.note)
        for p, p_holm in zip(pairs, adjusted, strict=True)
    ]
    p_value, note = _friedman(list(columns.values()), len(common))
    return Comparison(len(common), p_value, tuple(pairs), note)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment; NaN entries stay NaN and do not count as tests."""
    adjusted = [math.nan] * len(p_values)
    tested = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    running = 0.0
    for rank, (p, index) in enumerate(tested):
        running = max(running, min(1.0, (len(tested) - rank) * p))
        adjusted[index] = running
    return adjusted


def average_by_case(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Average several numbers a case (left and right, several targets) before testing; NaN only if all are NaN.

    Parameters
    ----------
    values : iterable of (case id, value)
    """
    by_case: dict[str, list[float]] = {}
    for case, value in values:
        by_case.setdefault(case, []).append(value)
    return {
        case: float(np.mean(known)) if (known := [v for v in found if not math.isnan(v)]) else math.nan
        for case, found in by_case.items()
    }


def _differences(a: Mapping[str, float], b: Mapping[str, float]) -> NDArray[np.float64]:
    """First minus second on the cases that both have."""
    return np.array([a[case] - b[case] for case in sorted(set(a) & set(b))], dtype=np.float64)


def _pair(first: str, second: str, difference: NDArray[np.float64]) -> PairTest:
    if not len(difference):
        nan = math.nan
        return PairTest(first, second, 0, nan, nan, nan, nan, nan, "no case has both")
    low, median, high = quantiles(difference, QUARTILES)
    p_value, note = _against_zero(difference)
    note = "no difference" if note == NO_CHANGE else note
    return PairTest(first, second, len(difference), median, low, high, p_value, math.nan, note)


def _against_zero(values: NDArray[np.float64]) -> tuple[float, str]:
    if not np.any(values):
        return math.nan, NO_CHANGE
    if len(values) < LEAST_CASES:
        return math.nan, TOO_FEW
    return signed_rank_p(values), ""


def _friedman(columns: list[NDArray[np.float64]], n: int) -> tuple[float, str]:
    if len(columns) < 3:
        return math.nan, "fewer than three methods: no Friedman test"
    if n < LEAST_CASES:
        return math.nan, TOO_FEW
    table = np.array(columns)
    if np.all(table == table[0]):
        return math.nan, "no difference"
    return friedman_p(table), ""

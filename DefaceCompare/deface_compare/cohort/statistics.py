"""The cohort's statistics of utility numbers: summaries of change, and comparisons of methods. Plain numpy and scipy.

Values are one number a case (a patient's change of one metric in one structure or organ group). Left and right, and several
targets, are averaged a patient first: see `average_by_case`.

>>> summary = summarise_changes({"case-001": 0.0, "case-002": -3.0}, tolerance=5.0)
>>> comparison = compare_methods({"quickshear": {...}, "surface_blur": {...}})
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEAST_CASES = 10
"""Fewer paired cases give no p value (docs/design.md#fewest-cases)."""
QUARTILES = (25, 50, 75)
NORMAL_975 = 1.959963984540054
"""The quantile 0.975 of the standard normal distribution: half the width of a 95 % interval in standard errors."""
LARGEST_EXACT = 50
"""Up to so many values the signed rank test counts all signs (scipy's own limit)."""
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
    """Summarise one number over the cases: `summarise_all` for a single number."""
    return summarise_all([values_by_case], [tolerance])[0]


def summarise_all(tables: Sequence[Mapping[str, float]], tolerances: Sequence[float]) -> list[Summary]:
    """Summarise many numbers over the cases; all are handled together, which is a hundred times faster than one by one.

    Parameters
    ----------
    tables : sequence of mappings of case id to value
        NaN stands for a case without a number (a failure); it is counted, never dropped silently.
    tolerances : sequence of float, as many
        Bounds of the absolute values, in their own units (`Settings.tolerances`); NaN: none.
    """
    known = [np.array([value for value in table.values() if not math.isnan(value)], dtype=np.float64) for table in tables]
    sizes = [np.abs(values) for values in known]
    found = zip(_percentiles(known, QUARTILES), _percentiles(sizes, (95,)), _signed_rank_tests(known), strict=True)
    summaries = []
    for table, size, tolerance, (quartiles, (p95,), (p_value, note)) in zip(tables, sizes, tolerances, found, strict=True):
        low, median, high = quartiles
        summaries.append(
            Summary(
                n=len(size),
                failed=len(table) - len(size),
                median=median,
                low=low,
                high=high,
                p95=p95,
                largest=float(size.max()) if len(size) else math.nan,
                beyond_tolerance=float(np.mean(size > tolerance)) if len(size) and not math.isnan(tolerance) else math.nan,
                p_value=p_value,
                note=note if len(size) else "no case has a number",
            )
        )
    return summaries


def _percentiles(samples: Sequence[NDArray[np.float64]], percents: Sequence[float]) -> list[list[float]]:
    """Percentiles of each sample, NaN of an empty one; samples of one length go to numpy in one call."""
    found = [[math.nan] * len(percents) for _ in samples]
    alike: dict[int, list[int]] = defaultdict(list)
    for k, values in enumerate(samples):
        alike[len(values)].append(k)
    alike.pop(0, None)
    for members in alike.values():
        table = np.percentile(np.stack([samples[k] for k in members]), percents, axis=1)
        for k, numbers in zip(members, table.T.tolist(), strict=True):
            found[k] = numbers
    return found


def compare_methods(values: Mapping[str, Mapping[str, float]]) -> Comparison:
    """Compare methods pairwise on the same cases: `compare_all` for a single number."""
    return compare_all([values])[0]


def compare_all(tables: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Comparison]:
    """Compare methods pairwise on the same cases, for many numbers; their tests are made together.

    Parameters
    ----------
    tables : sequence of mappings of method key to mapping of case id to value
        Cases may be missing or NaN for a method; each pair uses the cases that both have, Friedman those that all have.
    """
    usable = [{method: _known(by_case) for method, by_case in table.items()} for table in tables]
    pairs = [list(combinations(table, 2)) for table in usable]
    differences = [
        _differences(table[first], table[second])
        for table, of_table in zip(usable, pairs, strict=True)
        for first, second in of_table
    ]
    tests = _signed_rank_tests(differences)
    ends = np.cumsum([0, *(len(of_table) for of_table in pairs)]).tolist()
    columns = [_columns(table) for table in usable]
    return [
        Comparison(
            n=columns[k].shape[1],
            friedman_p=friedman_p,
            pairs=_pair_tests(pairs[k], differences[begin:end], tests[begin:end]),
            note=note,
        )
        for k, ((begin, end), (friedman_p, note)) in enumerate(zip(pairwise(ends), _friedman_tests(columns), strict=True))
    ]


def _known(by_case: Mapping[str, float]) -> dict[str, float]:
    return {case: value for case, value in by_case.items() if not math.isnan(value)}


def _columns(table: Mapping[str, Mapping[str, float]]) -> NDArray[np.float64]:
    """The cases that every method has, shape (methods, cases)."""
    common = sorted(set.intersection(*(set(by_case) for by_case in table.values()))) if table else []
    return np.array([[by_case[case] for case in common] for by_case in table.values()]).reshape(len(table), len(common))


def _pair_tests(
    pairs: Sequence[tuple[str, str]], differences: Sequence[NDArray[np.float64]], tests: Sequence[tuple[float, str]]
) -> tuple[PairTest, ...]:
    adjusted = holm([p_value for p_value, _ in tests])
    quartiles = _percentiles(differences, QUARTILES)
    found = []
    for (first, second), difference, (low, median, high), (p_value, note), p_holm in zip(
        pairs, differences, quartiles, tests, adjusted, strict=True
    ):
        told = "no case has both" if not len(difference) else "no difference" if note == NO_CHANGE else note
        found.append(PairTest(first, second, len(difference), median, low, high, p_value, p_holm, told))
    return tuple(found)


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a rate, 0 to 1 (Wilson's score interval; Newcombe, Statistics in Medicine 17, 1998, method 3).

    Equal to the last bit to that of ``scipy.stats.binomtest``, which takes half a second to import.
    """
    rate, square = successes / n, NORMAL_975**2
    whole = 2 * (n + square)
    centre = (2 * n * rate + square) / whole
    half = NORMAL_975 / whole * math.sqrt(4 * n * rate * (1 - rate) + square)
    return centre - half if successes else 0.0, centre + half if successes < n else 1.0


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


def _signed_rank_tests(samples: Sequence[NDArray[np.float64]]) -> list[tuple[float, str]]:
    """Wilcoxon's signed rank test of each sample against 0: its p value, or NaN and why there is none.

    Pratt keeps the zeros in the ranking, so many unchanged patients make the test careful; exact only without zeros or ties
    and up to `LARGEST_EXACT` values. Samples of one length go to scipy in one call.
    """
    answers: list[tuple[float, str]] = []
    alike: dict[tuple[int, Literal["exact", "approx"]], list[int]] = {}
    for k, values in enumerate(samples):
        changed = bool(values.any())
        answers.append((math.nan, TOO_FEW if changed else NO_CHANGE))
        if changed and len(values) >= LEAST_CASES:
            tied = np.any(values == 0) or len(np.unique(np.abs(values))) < len(values)
            kind: Literal["exact", "approx"] = "approx" if tied or len(values) > LARGEST_EXACT else "exact"
            alike.setdefault((len(values), kind), []).append(k)
    if alike:
        from scipy import stats  # half a second to import; a single case has nothing to test
    for (_, kind), members in alike.items():
        table = np.stack([samples[k] for k in members])
        found = stats.wilcoxon(table, zero_method="pratt", method=kind, axis=1).pvalue
        for k, p_value in zip(members, np.atleast_1d(found), strict=True):
            answers[k] = (float(p_value), "")
    return answers


def _friedman_tests(tables: Sequence[NDArray[np.float64]]) -> list[tuple[float, str]]:
    """Friedman's test of each table, shape (methods, cases): its p value, or NaN and why there is none."""
    answers: list[tuple[float, str]] = []
    alike: dict[tuple[int, ...], list[int]] = {}
    for k, table in enumerate(tables):
        methods, cases = table.shape
        reason = "fewer than three methods: no Friedman test" if methods < 3 else TOO_FEW if cases < LEAST_CASES else ""
        if not reason and np.all(table == table[0]):
            reason = "no difference"
        answers.append((math.nan, reason))
        if not reason:
            alike.setdefault(table.shape, []).append(k)
    if alike:
        from scipy import stats
    for members in alike.values():
        found = stats.friedmanchisquare(*np.stack([tables[k] for k in members], axis=-1)).pvalue
        for k, p_value in zip(members, np.atleast_1d(found), strict=True):
            answers[k] = (float(p_value), "")
    return answers


def _differences(a: Mapping[str, float], b: Mapping[str, float]) -> NDArray[np.float64]:
    """First minus second on the cases that both have."""
    return np.array([a[case] - b[case] for case in sorted(set(a) & set(b))], dtype=np.float64)

"""Which of two methods beats the other one, on the patients whom both were run on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arms import Arm
from .paired_test import exchange_p_values
from .statistics import NORMAL_975
from .tradeoff import CHANCE_AUC, Axis

FEWEST_PERSONS = 6
"""Fewer paired persons cannot tell two methods apart: of five that all agree, 2 of 32 exchanges are as extreme (p = 0.06)."""


@dataclass(frozen=True)
class SharedAucs:
    """What is known of the AUCs where centres share tables only: no number of a single patient.

    Parameters
    ----------
    aucs : mapping of Arm to float
    differences : mapping of (first, second) to (low, high)
        95 % interval of the difference first minus second, in both orders.
    """

    aucs: Mapping[Arm, float]
    differences: Mapping[tuple[Arm, Arm], tuple[float, float]]


class Outcome(NamedTuple):
    """How two arms compare.

    Parameters
    ----------
    better : Arm or None
        The one that is at least as good on every axis and better on one.
    p_value : float
        How likely equal arms differ so much on any axis (`exchange_p_values`, the least one in favour of `better`); else 1.
    persons : int
        Most persons on an axis.
    reason : str
        Why they could not be compared.
    """

    better: Arm | None = None
    p_value: float = 1.0
    persons: int = 0
    reason: str = ""


def compare(
    first: Arm, second: Arm, axes: Sequence[Axis], persons: Mapping[str, str], seed: int, shared: SharedAucs | None = None
) -> Outcome:
    """Compare two arms on the persons whom both have a number of, axis by axis.

    Parameters
    ----------
    persons : mapping of case id to person
        Scans of one person count once; a case that is not there is a person of its own.
    shared : SharedAucs, optional
        Takes the place of an axis of AUCs.
    """
    estimates, columns = [], []
    for axis in axes:
        pairs = _paired(axis, first, second, persons)
        if len(pairs) < FEWEST_PERSONS:
            return Outcome(reason=f"{axis.title}: {len(pairs)} patients with numbers of both, {FEWEST_PERSONS} are needed")
        estimates.append(_estimate(axis, first, second, pairs))
        columns.append({person: difference for person, difference, *_ in pairs})
    together = sorted(set().union(*columns))
    # Costs count by their sign, so that skewed differences and failures (infinite) do no harm; AUCs count by their mean.
    scores = np.array(
        [
            [
                column.get(who, 0.0) if axis.privacy else np.sign(column.get(who, 0.0))
                for axis, column in zip(axes, columns, strict=True)
            ]
            for who in together
        ]
    ).reshape(len(together), len(axes))
    p_values = exchange_p_values(scores, seed).tolist()
    sides = np.sign(scores.sum(axis=0)).tolist()
    if shared is not None:
        value, p_value = _shared_difference(shared, first, second)
        estimates.append(value)
        sides.append(float(np.sign(value)))
        p_values = [2 * p for p in (*p_values, p_value)]  # Bonferroni: two tests, of the AUC and of all costs
    most = max((len(column) for column in columns), default=0)
    for sign, winner in ((-1.0, first), (1.0, second)):
        if all(estimate * sign >= 0 for estimate in estimates):
            in_favour = [
                p for p, side, estimate in zip(p_values, sides, estimates, strict=True) if side == sign and estimate * sign > 0
            ]
            if in_favour:
                return Outcome(winner, min(1.0, *in_favour), most)
    return Outcome(persons=most)


class _Pair(NamedTuple):
    """One person's numbers of two arms."""

    person: str
    difference: float
    first: float
    second: float


def _paired(axis: Axis, first: Arm, second: Arm, persons: Mapping[str, str]) -> list[_Pair]:
    """The persons whom both arms have a number of, scans of one person averaged; two failures are no difference."""
    one, other = axis.as_run(first), axis.as_run(second)
    scans: dict[str, list[tuple[float, float]]] = {}
    for case in sorted(set(one) & set(other)):
        scans.setdefault(persons.get(case, case), []).append((one[case], other[case]))
    return [
        _Pair(
            who, _mean([0.0 if a == b else a - b for a, b in found]), _mean([a for a, _ in found]), _mean([b for _, b in found])
        )
        for who, found in sorted(scans.items())
    ]


def _mean(numbers: Sequence[float]) -> float:
    """Exact to the last bit in any order; of numbers that are infinite the more frequent sign counts."""
    infinite = [math.copysign(1.0, number) for number in numbers if math.isinf(number)]
    if infinite:
        return math.copysign(math.inf, sum(infinite)) if sum(infinite) else 0.0
    return math.fsum(numbers) / len(numbers)


def _estimate(axis: Axis, first: Arm, second: Arm, pairs: Sequence[_Pair]) -> float:
    """First minus second: of costs the median difference, of AUCs the difference of the means, each chance at best."""
    if axis.privacy:
        one, other = (max(_mean(numbers), CHANCE_AUC) for numbers in ([p.first for p in pairs], [p.second for p in pairs]))
        return one - other
    return _median(np.array([pair.difference for pair in pairs]))


def _median(values: NDArray[np.float64]) -> float:
    """Median of numbers that may be infinite: the mean of two opposite infinities is 0."""
    ordered = np.sort(values)
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return 0.0 if low == -high else (low + high) / 2


def _shared_difference(shared: SharedAucs, first: Arm, second: Arm) -> tuple[float, float]:
    """Difference of two AUCs, each chance at best, and its two-sided p value from a 95 % interval (normal distribution)."""
    one, other = (max(shared.aucs[arm], CHANCE_AUC) for arm in (first, second))
    low, high = shared.differences.get((first, second), (math.nan, math.nan))
    if math.isnan(low) or high <= low:
        return one - other, 1.0
    deviations = abs(low + high) / (high - low) * NORMAL_975
    return one - other, math.erfc(deviations / math.sqrt(2.0))

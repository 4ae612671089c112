"""Which methods are not beaten: the Pareto set of re-identification risk and what defacing costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .arms import Arm, arm_order
from .tradeoff import Axis

CHANCE_AUC = 0.5
"""An AUC below chance ranks as chance: guessing wrong more often than by chance is no better protection."""
PRIVACY = "auc"
"""Name of the privacy axis among the numbers of a `Standing`."""
RESAMPLES = 2000
ALPHA = 0.05


@dataclass(frozen=True)
class Standing:
    """How one arm stands on every axis; numbers are point estimates, lower is better."""

    arm: Arm
    numbers: Mapping[str, float]
    beaten_by: tuple[Arm, ...] = ()

    @property
    def on_front(self) -> bool:
        """Whether no other arm beats this one."""
        return not self.beaten_by


@dataclass(frozen=True)
class Verdict:
    """The Pareto set, or the reason why there is none.

    Parameters
    ----------
    reason : str
        Why there is no verdict (one case, too few heads, failed controls); "" if there is one.
    """

    standings: tuple[Standing, ...] = ()
    axes: tuple[Axis, ...] = ()
    reason: str = ""
    front: tuple[Arm, ...] = field(default=())


def ranked_auc(auc: float) -> float:
    """The AUC as it ranks: chance at best."""
    return auc if math.isnan(auc) else max(auc, CHANCE_AUC)


def pareto(standings: Sequence[Standing], clearly_lower: Mapping[tuple[str, Arm, Arm], bool]) -> tuple[Standing, ...]:
    """Mark which arms are beaten, and by whom.

    One arm beats another if its point estimate is at least as low on every axis that either of them has, and on at least
    one axis the difference is more than chance.

    Parameters
    ----------
    clearly_lower : mapping of (axis, first, second) to bool
        Whether the 95 % interval of the paired difference first minus second lies below 0.
    """
    return tuple(
        Standing(one.arm, one.numbers, tuple(other.arm for other in standings if _beats(other, one, clearly_lower)))
        for one in standings
    )


def _beats(first: Standing, second: Standing, clearly_lower: Mapping[tuple[str, Arm, Arm], bool]) -> bool:
    if first.arm == second.arm or set(first.numbers) != set(second.numbers) or not first.numbers:
        return False
    if not all(first.numbers[axis] <= second.numbers[axis] for axis in first.numbers):
        return False
    return any(
        clearly_lower.get((axis, first.arm, second.arm), False) and first.numbers[axis] < second.numbers[axis]
        for axis in first.numbers
    )


def clearly_lower_costs(axes: Sequence[Axis], arms: Sequence[Arm], seed: int) -> dict[tuple[str, Arm, Arm], bool]:
    """For each axis and ordered pair of arms: is the paired median difference below 0 with 95 % confidence?"""
    answer = {}
    for axis in axes:
        for first in arms:
            for second in arms:
                common = sorted(set(axis.values.get(first, {})) & set(axis.values.get(second, {})))
                if first != second and common:
                    paired = np.array([axis.values[first][case] - axis.values[second][case] for case in common])
                    answer[(axis.key, first, second)] = median_interval(paired, seed)[1] < 0
    return answer


def median_interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median, patients resampled; values of shape (patients,)."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, values.size, size=(RESAMPLES, values.size))
    low, high = np.quantile(np.median(values[drawn], axis=1), [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def judge(
    axes: Sequence[Axis],
    aucs: Mapping[Arm, float],
    auc_clearly_lower: Mapping[tuple[Arm, Arm], bool],
    *,
    seed: int,
) -> Verdict:
    """The Pareto set over the AUC and all axes.

    Parameters
    ----------
    aucs : mapping of Arm to float
        Headline AUC of each arm.
    auc_clearly_lower : mapping of (first, second) to bool
        Whether the paired bootstrap interval of first minus second lies below 0.
    """
    arms = sorted(aucs, key=arm_order)
    standings = []
    for arm in arms:
        numbers = {PRIVACY: ranked_auc(aucs[arm])} | {axis.key: axis.median(arm) for axis in axes}
        standings.append(Standing(arm, {key: number for key, number in numbers.items() if not math.isnan(number)}))
    lower = clearly_lower_costs(axes, arms, seed) | {(PRIVACY, *pair): yes for pair, yes in auc_clearly_lower.items()}
    judged = pareto(standings, lower)
    return Verdict(judged, tuple(axes), front=tuple(one.arm for one in judged if one.on_front))

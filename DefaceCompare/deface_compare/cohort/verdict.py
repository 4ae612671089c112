"""Which methods are not beaten: the Pareto set of re-identification risk and what defacing costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from .arms import Arm, arm_order
from .pair_of_methods import FEWEST_PERSONS, Outcome, SharedAucs, compare
from .paired_test import least_p_value
from .patient_table import PatientValues
from .statistics import holm, wilson_interval
from .tradeoff import Axis

PRIVACY = "auc"
"""Key of the axis of AUCs."""
ALPHA = 0.05
"""Chance, at most, that a verdict calls any of equal methods beaten."""
LEAST_WORKING = 0.5
"""A method stands in the verdict if the 95 % interval of its share of successful scans lies above this share."""


class Working(NamedTuple):
    """On how many scans with a face a method worked."""

    successes: int
    n: int

    @property
    def enough(self) -> bool:
        """Whether it surely works on more than half of the scans."""
        return self.n > 0 and wilson_interval(self.successes, self.n)[0] > LEAST_WORKING


@dataclass(frozen=True)
class Standing:
    """How one arm stands.

    Parameters
    ----------
    beaten_by : tuple of Arm
    not_judged : str
        Why the arm is neither beaten nor not beaten: a number is missing, or it did not work on enough scans.
    not_compared : tuple of (Arm, reason)
        Judged arms that it could not be compared with.
    """

    arm: Arm
    beaten_by: tuple[Arm, ...] = ()
    not_judged: str = ""
    not_compared: tuple[tuple[Arm, str], ...] = ()

    @property
    def on_front(self) -> bool:
        """Whether the arm was judged and no other one beats it."""
        return not self.beaten_by and not self.not_judged


@dataclass(frozen=True)
class Verdict:
    """The Pareto set, or the reason why there is none.

    Parameters
    ----------
    axes : tuple of Axis
        What the arms were judged by (also if there is no verdict).
    left_out : tuple of str
        Axes that nobody was judged by, and why.
    powerless : str
        Why no method could have been beaten; "" if one could.
    reason : str
        Why there is no verdict (one case, too few heads, failed controls); "" if there is one.
    """

    standings: tuple[Standing, ...] = ()
    axes: tuple[Axis, ...] = ()
    left_out: tuple[str, ...] = ()
    powerless: str = ""
    reason: str = ""
    front: tuple[Arm, ...] = field(default=())


def working(outcomes: Mapping[Arm, PatientValues]) -> dict[Arm, Working]:
    """Successes of each arm over all scans with a face; one of which it is not known is none that worked."""
    return {
        arm: Working(sum(value > 0.5 for value in each.values.values()), len(set(each.values) | each.failed | each.not_available))
        for arm, each in outcomes.items()
    }


def judge(
    axes: Sequence[Axis],
    worked: Mapping[Arm, Working],
    persons: Mapping[str, str],
    *,
    seed: int,
    arms: Sequence[Arm] = (),
    shared: SharedAucs | None = None,
) -> Verdict:
    """The Pareto set over all axes.

    Judged are the arms that worked on enough scans and have a number on every axis. One beats another if it is at least as
    good on every axis and clearly better on one (`compare`; Holm's correction over all pairs: equal arms are told apart in at
    most `ALPHA` of all verdicts).

    Parameters
    ----------
    axes : sequence of Axis
        Risks and costs.
    worked : mapping of Arm to Working
        Arms that are not there were never checked.
    persons : mapping of case id to person
        Scans of one person count once; a case that is not there is a person of its own.
    arms : sequence of Arm
        All arms; default: those of the axes.
    shared : SharedAucs, optional
        Takes the place of an axis of AUCs.
    """
    everyone = sorted({*arms, *worked, *(arm for axis in axes for arm in (*axis.values, *axis.failed))}, key=arm_order)
    judged_by, left_out = _usable(axes, everyone, persons)
    if shared is None and not any(axis.privacy for axis in judged_by):
        return Verdict(axes=tuple(axes), reason=f"No verdict: {'; '.join(left_out) or 'no AUC'}.")
    why = {arm: _not_judged(arm, judged_by, worked, persons, shared) for arm in everyone}
    compared = [arm for arm in everyone if not why[arm]]
    found = {pair: compare(*pair, judged_by, persons, seed, shared) for pair in combinations(compared, 2)}
    possible = [outcome for outcome in found.values() if not outcome.reason]
    standings = _standings(everyone, why, found)
    front = tuple(one.arm for one in standings if one.on_front)
    return Verdict(standings, tuple(judged_by), left_out, _too_few(possible), front=front)


def _standings(arms: Sequence[Arm], why: Mapping[Arm, str], found: Mapping[tuple[Arm, Arm], Outcome]) -> tuple[Standing, ...]:
    """How each arm stands after all pairs were compared."""
    beaten: dict[Arm, list[Arm]] = {arm: [] for arm in arms}
    apart: dict[Arm, list[tuple[Arm, str]]] = {arm: [] for arm in arms}
    adjusted = holm([math.nan if outcome.reason else outcome.p_value for outcome in found.values()])
    for ((first, second), outcome), p_holm in zip(found.items(), adjusted, strict=True):
        if outcome.reason:
            apart[first].append((second, outcome.reason))
            apart[second].append((first, outcome.reason))
        elif outcome.better is not None and p_holm <= ALPHA:
            beaten[second if outcome.better == first else first].append(outcome.better)
    others = sum(not reason for reason in why.values()) - 1
    return tuple(
        Standing(arm, not_judged=f"could be compared with no other method: {apart[arm][0][1]}")
        if apart[arm] and len(apart[arm]) == others
        else Standing(arm, tuple(sorted(beaten[arm], key=arm_order)), why[arm], tuple(apart[arm]))
        for arm in arms
    )


def _too_few(outcomes: Sequence[Outcome]) -> str:
    """Whether there are too few persons to tell any two of the arms apart, whatever their numbers are."""
    most = max((outcome.persons for outcome in outcomes), default=0)
    if not most or len(outcomes) * least_p_value(most) <= ALPHA:
        return ""
    return f"{most} patients are too few to tell any two of so many methods apart ({len(outcomes)} comparisons)"


def _usable(axes: Sequence[Axis], arms: Sequence[Arm], persons: Mapping[str, str]) -> tuple[list[Axis], tuple[str, ...]]:
    """The axes on which two arms or more have enough persons, and the others with the reason."""
    usable, left_out = [], []
    for axis in axes:
        counts = sorted((_count(axis.values.get(arm, {}), persons) for arm in arms), reverse=True)
        if len(counts) > 1 and counts[1] >= FEWEST_PERSONS:
            usable.append(axis)
        else:
            most = counts[1] if len(counts) > 1 else 0
            left_out.append(f"{axis.title}: numbers of {most} patients, {FEWEST_PERSONS} are needed of two methods")
    return usable, tuple(left_out)


def _count(cases: Mapping[str, float], persons: Mapping[str, str]) -> int:
    return len({persons.get(case, case) for case in cases})


def _not_judged(
    arm: Arm, axes: Sequence[Axis], worked: Mapping[Arm, Working], persons: Mapping[str, str], shared: SharedAucs | None
) -> str:
    """Why an arm cannot be judged, or nothing."""
    done = worked.get(arm)
    if done is None or not done.n:
        return "whether it worked is not known"
    if not done.enough:
        return f"worked on {done.successes} of {done.n} scans: not surely on more than half"
    if shared is not None and math.isnan(shared.aucs.get(arm, math.nan)):
        return "no AUC"
    for axis in axes:
        n = _count(axis.values.get(arm, {}), persons)
        if n < FEWEST_PERSONS:
            return f"{axis.title}: {f'numbers of {n} patients only' if n else 'no number'}"
    return ""

"""Who beats whom: the Pareto rule on cases small enough to see the answer."""

from __future__ import annotations

import numpy as np

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.tradeoff import Axis, tradeoff_axes
from deface_compare.cohort.verdict import judge, median_interval
from deface_compare.measurement import Measurement, Scope

A, B, C = (Arm(name, "", "background", "none") for name in ("a", "b", "c"))
PATIENTS = [f"p{k}" for k in range(20)]


def axis(**medians: float) -> Axis:
    spread = np.linspace(-0.01, 0.01, len(PATIENTS))
    values = {
        Arm(name, "", "background", "none"): dict(zip(PATIENTS, median + spread, strict=True)) for name, median in medians.items()
    }
    return Axis("cost", "Cost", "%", {arm: {k: float(v) for k, v in row.items()} for arm, row in values.items()})


def front(aucs: dict[Arm, float], lower: dict[tuple[Arm, Arm], bool], cost: Axis) -> set[Arm]:
    return set(judge([cost], aucs, lower, seed=1).front)


def test_a_method_that_is_clearly_better_on_both_axes_beats_the_other() -> None:
    assert front({A: 0.6, B: 0.9}, {(A, B): True}, axis(a=1.0, b=2.0)) == {A}


def test_a_trade_off_leaves_both_on_the_front() -> None:
    assert front({A: 0.6, B: 0.9}, {(A, B): True}, axis(a=2.0, b=1.0)) == {A, B}


def test_nobody_wins_where_nothing_is_distinguishable() -> None:
    assert front({A: 0.60, B: 0.61}, {(A, B): False}, axis(a=1.0, b=1.0)) == {A, B}


def test_aucs_below_chance_rank_as_chance() -> None:
    # b lies "clearly" below a, but both are at chance, so the cheaper a beats b.
    assert front({A: 0.45, B: 0.30}, {(B, A): True}, axis(a=1.0, b=2.0)) == {A}


def test_a_beaten_method_names_who_beats_it() -> None:
    lower = {(A, B): True, (A, C): True, (B, C): True}
    verdict = judge([axis(a=1.0, b=2.0, c=3.0)], {A: 0.5, B: 0.7, C: 0.9}, lower, seed=1)
    assert {one.arm: one.beaten_by for one in verdict.standings} == {A: (), B: (A,), C: (A, B)}


def test_the_costs_are_those_of_the_headlines_organs_and_targets() -> None:
    """Which further organs are drawn differs from centre to centre: they must not move a method's place."""

    def rows(structure: str, percent: float, dose_gy: float) -> list[Measurement]:
        scope = Scope("p1", "a", "", "background", "none")
        return [
            scope.row("intact_volume", original=10.0, defaced=9.0, change_percent=percent, image="CT", structure=structure),
            scope.row("Dmean", original=30.0, defaced=30.0 + dose_gy, image="DOSE", structure=structure, dose_policy="mask"),
        ]

    headline = [*rows("Brain", -2.0, -1.0), *rows("PTV", -50.0, -3.0)]
    further = [*rows("Lips", -90.0, -40.0), *rows("SpinalCord", 0.0, 0.0), *rows("Stoma", -80.0, -20.0)]
    for given in (headline, headline + further):
        found = {axis.key: axis.values[A] for axis in tradeoff_axes(patient_table(given), "CT")}
        assert found == {"altered_organ_volume": {"p1": 2.0}, "dose": {"p1": 3.0}}


def test_a_method_without_a_number_on_an_axis_is_not_judged_by_it() -> None:
    assert front({A: 0.6, B: 0.9}, {(A, B): True}, axis(a=1.0)) == {A, B}


def test_the_bootstrap_of_a_median_covers_it_and_repeats() -> None:
    values = np.arange(30.0)
    low, high = median_interval(values, seed=3)
    assert low < 14.5 < high
    assert (low, high) == median_interval(values, seed=3)
    # Order statistics 10 and 21 of 30 bound the median with 95.7 % (binomial): 9 and 20; the bootstrap gave 9.0 and 20.0.
    assert abs(low - 9) <= 1
    assert abs(high - 20) <= 1

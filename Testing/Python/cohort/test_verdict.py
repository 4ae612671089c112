"""Who beats whom: the Pareto rule on cases small enough to see the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.median_interval import median_interval
from deface_compare.cohort.pair_of_methods import SharedAucs
from deface_compare.cohort.patient_table import PatientValues, patient_table
from deface_compare.cohort.tradeoff import Axis, dose_axis, tradeoff_axes
from deface_compare.cohort.verdict import Standing, Verdict, Working, judge, working
from deface_compare.measurement import Measurement, Scope

A, B, C = (Arm(name, "", "background", "none") for name in ("a", "b", "c"))
PATIENTS = [f"p{k}" for k in range(20)]
SPREAD = np.linspace(-0.01, 0.01, len(PATIENTS))


def axis(
    numbers: Mapping[Arm, float | Sequence[float]], *, privacy: bool = False, failed: Mapping[Arm, int] | None = None
) -> Axis:
    """One number for all patients (a little spread), or one for each of the first patients; the first `failed` failed."""
    values = {
        arm: dict(zip(PATIENTS, (each + SPREAD if isinstance(each, float) else np.array(each)).tolist(), strict=False))
        for arm, each in numbers.items()
    }
    lost = {arm: frozenset(PATIENTS[:count]) for arm, count in (failed or {}).items()}
    return Axis("auc" if privacy else "cost", "AUC" if privacy else "Cost", "" if privacy else "%", values, lost, privacy)


def judged(*axes: Axis, worked: Mapping[Arm, Working] | None = None, persons: Mapping[str, str] | None = None) -> Verdict:
    arms = {arm: Working(20, 20) for each in axes for arm in each.values}
    return judge(axes, arms | dict(worked or {}), persons or {}, seed=1)


def standing(verdict: Verdict, arm: Arm) -> Standing:
    (found,) = [one for one in verdict.standings if one.arm == arm]
    return found


def auc(**numbers: float) -> Axis:
    return axis({Arm(name, "", "background", "none"): value for name, value in numbers.items()}, privacy=True)


def cost(**numbers: float) -> Axis:
    return axis({Arm(name, "", "background", "none"): value for name, value in numbers.items()})


def test_a_method_that_is_clearly_better_on_both_axes_beats_the_other() -> None:
    assert judged(auc(a=0.6, b=0.9), cost(a=1.0, b=2.0)).front == (A,)


def test_a_trade_off_leaves_both_on_the_front() -> None:
    assert judged(auc(a=0.6, b=0.9), cost(a=2.0, b=1.0)).front == (A, B)


def test_nobody_wins_where_nothing_is_distinguishable() -> None:
    noise = [0.5 * (-1) ** k for k in range(20)]
    verdict = judged(auc(a=0.6, b=0.6), axis({A: [1.0] * 20, B: [1.0 + each for each in noise]}))
    assert verdict.front == (A, B)


def test_aucs_below_chance_rank_as_chance() -> None:
    # b lies clearly below a, but both are at chance, so the cheaper a beats b.
    assert judged(auc(a=0.45, b=0.30), cost(a=1.0, b=2.0)).front == (A,)


def test_a_beaten_method_names_who_beats_it() -> None:
    verdict = judged(auc(a=0.5, b=0.7, c=0.9), cost(a=1.0, b=2.0, c=3.0))
    assert {one.arm: one.beaten_by for one in verdict.standings} == {A: (), B: (A,), C: (A, B)}


def test_a_method_without_a_number_on_an_axis_is_not_judged_and_neither_beaten_nor_unbeaten() -> None:
    verdict = judged(auc(a=0.6, b=0.9, c=0.95), cost(a=1.0, b=2.0))
    assert standing(verdict, C).not_judged == "Cost: no number"
    assert not standing(verdict, C).on_front
    assert verdict.front == (A,)
    few = judged(auc(a=0.6, b=0.9, c=0.95), axis({A: 1.0, B: 2.0, C: [0.0] * 5}))
    assert standing(few, C).not_judged == "Cost: numbers of 5 patients only"


def test_an_axis_that_one_method_alone_has_judges_nobody_and_is_named() -> None:
    verdict = judged(auc(a=0.6, b=0.9), cost(a=1.0, b=2.0), axis({A: 0.1}))
    assert verdict.front == (A,)
    assert verdict.left_out == ("Cost: numbers of 0 patients, 6 are needed of two methods",)


def test_methods_are_compared_on_the_patients_that_both_have() -> None:
    """`b` is worse wherever both were measured; its median over other, easy patients is lower."""
    hard = {f"p{k}": 5.0 + k for k in range(8)}
    easy = {f"q{k}": 0.1 for k in range(30)}
    numbers = Axis("cost", "Cost", "%", {A: hard, B: {case: value + 1.0 for case, value in hard.items()} | easy})
    aucs = Axis("auc", "AUC", "", {arm: dict.fromkeys([*hard, *easy], 0.7) for arm in (A, B)}, privacy=True)
    assert numbers.median(B) < numbers.median(A)
    assert judged(aucs, numbers).front == (A,)


def test_methods_of_other_patients_are_not_compared_and_it_is_said() -> None:
    apart = Axis(
        "cost",
        "Cost",
        "%",
        {A: dict.fromkeys(PATIENTS[:12], 1.0), B: dict.fromkeys(PATIENTS[8:], 2.0), C: dict.fromkeys(PATIENTS, 0.5)},
    )
    verdict = judged(auc(a=0.9, b=0.9, c=0.6), apart)
    reason = "Cost: 4 patients with numbers of both, 6 are needed"
    assert standing(verdict, A).not_compared == ((B, reason),)
    assert standing(verdict, A).beaten_by == (C,)
    alone = judged(auc(a=0.9, b=0.9), Axis("cost", "Cost", "%", {arm: apart.values[arm] for arm in (A, B)}))
    assert alone.front == ()
    assert standing(alone, B).not_judged == f"could be compared with no other method: {reason}"


@pytest.mark.parametrize(("n", "front"), [(5, ()), (6, (A,)), (7, (A,))])
def test_two_methods_are_compared_from_six_patients_on(n: int, front: tuple[Arm, ...]) -> None:
    aucs = axis({A: [0.5] * n, B: [0.9] * n}, privacy=True)
    costs = axis({A: [1.0] * n, B: [2.0] * n})
    assert judged(aucs, costs).front == front


def test_repeat_scans_of_one_person_count_once() -> None:
    """Twenty scans of four persons are four persons, however often each was scanned."""
    aucs, costs = auc(a=0.5, b=0.9), cost(a=1.0, b=2.0)
    assert judged(aucs, costs).front == (A,)
    four = {case: f"P{k % 4}" for k, case in enumerate(PATIENTS)}
    reason = "No verdict: AUC: numbers of 4 patients, 6 are needed of two methods; Cost: numbers of 4 patients, 6 are needed"
    assert judged(aucs, costs, persons=four).reason.startswith(reason)


def test_a_patient_on_whom_a_method_failed_counts_against_it() -> None:
    """`b` costs less wherever it worked (13 of 20); as run, its median cost is no lower: 7 failures and 13 successes."""
    aucs, values = auc(a=0.7, b=0.7), {A: 2.0, B: 1.0}
    worked = {B: Working(16, 20)}
    assert judged(aucs, axis(values), worked=worked).front == (B,)
    assert judged(aucs, axis(values, failed={B: 7}), worked=worked).front == (A, B)  # 13 of 20 by chance: p = 0.26
    assert judged(aucs, axis(values, failed={B: 15}), worked=worked).front == (A,)  # 15 of 20: p = 0.041


def test_two_methods_that_failed_on_the_same_patients_are_told_apart_by_the_others() -> None:
    both = axis({A: 1.0, B: 2.0}, failed={A: 8, B: 8})
    assert judged(auc(a=0.7, b=0.7), both).front == (A,)


@pytest.mark.parametrize(
    ("successes", "n", "leads"),
    [(20, 20, True), (15, 20, True), (14, 20, False), (10, 20, False), (6, 6, True), (5, 6, False), (3, 6, False)],
)
def test_a_method_that_does_not_surely_work_on_more_than_half_leads_nowhere(successes: int, n: int, leads: bool) -> None:
    """Lower 95 % limits (Wilson): 20/20 0.84, 15/20 0.53, 14/20 0.48, 10/20 0.30, 6/6 0.61, 5/6 0.44, 3/6 0.19."""
    verdict = judged(auc(a=0.5, b=0.9), cost(a=0.0, b=2.0), worked={A: Working(successes, n)})
    assert (A in verdict.front) is leads
    assert bool(standing(verdict, B).beaten_by) is leads
    if not leads:
        assert standing(verdict, A).not_judged == f"worked on {successes} of {n} scans: not surely on more than half"


def test_a_method_of_which_nobody_knows_whether_it_worked_is_not_judged() -> None:
    verdict = judge([auc(a=0.5, b=0.9), cost(a=0.0, b=2.0)], {B: Working(20, 20)}, {}, seed=1)
    assert standing(verdict, A).not_judged == "whether it worked is not known"
    assert verdict.front == (B,)


def test_a_scan_that_could_not_be_verified_is_none_that_worked() -> None:
    known = PatientValues({"p1": 1.0, "p2": 0.0}, frozenset({"p3"}), frozenset({"p4"}), no_face=frozenset({"p5"}))
    assert working({A: known}) == {A: Working(1, 4)}


def test_tables_of_centres_judge_by_their_intervals() -> None:
    costs = cost(a=1.0, b=2.0)
    worked = {A: Working(20, 20), B: Working(20, 20)}

    def front(aucs: dict[Arm, float], difference: tuple[float, float]) -> tuple[Arm, ...]:
        low, high = difference
        return judge([costs], worked, {}, seed=1, shared=SharedAucs(aucs, {(A, B): difference, (B, A): (-high, -low)})).front

    assert front({A: 0.6, B: 0.9}, (-0.4, -0.2)) == (A,)
    assert front({A: 0.9, B: 0.6}, (0.2, 0.4)) == (A, B)
    assert front({A: 0.9, B: math.nan}, (0.2, 0.4)) == (A,)


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
        table = patient_table(given)
        found = {axis.key: axis.values[A] for axis in tradeoff_axes(table, "CT")}
        assert found == {"altered_organ_volume": {"p1": 2.0}}
        dose = dose_axis(table, "CT", "mask")
        assert dose is not None
        assert dose.values[A] == {"p1": 3.0}


def test_the_bootstrap_of_a_median_covers_it_and_repeats() -> None:
    values = np.arange(30.0)
    low, high = median_interval(values, seed=3)
    assert low < 14.5 < high
    assert (low, high) == median_interval(values, seed=3)
    # Order statistics 10 and 21 of 30 bound the median with 95.7 % (binomial): 9 and 20; the bootstrap gave 9.0 and 20.0.
    assert abs(low - 9) <= 1
    assert abs(high - 20) <= 1

"""The answer of a study: its sentence and each method's facts, against what was put into made-up rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from deface_compare.cohort.answer import Answer, make_answer
from deface_compare.cohort.arm_names import METHOD_COLOURS, OTHER_COLOURS, ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.method_costs import Share
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.summary import SummaryRow, describe_all
from deface_compare.cohort.tradeoff import tradeoff_axes
from deface_compare.cohort.verdict import Verdict
from deface_compare.measurement import Measurement, Scope
from deface_compare.settings import Settings
from deface_compare.words import BANNED

A, B, C = (Arm(name, "", "background", "none") for name in ("quickshear", "biometric_mask", "surface_blur"))
TITLES = {"quickshear": "Quickshear (ours)", "biometric_mask": "Biometric_mask (ours)", "surface_blur": "Surface blur (style)"}
ZERO = Arm("quickshear", "", "zero", "none")
PATIENTS = 24


def rows_of(
    arm: Arm, losses: Sequence[float], *, worked: int | None = None, dose_gy: Mapping[str, Mapping[int, float]] | None = None
) -> list[Measurement]:
    """`losses` percent of Eye_L and twice of Lens_L a patient; the first `worked` worked; a structure's dose falls in some."""
    rows = []
    for k, loss in enumerate(losses):
        scope = Scope(f"case-{k + 1:03d}", *arm)
        rows.append(scope.row("success", defaced=float(worked is None or k < worked), image="CT"))
        for organ, percent in (("Eye_L", loss), ("Lens_L", 2 * loss)):
            where = {"image": "CT", "structure": organ}
            rows.append(scope.row("intact_volume", original=10, defaced=10 - percent / 10, change_percent=-percent, **where))
            rows.append(scope.row("mean", original=40.0, defaced=40.0 - percent, **where))
        for structure, changes in (dose_gy or {}).items():
            for metric in ("Dmean", "D95%"):
                fall = changes.get(k, 0.0) * (2 if metric == "D95%" else 1)
                where = {"image": "DOSE", "structure": structure, "dose_policy": "mask", "engine": "builtin-slab-x4"}
                rows.append(scope.row(metric, original=60.0, defaced=60.0 + fall, **where))
    return rows


def auc(arm: Arm, value: float, low: float, high: float, *, n: int = PATIENTS, failed: int = 0, note: str = "") -> SummaryRow:
    return SummaryRow("cohort", *arm, "", "CT", "privacy", "", "auc_headline", "", n, failed, value, low, high, "CI95", note=note)


def answer_of(
    rows: Sequence[Measurement], aucs: Sequence[SummaryRow], *, model: str = "SFace", patients: int = PATIENTS
) -> Answer:
    table = patient_table(rows)
    summary = [*describe_all(table, "cohort", Settings().tolerances), *aucs]
    verdict = Verdict(axes=tuple(tradeoff_axes(table, "CT")))
    arms = list(dict.fromkeys(Arm(row.method, row.variant, row.fill, row.protect) for row in rows))
    return make_answer(
        rows,
        summary,
        "CT",
        verdict,
        ArmNames(arms, TITLES),
        model=model,
        patients=patients,
        made=0,
        tolerances=Settings().tolerances,
        seconds={"quickshear": 2.0},
    )


def test_the_sentence_says_who_is_linked_who_is_not_and_which_of_the_others_costs_least() -> None:
    rng = np.random.default_rng(1)
    rows = rows_of(A, rng.uniform(10, 20, PATIENTS)) + rows_of(B, [1.0] * PATIENTS) + rows_of(C, rng.uniform(1, 3, PATIENTS))
    found = answer_of(rows, [auc(A, 0.51, 0.45, 0.56), auc(B, 0.97, 0.93, 0.99), auc(C, 0.52, 0.47, 0.58)])
    assert found.sentences[0] == (
        "Biometric_mask is still linked by SFace (AUC 0.97); Surface blur and Quickshear are not linked by SFace "
        "(95 % interval below 0.60, 24 patients)."
    )
    assert found.sentences[1].startswith("Of these two, Surface blur costs least: ")
    assert "(paired test, 24 patients, p < 0.001)" in found.sentences[1]
    assert [facts.arm for facts in found.facts] == [C, A, B]


def test_the_costs_of_the_sentence_are_medians_of_the_patients() -> None:
    """Each patient's organs lose x and 2x percent, 1.5 x in the mean: 3 % of x = 2, 15 % of x = 10."""
    found = answer_of(
        rows_of(A, [10.0] * PATIENTS) + rows_of(C, [2.0] * PATIENTS), [auc(A, 0.5, 0.4, 0.59), auc(C, 0.5, 0.4, 0.59)]
    )
    assert "costs least: 3.0 % of organ volume altered in the median patient; Quickshear 15.0 %" in found.sentence


def test_few_patients_are_said_to_be_too_few_and_not_to_be_protection() -> None:
    rows = rows_of(A, [5.0] * 6) + rows_of(C, [1.0, 2.0] * 3)
    found = answer_of(rows, [auc(A, 0.4, 0.2, 0.5, n=6), auc(C, 0.7, 0.55, 0.9, n=6)], patients=6)
    assert "whether Surface blur and Quickshear are linked can't be told from 6 patients" in found.sentence.replace("W", "w", 1)
    assert "6 patients: too few for a test" in found.sentence
    assert {facts.recognised.word for facts in found.facts} == {"unclear"}


def test_where_every_method_is_linked_nothing_is_recommended() -> None:
    found = answer_of(
        rows_of(A, [5.0] * PATIENTS) + rows_of(C, [1.0] * PATIENTS), [auc(A, 0.9, 0.8, 0.95), auc(C, 0.99, 0.97, 1.0)]
    )
    assert found.sentence == (
        "All methods are still linked by SFace (AUC 0.90 to 0.99). None of them hides a face from it. Linked least: Quickshear "
        "(AUC 0.90 [0.80,\u00a00.95]); costs least: Surface blur (1.5 % of organ volume altered in the median patient)."
    )


def test_a_method_that_failed_on_many_comes_last_and_says_so_however_little_it_costs() -> None:
    cheap = rows_of(A, [0.1] * PATIENTS, worked=10)
    found = answer_of(cheap + rows_of(C, [9.0] * PATIENTS), [auc(A, 0.5, 0.4, 0.55), auc(C, 0.5, 0.4, 0.55)])
    assert [facts.arm for facts in found.facts] == [C, A]
    assert found.facts[1].worked == Share(10, 24)
    assert "Quickshear worked on 10/24 scans only: its figures are not to be relied on." in found.sentence
    assert "Of these two" not in found.sentence


def test_failures_that_entered_undefaced_and_patients_without_numbers_are_counted_on_the_card() -> None:
    rows = rows_of(A, [5.0] * 20)
    rows += [
        Scope(f"case-{k:03d}", *A).missing("success", "no face", image="CT", status="failed") for k in range(21, PATIENTS + 1)
    ]
    found = answer_of(rows, [auc(A, 0.6, 0.5, 0.7, failed=4, note="as run: 4 failed scans enter undefaced; x")])
    (facts,) = found.facts
    assert facts.recognised.undefaced == 4
    assert facts.measured == Share(20, 24)
    assert facts.worked == Share(20, 24)


def test_the_worst_patient_of_a_target_is_found_behind_medians_of_zero() -> None:
    """One of 24 loses 35.5 Gy of mean dose, 71 Gy of D95%; the median change is 0."""
    rows = rows_of(A, [1.0] * PATIENTS, dose_gy={"GTV_2": {7: -35.5}, "Parotid_L": {3: -40.0}})
    found = answer_of(rows, [auc(A, 0.5, 0.4, 0.55)])
    worst = found.facts[0].worst_dose
    assert worst is not None
    assert (worst.case, worst.structure, worst.metric, worst.policy) == ("case-008", "GTV_2", "D95%", "mask")
    assert (worst.change_gy, worst.original_gy, worst.engine) == (-71.0, 60.0, "builtin-slab-x4")
    assert "Quickshear's worst patient: GTV_2 D95% −71.00 Gy (case-008), dose policy “mask”." in found.sentence


def test_the_worst_organs_stand_in_order_with_their_worst_patient_and_one_drawing_decides_nothing() -> None:
    rows = rows_of(A, [4.0] * 9 + [40.0])
    lips = {"image": "CT", "structure": "Lips"}
    rows.append(Scope("case-001", *A).row("intact_volume", original=10, defaced=0, change_percent=-100, **lips))
    facts = answer_of(rows, [auc(A, 0.5, 0.4, 0.55)], patients=10).facts[0]
    told = [(organ.structure, organ.median_percent, organ.worst_percent, organ.worst_case) for organ in facts.organs_lost]
    assert told == [("Lens", -8.0, -80.0, "case-010"), ("Eye", -4.0, -40.0, "case-010")]


def test_patients_beyond_tolerance_are_counted_once_and_by_kind() -> None:
    """5 %, 20 HU and 1 Gy: lens of 2x and eye of x; x = 2 is within, 3 beyond 5 % by the lens, 15 beyond 20 HU by it, too."""
    rows = rows_of(A, [2.0, 3.0, 15.0, 2.0], dose_gy={"Brain": {0: -1.0, 3: -1.5}})
    beyond = answer_of(rows, [], model="", patients=4).facts[0].beyond_tolerance
    assert beyond is not None
    assert beyond.patients == Share(3, 4)
    assert (beyond.volume, beyond.intensity, beyond.dose) == (Share(2, 4), Share(1, 4), Share(1, 4))


def test_a_package_that_is_linked_by_its_dose_is_said_although_the_image_is_not() -> None:
    package = replace(auc(A, 0.95, 0.9, 0.98), metric="auc_highest_file", image="any file", dose_policy="keep")
    masked = replace(package, dose_policy="mask", value=0.5, low=0.45, high=0.55)
    found = answer_of(rows_of(A, [5.0] * PATIENTS), [auc(A, 0.5, 0.4, 0.55), package, masked])
    assert {policy: each.word for policy, each in found.facts[0].packages.items()} == {"keep": "linked", "mask": "not linked"}
    assert "under the dose policy “keep” (AUC 0.95): a kept dose grid draws the head." in found.sentence


def test_one_case_has_facts_and_no_verdict() -> None:
    found = answer_of(rows_of(A, [5.0]), [], model="", patients=1)
    assert found.sentence.startswith("No verdict from one case")
    assert found.facts[0].organs_lost[0].structure == "Lens"
    assert math.isnan(found.facts[0].recognised.auc)
    assert found.facts[0].seconds == 2.0


def test_a_method_has_its_colour_whatever_it_is_compared_with_and_no_two_share_one() -> None:
    other = Arm("curatai", "", "background", "none")
    both = ArmNames([A, ZERO, other], {})
    assert both.colour(A) == ArmNames([C, A], {}).colour(A) == METHOD_COLOURS["quickshear"]
    assert both.colour(ZERO) == OTHER_COLOURS[0]
    assert both.colour(other) == OTHER_COLOURS[1]


@pytest.mark.parametrize("low", [0.4, 0.7])
def test_no_sentence_of_an_answer_holds_a_banned_word(low: float) -> None:
    import re

    text = answer_of(rows_of(A, [5.0] * PATIENTS), [auc(A, low + 0.05, low, low + 0.1)]).sentence
    assert not [pattern for pattern in BANNED if re.search(pattern, text, re.IGNORECASE)]


def test_a_study_without_a_method_says_so() -> None:
    assert answer_of([], []).sentences == ("No method was compared.",)


def test_one_patient_is_no_patients() -> None:
    found = answer_of(rows_of(A, [5.0] * 2), [auc(A, 0.7, 0.4, 0.9, n=1)], patients=2)
    assert "can't be told from 1 patient." in found.sentence


@pytest.mark.parametrize(
    ("unit", "status", "why"),
    [("Gy", "failed", "not measured"), ("relative", "ok", "dose is relative, not in Gy"), ("", "", "no dose")],
)
def test_where_no_dose_change_can_be_told_it_is_said_why(unit: str, status: str, why: str) -> None:
    rows = rows_of(A, [5.0] * 6)
    where = {"image": "DOSE", "structure": "GTV", "dose_policy": "mask", "unit": unit, "status": status}
    if unit:
        rows += [Scope(f"case-{k:03d}", *A).row("Dmean", original=60.0, defaced=50.0, **where) for k in range(1, 7)]
    facts = answer_of(rows, [], patients=6).facts[0]
    assert (facts.worst_dose, facts.why_no_dose) == (None, why)


def test_no_organ_is_lost_only_where_organs_were_measured() -> None:
    unmeasured = [row for row in rows_of(A, [5.0] * 6) if row.metric != "intact_volume"]
    assert [answer_of(rows, [], patients=6).facts[0].organs_measured for rows in (rows_of(A, [0.0] * 6), unmeasured)] == [
        True,
        False,
    ]


def test_two_tools_that_differ_in_their_brackets_only_keep_them() -> None:
    tools = [Arm(name, "", "background", "none") for name in ("old", "new", "quickshear")]
    names = ArmNames(tools, {"old": "Tool (0.3)", "new": "Tool (0.4)", "quickshear": "Quickshear (ours)"})
    assert [names.short_title(arm) for arm in tools] == ["Tool (0.3)", "Tool (0.4)", "Quickshear"]
    assert [names.detail(arm) for arm in tools] == ["", "", "ours"]


def test_an_arm_s_bracket_is_told_once() -> None:
    names = ArmNames([A, ZERO], TITLES)
    assert (names.short_title(ZERO), names.detail(ZERO)) == ("Quickshear · zero", "ours")


def test_eight_tools_of_others_have_eight_colours() -> None:
    tools = [Arm(f"tool_{k}", "", "background", "none") for k in range(8)]
    assert len({ArmNames(tools, {}).colour(arm) for arm in tools}) == 8


def test_a_method_that_did_not_work_is_not_the_one_that_is_linked_least() -> None:
    rows = rows_of(A, [0.1] * PATIENTS, worked=2) + rows_of(C, [9.0] * PATIENTS) + rows_of(B, [3.0] * PATIENTS)
    found = answer_of(rows, [auc(A, 0.7, 0.65, 0.8), auc(B, 0.9, 0.8, 0.95), auc(C, 0.99, 0.97, 1.0)])
    assert "Linked least: Biometric_mask (AUC 0.90" in found.sentence


def test_where_all_are_linked_and_cost_alike_none_is_named_before_another() -> None:
    rows = rows_of(A, [2.0] * PATIENTS) + rows_of(C, [2.0] * PATIENTS)
    found = answer_of(rows, [auc(A, 1.0, 0.9, 1.0), auc(C, 1.0, 0.9, 1.0)])
    assert found.sentences[2] == "All cost alike (3.0 % of organ volume altered in the median patient)."


def test_a_single_method_is_none_of_several() -> None:
    found = answer_of(rows_of(A, [2.0] * PATIENTS), [auc(A, 1.0, 0.9, 1.0)])
    assert found.sentence == (
        "Quickshear is still linked by SFace (AUC 1.00). Quickshear: 3.0 % of organ volume altered in the median patient."
    )
    assert found.decides == ""


def test_the_order_is_told_by_what_was_measured_only() -> None:
    linked = [auc(A, 0.9, 0.8, 0.95), auc(C, 0.99, 0.97, 1.0)]
    both = rows_of(A, [5.0] * PATIENTS) + rows_of(C, [1.0] * PATIENTS)
    assert answer_of(both, linked).decides.startswith("Order: first whether the face model still links the face (not linked, ")
    assert answer_of(both, []).decides.startswith("Order: the organ volume altered in the median patient, failures")
    assert "median" not in answer_of(both, [], patients=1).decides
    without = [row for row in both if row.metric == "success"]
    assert answer_of(without, linked).decides.startswith("Order: whether the face model still links the face (")
    assert answer_of(without, []).decides.startswith("Order: that of the program, nothing was measured")


def test_a_method_whose_name_begins_with_a_small_letter_keeps_it() -> None:
    tool = Arm("mri_deface", "", "background", "none")
    found = answer_of(rows_of(tool, [2.0] * PATIENTS), [auc(tool, 1.0, 0.9, 1.0)])
    assert found.sentence.startswith("mri_deface is still linked")

"""The published figures are judged by rule."""

from __future__ import annotations

import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.patient_table import Item, PatientValues
from deface_compare.cohort.summary import SummaryRow
from deface_compare.report.published import (
    AGREES,
    CANNOT_TEST,
    CONDITIONS,
    DISAGREES,
    Answer,
    Evidence,
    answers,
    claims,
    judge_claim,
    published_line,
)

ORAL = Item("", "CT", "intensity", "Cavity_Oral", "median", "%")


def evidence(**changed: object) -> Evidence:
    """Twelve patients whose oral cavity changes by -48.4 % under a zero-filled Biometric_mask; AUC 0.80 to 0.95 on CT."""
    arm = Arm("biometric_mask", "", "zero", "none")
    row = SummaryRow("c", *arm, "", "CT", "privacy", "", "auc_pooled", "", 12, 0, 0.87, 0.80, 0.95, "CI95")
    values = PatientValues({str(k): -48.4 + 0.1 * (k % 3 - 1) for k in range(12)})
    known: dict[str, object] = {
        "table": {ORAL: {arm: values}},
        "summary": [row],
        "auc_differences": {},
        "synthetic": False,
        "face_model_loss": "ArcFace (additive angular margin)",
        "seed": 1,
    }
    return Evidence(**{**known, **changed})  # type: ignore[arg-type]


def answer(claim_id: str, found: Evidence) -> Answer:
    (claim,) = [claim for claim in claims() if claim.id == claim_id]
    return judge_claim(claim, found)


def test_a_value_inside_the_interval_is_confirmed_and_one_outside_contradicted() -> None:
    assert answer("auc-biometric-brain-ct", evidence()).verdict == AGREES  # 0.88
    assert answer("hu-oral-biometric-brain", evidence()).verdict == AGREES  # -48.4 %
    narrow = SummaryRow(
        "c", "biometric_mask", "", "zero", "none", "", "CT", "privacy", "", "auc_pooled", "", 12, 0, 0.6, 0.5, 0.7
    )
    assert answer("auc-biometric-brain-ct", evidence(summary=[narrow])).verdict == DISAGREES


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"synthetic": True}, "synthetic"),
        ({"face_model_loss": "SFace"}, "no ArcFace model"),
        ({"summary": []}, "was not run"),
    ],
)
def test_what_cannot_be_tested_says_why(changed: dict[str, object], reason: str) -> None:
    found = answer("auc-biometric-brain-ct", evidence(**changed))
    assert found.verdict == CANNOT_TEST
    assert reason in found.reason


def test_an_order_is_confirmed_only_where_the_difference_is_clear() -> None:
    quick, box = Arm("quickshear", "", "zero", "none"), Arm("biometric_mask", "", "zero", "none")
    rows = [SummaryRow("c", *arm, "", "CT", "privacy", "", "auc_own", "", 12, 0, 0.6, 0.5, 0.7) for arm in (quick, box)]

    def verdict(low: float, high: float) -> str:
        differences = {("CT", quick, box): (low, high)}
        return answer("auc-order-quickshear-ct", evidence(summary=rows, auc_differences=differences)).verdict

    assert [verdict(-0.4, -0.1), verdict(-0.2, 0.1), verdict(0.1, 0.3)] == [AGREES, CANNOT_TEST, DISAGREES]


def test_percent_of_hu_is_compared_with_published_percent_for_zero_fill_only() -> None:
    arm = Arm("biometric_mask", "", "background", "none")
    row = SummaryRow("c", *arm, "", "CT", "privacy", "", "auc_pooled", "", 12, 0, 0.87, 0.80, 0.95)
    values = PatientValues({str(k): -48.4 for k in range(12)})
    found = answer("hu-oral-biometric-brain", evidence(summary=[row], table={ORAL: {arm: values}}))
    assert (found.verdict, found.reason) == (CANNOT_TEST, "percent of HU depends on the fill; run with --fill zero")


def test_the_real_tool_and_ours_each_stand_beside_the_published_figure() -> None:
    real, ours = Arm("quickshear_1.2.0", "", "zero", "none"), Arm("quickshear", "", "zero", "none")
    rows = [
        SummaryRow("c", *arm, "", "CT", "intensity", "Cavity_Oral", "median", "%", 9, 0, 1.0, 0.0, 2.0) for arm in (real, ours)
    ]
    table = {
        ORAL: {
            real: PatientValues({str(k): -77.7 for k in range(9)}),
            ours: PatientValues({str(k): -60.0 for k in range(9)}),
        }
    }
    found = [a for a in answers(evidence(summary=rows, table=table)) if a.claim.id == "hu-oral-quickshear-brain"]
    assert [(a.verdict, a.here.partition(" %")[0], a.here.rpartition("(")[2]) for a in found] == [
        (AGREES, "−77.7", "quickshear_1.2.0)"),
        (AGREES, "−60.0", "quickshear)"),
    ]


def test_a_style_never_stands_for_the_product_it_follows() -> None:
    arm = Arm("surface_blur", "", "background", "none")
    row = SummaryRow("c", *arm, "", "CT", "intensity", "Eye", "median", "%", 12, 0, 44.4, 40.0, 50.0)
    item = ORAL._replace(structure="Eye")
    found = answer("hu-eye-curatai-brain", evidence(summary=[row], table={item: {arm: PatientValues({"a": 44.4})}}))
    assert found.verdict == CANNOT_TEST
    assert "the product was not run" in found.reason


def test_every_claim_has_a_source_and_a_known_kind() -> None:
    listed = claims()
    assert len({claim.id for claim in listed}) == len(listed) > 20
    assert all(claim.source and claim.kind in ("value", "lower", "higher") for claim in listed)


def test_the_same_direction_agrees_and_the_other_disagrees() -> None:
    arm = Arm("biometric_mask", "", "zero", "none")

    def found(percent: float) -> Answer:
        values = PatientValues({str(k): percent + 0.1 * (k % 3) for k in range(12)})
        return answer("hu-oral-biometric-brain", evidence(table={ORAL: {arm: values}}))

    assert (found(-20.0).verdict, found(20.0).verdict) == (AGREES, DISAGREES)
    assert found(-20.0).reason.endswith("another size")


def test_a_slight_rise_of_dose_must_be_a_rise() -> None:
    arm = Arm("curatai", "", "background", "none")
    row = SummaryRow("c", *arm, "follow", "DOSE", "dose", "Eye", "Dmean", "Gy", 12, 0, 0.1, 0.0, 0.2)
    item = Item("follow", "DOSE", "dose", "Eye", "Dmean", "Gy")

    def verdict(change_gy: float) -> str:
        values = PatientValues({str(k): change_gy * (1 + 0.1 * (k % 3)) for k in range(12)})
        return answer("dose-eye-curatai", evidence(summary=[row], table={item: {arm: values}})).verdict

    assert [verdict(0.2), verdict(0.0), verdict(-0.2)] == [AGREES, DISAGREES, DISAGREES]


def test_every_answer_says_what_was_the_same() -> None:
    found = answer("auc-biometric-brain-ct", evidence())
    assert found.conditions == {"tool": "no", "network": "yes", "pairs": "no", "fill": "-", "data": "no"}
    zero = answer("hu-oral-biometric-brain", evidence())
    assert zero.conditions == {"tool": "no", "network": "-", "pairs": "-", "fill": "yes", "data": "no"}
    assert all(tuple(one.conditions) == CONDITIONS for one in answers(evidence()))
    assert {claim.source for claim in claims()} == {"the vendor's account of the study; paper not seen"}


@pytest.mark.parametrize(("n", "told"), [(1, "1 agrees in direction, 1 disagrees"), (2, "2 agree in direction, 2 disagree")])
def test_one_figure_agrees_and_two_agree(n: int, told: str) -> None:
    claim = claims()[0]
    found = [Answer(claim, "", verdict, "") for verdict in (AGREES, DISAGREES) for _ in range(n)]
    assert published_line(found) == told

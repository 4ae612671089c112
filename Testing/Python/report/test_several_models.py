"""Reports of several face models: each model's numbers under its own name, and whether the models agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm, arm_of
from deface_compare.cohort.patient_table import patient_table
from deface_compare.cohort.reidentification.records import NO_ARM
from deface_compare.cohort.summary import SummaryRow
from deface_compare.measurement import Scope
from deface_compare.report.model_table import engines_of, model_table
from deface_compare.report.sections import single_case_table

ARMS = [Arm(name, "", "background", "none") for name in ("quickshear", "surface_blur")]
NAMES = ArmNames(ARMS, {"quickshear": "Quickshear", "surface_blur": "Surface blur"})
BLANK = SummaryRow("cohort", *NO_ARM, "", "CT", "privacy", "", "", "", 30, 0)


def rows(second: tuple[float, float]) -> list[SummaryRow]:
    made = []
    for arm, first, other in zip(ARMS, (0.55, 0.7), second, strict=True):
        of_arm = replace(BLANK, method=arm.method, variant=arm.variant, fill=arm.fill, protect=arm.protect, interval="CI95")
        for metric in ("auc_headline", "auc_own"):
            if metric == "auc_headline":
                made.append(replace(of_arm, metric=metric, value=max(first, other), engine="First, Second"))
            made.append(replace(of_arm, metric=metric, value=first, engine="First"))
            made.append(replace(of_arm, metric=metric, value=other, engine="Second"))
    return made


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ((0.6, 0.8), "All models order the methods alike, from the least linked: Quickshear, Surface blur."),
        ((0.8, 0.6), "First: Quickshear, Surface blur; Second: Surface blur, Quickshear."),
    ],
)
def test_the_table_of_models_says_whether_they_agree(second: tuple[float, float], told: str) -> None:
    here = rows(second)
    assert engines_of(here) == ["First", "Second"]
    table = model_table(here, NAMES, "by face model", engines_of(here))
    assert table.note.endswith(told)
    texts = [[cell.text for cell in line] for line in table.rows]
    assert texts[0] == ["Quickshear", f"{max(0.55, second[0]):.2f}", "0.55", "0.55", f"{second[0]:.2f}", f"{second[0]:.2f}"]


def test_one_model_has_no_table_of_models() -> None:
    assert engines_of([replace(row, engine="") for row in rows((0.6, 0.8))]) == []


def test_a_single_case_shows_each_models_similarity_and_no_mean_of_two() -> None:
    scope = Scope("case-001", "quickshear", "", "background", "none")
    measured = [
        scope.row("cosine_similarity_own", defaced=0.3, image="CT", engine="First"),
        scope.row("cosine_similarity_own", defaced=0.9, image="CT", engine="Second"),
    ]
    names = ArmNames(ARMS[:1], {"quickshear": "Quickshear"})
    table = single_case_table(measured, names, "CT")
    shown = dict(zip(table.columns, (cell.text for cell in table.rows[0]), strict=True))
    assert (shown["Similarity, own landmarks (First)"], shown["Similarity, own landmarks (Second)"]) == ("0.30", "0.90")
    values = {item.engine: cells[arm_of(measured[0])].values for item, cells in patient_table(measured).items()}
    assert values == {"": {"case-001": 0.3}, "Second": {"case-001": 0.9}}

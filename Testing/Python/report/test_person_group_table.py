"""The table of people of one sex and age: shown where a group can be, silent where none can."""

from __future__ import annotations

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.person_group_rows import NOT_SHOWN
from deface_compare.cohort.summary import SummaryRow
from deface_compare.report.person_group_table import COLUMNS, person_group_table

BLUR = Arm("surface_blur", "", "background", "none")


def row(metric: str, n: int, value: float = float("nan")) -> SummaryRow:
    note = "" if n else NOT_SHOWN
    return SummaryRow("c", *BLUR, "", "CT", "privacy", "", metric, "", n, 0, value, value - 0.1, value + 0.1, "CI95", note=note)


def test_columns_of_which_nothing_may_be_told_are_left_out() -> None:
    names = ArmNames([BLUR], {"surface_blur": "Surface blur"})
    rows = [row("auc_same_sex", 20, 0.61), row("auc_female", 12, 0.6), row("auc_male", 8, 0.7), row("auc_under_18", 0)]
    table = person_group_table(rows, names, "People")
    assert table is not None
    assert table.columns == ("Method", COLUMNS["auc_same_sex"], COLUMNS["auc_female"], COLUMNS["auc_male"])
    cells = table.rows[0]
    assert (cells[1].text, cells[2].text) == ("0.61", "0.60")
    assert cells[1].small.endswith("20")
    assert "Methods rank by the AUC against everybody" in table.note


def test_where_no_group_may_be_told_there_is_no_table() -> None:
    assert person_group_table([row(metric, 0) for metric in COLUMNS], ArmNames([BLUR], {}), "People") is None
    assert person_group_table([], ArmNames([BLUR], {}), "People") is None

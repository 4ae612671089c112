"""Re-identification among people of one sex and similar age, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from ..cohort.arm_names import ArmNames
from ..cohort.reidentification.person_group_rows import RANK1_SAME_SEX_AGE, SAME_SEX, SAME_SEX_AGE
from ..cohort.reidentification.person_groups import ADULTS, CHILDREN, ELDERLY, FEWEST_IN_GROUP, MEN, WOMEN
from ..cohort.summary import SummaryRow, find
from .tables import ReportTable, arm_table, auc_cell, by_arm, value_cell

COLUMNS = {
    SAME_SEX: "AUC, same sex",
    SAME_SEX_AGE: "AUC, same sex and age",
    RANK1_SAME_SEX_AGE: "Rank 1, same sex and age (%)",
    WOMEN: "AUC, women",
    MEN: "AUC, men",
    CHILDREN: "AUC, under 18",
    ADULTS: "AUC, 18 to 64",
    ELDERLY: "AUC, 65 and over",
}
NOTE = (
    "Headers keep sex and age. Here each scan is compared only with people of the same sex, or of the same sex and similar age: "
    "what the face tells beyond the header. The AUC is lower than against everybody; the attacker is no weaker, since there are "
    "fewer people to choose from (rank 1). Methods rank by the AUC against everybody. Groups of fewer than "
    f"{FEWEST_IN_GROUP} people are not shown, nor what would tell of them by subtraction."
)


def person_group_table(here: Sequence[SummaryRow], names: ArmNames, title: str) -> ReportTable | None:
    """The rows of one image; None where no group of people can be shown."""
    found = {metric: find(here, metric=metric) for metric in COLUMNS}
    columns = {
        COLUMNS[metric]: by_arm(value_cell if metric == RANK1_SAME_SEX_AGE else auc_cell, rows)
        for metric, rows in found.items()
        if any(row.n for row in rows)
    }
    return arm_table(title, names, names.arms, columns, note=NOTE) if columns else None

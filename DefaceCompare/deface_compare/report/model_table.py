"""What each of several face models says of each method, and whether they order the methods alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..cohort.arm_names import ArmNames
from ..cohort.reidentification.columns import OWN
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.summary import SummaryRow, find, first_of_each_arm, is_of_one_arm
from .tables import ReportTable, arm_table, auc_cell, by_arm

SCALES = "Cosines of two models lie on scales of their own: only AUCs can be compared."


def engines_of(here: Sequence[SummaryRow]) -> list[str]:
    """The face models of one image's rows, the main one first; empty where there is only one."""
    return list(dict.fromkeys(row.engine for row in here if row.metric == OWN and row.engine))


def model_table(here: Sequence[SummaryRow], names: ArmNames, title: str, models: Sequence[str]) -> ReportTable:
    """The strongest attack of all models, then each model's own, and its AUC by own landmarks.

    Parameters
    ----------
    here : sequence of SummaryRow
        The privacy rows of one image.
    models : sequence of str
        As `engines_of` tells them.
    """
    headline = [row for row in find(here, metric=HEADLINE) if is_of_one_arm(row)]
    together = [row for row in headline if row.engine not in models]
    columns = {"Strongest of all": by_arm(auc_cell, together)} if together else {}
    for model in models:
        columns[f"{model}: strongest attack"] = by_arm(auc_cell, find(headline, engine=model))
        columns[f"{model}: own landmarks"] = by_arm(auc_cell, find(here, metric=OWN, engine=model))
    orders = [_order(find(headline, engine=model), names) for model in models]
    return arm_table(title, names, names.arms, columns, note=f"{SCALES} {_order_told(models, orders)}")


def _order(rows: Sequence[SummaryRow], names: ArmNames) -> tuple[str, ...]:
    """The methods from the least to the most linked one."""
    known = {arm: row.value for arm, row in first_of_each_arm(rows).items() if not math.isnan(row.value)}
    return tuple(names.title(arm) for arm in sorted(known, key=lambda arm: known[arm]))


def _order_told(models: Sequence[str], orders: Sequence[tuple[str, ...]]) -> str:
    if not all(orders) or len(orders[0]) < 2:
        return ""
    if len(set(orders)) == 1:
        return f"All models order the methods alike, from the least linked: {', '.join(orders[0])}."
    told = "; ".join(f"{model}: {', '.join(order)}" for model, order in zip(models, orders, strict=True))
    return f"The models order the methods differently (least linked first; intervals may overlap): {told}."

"""What an AUC with its interval says in a word: linked, not linked, or unclear."""

from __future__ import annotations

import math

from ..summary import SummaryRow
from .auc import FEW_PERSONS

LINKED, NOT_LINKED, UNCLEAR, UNKNOWN = "linked", "not linked", "unclear", "not known"
LINK_MARGIN_AUC = 0.60
"""An attack whose AUC lies below this, upper 95 % limit included, links nobody worth the name (docs/design.md#link-margin)."""


def linkage(row: SummaryRow | None) -> str:
    """Whether the strongest attack links defaced faces to their owners.

    Not linked: the upper 95 % limit lies below `LINK_MARGIN_AUC`, with `FEW_PERSONS` scans or more. Linked: the lower limit lies
    above it. All else is unclear. The lower limit is not asked to lie above 0.5 only: the highest of several attempts that all
    guess lies at 0.58 with 20 persons, its lower limit at 0.60 or less in 59 of 60 cohorts.

    Parameters
    ----------
    row : SummaryRow or None
        An AUC with its interval.
    """
    if row is None or math.isnan(row.value) or math.isnan(row.high):
        return UNKNOWN
    if row.high < LINK_MARGIN_AUC and row.n >= FEW_PERSONS:
        return NOT_LINKED
    return LINKED if row.low > LINK_MARGIN_AUC else UNCLEAR

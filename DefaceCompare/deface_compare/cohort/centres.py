"""Centres that share tables only: their AUCs taken together, each centre's gallery its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from .arms import Arm, arm_key
from .reidentification.person_group_rows import METRICS as PERSON_GROUPS
from .reidentification.summary import HEADLINE, PrivacySummary
from .summary import CI95, MINUS, SummaryRow

POOLED = (
    *("auc_own", "auc_reference", "auc_reconstructed", "auc_border", HEADLINE),
    *(metric for metric in PERSON_GROUPS if metric.startswith("auc_")),
)
"""Metrics that can be taken together; ranks depend on the size of the gallery and stay with their centre."""
NORMAL_95 = 1.959964
"""Half the width of a 95 % interval in standard errors (normal distribution)."""


def pool_centres(
    centres: Sequence[Sequence[SummaryRow]], arms: Sequence[Arm], cohort: str, *, alone: bool = False
) -> PrivacySummary:
    """Mean of the centres' AUCs and of their paired differences, weighted by scans.

    The centres are independent: squared standard errors, taken from the centres' 95 % intervals, add with squared weights
    (fixed-effect pooling, Borenstein et al., Introduction to Meta-Analysis, 2009, with weights n instead of inverse variances,
    since an AUC near 1 has a variance near 0).

    Parameters
    ----------
    centres : sequence of sequence of SummaryRow
        The privacy rows of each centre.
    arms : sequence of Arm
        All arms of the pooled cohort.
    alone : bool
        There is one centre: its rows stay as they are.
    """
    if alone:
        rows = tuple(row for centre in centres for row in centre)
        return PrivacySummary(rows, _differences(rows, arms))
    found: dict[tuple[str, ...], list[SummaryRow]] = {}
    for centre in centres:
        firsts: dict[tuple[str, ...], SummaryRow] = {}
        for row in centre:  # the first row of several is the one that ranks
            if row.metric in POOLED:
                firsts.setdefault((row.metric, row.image, row.method, row.variant, row.fill, row.protect), row)
        for key, row in firsts.items():
            found.setdefault(key, []).append(row)
    rows = tuple(_together(members, len(centres), cohort) for members in found.values())
    return PrivacySummary(rows, _differences(rows, arms))


def _together(members: Sequence[SummaryRow], centres: int, cohort: str) -> SummaryRow:
    """One row of several centres' rows."""
    scored = [row for row in members if not math.isnan(row.value)]
    blank = replace(members[0], cohort=cohort, n=sum(row.n for row in scored), failed=sum(row.failed for row in members))
    if not scored:
        return replace(blank, value=math.nan, low=math.nan, high=math.nan, note="no centre could give it")
    weights = [row.n / blank.n for row in scored]
    value = sum(weight * row.value for weight, row in zip(weights, scored, strict=True))
    errors = [weight * (row.high - row.low) / (2 * NORMAL_95) for weight, row in zip(weights, scored, strict=True)]
    half = NORMAL_95 * math.hypot(*errors)
    least, most = (-1.0, 1.0) if MINUS in blank.method else (0.0, 1.0)
    note = f"mean of {len(scored)} of {centres} centres, weighted by scans; each gallery is its own centre's"
    return replace(blank, value=value, low=max(least, value - half), high=min(most, value + half), interval=CI95, note=note)


def _differences(rows: Sequence[SummaryRow], arms: Sequence[Arm]) -> dict[tuple[str, Arm, Arm], tuple[float, float]]:
    """The intervals of the rows that compare two arms, in both orders."""
    by_key = {arm_key(arm, arms): arm for arm in arms}
    found = {}
    for row in rows:
        first, minus, second = row.method.partition(MINUS)
        if minus and row.metric == HEADLINE and first in by_key and second in by_key and not math.isnan(row.low):
            found[row.image, by_key[first], by_key[second]] = (row.low, row.high)
            found[row.image, by_key[second], by_key[first]] = (-row.high, -row.low)
    return found

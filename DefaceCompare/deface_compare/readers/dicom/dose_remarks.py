"""What must be said of the doses that were chosen: the plans behind them, and the doses that were left out."""

from __future__ import annotations

from collections.abc import Sequence

from .header import Header
from .plan_relations import no_treatment
from .prescription import plan_uids

UNAPPROVED = ("UNAPPROVED", "REJECTED")
"""ApprovalStatus of plans that nobody is to be treated by."""


def doubtful_plans(chosen: Sequence[Header], plans: Sequence[Header]) -> str:
    """That plans behind a dose are not approved, or for no treatment; ``""`` if nothing speaks against them."""
    wanted = {uid for header in chosen for uid in plan_uids(header)}
    behind = [plan for plan in plans if plan.text("SOPInstanceUID") in wanted]
    status = [plan.text("ApprovalStatus") for plan in behind]
    words = [(word if word in UNAPPROVED else "", no_treatment(plan)) for word, plan in zip(status, behind, strict=True)]
    doubts = [" and ".join(filter(None, pair)) for pair in words if any(pair)]
    if not doubts:
        return ""
    if len(behind) == 1:
        return f"the dose's plan is {doubts[0]}"
    which = f"{len(doubts)} {'are' if len(doubts) > 1 else 'is'} {', '.join(sorted(set(doubts)))}"
    return f"of the {len(behind)} plans behind the dose {which}"


def left_beside(chosen: Sequence[Header], doses: Sequence[Header]) -> str:
    """That doses of another unit, or of another kind and another plan, were not used; parts of the plan itself are no loss."""
    unit, kind = (chosen[0].text(keyword).upper() for keyword in ("DoseUnits", "DoseSummationType"))
    plans = {uid for header in chosen for uid in plan_uids(header)}
    others = [header for header in doses if not any(header is one for one in chosen)]
    units = [header.text("DoseUnits").upper() or "no unit" for header in others if header.text("DoseUnits").upper() != unit]
    parts = [
        header.text("DoseSummationType").upper() or "kind not stated"
        for header in others
        if header.text("DoseUnits").upper() == unit
        and header.text("DoseSummationType").upper() != kind
        and not (plans and plans & set(plan_uids(header)))
    ]
    return "; ".join(filter(None, [_told(units, "in another unit"), _told(parts, "of another plan")]))


def _told(words: Sequence[str], what: str) -> str:
    if not words:
        return ""
    doses = f"{len(words)} doses {what} were" if len(words) > 1 else f"1 dose {what} was"
    return f"{doses} not used ({', '.join(sorted(set(words)))}); choose with --dose if needed"

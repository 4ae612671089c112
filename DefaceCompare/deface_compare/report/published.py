"""The published figures beside this cohort's, and what this cohort says to each: by rule, never by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..cohort.arms import Arm, arm_of
from ..cohort.median_interval import median_interval
from ..cohort.patient_table import Table
from ..cohort.summary import SummaryRow, is_of_one_arm
from ..cohort.tradeoff import DOSE_POLICY
from ..data import data_text
from ..settings import DEFAULT_METHODS, FOLLOW
from ..words import auc_words, interval, number

AGREES, DISAGREES, CANNOT_TEST = "agrees in direction", "disagrees", "cannot be tested here"
FEWEST_PATIENTS = 5
"""Below this many patients a published figure is not judged."""
SUCCESS = "success_rate"
RISE_POLICY = FOLLOW
"""Dose can only rise where it is treated as the image is."""
PUBLISHED_LOSS = "ArcFace"
"""Kind of the face recognition model of the published AUCs."""


CONDITIONS = ("tool", "network", "pairs", "fill", "data")
"""What may be the same as in the published comparison."""
COMMENT = "#"
"""Begins the first line of the table: whose account it is."""
CHANCE_AUC = 0.5


@dataclass(frozen=True)
class Claim:
    """One line of ``data/published_figures.csv``."""

    id: str
    claim: str
    cohort: str
    published_method: str
    methods: str
    style_methods: str
    modality: str
    metric: str
    structure: str
    unit: str
    kind: str
    value: str
    fill: str
    against: str
    source: str


@dataclass(frozen=True)
class Answer:
    """What this cohort says to one claim, and how like the published comparison it was made."""

    claim: Claim
    here: str
    verdict: str
    reason: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """``yes``, ``no`` or ``-`` (does not apply) for each of `CONDITIONS`; what the account does not tell counts as no."""


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Parameters
    ----------
    auc_differences : mapping of (image, first arm, second arm) to (low, high)
        95 % intervals of the paired difference of `auc_headline`, first minus second.
    """

    table: Table
    summary: Sequence[SummaryRow]
    auc_differences: Mapping[tuple[str, Arm, Arm], tuple[float, float]]
    synthetic: bool
    face_model_loss: str
    seed: int

    @cached_property
    def arms(self) -> frozenset[Arm]:
        """The arms of this cohort (looked for once: each claim asks several times)."""
        return frozenset(arm_of(row) for row in self.summary if is_of_one_arm(row))


def modality_of(image: str) -> str:
    """``CT``, ``MR`` or ``PET`` of an image key (``MR_T1`` -> ``MR``)."""
    return image.partition("_")[0]


def claims() -> list[Claim]:
    """All published figures, in file order."""
    text = data_text("published_figures.csv")
    return [Claim(**row) for row in csv.DictReader(line for line in text.splitlines() if not line.startswith(COMMENT))]


def answers(evidence: Evidence) -> list[Answer]:
    """Judge every published figure; where the real tool and ours both ran, each gives an answer of its own."""
    return [answer for claim in claims() for answer in _answers(claim, evidence)]


def _answers(claim: Claim, evidence: Evidence) -> list[Answer]:
    ran = [key for key in claim.methods.split() if _arm(key, claim, evidence) is not None]
    if len(ran) < 2:
        return [judge_claim(claim, evidence)]
    found = [judge_claim(replace(claim, methods=key), evidence) for key in ran]
    return [replace(one, here=f"{one.here or 'no number'} ({key})") for one, key in zip(found, ran, strict=True)]


def judge_claim(claim: Claim, evidence: Evidence) -> Answer:
    """Agrees in direction, disagrees or cannot be tested here, with the reason.

    A value agrees if it lies within this cohort's 95 % interval, or if that interval lies on the value's side of no change (of
    0.5 for an AUC); an order if the interval of the paired difference lies on the claimed side of 0. Synthetic cohorts, other
    face models (for values of an AUC), products that were not run and fewer than five patients cannot test anything.
    """
    judge = (
        _order
        if claim.kind == "lower"
        else _auc_value
        if claim.metric.startswith("auc")
        else _rate_value
        if claim.metric == SUCCESS
        else _median_value
    )
    arm = _arm(claim.methods, claim, evidence)
    style = _arm(claim.style_methods, claim, evidence) if arm is None else None
    shown = arm or style
    if shown is None:
        return Answer(claim, "", CANNOT_TEST, f"{claim.published_method} was not run", dict.fromkeys(CONDITIONS, "no"))
    here, verdict, reason = judge(claim, shown, evidence)
    if style is not None and here:
        here = f"{here} ({style.method})"
    if evidence.synthetic:
        verdict, reason = CANNOT_TEST, "synthetic patients are no evidence"
    elif style is not None:
        verdict, reason = CANNOT_TEST, f"the product was not run; the number is of {style.method}, which follows its style"
    return Answer(claim, here, verdict, reason, _conditions(claim, shown, evidence))


def _conditions(claim: Claim, arm: Arm, evidence: Evidence) -> dict[str, str]:
    """Which of the published conditions hold here. The patients are never the same, and how pairs were made is not told."""
    auc = claim.metric.startswith("auc")
    percent_of_hu = claim.metric == "median"
    return {
        "tool": "no" if arm.method in DEFAULT_METHODS else "yes",
        "network": _yes(evidence.face_model_loss.startswith(PUBLISHED_LOSS)) if auc else "-",
        "pairs": "no" if auc else "-",
        "fill": _yes(bool(claim.fill) and arm.fill == claim.fill) if percent_of_hu else "-",
        "data": "no",
    }


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _arm(keys: str, claim: Claim, evidence: Evidence) -> Arm | None:
    """The first arm of this cohort that the claim speaks of, preferring the claim's own fill."""
    arms = sorted(evidence.arms, key=lambda a: (a.fill != claim.fill, a))
    return next((arm for key in keys.split() for arm in arms if arm.method == key), None)


def _images(claim: Claim, evidence: Evidence) -> list[str]:
    images = dict.fromkeys(row.image for row in evidence.summary)
    return [image for image in images if not claim.modality or modality_of(image) == claim.modality]


def _rate_value(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    rows = [row for row in evidence.summary if row.metric == claim.metric and arm_of(row) == arm]
    for row in rows:
        if row.image in _images(claim, evidence) and not math.isnan(row.value):
            here = f"{number(row.value, '%')} %, {row.image}, n {row.n}"
            if row.n < FEWEST_PATIENTS:
                return here, CANNOT_TEST, f"fewer than {FEWEST_PATIENTS} patients"
            return here, *_within(claim.value, row.low, row.high)
    return "", CANNOT_TEST, f"no success rate on {claim.modality} here"


def _auc_value(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    row = _auc_row(claim, arm, evidence)
    if row is None:
        return "", CANNOT_TEST, f"no AUC on {claim.modality} here"
    here = f"{auc_words(row.value, row.low, row.high)}, {row.image}, n {row.n}"
    if not evidence.face_model_loss.startswith(PUBLISHED_LOSS):
        return here, CANNOT_TEST, f"no {PUBLISHED_LOSS} model here"
    return here, *_within(claim.value, row.low, row.high, CHANCE_AUC)


def _auc_row(claim: Claim, arm: Arm, evidence: Evidence) -> SummaryRow | None:
    rows = [row for row in evidence.summary if row.metric == claim.metric and arm_of(row) == arm]
    return next((row for row in rows if row.image in _images(claim, evidence) and not math.isnan(row.value)), None)


def _order(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    for (image, first, second), (low, high) in evidence.auc_differences.items():
        if first == arm and second.method == claim.against and image in _images(claim, evidence):
            here = f"difference {interval(low, high, signed=True)}, {image}"
            if high < 0:
                return here, AGREES, ""
            if low > 0:
                return here, DISAGREES, ""
            return here, CANNOT_TEST, "not distinguishable here"
    return "", CANNOT_TEST, f"no AUC of both methods on {claim.modality} here"


def _median_value(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    policy = RISE_POLICY if claim.kind == "higher" else DOSE_POLICY
    for item, arms in evidence.table.items():
        wanted = (item.metric, item.structure, item.unit) == (claim.metric, claim.structure, claim.unit)
        if not wanted or arm not in arms or item.dose_policy not in ("", policy):
            continue
        if claim.modality and modality_of(item.image) != claim.modality:
            continue
        values = np.array(list(arms[arm].values.values()))
        if not values.size:
            continue
        if claim.fill and arm.fill != claim.fill:
            return "", CANNOT_TEST, f"percent of HU depends on the fill; run with --fill {claim.fill}"
        told = f", dose policy {item.dose_policy}" if item.dose_policy else ""
        here = f"{number(float(np.median(values)), claim.unit, signed=True)} {claim.unit}, n {values.size}{told}"
        if values.size < FEWEST_PATIENTS:
            return here, CANNOT_TEST, f"fewer than {FEWEST_PATIENTS} patients"
        low, high = median_interval(values, evidence.seed)
        if claim.kind == "higher":
            verdict = AGREES if low > 0 else DISAGREES if high <= 0 else CANNOT_TEST
            return here, verdict, f"95 % interval here {interval(low, high, signed=True)}"
        return here, *_within(claim.value, low, high, 0.0)
    return "", CANNOT_TEST, f"no {claim.metric} of {claim.structure} here"


def _within(published: str, low: float, high: float, nothing: float | None = None) -> tuple[str, str]:
    """Whether the published figure, give or take half of its last digit, lies in the interval, or on the interval's side.

    Parameters
    ----------
    nothing : float, optional
        The value that means no effect; None if the figure has no direction (a rate).
    """
    rounding = 0.5 * 10.0 ** -len(published.partition(".")[2])
    spread = f"95 % interval here [{low:.3g}, {high:.3g}]".replace("-", "−")
    if low - rounding <= float(published) <= high + rounding:
        return AGREES, spread
    away = 0.0 if nothing is None else float(published) - nothing
    same_side = (away > 0 and low > (nothing or 0.0)) or (away < 0 and high < (nothing or 0.0))
    return (AGREES, f"{spread}: another size") if same_side else (DISAGREES, spread)


PLURALS = {AGREES: AGREES.replace("agrees", "agree"), DISAGREES: DISAGREES.replace("disagrees", "disagree")}
"""What more than one published figure does."""


def published_line(found: Sequence[Answer]) -> str:
    """How many figures agree, disagree or cannot be tested; the reason where none can."""
    counts = {verdict: sum(each.verdict == verdict for each in found) for verdict in dict.fromkeys(e.verdict for e in found)}
    told = ", ".join(f"{count} {verdict if count == 1 else PLURALS.get(verdict, verdict)}" for verdict, count in counts.items())
    reasons = {each.reason for each in found}
    return f"{told}: {reasons.pop()}" if set(counts) == {CANNOT_TEST} and len(reasons) == 1 else told

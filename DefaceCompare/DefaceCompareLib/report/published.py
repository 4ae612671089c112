"""The published figures beside this cohort's, and what this cohort says to each: by rule, never by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from ..patient_table import Arm, Table, arm_of
from ..summary import SummaryRow, is_of_one_arm
from ..tradeoff import DOSE_POLICY
from ..verdict import median_interval
from .words import auc_words, interval, number

CONFIRMS, CONTRADICTS, CANNOT_TEST = "confirms", "contradicts", "cannot test"
FEWEST_PATIENTS = 5
"""Below this many patients a published figure is not judged."""
PUBLISHED_LOSS = "ArcFace"
"""Kind of the face recognition model of the published AUCs."""


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
    """What this cohort says to one claim."""

    claim: Claim
    here: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Parameters
    ----------
    auc_differences : mapping of (image, first arm, second arm) to (low, high)
        95 % intervals of the paired difference of `auc_own`, first minus second.
    """

    table: Table
    summary: Sequence[SummaryRow]
    auc_differences: Mapping[tuple[str, Arm, Arm], tuple[float, float]]
    synthetic: bool
    face_model_loss: str
    seed: int


def modality_of(image: str) -> str:
    """``CT``, ``MR`` or ``PET`` of an image key (``MR_T1`` -> ``MR``)."""
    return image.partition("_")[0]


def claims() -> list[Claim]:
    """All published figures, in file order."""
    text = files("DefaceCompareLib").joinpath("data/published_figures.csv").read_text(encoding="utf-8")
    return [Claim(**row) for row in csv.DictReader(text.splitlines())]


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
    """Confirms, contradicts or cannot test, with the reason.

    A value is confirmed if it lies within this cohort's 95 % interval, an order if the interval of the paired difference
    lies on the claimed side of 0. Synthetic cohorts, other face models (for values of an AUC), products that were not run
    and fewer than five patients cannot test anything.
    """
    judge = _order if claim.kind == "lower" else _auc_value if claim.metric.startswith("auc") else _median_value
    arm = _arm(claim.methods, claim, evidence)
    style = _arm(claim.style_methods, claim, evidence) if arm is None else None
    shown = arm or style
    if shown is None:
        return Answer(claim, "", CANNOT_TEST, f"{claim.published_method} was not run")
    here, verdict, reason = judge(claim, shown, evidence)
    if style is not None and here:
        here = f"{here} ({style.method})"
    if evidence.synthetic:
        verdict, reason = CANNOT_TEST, "synthetic patients are no evidence"
    elif style is not None:
        verdict, reason = CANNOT_TEST, f"the product was not run; the number is of {style.method}, which follows its style"
    return Answer(claim, here, verdict, reason)


def _arm(keys: str, claim: Claim, evidence: Evidence) -> Arm | None:
    """The first arm of this cohort that the claim speaks of, preferring the claim's own fill."""
    arms = sorted({arm_of(row) for row in evidence.summary if is_of_one_arm(row)}, key=lambda a: (a.fill != claim.fill, a))
    return next((arm for key in keys.split() for arm in arms if arm.method == key), None)


def _images(claim: Claim, evidence: Evidence) -> list[str]:
    images = dict.fromkeys(row.image for row in evidence.summary)
    return [image for image in images if not claim.modality or modality_of(image) == claim.modality]


def _auc_value(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    row = _auc_row(claim, arm, evidence)
    if row is None:
        return "", CANNOT_TEST, f"no AUC on {claim.modality} here"
    here = f"{auc_words(row.value, row.low, row.high)}, {row.image}, n {row.n}"
    if not evidence.face_model_loss.startswith(PUBLISHED_LOSS):
        return here, CANNOT_TEST, f"no {PUBLISHED_LOSS} model here"
    return here, *_within(claim.value, row.low, row.high)


def _auc_row(claim: Claim, arm: Arm, evidence: Evidence) -> SummaryRow | None:
    rows = [row for row in evidence.summary if row.metric == claim.metric and arm_of(row) == arm]
    return next((row for row in rows if row.image in _images(claim, evidence) and not math.isnan(row.value)), None)


def _order(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    for (image, first, second), (low, high) in evidence.auc_differences.items():
        if first == arm and second.method == claim.against and image in _images(claim, evidence):
            here = f"difference {interval(low, high, signed=True)}, {image}"
            if high < 0:
                return here, CONFIRMS, ""
            if low > 0:
                return here, CONTRADICTS, ""
            return here, CANNOT_TEST, "not distinguishable here"
    return "", CANNOT_TEST, f"no AUC of both methods on {claim.modality} here"


def _median_value(claim: Claim, arm: Arm, evidence: Evidence) -> tuple[str, str, str]:
    for item, arms in evidence.table.items():
        wanted = (item.metric, item.structure, item.unit) == (claim.metric, claim.structure, claim.unit)
        if not wanted or arm not in arms or item.dose_policy not in ("", DOSE_POLICY):
            continue
        if claim.modality and modality_of(item.image) != claim.modality:
            continue
        values = np.array(list(arms[arm].values.values()))
        if not values.size:
            continue
        if claim.fill and arm.fill != claim.fill:
            return "", CANNOT_TEST, f"percent of HU depends on the fill; run with --fill {claim.fill}"
        policy = f", dose policy {item.dose_policy}" if item.dose_policy else ""
        here = f"{number(float(np.median(values)), claim.unit, signed=True)} {claim.unit}, n {values.size}{policy}"
        if values.size < FEWEST_PATIENTS:
            return here, CANNOT_TEST, f"fewer than {FEWEST_PATIENTS} patients"
        return here, *_within(claim.value, *median_interval(values, evidence.seed))
    return "", CANNOT_TEST, f"no {claim.metric} of {claim.structure} here"


def _within(published: str, low: float, high: float) -> tuple[str, str]:
    """Whether the published figure, give or take half of its last digit, lies in the interval."""
    rounding = 0.5 * 10.0 ** -len(published.partition(".")[2])
    spread = f"95 % interval here [{low:.3g}, {high:.3g}]".replace("-", "−")
    inside = low - rounding <= float(published) <= high + rounding
    return (CONFIRMS if inside else CONTRADICTS), spread

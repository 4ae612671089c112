"""The cohort's figures of the study on real patients, as lines of tables: nothing of a single patient but the worst change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from deface_compare.anatomy.face_features import FEATURES
from deface_compare.case import DOSE_IMAGE
from deface_compare.cohort.patient_table import Table
from deface_compare.cohort.summary import SummaryRow, find
from deface_compare.report.published import claims
from deface_compare.settings import DEFAULT_METHODS, KEEP, Tolerances

IMAGE = "CT"
ANSWERS = ("success_rate", "done_as_intended", "detection_rate", "data_whole")
AUCS = (
    "auc_headline",
    "auc_own",
    "auc_per_pair",
    "auc_low_score",
    "auc_mean_landmarks",
    "auc_reconstructed",
    "auc_border",
    "auc_reference",
    "auc_pooled",
)
CONTROLS = ("control_rerendered_auc", "control_faceless_auc", "control_planted_auc")
STRUCTURES = ("Bone_Mandible", "Parotid", "Brainstem", "SpinalCord", "Larynx", "Esophagus", "PTV")
CHANGES = (
    ("intact_volume", "%", ""),
    ("median", "HU", ""),
    ("Dmean", "Gy", "mask"),
    ("Dmean", "Gy", "follow"),
    ("D95%", "Gy", "mask"),
    ("D95%", "Gy", "follow"),
)
"""Metric, unit and dose policy of the changes; under the policy keep the grid is untouched and every change 0."""
VOLUMES_ONLY = ("PTV",)
"""A target's HU are of no interest."""
COHORT, EVERYBODY = "97 head-and-neck", "185 patients"
"""How the published cohorts begin that these patients may stand beside."""


def answer_lines(summary: Sequence[SummaryRow]) -> Iterator[str]:
    """Did what it means to do, face still seen, data whole, success: k/n."""
    yield from _head("answer")
    for metric in ANSWERS:
        cells = []
        for method in DEFAULT_METHODS:
            found = find(summary, metric=metric, image=IMAGE, method=method)
            cells.append(f"{round(found[0].value * found[0].n / 100)}/{found[0].n}" if found and found[0].n else "–")
        yield _line(metric, cells)


def feature_lines(summary: Sequence[SummaryRow]) -> Iterator[str]:
    """Share of each feature's skin that is left where it was: median over patients, %."""
    yield from _head("left of the face, %")
    for feature in FEATURES:
        cells = []
        for method in DEFAULT_METHODS:
            found = find(summary, metric="feature_moved", structure=feature, image=IMAGE, method=method)
            told = found and found[0].n
            cells.append(
                f"{100 - found[0].value:.0f} [{100 - found[0].high:.0f}, {100 - found[0].low:.0f}] (n {found[0].n})"
                if told
                else "–"
            )
        yield _line(feature, cells)


def auc_lines(summary: Sequence[SummaryRow]) -> Iterator[str]:
    """AUCs with 95 % intervals, and the controls of the cohort."""
    yield from _head("AUC")
    for metric in AUCS:
        yield _line(metric, [_value(find(summary, metric=metric, image=IMAGE, method=method)) for method in DEFAULT_METHODS])
    for metric in CONTROLS:
        yield f"{metric}: " + "; ".join(
            f"{row.value:.3f} {row.method}".strip() for row in find(summary, metric=metric, image=IMAGE)
        )


def change_lines(table: Table) -> Iterator[str]:
    """Median [quartiles], the worst patient and who is beyond the tolerance, a structure and a metric a line."""
    yield from _head("change: median [quartiles]; worst; beyond tolerance")
    tolerances = Tolerances()
    limits = {"%": tolerances.volume_percent, "HU": tolerances.intensity_hu, "Gy": tolerances.dose_gy}
    for structure in STRUCTURES:
        for metric, unit, policy in CHANGES:
            if metric == "median" and structure in VOLUMES_ONLY:
                continue
            wanted = {"metric": metric, "unit": unit, "dose_policy": policy, "structure": structure}
            image = DOSE_IMAGE if policy else IMAGE
            arms = next((arms for item, arms in table.items() if item.image == image and _is(item, wanted)), {})
            values = {arm.method: np.array(list(patients.values.values())) for arm, patients in arms.items()}
            cells = [_changes(values.get(method, np.array([])), limits[unit]) for method in DEFAULT_METHODS]
            yield _line(" ".join(filter(None, (structure, metric, policy and f"({policy})", unit))), cells)


def published_lines(summary: Sequence[SummaryRow]) -> Iterator[str]:
    """The published figures of head-and-neck patients, and the number of the method of that style here."""
    yield "| published, of the real tool | here, of ours |"
    yield "|---|---|"
    for claim in claims():
        style = (claim.methods + " " + claim.style_methods).split()
        if not claim.cohort.startswith((COHORT, EVERYBODY)) or claim.modality not in ("", IMAGE) or claim.kind != "value":
            continue
        for method in (method for method in style if method in DEFAULT_METHODS):
            found = [
                row
                for row in find(summary, metric=claim.metric, structure=claim.structure, method=method)
                if row.unit == claim.unit and row.image in (IMAGE, DOSE_IMAGE) and row.dose_policy != KEEP
            ]
            yield f"| {claim.claim} ({claim.cohort}; {claim.published_method}) | {method}: {_value(found)} |"


def _head(first: str) -> list[str]:
    return [f"| {first} | " + " | ".join(DEFAULT_METHODS) + " |", "|---|" + "---|" * len(DEFAULT_METHODS)]


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _is(item: object, wanted: dict[str, str]) -> bool:
    return all(getattr(item, name) == value for name, value in wanted.items())


def _value(rows: Sequence[SummaryRow]) -> str:
    if not rows or math.isnan(rows[0].value):
        return "not measured"
    row = rows[0]
    spread = "" if math.isnan(row.low) else f" [{row.low:.2f}, {row.high:.2f}]"
    return f"{row.value:.2f}{spread} {row.unit} (n {row.n})".replace("  ", " ")


def _changes(values: np.ndarray, limit: float) -> str:
    if not len(values):
        return "–"
    low, middle, high = np.percentile(values, [25, 50, 75])
    worst = values[np.argmax(np.abs(values))]
    beyond = int(np.sum(np.abs(values) > limit))
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]; {worst:.1f}; {beyond}/{len(values)}"

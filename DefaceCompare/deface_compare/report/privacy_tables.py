"""Tables about re-identification: columns A, B and C, controls, whole packages, other scans of the same patients."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..case import BODY_IMAGE, CT, DOSE_IMAGE
from ..cohort.arm_names import ArmNames
from ..cohort.reidentification.any_file import ANY_FILE
from ..cohort.reidentification.gallery_size import GALLERY_SIZES
from ..cohort.reidentification.inner_anatomy import METRICS as INNER_METRICS
from ..cohort.reidentification.records import NO_ARM
from ..cohort.reidentification.second_scans import ARROW
from ..cohort.reidentification.second_scans import METRICS as SECOND_SCANS
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.summary import MINUS, SummaryRow, find
from ..measurement import metrics
from ..settings import DOSE_POLICIES
from ..words import interval, number, without_warning
from .model_table import engines_of, model_table
from .person_group_table import person_group_table
from .tables import Cell, ReportTable, arm_table, auc_cell, by_arm, of_arm, rate_cell, value_cell

GALLERY_CAUTION = (
    "How often the best match would be the patient if the gallery held so many people. Extrapolated from this cohort: strangers "
    "are taken as normally distributed, far beyond those that were measured. An order of magnitude, not a measurement; an AUC "
    "near 1 among a few patients can still mean little among a million."
)
INNER = tuple(INNER_METRICS.values())
INNER_CAUTION = (
    "No face was looked at: the insides of the heads were laid over one another. No method that hides a face can hide a patient "
    "from someone who holds another scan of the same head."
)
NO_MAPS_CAUTION = (
    "Faces were not drawn as maps of depth (--face-maps). On the CT of 70 real patients these linked the average face more often "
    "(AUC 0.92 instead of 0.78), the other methods as often as without."
)
"""Measured: docs/validation.md, re-identification."""
PRIVACY_COLUMNS = {
    "auc_own": ("A: AUC, own landmarks", auc_cell),
    "auc_low_score": ("A: AUC, low detection score", auc_cell),
    "auc_mean_landmarks": ("A: AUC, mean landmarks", auc_cell),
    "auc_reference": ("B: AUC, reference landmarks", auc_cell),
    "auc_reconstructed": ("C: AUC, rebuilt face", auc_cell),
    "auc_border": ("D: AUC, edit's border", auc_cell),
    "auc_maps": ("E: AUC, normal and depth maps", auc_cell),
    "auc_pooled": ("A: AUC, pooled pairs", auc_cell),
    "auc_per_pair": ("A: AUC, best threshold a pair", auc_cell),
    "rank1_own": ("A: rank 1 (%)", value_cell),
    "rank5_own": ("A: rank 5 (%)", value_cell),
    "tar_far1_own": ("A: TAR at FAR 1 %", value_cell),
    "detection_rate": ("Face found", rate_cell),
    "cosine_similarity_own": ("Similarity, own", value_cell),
    "cosine_similarity_reconstructed": ("Similarity, rebuilt", value_cell),
    "cosine_similarity_border": ("Similarity, border", value_cell),
    "face_surface_distance": ("Surface distance (mm)", value_cell),
}


def privacy_tables(summary: Sequence[SummaryRow], names: ArmNames) -> list[ReportTable]:
    """AUC, rank and detection a method and image, the controls, and the differences between methods."""
    tables = []
    every = dict.fromkeys(row.image for row in summary if row.domain == "privacy" and row.image)
    for image in (key for key in every if key not in (ANY_FILE, BODY_IMAGE, DOSE_IMAGE) and ARROW not in key):
        here = [row for row in summary if row.image == image and row.domain == "privacy"]
        columns = {
            title: by_arm(make, find(here, metric=metric))
            for metric, (title, make) in PRIVACY_COLUMNS.items()
            if find(here, metric=metric)
        }
        models = engines_of(here)
        if columns:
            by = f" by {models[0]}" if models else ""
            note = "" if image != CT or find(here, metric="auc_maps") else NO_MAPS_CAUTION
            tables.append(arm_table(f"Re-identification on {image}{by}", names, names.arms, columns, note=note))
        if len(models) > 1:
            tables.append(model_table(here, names, f"Re-identification on {image} by face model", models))
        larger = _larger_gallery_table(here, names, f"Re-identification on {image} in larger galleries")
        tables += [larger] if larger else []
        among = person_group_table(here, names, f"Re-identification on {image} among people of one sex and age")
        tables += [among] if among else []
        controls = _control_table(here, image)
        tables += [controls] if controls else []
        differences = _difference_table(here, image)
        tables += [differences] if differences else []
    any_file = _any_file_table(summary, names)
    tables += [any_file] if any_file else []
    pairs = [key for key in every if ARROW in key]
    tables += [_second_scan_table(summary, names, key) for key in pairs if find(summary, metric=SECOND_SCANS[0], image=key)]
    return [*tables, *(_inner_anatomy_table(summary, names, key) for key in pairs if find(summary, metric=INNER[0], image=key))]


def _larger_gallery_table(here: Sequence[SummaryRow], names: ArmNames, title: str) -> ReportTable | None:
    """Rank 1 among more people than the cohort has."""
    columns = {
        _gallery_title(people): by_arm(value_cell, find(here, metric=metric))
        for metric, people in GALLERY_SIZES.items()
        if find(here, metric=metric)
    }
    return arm_table(title, names, names.arms, columns, note=GALLERY_CAUTION) if columns else None


def _gallery_title(people: int) -> str:
    return f"Rank 1 among {people:,} (%)".replace(",", "\u202f")


def _any_file_table(summary: Sequence[SummaryRow], names: ArmNames) -> ReportTable | None:
    """Whole packages: the most similar of all images, dose grid and outer contour."""
    found = find(summary, metric="auc_any_file")
    if not found:
        return None
    columns = {
        f"AUC, any file{f' (dose policy {policy})' if policy else ''}": by_arm(auc_cell, find(found, dose_policy=policy))
        for policy in dict.fromkeys(row.dose_policy for row in found)
    }
    drawn = {"Outer contour alone, similarity": (BODY_IMAGE, "")}
    drawn |= {f"Dose alone (policy {policy}), similarity": (DOSE_IMAGE, policy) for policy in DOSE_POLICIES}
    for title, (image, policy) in drawn.items():
        similarity = find(summary, metric="cosine_similarity_own", image=image, dose_policy=policy)
        columns |= {title: by_arm(value_cell, similarity)} if similarity else {}
    note = (
        "Each pair of patients is scored by its most similar surface; the untouched dose (policy keep) ends at the skin, and so "
        "does a masked one wherever the method removed little."
    )
    return arm_table("Re-identification by any file of a package", names, names.arms, columns, note=note)


def _second_scan_table(summary: Sequence[SummaryRow], names: ArmNames, image: str) -> ReportTable:
    """Probes against other scans of the same patients: undefaced, then after each method."""
    here = find(summary, image=image)
    rows = []
    for arm in (NO_ARM, *names.arms):
        auc, first, fifth = (of_arm(find(here, metric=metric), arm) for metric in SECOND_SCANS)
        named = names.title(arm) if arm in names.arms else "undefaced"
        told = first.note if first else auc.note if auc else ""
        larger = [value_cell(of_arm(find(here, metric=metric), arm)) for metric in GALLERY_SIZES]
        rows.append((Cell(named), auc_cell(auc), value_cell(first), value_cell(fifth), *larger, Cell(without_warning(told))))
    head = ("Method", "AUC", "Rank 1 (%)", "Rank 5 (%)", *map(_gallery_title, GALLERY_SIZES.values()), "")
    return ReportTable(f"Other scans of the same patients, {image}", head, tuple(rows), words=True)


def _inner_anatomy_table(summary: Sequence[SummaryRow], names: ArmNames, image: str) -> ReportTable:
    """Other scans of the same patients, found without a look at any face."""
    here = find(summary, image=image)
    columns = [
        by_arm(make, find(here, metric=metric)) for metric, make in zip(INNER, (auc_cell, value_cell, value_cell), strict=True)
    ]
    arms = (NO_ARM, *names.arms)
    rows = [(Cell(names.title(arm) if arm in names.arms else "undefaced"), *(column(arm) for column in columns)) for arm in arms]
    head = ("Method", "AUC", "Rank 1 (%)", "Rank 5 (%)")
    return ReportTable(f"Other scans of the same patients by inner anatomy, {image}", head, tuple(rows), note=INNER_CAUTION)


def _control_table(here: Sequence[SummaryRow], image: str) -> ReportTable | None:
    found = [
        row
        for row in here
        if row.metric.startswith("control_") or (row.metric == "cosine_similarity_reference" and not row.method)
    ]
    if not found:
        return None
    rows = tuple(
        (
            Cell(f"{metrics()[row.metric].meaning} ({row.engine})" if row.engine else metrics()[row.metric].meaning),
            Cell(row.method or "all"),
            Cell(number(row.value, "")),
            Cell(str(row.n)),
            Cell(row.note),
        )
        for row in found
    )
    return ReportTable(f"Controls on {image}", ("Control", "Method", "Value", "n", "Note"), rows, words=True)


def _difference_table(here: Sequence[SummaryRow], image: str) -> ReportTable | None:
    found = [row for row in here if row.metric == HEADLINE and MINUS in row.method]
    if not found:
        return None
    rows = tuple(
        (
            Cell(row.method),
            Cell("not available", kind="quiet")
            if math.isnan(row.value)
            else Cell(number(row.value, "", signed=True), small=interval(row.low, row.high, signed=True)),
            Cell(row.note.split(";")[0]),
        )
        for row in found
    )
    return ReportTable(
        f"Differences of AUC between methods, {image} (paired bootstrap over patients)",
        ("Methods", "Difference", ""),
        rows,
        words=True,
    )

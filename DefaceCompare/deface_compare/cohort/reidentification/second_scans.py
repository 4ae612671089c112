"""The honest genuine pair: another scan of the same patient (other sequence, other date) stands in the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..arms import Arm
from ..summary import SummaryRow
from .auc import reidentify
from .gallery_size import gallery_numbers
from .records import FaceRecord, Faces, estimate_numbers, joined, too_few

ARROW = " → "
"""Between the image of the probes and the image of the gallery."""
METRICS = ("auc_second_scan", "rank1_second_scan", "rank5_second_scan")


def second_scan_rows(images: Sequence[Faces], arms: Sequence[Arm]) -> list[SummaryRow]:
    """AUC, rank 1 and rank 5 of probes against other scans of their patients, undefaced and after each arm.

    Images of one modality are compared with each other in both directions, and an image with itself where a patient comes
    twice. Where no patient has a second scan there are no rows.
    """
    rows: list[SummaryRow] = []
    for probes in images:
        for gallery in images:
            if _modality(probes.image) == _modality(gallery.image):
                rows += _pair_rows(probes, gallery, arms)
    return rows


def _modality(image: str) -> str:
    return image.partition("_")[0]


def _pair_rows(probes: Faces, gallery: Faces, arms: Sequence[Arm]) -> list[SummaryRow]:
    partners = [_partner(record, gallery) for record in probes.records]
    scans = [k for k, partner in enumerate(partners) if partner is not None]
    if not scans:
        return []
    reason = too_few([probes.records[k].person for k in scans])
    rows: list[SummaryRow] = []
    for arm in (None, *arms):
        taken = [k for k in scans if arm is None or arm in probes.records[k].own]
        if reason or too_few([probes.records[k].person for k in taken]):
            note = reason or too_few([probes.records[k].person for k in taken])
            rows.append(_row(probes, gallery, "auc_second_scan", arm, len(taken), note=note))
            continue
        genuine = np.array([partners[k] for k in taken], np.intp)
        rows += _scored(probes, gallery, arm, _similarity(probes, gallery, arm, taken), genuine)
    return rows


def _partner(record: FaceRecord, gallery: Faces) -> int | None:
    """The first other scan of the same patient in the gallery."""
    for k, other in enumerate(gallery.records):
        if other.person == record.person and (other.case, other.image) != (record.case, record.image):
            return k
    return None


def _similarity(probes: Faces, gallery: Faces, arm: Arm | None, scans: Sequence[int]) -> NDArray[np.float64]:
    taken = tuple(probes.records[k] for k in scans)
    if arm is None:
        return gallery.similarity([record.original for record in taken])
    mixed = replace(gallery, records=(*gallery.records, *taken))  # the probes' own columns are cut off again
    rows = list(range(len(gallery.records), len(mixed.records)))
    return mixed.own(arm, rows)[:, : len(gallery.records)]


def _scored(
    probes: Faces, gallery: Faces, arm: Arm | None, similarity: NDArray[np.float64], genuine: NDArray[np.intp]
) -> list[SummaryRow]:
    from scipy.stats import binomtest  # half a second to import

    result = reidentify(similarity, genuine, gallery.persons, seed=probes.seed)
    hits = round(result.rank1_percent * result.probes / 100)
    chance = binomtest(hits, result.probes, 1.0 / len(gallery.records), alternative="greater").pvalue
    first = f"{hits} of {result.probes}, p = {chance:.2g} by chance"
    make: list[tuple[str, dict[str, object], str]] = [
        ("auc_second_scan", estimate_numbers(result), result.warning),
        ("rank1_second_scan", {"value": result.rank1_percent}, first),
        ("rank5_second_scan", {"value": result.rank5_percent}, ""),
    ]
    make += gallery_numbers(similarity, genuine, gallery.persons, seed=probes.seed)
    detected = "" if result.detection_percent > 99.9 else f"face found in {result.detection_percent:.0f} %"
    return [
        _row(probes, gallery, metric, arm, result.probes, **numbers, note=joined("" if arm else "undefaced", words, detected))
        for metric, numbers, words in make
    ]


def _row(probes: Faces, gallery: Faces, metric: str, arm: Arm | None, n: int, **numbers: object) -> SummaryRow:
    return replace(probes.row(metric, arm, n, **numbers), image=f"{probes.image}{ARROW}{gallery.image}")

"""Re-identification over a cohort: the AUC rows of ``summary.csv``, with controls and differences between methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...words import is_or_are
from ..arms import Arm, arm_key, arm_of
from ..summary import CI95, MINUS, SummaryRow, difference_row
from .any_file import any_file_aucs
from .attempts import Attempt, Strongest, strongest
from .auc import reidentify
from .bootstrap import difference_of, estimate_pooled_auc
from .columns import COLUMNS, OWN, at_skin, attacks, columns, headline_attempts
from .controls import control_rows
from .curves import Curve, cmc, roc
from .face_models import strata_of_models
from .gallery_size import GALLERY_SIZES, gallery_numbers
from .pairs import FEWEST_IMPOSTOR_PAIRS, probe_auc
from .person_group_rows import person_group_rows
from .person_groups import Shown
from .records import FaceRecord, Faces, estimate_numbers, finite, interval_numbers, joined, too_few
from .second_scans import second_scan_rows

HEADLINE = "auc_headline"
SCORES = (*COLUMNS, HEADLINE, "auc_per_pair", "auc_pooled", "rank1_own", "rank5_own", *GALLERY_SIZES, "tar_far1_own")
"""What is told of each arm; where it has no AUC to rank by, no rank either."""

ScanAucs = Mapping[Arm, Mapping[str, float]]
"""P(genuine > impostor) of each scan, by arm and case id."""


@dataclass(frozen=True)
class FaceCurves:
    """ROC and CMC of one arm on one image, and the similarity matrix behind them (identifiable)."""

    image: str
    arm: Arm
    roc: Curve
    cmc: Curve
    similarity: NDArray[np.float64]
    probes: tuple[str, ...]
    gallery: tuple[str, ...]


@dataclass(frozen=True)
class PrivacySummary:
    """What a cohort's faces say.

    Parameters
    ----------
    differences : mapping of (image, first arm, second arm) to (low, high)
        95 % intervals of the paired difference of `auc_headline`, first minus second; both orders are there.
    curves : tuple of FaceCurves
        Of the headline column as run, for every image and arm that has an AUC.
    as_run : mapping of (image, dose policy) to mapping of Arm to mapping of case id to float
        The AUC of each single scan (of each package, under `ANY_FILE`), which an arm's AUC as run is the mean of; a scan that
        the arm failed on is undefaced. Not there where a centre shares tables only.
    """

    rows: tuple[SummaryRow, ...] = ()
    differences: Mapping[tuple[str, Arm, Arm], tuple[float, float]] = field(default_factory=dict)
    curves: tuple[FaceCurves, ...] = ()
    as_run: Mapping[tuple[str, str], ScanAucs] = field(default_factory=dict)


def summarise_faces(
    records: Sequence[FaceRecord], arms: Sequence[Arm], cohort: str, seed: int, shown: Shown | None = None
) -> PrivacySummary:
    """AUCs with intervals, controls and paired differences, image by image.

    Parameters
    ----------
    arms : sequence of Arm
        All arms of the cohort; one that was run on a case and has no embeddings of its scan failed on it.
    shown : Shown, optional
        What other rows of the same table have told of people's sex and age.
    """
    shown = shown or Shown()
    rows: list[SummaryRow] = []
    differences: dict[tuple[str, Arm, Arm], tuple[float, float]] = {}
    curves: list[FaceCurves] = []
    sound: list[Faces] = []
    as_run: dict[tuple[str, str], ScanAucs] = {}
    for image in dict.fromkeys(record.image for record in records):
        for first, stratum in enumerate(strata_of_models(records, image, cohort, seed)):
            faces, controls, kept_back = _sound_models(stratum, arms)
            rows += controls
            if faces is None:
                rows += kept_back
                continue
            sound.append(faces)
            for arm in arms:
                for each in (faces, *faces.further):
                    rows += _arm_rows(each, arm)
            rows += kept_back  # the first row of an arm is the one that it ranks by
            if not first:
                rows += person_group_rows(faces, arms, shown)
                ranked = _ranked(faces, arms)
                found = _differences(faces, arms, ranked)
                rows += [row for row, _ in found]
                differences |= {key: interval for _, both in found for key, interval in both.items()}
                curves += _curves(faces, ranked)
                as_run[image, ""] = _scan_aucs(faces, ranked)
    packages = any_file_aucs(sound, arms)
    rows += packages.rows
    for engine in dict.fromkeys(each.engine for faces in sound for each in (faces, *faces.further)):
        rows += second_scan_rows([e for faces in sound for e in (faces, *faces.further) if e.engine == engine], arms)
    return PrivacySummary(tuple(rows), differences, tuple(curves), as_run | packages.as_run)


def _sound_models(faces: Faces, arms: Sequence[Arm]) -> tuple[Faces | None, list[SummaryRow], list[SummaryRow]]:
    """The models whose controls hold, the main one first; the rows of all controls, and the rows of those that do not hold."""
    rows: list[SummaryRow] = []
    kept_back: list[SummaryRow] = []
    sound: list[Faces] = []
    few = too_few([record.person for record in faces.records])
    for each in (faces, *faces.further):
        controls, reason = ([], few) if few else control_rows(each)
        rows += controls
        if reason:
            note = joined(each.words, reason)
            kept_back += [each.row(name, arm, len(each.records), note=note) for arm in arms for name in (*COLUMNS, HEADLINE)]
        else:
            sound.append(replace(each, further=()))
    return (replace(sound[0], further=tuple(sound[1:])) if sound else None), rows, kept_back


def _succeeded(faces: Faces, *arms: Arm) -> list[int]:
    """The scans on which all of these arms succeeded."""
    return [k for k, record in enumerate(faces.records) if all(arm in record.own for arm in arms)]


def _arm_rows(faces: Faces, arm: Arm) -> list[SummaryRow]:
    """The rows of one arm; where it failed, as run first (by which it ranks), then on the scans where it succeeded.

    No other arm's failures matter. An arm that succeeded on too few scans has no AUC to rank by.
    """
    succeeded, everything = _succeeded(faces, arm), faces.run_on(arm)
    failed = len(everything) - len(succeeded)
    if not failed:
        return _scored(faces, arm, succeeded, faces.words, 0)
    own = _scored(faces, arm, succeeded, joined("scans where the method succeeded", faces.words), failed)
    as_run = _scored(faces, arm, everything, joined(f"as run: {failed} failed scans enter undefaced", faces.words), failed)
    return own + as_run if too_few([faces.records[k].person for k in succeeded]) else as_run + own


def _scored(faces: Faces, arm: Arm, scans: list[int], note: str, failed: int) -> list[SummaryRow]:
    reason = too_few([faces.records[k].person for k in scans])
    if reason:
        words = joined(reason, note)
        return [faces.row(metric, arm, len(scans), failed=failed, note=words) for metric in SCORES]
    genuine, persons, seed = np.array(scans, dtype=np.intp), faces.persons, faces.seed
    tried = columns(faces, arm, scans)
    found = {metric: strongest(attempts, persons, seed=seed) for metric, attempts in tried.items()}
    best = strongest(attacks(faces, arm, scans, tried), persons, seed=seed)
    own = reidentify(found[OWN].attempt.similarity, genuine, persons, seed=seed)
    per_pair = reidentify(faces.own(arm, scans), genuine, persons, seed=seed)
    common = {"failed": failed, "note": joined(note, own.warning)}
    made = [
        faces.row(
            metric,
            arm,
            own.probes,
            **interval_numbers(each.auc),
            **common | {"note": joined(_which(each, tried[metric]), note, own.warning)},
        )
        for metric, each in found.items()
    ]
    of_each = [best] if not faces.further else [best, strongest(headline_attempts(tried), persons, seed=seed)]
    for engine, each in zip((faces.engines, faces.engine), of_each, strict=False):
        words = joined(each.attempt.words, note, own.warning)
        row = faces.row(HEADLINE, arm, own.probes, **interval_numbers(each.auc), **common | {"note": words})
        made.append(replace(row, engine=engine))
    made.append(faces.row("auc_per_pair", arm, own.probes, **estimate_numbers(per_pair), **common))
    pooled = estimate_pooled_auc(at_skin(faces, arm, scans), genuine, persons, seed=seed)
    made.append(faces.row("auc_pooled", arm, own.probes, **interval_numbers(pooled), **common))
    values = {"rank1_own": own.rank1_percent, "rank5_own": own.rank5_percent}
    made += [faces.row(metric, arm, own.probes, value=value, **common) for metric, value in values.items()]
    made += _larger_galleries(faces, arm, best.attempt, own.probes, common)
    few = f"needs {FEWEST_IMPOSTOR_PAIRS} impostor pairs, here {is_or_are(own.impostor_pairs)}" if own.tar_percent is None else ""
    accepted = {**common, "note": joined(few, str(common["note"]))}
    return [*made, faces.row("tar_far1_own", arm, own.probes, value=finite(own.tar_percent), **accepted)]


def _larger_galleries(faces: Faces, arm: Arm, tried: Attempt, n: int, common: Mapping[str, Any]) -> list[SummaryRow]:
    """Rank 1 among more people than the cohort has, by the attempt that an arm ranks by."""
    found = gallery_numbers(tried.similarity, tried.genuine, faces.persons[tried.columns], seed=faces.seed)
    return [
        faces.row(metric, arm, n, **{**numbers, **common, "note": joined(words, tried.words, str(common["note"]))})
        for metric, numbers, words in found
    ]


def _which(found: Strongest, tried: Sequence[Attempt]) -> str:
    """Which of several attempts was the strongest."""
    return f"strongest of {len(tried)} attempts ({found.attempt.words})" if len(tried) > 1 else ""


def _attacked(faces: Faces, arm: Arm, scans: Sequence[int]) -> Strongest:
    """The strongest attack on an arm, by which it ranks."""
    return strongest(attacks(faces, arm, scans), faces.persons, seed=faces.seed)


Ranked = Mapping[Arm, tuple[NDArray[np.intp], NDArray[np.float64]]]
"""The scans on which an arm was run, and their similarities (rows) with the gallery."""


def _ranked(faces: Faces, arms: Sequence[Arm]) -> Ranked:
    """The similarities that each arm ranks by, of its scans as run; arms that succeeded on too few scans are left out."""
    return {
        arm: (np.array(scans, dtype=np.intp), _attacked(faces, arm, scans).attempt.similarity)
        for arm, scans in ((arm, faces.run_on(arm)) for arm in arms)
        if not too_few([faces.records[k].person for k in _succeeded(faces, arm)])
    }


def _scan_aucs(faces: Faces, ranked: Ranked) -> ScanAucs:
    """P(genuine > impostor) of each scan as run."""
    return {
        arm: {
            faces.records[k].case: auc
            for k, auc in zip(genuine, probe_auc(similarity, genuine, faces.persons).tolist(), strict=True)
        }
        for arm, (genuine, similarity) in ranked.items()
    }


def _curves(faces: Faces, ranked: Ranked) -> list[FaceCurves]:
    """ROC, CMC and matrix of each arm of `_ranked`."""
    names = tuple(record.case for record in faces.records)
    found = []
    for arm, (genuine, similarity) in ranked.items():
        drawn = roc(similarity, genuine, faces.persons, seed=faces.seed), cmc(similarity, genuine, faces.persons, seed=faces.seed)
        found.append(FaceCurves(faces.image, arm, *drawn, similarity, tuple(names[k] for k in genuine), names))
    return found


def _differences(
    faces: Faces, arms: Sequence[Arm], ranked: Ranked
) -> list[tuple[SummaryRow, dict[tuple[str, Arm, Arm], tuple[float, float]]]]:
    """Paired differences of the headline between two arms of `_ranked`, on the scans where both succeeded."""
    found: list[tuple[SummaryRow, dict[tuple[str, Arm, Arm], tuple[float, float]]]] = []
    means: dict[tuple[Arm, tuple[int, ...]], NDArray[np.float64]] = {}
    for first, second in combinations(ranked, 2):
        scans = tuple(_succeeded(faces, first, second))
        row = difference_row(faces.row(HEADLINE, first, len(scans)), first, second, arms)
        reason = too_few([faces.records[k].person for k in scans])
        if reason:
            found.append((replace(row, note=f"{reason} on whom both succeeded"), {}))
            continue
        for arm in (first, second):
            if (arm, scans) not in means:
                means[arm, scans] = _attacked(faces, arm, scans).highest
        answer = difference_of(means[first, scans], means[second, scans])
        low, high = answer.low, answer.high
        words = answer.words.replace("first", arm_key(first, arms)).replace("second", arm_key(second, arms))
        some = "" if len(scans) == len(faces.records) else "scans where both succeeded"
        note = joined(words, some, "paired bootstrap over patients")
        row = replace(row, value=answer.value, low=low, high=high, interval=CI95, note=note)
        both = {(faces.image, first, second): (low, high), (faces.image, second, first): (-high, -low)}
        found.append((row, both))
    return found


def headline(rows: Sequence[SummaryRow], image: str) -> dict[Arm, float]:
    """The AUC by which an arm ranks on one image: its first `auc_headline` row; NaN where none could be given."""
    found: dict[Arm, float] = {}
    for row in rows:
        if row.metric == HEADLINE and row.image == image and MINUS not in row.method:
            found.setdefault(arm_of(row), row.value)
    return {arm: value for arm, value in found.items() if not math.isnan(value)}

"""Re-identification over a cohort: the AUC rows of ``summary.csv``, with controls and differences between methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .measurement import metrics
from .patient_table import Arm, arm_of
from .privacy.bootstrap import compare_methods, shuffled_control
from .privacy.pairs import constant_control, highest_impostor, similarity_matrix
from .privacy.reidentification import FEWEST_PERSONS, Reidentification, reidentify
from .summary import CI95, MINUS, SummaryRow

LOWEST_RERENDERED_AUC = 0.95
"""A model that cannot link an original to its own re-rendering measures nothing (DESIGN section 5)."""
SHUFFLED_TOLERANCE = 0.02
"""How far the mean over permuted identities may lie from 0.5 (DESIGN section 5)."""


@dataclass(frozen=True)
class FaceRecord:
    """The embeddings of one scan: the original's, its re-rendering's, and one for each arm.

    Parameters
    ----------
    case, person : str
        `person` is equal for repeat scans of one patient.
    original : ndarray, shape (views, length)
        NaN where a view has no face.
    rerendered : ndarray, shape (views, length), or None
    own, reference : mapping of Arm to ndarray, shape (views, length)
        The defaced scan, by its own landmarks and by the original's.
    """

    case: str
    person: str
    image: str
    original: NDArray[np.float64]
    rerendered: NDArray[np.float64] | None = None
    own: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    reference: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class PrivacySummary:
    """What a cohort's faces say.

    Parameters
    ----------
    differences : mapping of (image, first arm, second arm) to (low, high)
        95 % intervals of the paired difference of `auc_own`, first minus second; both orders are there.
    """

    rows: tuple[SummaryRow, ...] = ()
    differences: Mapping[tuple[str, Arm, Arm], tuple[float, float]] = field(default_factory=dict)

    def clearly_lower(self, image: str) -> dict[tuple[Arm, Arm], bool]:
        """Whether the first arm's AUC is lower than the second's beyond chance, on one image."""
        return {(first, second): high < 0 for (at, first, second), (_, high) in self.differences.items() if at == image}


@dataclass(frozen=True)
class _Faces:
    """All scans of one image as arrays."""

    cohort: str
    image: str
    records: tuple[FaceRecord, ...]
    seed: int

    @property
    def gallery(self) -> NDArray[np.float64]:
        return np.stack([record.original for record in self.records])

    @property
    def persons(self) -> NDArray:
        return np.array([record.person for record in self.records])

    def similarity(self, probes: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        return similarity_matrix(np.stack(probes), self.gallery)

    def row(self, metric: str, arm: Arm | None, n: int, **numbers: object) -> SummaryRow:
        known = metrics()[metric]
        run = arm or Arm("", "", "", "")
        blank = SummaryRow(self.cohort, *run, "", self.image, known.domain, "", metric, known.unit, n, 0)
        return replace(blank, **numbers)  # type: ignore[arg-type]


def summarise_faces(records: Sequence[FaceRecord], arms: Sequence[Arm], cohort: str, seed: int) -> PrivacySummary:
    """AUCs with intervals, controls and paired differences, image by image.

    Parameters
    ----------
    arms : sequence of Arm
        All arms of the cohort; an arm without embeddings for a scan failed on it.
    """
    rows: list[SummaryRow] = []
    differences: dict[tuple[str, Arm, Arm], tuple[float, float]] = {}
    for image in dict.fromkeys(record.image for record in records):
        usable = [record for record in records if record.image == image and np.isfinite(record.original).any()]
        faces = _Faces(cohort, image, tuple(sorted(usable, key=lambda record: record.case)), seed)
        reason = _too_few(faces)
        if not reason:
            controls, reason = _controls(faces)
            rows += controls
        if reason:
            rows += [faces.row(metric, arm, len(usable), note=reason) for arm in arms for metric in ("auc_own", "auc_reference")]
            continue
        for arm in arms:
            rows += _arm_rows(faces, arm, arms)
        found = _differences(faces, arms)
        rows += [row for row, _ in found]
        differences |= {key: interval for _, both in found for key, interval in both.items()}
    return PrivacySummary(tuple(rows), differences)


def _too_few(faces: _Faces) -> str:
    count = len({record.person for record in faces.records})
    return f"an AUC needs at least {FEWEST_PERSONS} persons, here are {count}" if count < FEWEST_PERSONS else ""


def _controls(faces: _Faces) -> tuple[list[SummaryRow], str]:
    """The control rows, and why no AUC may be shown ("" if it may)."""
    have = [k for k, record in enumerate(faces.records) if record.rerendered is not None]
    if len(have) < FEWEST_PERSONS:
        return [], "no AUC shown: the originals were not re-rendered, so the controls cannot be checked"
    similarity = faces.similarity([faces.records[k].rerendered for k in have])  # type: ignore[misc]
    genuine = np.array(have)
    result = reidentify(similarity, genuine, faces.persons, seed=faces.seed)
    shuffled = shuffled_control(similarity, genuine, faces.persons, seed=faces.seed)
    constant = constant_control(similarity, genuine, faces.persons)
    rows = [
        faces.row("control_rerendered_auc", None, result.probes, **_estimate(result), note=_likeness(faces, similarity, genuine)),
        faces.row("control_shuffled_auc", None, result.probes, value=shuffled, note=f"a constant model gives {constant:.3g}"),
    ]
    if result.auc.value < LOWEST_RERENDERED_AUC:
        return rows, f"no AUC shown: the re-rendered control is {result.auc.value:.2f}, below {LOWEST_RERENDERED_AUC}"
    if abs(shuffled - 0.5) > SHUFFLED_TOLERANCE:
        return rows, f"no AUC shown: the shuffled control is {shuffled:.3f}, not 0.50 ± {SHUFFLED_TOLERANCE}"
    if abs(constant - 0.5) > 1e-12:
        return rows, f"no AUC shown: a constant model gives {constant:.3f}, not 0.5"
    return rows, ""


def _likeness(faces: _Faces, similarity: NDArray[np.float64], genuine: NDArray[np.intp]) -> str:
    pair = highest_impostor(similarity, genuine, faces.persons)
    if pair is None:
        return ""
    first, second = faces.records[int(genuine[pair.probe])].case, faces.records[pair.gallery].case
    return f"most alike of different patients: {first} and {second}, cosine {pair.similarity:.2f}"


def _estimate(result: Reidentification) -> dict[str, object]:
    return {"value": result.auc.value, "low": result.auc.low, "high": result.auc.high, "interval": CI95}


def _arm_rows(faces: _Faces, arm: Arm, arms: Sequence[Arm]) -> list[SummaryRow]:
    """The rows of one arm on the scans where all arms succeeded and, if it failed somewhere, as run."""
    succeeded = [k for k, record in enumerate(faces.records) if all(other in record.own for other in arms)]
    failed = [k for k, record in enumerate(faces.records) if arm not in record.own]
    note = "" if len(succeeded) == len(faces.records) else "scans where all methods succeeded"
    rows = _scored(faces, arm, succeeded, note, len(failed))
    if failed:
        as_run = f"as run: {len(failed)} failed scans enter undefaced"
        rows += _scored(faces, arm, list(range(len(faces.records))), as_run, len(failed))
    return rows


def _scored(faces: _Faces, arm: Arm, scans: list[int], note: str, failed: int) -> list[SummaryRow]:
    genuine = np.array(scans, dtype=np.intp)
    undefaced = [record.original if record.rerendered is None else record.rerendered for record in faces.records]
    own = [faces.records[k].own.get(arm, undefaced[k]) for k in scans]
    reference = [faces.records[k].reference.get(arm, undefaced[k]) for k in scans]
    if len({faces.records[k].person for k in scans}) < FEWEST_PERSONS:
        reason = f"only {len(scans)} scans: an AUC needs at least {FEWEST_PERSONS} persons"
        return [faces.row("auc_own", arm, len(scans), failed=failed, note="; ".join(filter(None, (reason, note))))]
    similarity = faces.similarity(own)
    result = reidentify(similarity, genuine, faces.persons, seed=faces.seed)
    upper = reidentify(faces.similarity(reference), genuine, faces.persons, seed=faces.seed)
    words = "; ".join(filter(None, (note, result.warning)))
    common = {"failed": failed, "note": words}
    return [
        faces.row("auc_own", arm, result.probes, **_estimate(result), **common),
        faces.row("auc_reference", arm, upper.probes, **_estimate(upper), **common),
        faces.row("auc_pooled", arm, result.probes, value=result.auc_pooled, **common),
        faces.row("rank1_own", arm, result.probes, value=result.rank1_percent, **common),
    ]


def _differences(faces: _Faces, arms: Sequence[Arm]) -> list[tuple[SummaryRow, dict[tuple[str, Arm, Arm], tuple[float, float]]]]:
    """Paired differences of `auc_own` on the scans where all arms succeeded."""
    scans = [k for k, record in enumerate(faces.records) if all(arm in record.own for arm in arms)]
    if len({faces.records[k].person for k in scans}) < FEWEST_PERSONS:
        return []
    genuine = np.array(scans, dtype=np.intp)
    similarity = {arm: faces.similarity([faces.records[k].own[arm] for k in scans]) for arm in arms}
    found = []
    for first, second in combinations(arms, 2):
        answer = compare_methods(similarity[first], similarity[second], genuine, faces.persons, seed=faces.seed)
        low, high = answer.low, answer.high
        words = answer.words.replace("first", arm_key(first, arms)).replace("second", arm_key(second, arms))
        row = difference_row(faces.row("auc_own", first, len(scans)), first, second, arms)
        row = replace(row, value=answer.value, low=low, high=high, interval=CI95, note=f"{words}; paired bootstrap over patients")
        both = {(faces.image, first, second): (low, high), (faces.image, second, first): (-high, -low)}
        found.append((row, both))
    return found


def arm_key(arm: Arm, arms: Sequence[Arm]) -> str:
    """The method's key, with what tells it from other arms of the same method."""
    same = [other for other in arms if other.method == arm.method]
    extra = [getattr(arm, name) for name in ("variant", "fill", "protect") if len({getattr(other, name) for other in same}) > 1]
    return "/".join([arm.method, *filter(None, extra)])


def difference_row(row: SummaryRow, first: Arm, second: Arm, arms: Sequence[Arm]) -> SummaryRow:
    """`row` relabelled as first minus second; columns in which the two arms differ are left empty."""
    shared = {
        name: getattr(first, name) if getattr(first, name) == getattr(second, name) else ""
        for name in ("variant", "fill", "protect")
    }
    name = f"{arm_key(first, arms)}{MINUS}{arm_key(second, arms)}"
    return replace(row, method=name, variant=shared["variant"], fill=shared["fill"], protect=shared["protect"])


def headline(rows: Sequence[SummaryRow], image: str) -> dict[Arm, float]:
    """The AUC by which an arm ranks on one image: its first `auc_own` row; NaN where none could be given."""
    found: dict[Arm, float] = {}
    for row in rows:
        if row.metric == "auc_own" and row.image == image and MINUS not in row.method:
            found.setdefault(arm_of(row), row.value)
    return {arm: value for arm, value in found.items() if not math.isnan(value)}

"""The faces of a cohort as arrays: who is in the gallery, and what every version of a scan is scored as."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...demographics import UNKNOWN, Demographics
from ...measurement import metrics
from ...privacy.similarity import highest_similarity, similarity_matrix
from ...words import is_or_are
from ..arms import Arm
from ..summary import CI95, SummaryRow
from .auc import FEWEST_PERSONS, Reidentification
from .bootstrap import Estimate

FULL = "full"
"""Face extent of a scan that holds the whole face."""

EXTENT_WORDS = {
    "upper": "only the upper part of the face is in the scan",
    "lower": "only the lower part of the face is in the scan",
}

SAME_SCAN_COSINE = 0.999
"""Originals this alike are one scan: an exact copy has 1, another scan of the same day 0.5 to 0.9 (SFace, T1 and FLAIR) or 0.93
(dlib's network, which puts strangers at 0.92 and another view of the same picture at 0.99)."""


class FaceModel(NamedTuple):
    """The face recognition model that embeddings are of; those of two models cannot be compared."""

    title: str = ""
    sha256: str = ""


NO_MODEL = FaceModel()
NO_ARM = Arm("", "", "", "")
"""Stands where a row belongs to no method."""


@dataclass(frozen=True)
class FaceRecord:
    """The embeddings of one scan: the original's, its controls', and those of each arm.

    Parameters
    ----------
    case, person : str
        `person` is equal for repeat scans of one patient.
    original : ndarray, shape (views, length)
        NaN where a view has no face.
    rerendered : ndarray, shape (views, length), or None
    own, reference : mapping of Arm to ndarray, shape (views, length)
        The defaced scan, by its own landmarks and by the original's.
    low_score, mean_landmarks : mapping of Arm to ndarray, shape (views, length)
        The defaced scan by landmarks of a low detection score, and where other people have them.
    others : mapping of Arm to ndarray, shape (levels, length)
        Frontal views at the attacker's other thresholds.
    border : mapping of Arm to ndarray, shape (levels, length)
        Frontal views of the skins drawn from the edit's border.
    maps : mapping of Arm to ndarray, shape (kinds, views, length)
        The defaced scan in other maps (`privacy.face_maps.KINDS`), by its own landmarks.
    original_maps : ndarray, shape (kinds, views, length), or None
    rebuilt : mapping of Arm to ndarray, shape (length,)
        Frontal view after the average face was laid over.
    faceless_reference : ndarray, shape (views, length), or None
        The original without the front half of its head, by the original's landmarks.
    planted : ndarray, shape (views, length), or None
        The original with the upper half of its face only, where other people have their landmarks.
    extent : str
        ``full``, ``upper`` or ``lower``.
    surfaces : mapping of surface to mapping of Arm to ndarray, shape (levels, length)
        Frontal views of the case's dose grid and outer contour (`privacy.face_prints.OTHER_SURFACES`).
    ran : frozenset of Arm, or None
        The arms that were run on this case: one of them without an embedding failed. None: all of the cohort.
    model : FaceModel
    demographics : Demographics
        Sex and age of the person; only counts of many people may be told.
    """

    case: str
    person: str
    image: str
    original: NDArray[np.float64]
    rerendered: NDArray[np.float64] | None = None
    own: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    reference: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    low_score: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    mean_landmarks: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    others: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    border: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    rebuilt: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    faceless_reference: NDArray[np.float64] | None = None
    planted: NDArray[np.float64] | None = None
    extent: str = FULL
    surfaces: Mapping[str, Mapping[Arm, NDArray[np.float64]]] = field(default_factory=dict)
    ran: frozenset[Arm] | None = None
    model: FaceModel = NO_MODEL
    maps: Mapping[Arm, NDArray[np.float64]] = field(default_factory=dict)
    original_maps: NDArray[np.float64] | None = None
    demographics: Demographics = UNKNOWN

    @property
    def undefaced(self) -> NDArray[np.float64]:
        """What a failed scan enters as: the re-rendered original, or the original itself."""
        return self.original if self.rerendered is None else self.rerendered

    def of_first_views(self, count: int) -> FaceRecord:
        """The record in the first `count` views: where centres pictured in more or fewer, all have the first ones."""
        if count == len(self.original):
            return self

        def cut(views: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
            return None if views is None else views[:count]

        def cut_all(prints: Mapping[Arm, NDArray[np.float64]]) -> dict[Arm, NDArray[np.float64]]:
            return {arm: views[:count] for arm, views in prints.items()}

        return replace(
            self,
            original=self.original[:count],
            rerendered=cut(self.rerendered),
            own=cut_all(self.own),
            reference=cut_all(self.reference),
            low_score=cut_all(self.low_score),
            mean_landmarks=cut_all(self.mean_landmarks),
            faceless_reference=cut(self.faceless_reference),
            planted=cut(self.planted),
            maps={arm: kinds[:, :count] for arm, kinds in self.maps.items()},
            original_maps=None if self.original_maps is None else self.original_maps[:, :count],
        )


@dataclass(frozen=True)
class Faces:
    """All scans of one image that hold the same part of the face, sorted by case."""

    cohort: str
    image: str
    records: tuple[FaceRecord, ...]
    copies: tuple[tuple[str, str], ...] = ()
    """Cases that were left out because they hold the very scan of another one, with that one's id."""
    seed: int = 1
    engine: str = ""
    """Title of the face model where a cohort has several, for the rows."""
    further: tuple[Faces, ...] = ()
    """The same scans by further face models, which an attacker may try, too."""
    apart: str = ""
    """Which scans of this image were scored by another model only."""

    @property
    def told_of_copies(self) -> str:
        """Which cases were counted once with another one."""
        told = ", ".join(f"{case} is {first}" for case, first in self.copies)
        return f"one scan under two ids, counted once: {told}" if told else ""

    @cached_property
    def gallery(self) -> NDArray[np.float64]:
        """Embeddings of all originals, shape (scans, views, length)."""
        return np.stack([record.original for record in self.records])

    @cached_property
    def persons(self) -> NDArray:
        """Who each scan is, shape (scans,)."""
        return np.array([record.person for record in self.records])

    @property
    def extent(self) -> str:
        """Which part of the face these scans hold."""
        return self.records[0].extent if self.records else FULL

    @property
    def engines(self) -> str:
        """The models among which a strongest attack is the highest."""
        return ", ".join([self.engine, *(each.engine for each in self.further)])

    @property
    def words(self) -> str:
        """What a row's note says of the part of the face; nothing for whole faces."""
        return joined(EXTENT_WORDS.get(self.extent, ""), self.apart)

    def run_on(self, arm: Arm) -> list[int]:
        """The scans of the cases on which an arm was run, whatever became of it."""
        return [k for k, record in enumerate(self.records) if record.ran is None or arm in record.ran]

    def similarity(self, probes: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Mean cosine over views of probes with the gallery."""
        return similarity_matrix(np.stack(probes), self.gallery)

    def own(self, arm: Arm, scans: Sequence[int]) -> NDArray[np.float64]:
        """Column A: own landmarks, the attacker's best threshold; failed scans enter undefaced."""
        records = [self.records[k] for k in scans]
        views = self.similarity([record.own.get(arm, record.undefaced) for record in records])
        others = [record.others.get(arm, np.empty((0, self.gallery.shape[2]))) for record in records]
        return highest_similarity(views, others, self.gallery[:, 0])

    def reference(self, arm: Arm, scans: Sequence[int]) -> NDArray[np.float64]:
        """Column B: the original's landmarks; failed scans enter undefaced."""
        return self.similarity([self.records[k].reference.get(arm, self.records[k].undefaced) for k in scans])

    def rebuilt(self, arm: Arm, scans: Sequence[int]) -> NDArray[np.float64]:
        """Column C: the average face laid over what was left, frontal view; failed scans enter undefaced."""
        nothing = np.full(self.gallery.shape[2], np.nan)
        failed = [arm not in self.records[k].own for k in scans]
        probes = [
            (self.records[k].undefaced[0] if undefaced else self.records[k].rebuilt.get(arm, nothing))[None]
            for k, undefaced in zip(scans, failed, strict=True)
        ]
        return similarity_matrix(np.stack(probes), self.gallery[:, :1])

    def border(self, arm: Arm, scans: Sequence[int]) -> NDArray[np.float64]:
        """Column D: what the edit's border draws, at the attacker's best depth; failed scans enter undefaced."""
        nothing = np.full(self.gallery.shape[2], np.nan)[None]
        drawn = []
        for record in (self.records[k] for k in scans):
            levels = record.border.get(arm, nothing)
            drawn.append(record.undefaced[:1] if arm not in record.own else levels if len(levels) else nothing)
        return highest_similarity(np.full((len(drawn), len(self.records)), np.nan), drawn, self.gallery[:, 0])

    def row(self, metric: str, arm: Arm | None, n: int, **numbers: object) -> SummaryRow:
        """A row of ``summary.csv`` about these scans."""
        known = metrics()[metric]
        blank = SummaryRow(
            self.cohort, *(arm or NO_ARM), "", self.image, known.domain, "", metric, known.unit, n, 0, engine=self.engine
        )
        return replace(blank, **numbers)  # type: ignore[arg-type]


def strata(records: Sequence[FaceRecord], image: str, cohort: str, seed: int) -> list[Faces]:
    """The scans of one image by the part of the face that they hold, the largest group first (whole faces where equal)."""
    usable = [record for record in records if record.image == image and np.isfinite(record.original).any()]
    groups: dict[str, list[FaceRecord]] = {FULL: []}
    views = min((len(record.original) for record in usable), default=0)
    for record in sorted((record.of_first_views(views) for record in usable), key=lambda each: each.case):
        groups.setdefault(record.extent, []).append(record)
    found = [Faces(cohort, image, *_without_copies(group), seed=seed) for group in groups.values() if group]
    return sorted(found, key=lambda faces: (-len(faces.records), faces.extent != FULL, faces.extent)) or [
        Faces(cohort, image, (), seed=seed)
    ]


def _without_copies(records: Sequence[FaceRecord]) -> tuple[tuple[FaceRecord, ...], tuple[tuple[str, str], ...]]:
    """The records without those whose original is another one's, and (case, the case it is a copy of).

    Two ids of one scan are impostors of each other that look alike to the last digit, and count a patient twice.
    """
    kept: list[FaceRecord] = []
    copies: list[tuple[str, str]] = []
    for record in records:
        alike = similarity_matrix(record.original[None], np.stack([each.original for each in kept]))[0] if kept else np.array([])
        same = np.flatnonzero(alike >= SAME_SCAN_COSINE)
        if same.size:
            copies.append((record.case, kept[int(same[0])].case))
        else:
            kept.append(record)
    return tuple(kept), tuple(copies)


def too_few(persons: Sequence[str]) -> str:
    """Why no AUC can be given for so few persons, or nothing."""
    count = len(set(persons))
    return f"an AUC needs at least {FEWEST_PERSONS} persons, here {is_or_are(count)}" if count < FEWEST_PERSONS else ""


def estimate_numbers(result: Reidentification) -> dict[str, object]:
    """Value and interval of an AUC as columns of a row."""
    return interval_numbers(result.auc)


def interval_numbers(found: Estimate) -> dict[str, object]:
    """A value and its interval as columns of a row."""
    return {"value": found.value, "low": found.low, "high": found.high, "interval": CI95}


def joined(*notes: str) -> str:
    """Notes as one, empty ones left out."""
    return "; ".join(note for note in notes if note)


def finite(value: float | None) -> float:
    """NaN for a number that cannot be had."""
    return math.nan if value is None else value

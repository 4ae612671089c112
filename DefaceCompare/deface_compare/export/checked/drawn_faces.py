"""The surfaces of what was written, drawn and scored as an attacker would, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...anatomy.head import Head
from ...case import DOSE_IMAGE, Case, CaseImage
from ...errors import FaceNotFound, NotAvailable
from ...measurement import OK, Measurement, Scope
from ...privacy.case_faces import open_scorer
from ...privacy.face import FaceReference
from ...privacy.other_surfaces import body_grey, body_mask, dose_greys
from ...privacy.rows import DISTANCE, OWN, REFERENCE, privacy_rows
from ...privacy.scorer import FaceScorer
from ...settings import Settings

SIMILARITY_TOLERANCE = 0.02
"""A written image may be so much more alike than the measured one: PET is rounded to stored integers (others: measured 0)."""
DISTANCE_TOLERANCE_MM = 0.2
ON_SKIN_MM = 2.0
"""A contour this near to skin that was taken away follows it."""
DRAWN_SHARE = 0.2
"""A structure that follows this share of the skin that was taken away draws the face."""


class DrawnFaces:
    """Scores what was written against the original faces.

    Parameters
    ----------
    case : Case
        The original.
    heads : mapping of image key to Head
    settings : Settings
    rows : sequence of Measurement
        What was measured for this case and method.
    """

    def __init__(self, case: Case, heads: Mapping[str, Head], settings: Settings, rows: Sequence[Measurement]) -> None:
        self._case, self._heads = case, heads
        self._scorer: FaceScorer = open_scorer(settings.face_model, settings.seed)
        self._measured = {(row.image, row.metric): row for row in rows if row.status == OK and not row.dose_policy}
        self._references: dict[str, FaceReference] = {}
        self.told: dict[str, dict[str, float | str]] = {}

    def image_faults(self, image: CaseImage, written: sitk.Image) -> list[str]:
        """Score a written image; a fault where it is more alike the original than what was measured."""
        reference = self._reference(image)
        if reference is None:
            return []
        try:
            probe = self._scorer.probe(written, reference)
        except NotAvailable as reason:
            self.told[image.key] = {"reason": str(reason)}
            return []
        rows = {row.metric: row for row in privacy_rows(reference, probe, Scope("", "", "", "", ""), image.key)}
        self.told[image.key] = {name: row.defaced for name, row in rows.items() if row.status == OK}
        found = [rows[name] for name in (OWN, REFERENCE, DISTANCE) if rows[name].status == OK]
        return [fault for now in found if (fault := self._fault(image.key, now))]

    def _fault(self, key: str, now: Measurement) -> str:
        """Why a number of what was written is worse than the measured one, empty if it is not."""
        then = self._measured.get((key, now.metric))
        if now.metric == DISTANCE:
            near = then is not None and now.defaced < then.defaced - DISTANCE_TOLERANCE_MM
            return f"{key}: the written face lies nearer to the original's than when it was measured" if near else ""
        if then is None:
            return f"{key}: a face is found in what was written, none was found when it was measured"
        worse = now.defaced > then.defaced + SIMILARITY_TOLERANCE
        return f"{key}: {now.metric} of what was written is {now.defaced:.2f}, measured {then.defaced:.2f}" if worse else ""

    def score_other_surfaces(self, written: Case) -> None:
        """Draw the written dose and outer contours and note their likeness; whether they draw the skin is judged by geometry."""
        judged = next((image for image in self._case.images if image.key in self._heads), None)
        reference = None if judged is None else self._reference(judged)
        if reference is None or reference.unscored:
            return
        box = reference.box.coarse()
        if written.dose is not None:
            highest = float(sitk.GetArrayViewFromImage(written.dose.image).max())
            greys = dose_greys(written.dose.image, box, highest)
            self._note(DOSE_IMAGE, self._scorer.frontal_embeddings(greys, box, reference, [0.0] * len(greys)), reference)
        for body in written.structure_set.in_group("external") if written.structure_set else ():
            try:
                mask = body_mask(body, box)
            except NotAvailable as reason:
                self.told["BODY"] = {"reason": str(reason)}
                continue
            grey = body_grey(mask, box)
            self._note("BODY", self._scorer.frontal_embeddings([grey], box, reference, [0.0]), reference)

    def _note(self, key: str, embeddings: NDArray[np.float32], reference: FaceReference) -> None:
        cosines = embeddings.astype(np.float64) @ reference.embeddings[0].astype(np.float64)
        found = float(np.nanmax(cosines)) if np.isfinite(cosines).any() else math.nan
        self.told[key] = {"reason": "no face detected"} if math.isnan(found) else {OWN: found}

    def _reference(self, image: CaseImage) -> FaceReference | None:
        if image.key not in self._references:
            if image.key not in self._heads:
                self.told[image.key] = {"reason": "no head was found in the original"}
                return None
            try:
                self._references[image.key] = self._scorer.reference(image, self._heads[image.key])
            except (FaceNotFound, NotAvailable) as reason:
                self.told[image.key] = {"reason": str(reason)}
                return None
        return self._references[image.key]


def follows_skin(contours_mm: Sequence[NDArray[np.float64]], skin_mm: NDArray[np.float64]) -> float:
    """Share of the skin points, shape (n, 3), that a structure's contours pass by within `ON_SKIN_MM`."""
    if not len(skin_mm) or not contours_mm:
        return 0.0
    distance, _ = cKDTree(np.concatenate([dense(contour) for contour in contours_mm])).query(skin_mm)
    return float(np.mean(distance <= ON_SKIN_MM))


def dense(contour: NDArray[np.float64], step_mm: float = 1.0) -> NDArray[np.float64]:
    """Points along a closed contour, shape (n, 3), no further apart than about `step_mm`."""
    onward = np.roll(contour, -1, axis=0)
    pieces = np.maximum(1, np.ceil(np.linalg.norm(onward - contour, axis=1) / step_mm).astype(int))
    start = np.repeat(np.arange(len(contour)), pieces)
    share = (np.arange(len(start)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[start]
    return contour[start] + share[:, None] * (onward - contour)[start]

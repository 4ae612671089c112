"""The surfaces of what was written, drawn and scored as an attacker would, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import SimpleITK as sitk

from ...anatomy.head import Head
from ...case import DOSE_IMAGE, Case, CaseImage, Structure
from ...errors import FaceNotFound, NotAvailable
from ...measurement import OK, Measurement, Scope
from ...privacy.case_faces import open_scorer
from ...privacy.face import FaceReference
from ...privacy.networks.models import known_model
from ...privacy.rows import DISTANCE, OWN, REFERENCE, privacy_rows
from ...privacy.scorer import FaceScorer
from ...settings import DEFAULT_FACE_VIEWS, Settings
from .face_alone import FaceAlone, faults_alone

SIMILARITY_TOLERANCE = 0.02
"""A written image may be so much more alike than the measured one: PET is rounded to stored integers (others: measured 0)."""
DISTANCE_TOLERANCE_MM = 0.2


class DrawnFaces:
    """Scores what was written against the original faces.

    Parameters
    ----------
    case : Case
        The original.
    heads : mapping of image key to Head
    settings : Settings
        Of several face models the main one scores; all of them count in the privacy check.
    rows : sequence of Measurement
        What was measured for this case and method.
    """

    def __init__(self, case: Case, heads: Mapping[str, Head], settings: Settings, rows: Sequence[Measurement]) -> None:
        self._case, self._heads = case, heads
        self._scorer: FaceScorer = open_scorer(settings.face_models[0], settings.seed, DEFAULT_FACE_VIEWS)
        further = {known_model(key).title for key in settings.face_models[1:]}
        mine = [row for row in rows if row.status == OK and not row.dose_policy and row.engine not in further]
        self._measured = {(row.image, row.metric): row for row in mine}
        self._references: dict[str, FaceReference] = {}
        self.told: dict[str, dict[str, float | str]] = {}

    @property
    def unscored(self) -> str:
        """Why no face is looked for in what was written, empty if it is."""
        return self._scorer.unscored

    def image_faults(self, image: CaseImage, written: sitk.Image) -> list[str]:
        """Score a written image; a fault where it is more alike the original than what was measured."""
        reference = self._reference(image)
        if reference is None:
            return []
        try:
            probe = self._scorer.seen(written, reference, elsewhere=False)
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

    def faults_alone(self, written: Case, images: Mapping[str, sitk.Image], touching: Sequence[Structure]) -> dict[str, str]:
        """Draw each written object alone: images, dose, and structures that touch the skin, one by one and together.

        Parameters
        ----------
        written : Case
            Read back from what was written.
        images : mapping of image key to SimpleITK.Image
            As written, on the original's grid.
        touching : sequence of Structure
            Those of `written` that lie at the skin.

        Returns
        -------
        dict of str to str
            Why an object draws the original face, by the object's name.
        """
        judged = next((image for image in self._case.images if image.key in self._heads), None)
        why_not = "no head was found in the original" if judged is None else self._scorer.unscored
        if judged is None or why_not:
            self.told["each object alone"] = {"reason": why_not}
            return {}
        alone = FaceAlone(self._scorer, self._case, judged, self._heads[judged.key])
        here = {
            key: image
            for key, image in images.items()
            if self._case.image(key).frame_of_reference_uid == judged.frame_of_reference_uid
        }
        found = {key: alone.likeness(alone.image_greys(image, self._case.image(key))) for key, image in here.items()}
        if written.dose is not None:
            found[DOSE_IMAGE] = alone.likeness(alone.dose_greys(written.dose.image))
        greys = {each.name: alone.structure_greys(each) for each in touching}
        for number, drawn in enumerate(greys.values(), 1):
            found[f"structure at the skin {number} of {len(greys)}"] = alone.likeness(drawn)
        together = [grey for drawn in greys.values() for grey in drawn]
        if len(together) > 1:
            found["all structures at the skin"] = alone.likeness([np.maximum.reduce(together)])
        self.told |= {
            f"{key} alone": {"reason": "no face detected"} if math.isnan(cosine) else {"cosine": cosine}
            for key, cosine in found.items()
        }
        return faults_alone(found, list(here))

    def _reference(self, image: CaseImage) -> FaceReference | None:
        if image.key not in self._references:
            if image.key not in self._heads:
                self.told[image.key] = {"reason": "no head was found in the original"}
                return None
            try:
                self._references[image.key] = self._scorer.reference(image, self._heads[image.key], emptied=False)
            except (FaceNotFound, NotAvailable) as reason:
                self.told[image.key] = {"reason": str(reason)}
                return None
        return self._references[image.key]

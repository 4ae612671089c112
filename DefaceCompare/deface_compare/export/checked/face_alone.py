"""Each written object drawn alone, as by an attacker who has no other: does it show the face that the original's files show?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...anatomy.head import Head
from ...anatomy.head_axes import head_axes
from ...case import Case, CaseImage, Structure
from ...errors import NotAvailable
from ...privacy.other_surfaces import body_grey, body_mask, dose_greys
from ...privacy.render import VIEWS_DEG, face_camera
from ...privacy.scorer import FaceScorer
from ...privacy.surface import FaceBox, face_box, grey_values, outline_on_box, skin_level

LIKER_MARGIN = 0.25
"""An object that draws no face of its own is at most so much more like the original than the best of the defaced images: 78 real
patients by four methods, dose treated as the image, at most 0.19 (a dose that ends at the skin: up to 0.35)."""


@dataclass(frozen=True)
class Witness:
    """A face that the original's files show, frontal view.

    Parameters
    ----------
    embedding : ndarray of float32, shape (length,)
    landmarks_px : ndarray, shape (5, 2)
    """

    embedding: NDArray[np.float32]
    landmarks_px: NDArray[np.float64]


class FaceAlone:
    """Draws objects alone, each at the landmarks found on its own picture and at the original's.

    Parameters
    ----------
    scorer : FaceScorer
    case : Case
        The original.
    image : CaseImage
        Its judged image.
    head : Head
        Found in the image's frame of reference.
    """

    def __init__(self, scorer: FaceScorer, case: Case, image: CaseImage, head: Head) -> None:
        self._scorer, self._case, self._image, self._head = scorer, case, image, head
        self._box: FaceBox = face_box(head).coarse()
        self._axes = head_axes(head)
        self._camera = face_camera(self._axes, *VIEWS_DEG[0])
        self._level = skin_level(image)
        self._highest_gy = 0.0 if case.dose is None else float(sitk.GetArrayViewFromImage(case.dose.image).max())
        self._witnesses = self._original_faces()

    def likeness(self, greys: Sequence[NDArray[np.float32]]) -> float:
        """The highest cosine to a face of the original that an object's surfaces (scaled grey values) show; NaN without any."""
        found = math.nan
        for grey in greys:
            known = [witness.landmarks_px for witness in self._witnesses]
            try:
                own, _, at_known = self._scorer.frontal_faces(grey, self._box, self._axes, self._camera, known)
            except NotAvailable:  # no surface as large as a head: an attacker sees nothing
                continue
            for witness, there in zip(self._witnesses, at_known, strict=True):
                cosines = np.stack([own, there]).astype(np.float64) @ witness.embedding.astype(np.float64)
                found = float(np.nanmax([found, *cosines])) if np.isfinite([found, *cosines]).any() else found
        return found

    def image_greys(self, image: sitk.Image, of: CaseImage) -> list[NDArray[np.float32]]:
        """A written image; `of` is its original, whose level holds for both."""
        return [grey_values(image, self._box, skin_level(of))]

    def dose_greys(self, dose: sitk.Image) -> list[NDArray[np.float32]]:
        """A written dose grid, one for each level of an attacker."""
        return dose_greys(dose, self._box, self._highest_gy) if self._highest_gy > 0 else []

    def structure_greys(self, structure: Structure) -> list[NDArray[np.float32]]:
        """The filled contours of a structure; none if it does not reach the face."""
        try:
            return [body_grey(body_mask(structure, self._box), self._box)]
        except NotAvailable:
            return []

    def _original_faces(self) -> list[Witness]:
        """Of the judged image, of the outer contour and of the dose, as far as the detector finds a face there."""
        within = outline_on_box(self._head, self._box)
        greys = [grey_values(self._image.image, self._box, self._level, within)]
        structures = self._case.structure_set
        for body in (structures.in_group("external") if structures else ())[:1]:
            greys += self.structure_greys(body)
        if self._case.dose is not None:
            greys += self.dose_greys(self._case.dose.image)
        witnesses = []
        for grey in greys:
            try:
                own, landmarks, _ = self._scorer.frontal_faces(grey, self._box, self._axes, self._camera, [])
            except NotAvailable:
                continue
            if np.isfinite(own).all():
                witnesses.append(Witness(own, landmarks))
        return witnesses


def faults_alone(likeness: Mapping[str, float], images: Sequence[str]) -> dict[str, str]:
    """Objects that are more like the original than all the defaced images are, and the sentence that says so.

    Parameters
    ----------
    likeness : mapping of object to cosine
        NaN where no face is seen.
    images : sequence of str
        Which of the objects are defaced images; where none shows a face, every face that another object shows counts.
    """
    seen = [likeness[key] for key in images if math.isfinite(likeness.get(key, math.nan))]
    best = max(seen, default=0.0)
    return {
        name: f"{name} alone is more like the original face ({cosine:.2f}) than the defaced images are ({best:.2f})"
        for name, cosine in likeness.items()
        if name not in images and math.isfinite(cosine) and cosine > best + LIKER_MARGIN
    }

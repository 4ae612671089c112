"""Privacy rows of one image and method."""

from __future__ import annotations

import math

from ..errors import NotAvailable
from ..measurement import Measurement, Scope
from .face_distance import face_surface_distance_mm
from .face_scorer import FaceProbe, FaceReference
from .pairs import similarity_matrix

NO_FACE = "no face detected"
SCORES = ("cosine_similarity_own", "cosine_similarity_reference", "face_detected")
"""Metrics that need a recognition model."""
DISTANCE = "face_surface_distance"
METRICS = (*SCORES, DISTANCE)
"""All privacy metrics of a case, in row order."""
DISTANCE_ENGINE = "builtin"


def privacy_rows(reference: FaceReference, probe: FaceProbe, scope: Scope, image_key: str) -> list[Measurement]:
    """Similarity, detection and surface distance of one defaced image.

    A cosine that cannot be had because no face is found is ``not available: no face detected``; it is no failure.
    """
    rows = []
    if reference.unscored:
        rows += [scope.missing(metric, reference.unscored, image=image_key, engine=reference.engine) for metric in SCORES]
    else:
        for metric, embeddings in zip(SCORES[:2], (probe.own, probe.reference), strict=True):
            cosine = float(similarity_matrix(embeddings[None], reference.embeddings[None])[0, 0])
            if math.isnan(cosine):
                rows.append(scope.missing(metric, NO_FACE, image=image_key, engine=reference.engine))
            else:
                rows.append(scope.row(metric, defaced=cosine, image=image_key, engine=reference.engine))
        rows.append(scope.row("face_detected", original=1.0, defaced=float(probe.detected), image=image_key, engine="YuNet"))
    return [*rows, _distance_row(reference, probe, scope, image_key)]


def missing_privacy_rows(scope: Scope, image_key: str, reason: str, status: str = "not available") -> list[Measurement]:
    """The rows of an image that could not be scored at all; `reason` says why."""
    return [scope.missing(metric, reason, image=image_key, status=status) for metric in METRICS]


def _distance_row(reference: FaceReference, probe: FaceProbe, scope: Scope, image_key: str) -> Measurement:
    try:
        moved_mm = face_surface_distance_mm(reference.surface, probe.surface, reference.axes, reference.landmarks_mm)
    except NotAvailable as reason:
        return scope.missing(DISTANCE, str(reason), image=image_key, engine=DISTANCE_ENGINE)
    return scope.row(DISTANCE, original=0.0, defaced=moved_mm, image=image_key, engine=DISTANCE_ENGINE)

"""Privacy rows of one image and method."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAvailable
from ..measurement import Measurement, Scope
from .edit_border import LEVELS
from .face import FaceProbe, FaceReference
from .face_distance import face_surface_distance_mm
from .similarity import similarity_matrix

NO_FACE = "no face detected"
NO_BORDER = "no face detected in what the border of the edit draws"
OWN, REFERENCE, REBUILT = "cosine_similarity_own", "cosine_similarity_reference", "cosine_similarity_reconstructed"
BORDER = "cosine_similarity_border"
SCORES = (OWN, REFERENCE, REBUILT, BORDER, "face_detected")
"""Metrics that need a recognition model."""
DISTANCE = "face_surface_distance"
METRICS = (*SCORES, DISTANCE)
"""All privacy metrics of a case, in row order."""
DISTANCE_ENGINE = "builtin"


def privacy_rows(reference: FaceReference, probe: FaceProbe, scope: Scope, image_key: str) -> list[Measurement]:
    """Similarities, detection and surface distance of one defaced image.

    A cosine that cannot be had because no face is found is ``not available: no face detected``; it is no failure.
    """
    rows = []
    if reference.unscored:
        rows += [scope.missing(metric, reference.unscored, image=image_key, engine=reference.engine) for metric in SCORES]
    else:
        for model in reference.models:
            rows += _similarities(reference.of(model), probe.of(model), scope, image_key)
        rows.append(scope.row("face_detected", original=1.0, defaced=float(probe.detected), image=image_key, engine="YuNet"))
    return [*rows, _distance_row(reference, probe, scope, image_key)]


def _similarities(reference: FaceReference, probe: FaceProbe, scope: Scope, image_key: str) -> list[Measurement]:
    """What one recognition model says of a defaced image."""
    scored = partial(_cosine_row, scope, reference, image_key)
    views = float(similarity_matrix(probe.own[None], reference.embeddings[None])[0, 0])
    best, note = _best_threshold(reference, probe.others, views)
    at_reference = float(similarity_matrix(probe.reference[None], reference.embeddings[None])[0, 0])
    rebuilt = float(probe.rebuilt.astype(np.float64) @ reference.embeddings[0].astype(np.float64))
    drawn, which = _best_level(reference, probe.border)
    return [
        scored(OWN, best, NO_FACE, note=note),
        scored(REFERENCE, at_reference, NO_FACE),
        scored(REBUILT, rebuilt, probe.rebuilt_reason or NO_FACE),
        scored(BORDER, drawn, NO_BORDER, note="" if which is None else LEVELS[which]),
    ]


def surface_rows(
    reference: FaceReference, others: NDArray[np.float32], scope: Scope, image_key: str, dose_policy: str = ""
) -> list[Measurement]:
    """Similarity of a surface that is no image (dose grid, outer contour) to the original's face: its most similar level.

    One row a recognition model.
    """
    rows = []
    for model in reference.models:
        known = reference.of(model)
        best, _ = _best_threshold(known, others[:, model.columns], math.nan)
        rows.append(_cosine_row(scope, known, image_key, OWN, best, NO_FACE, dose_policy=dose_policy))
    return rows


def _best_level(reference: FaceReference, drawn: NDArray[np.float32]) -> tuple[float, int | None]:
    """The highest similarity of frontal views, and at which level; NaN and None without a face."""
    cosines = drawn.astype(np.float64) @ reference.embeddings[0].astype(np.float64)
    if not np.isfinite(cosines).any():
        return math.nan, None
    best = int(np.nanargmax(cosines))
    return float(cosines[best]), best


def _best_threshold(reference: FaceReference, others: NDArray[np.float32], views: float) -> tuple[float, str]:
    """The highest similarity over thresholds, and which one gave it if it is not the skin's."""
    highest, best = _best_level(reference, others)
    if best is None or highest <= views:
        return views, ""
    levels = reference.level.others
    return highest, f"drawn at {levels[best]:.4g}, not at the skin's threshold" if len(levels) == len(others) else ""


def _cosine_row(
    scope: Scope,
    reference: FaceReference,
    image_key: str,
    metric: str,
    cosine: float,
    reason: str,
    note: str = "",
    dose_policy: str = "",
) -> Measurement:
    engine = reference.engine
    if math.isnan(cosine):
        return scope.missing(metric, reason, image=image_key, engine=engine, dose_policy=dose_policy)
    return scope.row(metric, defaced=cosine, image=image_key, engine=engine, dose_policy=dose_policy, note=note)


def missing_privacy_rows(scope: Scope, image_key: str, reason: str, status: str = "not available") -> list[Measurement]:
    """The rows of an image that could not be scored at all; `reason` says why."""
    return [scope.missing(metric, reason, image=image_key, status=status) for metric in METRICS]


def _distance_row(reference: FaceReference, probe: FaceProbe, scope: Scope, image_key: str) -> Measurement:
    try:
        moved_mm = face_surface_distance_mm(reference.surface, probe.surface, reference.axes, reference.landmarks_mm)
    except NotAvailable as reason:
        return scope.missing(DISTANCE, str(reason), image=image_key, engine=DISTANCE_ENGINE)
    return scope.row(DISTANCE, original=0.0, defaced=moved_mm, image=image_key, engine=DISTANCE_ENGINE)

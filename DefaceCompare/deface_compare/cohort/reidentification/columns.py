"""What each column of the privacy table tries: one set of attempts for each way to find the landmarks, for one arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...privacy.face_maps import KINDS
from ...privacy.similarity import similarity_matrix
from ..arms import Arm
from .attempts import Attempt, attempt
from .records import FaceRecord, Faces

OWN, REFERENCE, REBUILT = "auc_own", "auc_reference", "auc_reconstructed"
LOW_SCORE, MEAN_LANDMARKS, BORDER, MAPS = "auc_low_score", "auc_mean_landmarks", "auc_border", "auc_maps"
COLUMNS = (OWN, LOW_SCORE, MEAN_LANDMARKS, REFERENCE, REBUILT, BORDER)
"""All columns that are always asked for, in table order."""
WORDS = {
    OWN: "own landmarks",
    LOW_SCORE: "landmarks of a low detection score",
    MEAN_LANDMARKS: "other people's mean landmarks",
    REFERENCE: "reference landmarks",
    REBUILT: "rebuilt face",
    BORDER: "skin drawn from the edit's border",
}


def columns(faces: Faces, arm: Arm, scans: Sequence[int]) -> dict[str, list[Attempt]]:
    """The attempts of each column on these scans; scans on which the arm failed enter undefaced.

    Returns
    -------
    dict of str to list of Attempt
        By metric, in the order of `COLUMNS`; a column that no scan has is left out.
    """
    genuine = np.array(scans, dtype=np.intp)
    records = [faces.records[k] for k in scans]
    found = {OWN: _own(faces, arm, records, genuine)}
    views: dict[str, Mapping[int, Mapping[Arm, NDArray[np.float64]]]] = {
        LOW_SCORE: {k: record.low_score for k, record in enumerate(records)},
        MEAN_LANDMARKS: {k: record.mean_landmarks for k, record in enumerate(records)},
        REFERENCE: {k: record.reference for k, record in enumerate(records)},
    }
    for metric, prints in views.items():
        if any(arm in prints[k] for k in prints):
            probes = [prints[k].get(arm, record.undefaced) for k, record in enumerate(records)]
            found[metric] = [attempt(WORDS[metric], faces.similarity(probes), genuine)]
    found[REBUILT] = [attempt(WORDS[REBUILT], faces.rebuilt(arm, scans), genuine)]
    found[BORDER] = _frontal(faces, arm, records, genuine, [record.border.get(arm) for record in records], WORDS[BORDER])
    found[MAPS] = _maps(faces, arm, records, genuine)
    return {metric: found[metric] for metric in (*COLUMNS, MAPS) if found.get(metric)}


def headline_attempts(found: Mapping[str, Sequence[Attempt]]) -> list[Attempt]:
    """All that an attacker without the original can try."""
    return [each for metric, attempts in found.items() if metric != REFERENCE for each in attempts]


def attacks(faces: Faces, arm: Arm, scans: Sequence[int], tried: Mapping[str, Sequence[Attempt]] | None = None) -> list[Attempt]:
    """All that an attacker without the original can try on these scans, by every face model.

    Parameters
    ----------
    tried : mapping of str to sequence of Attempt, optional
        What `columns` gives for the main model, where it is known already.
    """
    found = headline_attempts(columns(faces, arm, scans) if tried is None else tried)
    if not faces.further:
        return found
    further = ((model.engine, headline_attempts(columns(model, arm, scans))) for model in faces.further)
    return [
        replace(each, words=f"{engine}: {each.words}")
        for engine, of_model in ((faces.engine, found), *further)
        for each in of_model
    ]


def at_skin(faces: Faces, arm: Arm, scans: Sequence[int]) -> NDArray[np.float64]:
    """Similarities by own landmarks at the skin's threshold alone, as published comparisons draw it."""
    return faces.similarity([faces.records[k].own.get(arm, faces.records[k].undefaced) for k in scans])


def _own(faces: Faces, arm: Arm, records: Sequence[FaceRecord], genuine: NDArray[np.intp]) -> list[Attempt]:
    """Own landmarks: five views at the skin's threshold, and the frontal view at each other threshold."""
    skin = faces.similarity([record.own.get(arm, record.undefaced) for record in records])
    tried = [attempt(f"{WORDS[OWN]} at the skin's threshold", skin, genuine)]
    drawn = [record.others.get(arm) for record in records]
    return tried + _frontal(faces, arm, records, genuine, drawn, f"{WORDS[OWN]} at another threshold")


def _maps(faces: Faces, arm: Arm, records: Sequence[FaceRecord], genuine: NDArray[np.intp]) -> list[Attempt]:
    """One attempt for each other map of the face, compared with the same map of the originals."""
    if not any(arm in record.maps for record in records):
        return []
    nothing = np.full((len(KINDS), *faces.gallery.shape[1:]), np.nan)
    gallery = np.stack([nothing if each.original_maps is None else each.original_maps for each in faces.records])
    undefaced = [nothing if record.original_maps is None else record.original_maps for record in records]
    probes = np.stack(
        [
            failed if arm not in record.own else record.maps.get(arm, nothing)
            for record, failed in zip(records, undefaced, strict=True)
        ]
    )
    return [attempt(kind, similarity_matrix(probes[:, k], gallery[:, k]), genuine) for k, kind in enumerate(KINDS)]


def _frontal(
    faces: Faces,
    arm: Arm,
    records: Sequence[FaceRecord],
    genuine: NDArray[np.intp],
    drawn: Sequence[NDArray[np.float64] | None],
    words: str,
) -> list[Attempt]:
    """One attempt for each level at which the frontal view was drawn."""
    nothing = np.full(faces.gallery.shape[2], np.nan)
    known = [np.empty((0, len(nothing))) if each is None else each for each in drawn]
    tried = []
    for level in range(max((len(levels) for levels in known), default=0)):
        probes = [
            record.undefaced[0] if arm not in record.own else levels[level] if level < len(levels) else nothing
            for record, levels in zip(records, known, strict=True)
        ]
        similarity = similarity_matrix(np.stack(probes)[:, None], faces.gallery[:, :1])
        tried.append(attempt(f"{words} ({level + 1})", similarity, genuine))
    return tried

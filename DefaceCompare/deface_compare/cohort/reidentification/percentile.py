"""Where a defaced face stands among the similarities of other people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...output.folder import OutputFolder
from ...output.key import read_persons
from ...privacy.face_prints import FACELESS, ORIGINAL, RERENDERED, FacePrint, FacePrints, load_face_prints
from ...privacy.similarity import highest_similarity, similarity_matrix
from .auc import FEWEST_PERSONS
from .pairs import probe_auc


def percentiles(case: Path, study: Path, case_id: str, image: str) -> dict[str, Percentile]:
    """The percentile of each method's defaced face (own landmarks, the attacker's best threshold).

    It is the probe's P(genuine > impostor) of the study's AUC (see `pairs.probe_auc`): 50 is chance, 100 always linked.

    Parameters
    ----------
    case : Path
        Output folder of the case; ``identifiable`` in it holds the face prints.
    study : Path
        Output folder of a study whose originals are the other heads; the case's own person does not count.
    case_id, image : str

    Returns
    -------
    dict of method key to Percentile
        Empty where there are no face prints or fewer than `FEWEST_PERSONS` other heads of the same model and image.
    """
    file = OutputFolder(case).face_prints(case_id)
    if not file.is_file():
        return {}
    mine = load_face_prints(file)
    person = read_persons(OutputFolder(case).key).get(case_id, "")
    others = other_originals(study, mine, image, person)
    if len(others) < FEWEST_PERSONS or (image, ORIGINAL) not in mine.prints:
        return {}
    gallery = np.stack([mine.prints[image, ORIGINAL].own, *others])
    return {
        method: Percentile(100.0 * _score(face, gallery), len(others))
        for (key, method), face in mine.prints.items()
        if key == image and method not in (ORIGINAL, RERENDERED, FACELESS)
    }


def _score(face: FacePrint, gallery: NDArray[np.floating]) -> float:
    similarity = highest_similarity(similarity_matrix(face.own[None], gallery), [face.others], gallery[:, 0])
    return float(probe_auc(similarity, np.array([0]), np.arange(len(gallery)))[0])


def other_originals(study: Path, mine: FacePrints, image: str, person: str) -> Sequence[NDArray[np.floating]]:
    """One original a person of a study, made by the same model, the case's own person left out."""
    persons = read_persons(OutputFolder(study).key)
    found: dict[str, NDArray[np.floating]] = {}
    for file in sorted(OutputFolder(study).all_face_prints.glob("*.npz")):
        who = persons.get(file.stem, file.stem)
        prints = load_face_prints(file)
        face = prints.prints.get((image, ORIGINAL))
        if who != person and prints.model_sha256 == mine.model_sha256 and face is not None and np.isfinite(face.own).any():
            found.setdefault(who, face.own)
    return list(found.values())


@dataclass(frozen=True)
class Percentile:
    """How many percent of other heads look less like a defaced face than its own original does, and of how many heads."""

    percent: float
    heads: int

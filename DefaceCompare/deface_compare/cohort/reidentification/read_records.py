"""The face prints of an output folder as records of a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...demographics import Demographics
from ...output.demographics_file import read_demographics
from ...output.folder import OutputFolder
from ...output.key import read_persons
from ...privacy.face_prints import (
    DOSE_KEEP,
    FACELESS,
    ORIGINAL,
    OTHER_SURFACES,
    PLANTED,
    RERENDERED,
    FacePrints,
    load_face_prints,
)
from ..arms import Arm
from .records import FULL, FaceModel, FaceRecord


def read_face_records(out: Path, ids: Mapping[str, str], arms: Mapping[str, Sequence[Arm]]) -> list[FaceRecord]:
    """One record for each case, image and face model by which its original was scored; a case's main model first.

    Parameters
    ----------
    out : Path
        Output folder; where it holds no face prints there are no records.
    ids : mapping of str to str
        Case id in the pooled tables by the id under which its files lie.
    arms : mapping of str to sequence of Arm
        The arms of each case (same keys): they tell variant, fill and protection of a method's key.
    """
    folder = OutputFolder(out)
    persons = read_persons(folder.key)
    records = []
    for key, name in ids.items():
        known = read_demographics(out, key)
        for path in folder.all_prints_of(key):
            found = load_face_prints(path)
            person = persons.get(key, "") or name
            images = dict.fromkeys(image for image, method in found.prints if method == ORIGINAL and image not in OTHER_SURFACES)
            records += [_record(name, person, image, found, arms[key], known) for image in images]
    return records


def _record(case: str, person: str, image: str, found: FacePrints, arms: Sequence[Arm], person_known: Demographics) -> FaceRecord:
    prints = found.prints
    original = prints[image, ORIGINAL]
    known = {arm: prints[image, arm.method] for arm in arms if (image, arm.method) in prints}
    control, faceless, planted = (prints.get((image, name)) for name in (RERENDERED, FACELESS, PLANTED))
    return FaceRecord(
        case=case,
        person=person,
        image=image,
        original=original.own.astype(np.float64),
        rerendered=None if control is None else control.own.astype(np.float64),
        own={arm: each.own.astype(np.float64) for arm, each in known.items()},
        reference={arm: each.reference.astype(np.float64) for arm, each in known.items()},
        low_score={arm: each.low_score.astype(np.float64) for arm, each in known.items()},
        mean_landmarks={arm: each.mean_landmarks.astype(np.float64) for arm, each in known.items()},
        others={arm: each.others.astype(np.float64) for arm, each in known.items()},
        border={arm: each.border.astype(np.float64) for arm, each in known.items()},
        rebuilt={arm: each.rebuilt.astype(np.float64) for arm, each in known.items()},
        faceless_reference=None if faceless is None else faceless.reference.astype(np.float64),
        planted=None if planted is None else planted.mean_landmarks.astype(np.float64),
        extent=found.extents.get(image, FULL),
        surfaces={surface: _drawn(found, surface, arms) for surface in OTHER_SURFACES if _drawn(found, surface, arms)},
        ran=frozenset(arms),
        model=FaceModel(found.model, found.model_sha256),
        maps={arm: each.maps.astype(np.float64) for arm, each in known.items() if each.maps is not None},
        original_maps=None if original.maps is None else original.maps.astype(np.float64),
        demographics=person_known,
    )


def _drawn(found: FacePrints, surface: str, arms: Sequence[Arm]) -> dict[Arm, NDArray[np.float64]]:
    """A case's dose grid or outer contour by arm; the untouched dose is the same for all."""
    keys = {arm: (surface, ORIGINAL if surface == DOSE_KEEP else arm.method) for arm in arms}
    return {arm: found.prints[key].others.astype(np.float64) for arm, key in keys.items() if key in found.prints}

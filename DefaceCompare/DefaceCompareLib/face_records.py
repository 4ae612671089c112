"""The face prints of an output folder as records that a cohort can be scored with."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .face_cohort import FULL, FaceRecord
from .patient_table import Arm
from .privacy.face_prints import DOSE_KEEP, FACELESS, ORIGINAL, OTHER_SURFACES, RERENDERED, FacePrints, load_face_prints

KEY_COLUMNS = ("case", "person", "source")
"""Columns of ``identifiable/key.csv``."""


def read_face_records(identifiable: Path, ids: Mapping[str, str], arms: Mapping[str, Sequence[Arm]]) -> list[FaceRecord]:
    """One record for each case and image whose original was scored.

    Parameters
    ----------
    identifiable : Path
        ``OUT/identifiable``; where it is absent there are no records.
    ids : mapping of str to str
        Case id in the pooled tables by the id under which its files lie.
    arms : mapping of str to sequence of Arm
        The arms of each case (same keys): they tell variant, fill and protection of a method's key.
    """
    persons = read_persons(identifiable / "key.csv")
    records = []
    for key, name in ids.items():
        path = identifiable / "face_prints" / f"{key}.npz"
        if not path.is_file():
            continue
        found = load_face_prints(path)
        person = persons.get(key, "") or name
        images = dict.fromkeys(image for image, method in found.prints if method == ORIGINAL and image not in OTHER_SURFACES)
        records += [_record(name, person, image, found, arms[key]) for image in images]
    return records


def _record(case: str, person: str, image: str, found: FacePrints, arms: Sequence[Arm]) -> FaceRecord:
    prints = found.prints
    known = {arm: prints[image, arm.method] for arm in arms if (image, arm.method) in prints}
    control, faceless = prints.get((image, RERENDERED)), prints.get((image, FACELESS))
    return FaceRecord(
        case=case,
        person=person,
        image=image,
        original=prints[image, ORIGINAL].own.astype(np.float64),
        rerendered=None if control is None else control.own.astype(np.float64),
        own={arm: each.own.astype(np.float64) for arm, each in known.items()},
        reference={arm: each.reference.astype(np.float64) for arm, each in known.items()},
        others={arm: each.others.astype(np.float64) for arm, each in known.items()},
        rebuilt={arm: each.rebuilt.astype(np.float64) for arm, each in known.items()},
        faceless_own=None if faceless is None else faceless.own.astype(np.float64),
        faceless_reference=None if faceless is None else faceless.reference.astype(np.float64),
        extent=found.extents.get(image, FULL),
        surfaces={surface: _drawn(found, surface, arms) for surface in OTHER_SURFACES if _drawn(found, surface, arms)},
    )


def _drawn(found: FacePrints, surface: str, arms: Sequence[Arm]) -> dict[Arm, NDArray[np.float64]]:
    """A case's dose grid or outer contour by arm; the untouched dose is the same for all."""
    keys = {arm: (surface, ORIGINAL if surface == DOSE_KEEP else arm.method) for arm in arms}
    return {arm: found.prints[key].others.astype(np.float64) for arm, key in keys.items() if key in found.prints}


def read_persons(path: Path) -> dict[str, str]:
    """Who each case is, from the key file; nobody where there is none."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row["person"] for row in csv.DictReader(stream)}

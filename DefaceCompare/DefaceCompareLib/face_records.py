"""The face prints of an output folder as records that a cohort can be scored with."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .patient_table import Arm
from .privacy.face_prints import ORIGINAL, RERENDERED, FacePrint, load_face_prints
from .summary_privacy import FaceRecord

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
    persons = _persons(identifiable / "key.csv")
    records = []
    for key, name in ids.items():
        path = identifiable / "face_prints" / f"{key}.npz"
        if not path.is_file():
            continue
        prints = load_face_prints(path).prints
        for image in dict.fromkeys(image for image, method in prints if method == ORIGINAL):
            known = {arm: prints[image, arm.method] for arm in arms[key] if (image, arm.method) in prints}
            records.append(_record(name, persons.get(key, "") or name, image, prints, known))
    return records


def _record(
    case: str, person: str, image: str, prints: Mapping[tuple[str, str], FacePrint], known: Mapping[Arm, FacePrint]
) -> FaceRecord:
    control = prints.get((image, RERENDERED))
    return FaceRecord(
        case=case,
        person=person,
        image=image,
        original=prints[image, ORIGINAL].own.astype(np.float64),
        rerendered=None if control is None else control.own.astype(np.float64),
        own={arm: each.own.astype(np.float64) for arm, each in known.items()},
        reference={arm: each.reference.astype(np.float64) for arm, each in known.items()},
    )


def _persons(path: Path) -> dict[str, str]:
    """Who each case is, from the key file."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row["person"] for row in csv.DictReader(stream)}

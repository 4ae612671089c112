"""Linkage without a face: other scans of the same patients found by what lies inside the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...output.folder import OutputFolder
from ...output.key import read_persons
from ...privacy.face_prints import ORIGINAL
from ...privacy.inner_anatomy import read_inner_prints
from ..arms import Arm
from ..summary import SummaryRow
from .records import FaceRecord, Faces, joined
from .second_scans import METRICS as SECOND_SCANS
from .second_scans import second_scan_rows

METRICS = dict(zip(SECOND_SCANS, ("auc_inner_anatomy", "rank1_inner_anatomy", "rank5_inner_anatomy"), strict=True))
"""What second scans are told as where no face is looked at."""
NO_SECOND_SCAN = "no patient has another scan of the same modality"


def read_inner_records(out: Path, ids: Mapping[str, str], arms: Mapping[str, Sequence[Arm]]) -> list[FaceRecord]:
    """One record for each case and image whose inner anatomy was looked at; parameters as of `read_face_records`."""
    folder = OutputFolder(out)
    persons = read_persons(folder.key)
    records = []
    for key, name in ids.items():
        path = folder.inner_prints(key)
        prints = read_inner_prints(path) if path.is_file() else {}
        person = persons.get(key, "") or name
        for image in dict.fromkeys(image for image, method in prints if method == ORIGINAL):
            own = {arm: _one_view(prints[image, arm.method]) for arm in arms[key] if (image, arm.method) in prints}
            records.append(FaceRecord(name, person, image, _one_view(prints[image, ORIGINAL]), own=own))
    return records


def inner_anatomy_rows(records: Sequence[FaceRecord], arms: Sequence[Arm], cohort: str, seed: int) -> list[SummaryRow]:
    """AUC, rank 1 and rank 5 against other scans of the same patients, undefaced and after each arm.

    What all heads have in common, the mean of the image's originals, is taken off first: an attacker with a gallery has it.
    """
    if not records:
        return []
    images = [
        Faces(cohort, image, tuple(_centred([record for record in records if record.image == image])), seed=seed)
        for image in dict.fromkeys(record.image for record in records)
    ]
    rows = [row for row in second_scan_rows(images, arms) if row.metric in METRICS]
    if not rows:
        return [replace(images[0].row(METRICS[SECOND_SCANS[0]], None, 0), note=NO_SECOND_SCAN)]
    return [replace(row, metric=METRICS[row.metric], note=joined("by inner anatomy, no face", row.note)) for row in rows]


def _one_view(print_of_image: NDArray[np.float16]) -> NDArray[np.float64]:
    return print_of_image.astype(np.float64)[None]


def _centred(records: Sequence[FaceRecord]) -> list[FaceRecord]:
    """The records of one image without their originals' mean, as vectors of length one."""
    middle = np.mean([record.original for record in records], axis=0, dtype=np.float64)
    return [
        replace(
            record,
            original=_unit(record.original - middle),
            own={arm: _unit(each - middle) for arm, each in record.own.items()},
        )
        for record in records
    ]


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, np.nan))

"""Whether a series' privacy check is passed, as DESIGN defines it; otherwise it is not assessed, with the reason."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnusableInput
from ..measurement import OK, Measurement
from ..privacy.face_prints import ORIGINAL, RERENDERED, FacePrint, load_face_prints
from ..privacy.pairs import similarity_matrix
from ..privacy.rows import OWN, REBUILT
from ..review import FAIL, REVIEW_FILE, read_decisions

FEWEST_OTHERS = 20
"""Other real heads of the modality without which nothing is said."""
IMPOSTOR_PERCENTILE = 95.0
PASSED = ""
NOT_ASSESSED = "not assessed"


def privacy_check(out: Path, case_id: str, method: str, image: str, rows: Sequence[Measurement], synthetic: bool) -> str:
    """The reason why a series' privacy check is not passed, empty if it is.

    Passed means: the quality gate is ok; similarity by own landmarks and after an attempt to rebuild the face are at most the
    95th percentile of the similarities to at least 20 other real heads of the modality; the re-rendered original is recognised
    among them; no reviewer said fail.

    Parameters
    ----------
    out : Path
        The study's output folder.
    rows : sequence of Measurement
        Of this case and method.
    """
    if synthetic:
        return f"{NOT_ASSESSED}: a synthetic head says nothing about a method"
    known = {row.metric: row for row in rows if row.image == image and row.status == OK and not row.dose_policy}
    if "success" not in known or known["success"].defaced != 1.0:
        return "the quality gate is not passed"
    if _reviewed_fail(out, case_id, method):
        return "a reviewer said fail"
    own, others, control = _impostors(out, case_id, method, image)
    if own is None or len(others) < FEWEST_OTHERS:
        return f"{NOT_ASSESSED}: needs {FEWEST_OTHERS} other heads with this image, here are {len(others)}"
    limit = float(np.percentile(others, IMPOSTOR_PERCENTILE))
    if not control > limit:
        return f"{NOT_ASSESSED}: the control failed (the original, drawn again, is not told from other heads)"
    for metric in (OWN, REBUILT):
        if metric in known and known[metric].defaced > limit:
            return f"{metric} {known[metric].defaced:.2f} is above {limit:.2f}, the 95th percentile of other heads"
    return PASSED


def _impostors(out: Path, case_id: str, method: str, image: str) -> tuple[FacePrint | None, NDArray[np.float64], float]:
    """This case's defaced face, its similarities to other people's originals, and the control's to its own original."""
    folder = out / "identifiable" / "face_prints"
    persons = _persons(out)
    mine: FacePrint | None = None
    control = float("nan")
    others: list[FacePrint] = []
    for path in sorted(folder.glob("*.npz")):
        try:
            prints = load_face_prints(path).prints
        except UnusableInput:
            continue  # a file that is no face print adds no head; too few heads is what is said then
        if path.stem == case_id:
            mine = prints.get((image, method))
            control = _similarity(prints.get((image, RERENDERED)), prints.get((image, ORIGINAL)))
        elif persons.get(path.stem, path.stem) != persons.get(case_id, case_id) and (image, ORIGINAL) in prints:
            others.append(prints[image, ORIGINAL])
    if mine is None:
        return None, np.empty(0), control
    probe = mine if np.isfinite(mine.own).any() else replace(mine, own=mine.reference)
    scores = np.array([_similarity(probe, other) for other in others])
    return mine, scores[np.isfinite(scores)], control


def _similarity(probe: FacePrint | None, original: FacePrint | None) -> float:
    if probe is None or original is None:
        return float("nan")
    return float(similarity_matrix(probe.own[None], original.own[None])[0, 0])


def _persons(out: Path) -> dict[str, str]:
    path = out / "identifiable" / "key.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row["person"] for row in csv.DictReader(stream)}


def _reviewed_fail(out: Path, case_id: str, method: str) -> bool:
    """Whether a reviewer answered one of the two questions with fail."""
    decisions = read_decisions(out / "identifiable" / REVIEW_FILE)
    mine = [each for each in decisions if (each.case, each.method) == (case_id, method)]
    return any(FAIL in (each.face_gone, each.data_whole) for each in mine)

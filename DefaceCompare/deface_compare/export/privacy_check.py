"""Whether a series' privacy check is passed (docs/design.md#privacy-check); otherwise it is not assessed, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..case_report import CaseReport
from ..cohort.arms import Arm, arm_of
from ..cohort.decision import FAIL
from ..cohort.reidentification.controls import control_rows
from ..cohort.reidentification.read_records import read_face_records
from ..cohort.reidentification.records import FaceModel, FaceRecord, Faces
from ..cohort.review import read_decisions
from ..errors import UnusableInput
from ..measurement import NO_FACE, OK, Measurement
from ..output.folder import OutputFolder
from ..privacy.rows import BORDER, OWN, REBUILT
from ..privacy.rows import NO_FACE as NONE_DETECTED
from ..words import DEFACED_BEFORE

FEWEST_OTHERS = 20
"""Other real heads of the modality without which nothing is said (docs/design.md#fewest-others)."""
IMPOSTOR_PERCENTILE = 95.0
PASSED = ""
NOT_ASSESSED = "not assessed"
SEED = 1
"""Of the permutations behind the controls."""
DAMAGED = f"{NOT_ASSESSED}: a file of face prints or reviews is damaged"
ANSWERED = {"face_gone": "face gone", "data_whole": "data whole"}
"""The reviewers' two questions, in words."""


def privacy_checks(out: Path, report: CaseReport, method: str) -> dict[str, str]:
    """The privacy check of every series that one method's export holds, by image key.

    Parameters
    ----------
    out : Path
        The study's output folder.
    report : CaseReport
        With its rows.
    """
    told = report.methods[method]
    rows = [row for row in report.measurements if row.method == method]
    keys = (*told["images"], *told["no_face"])
    return {key: privacy_check(out, report.case_id, method, key, rows, report.synthetic) for key in keys}


def privacy_check(out: Path, case_id: str, method: str, image: str, rows: Sequence[Measurement], synthetic: bool) -> str:
    """The reason why a series' privacy check is not passed, empty if it is.

    A reviewer's fail comes before every other reason: who accepts a risk must know that a person saw it. Passed means: the
    quality gate is ok; the similarity to the own original, by own landmarks, after an attempt to rebuild the face, and of what
    the edit's border draws, is at most the 95th percentile of the same defaced face's similarities to at least 20 other real
    heads of the modality; the controls of that cohort hold; no reviewer said fail. A face that is not detected has no
    similarity. An image of which two witnesses say that it shows no face passes.

    Parameters
    ----------
    out : Path
        The study's output folder.
    rows : sequence of Measurement
        Of this case and method.
    """
    try:
        failed = reviewed_fail(out, case_id, method)
    except UnusableInput:
        return DAMAGED
    if failed:
        return failed
    if synthetic:
        return f"{NOT_ASSESSED}: a synthetic head says nothing about a method"
    known = {row.metric: row for row in rows if row.image == image and not row.dose_policy}
    gate = known.get("success")
    if gate is not None and gate.status == NO_FACE:
        return f"{NOT_ASSESSED}: {DEFACED_BEFORE}" if DEFACED_BEFORE in gate.note else PASSED
    if gate is None or gate.status != OK or gate.defaced != 1.0:
        return "the quality gate is not passed"
    for metric in (OWN, REBUILT, BORDER):
        row = known.get(metric)
        if row is None or (row.status != OK and not row.note.startswith(NONE_DETECTED)):
            return f"{NOT_ASSESSED}: {metric} was not measured{f' ({row.note})' if row else ''}"
    try:
        return _against_others(out, case_id, image, arm_of(gate))
    except UnusableInput:
        return DAMAGED


def _against_others(out: Path, case_id: str, image: str, arm: Arm) -> str:
    """Why this face is linked to its original by any of its face models, or why that cannot be judged."""
    records = _records(out, case_id, image, arm)
    models = dict.fromkeys(record.model for record in records if record.case == case_id) or {FaceModel(): None}
    for model in models:
        faces = Faces("", image, tuple(record for record in records if record.model == model), seed=SEED)
        reason = _against_others_of_a_model(faces, case_id, arm)
        if reason:
            return reason if len(models) == 1 else f"{model.title}: {reason}"
    return PASSED


def _against_others_of_a_model(faces: Faces, case_id: str, arm: Arm) -> str:
    """The same by the face model that made these embeddings."""
    mine = next((k for k, record in enumerate(faces.records) if record.case == case_id and arm in record.own), None)
    person = "" if mine is None else faces.records[mine].person
    others = [k for k, record in enumerate(faces.records) if record.person != person]
    count = len({faces.records[k].person for k in others})
    if mine is None or count < FEWEST_OTHERS:
        return f"{NOT_ASSESSED}: needs {FEWEST_OTHERS} other real heads with this image, here are {0 if mine is None else count}"
    _, unsound = control_rows(faces)
    if unsound:
        return f"{NOT_ASSESSED}: {unsound}"
    tried = {OWN: faces.own, REBUILT: faces.rebuilt, BORDER: faces.border}
    for metric, attack in tried.items():
        likeness = attack(arm, [mine])[0]
        if not np.isfinite(likeness[mine]):
            continue
        limit = float(np.nanpercentile(likeness[others], IMPOSTOR_PERCENTILE))
        if likeness[mine] > limit:
            return f"{metric} {likeness[mine]:.2f} is above {limit:.2f}, the 95th percentile of other heads"
    return PASSED


def _records(out: Path, case_id: str, image: str, arm: Arm) -> list[FaceRecord]:
    """The real heads of an output folder that show this image, and as much of the face as this case does."""
    real = {case.name for case in OutputFolder(out).finished_cases() if not _is_synthetic(case)}
    ids = {each: each for each in sorted({*real, case_id})}
    arms = {each: [arm] if each == case_id else [] for each in ids}
    records = [record for record in read_face_records(out, ids, arms) if _usable(record, image)]
    extent = next((record.extent for record in records if record.case == case_id), "")
    return [record for record in records if record.extent == extent]


def _usable(record: FaceRecord, image: str) -> bool:
    return record.image == image and bool(np.isfinite(record.original).any())


def _is_synthetic(case: Path) -> bool:
    """Whether a case is a made head; one whose report cannot be read counts as such."""
    try:
        return CaseReport.read(case, measurements=False).synthetic
    except UnusableInput:
        return True


def reviewed_fail(out: Path, case_id: str, method: str) -> str:
    """That a reviewer answered one of the two questions with fail, and which one; empty if nobody did.

    Raises
    ------
    UnusableInput
        If the file of reviews is damaged.
    """
    decisions = read_decisions(OutputFolder(out).reviews)
    mine = [each for each in decisions if (each.case, each.method) == (case_id, method)]
    failed = [words for question, words in ANSWERED.items() if FAIL in {getattr(each, question) for each in mine}]
    return f"a reviewer said fail ({' and '.join(failed)})" if failed else ""

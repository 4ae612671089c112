"""What to do after a comparison: look, then share, with the reason why a risk must be accepted first."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..cohort.answer import Answer, leader
from ..cohort.arms import Arm, arm_of
from ..cohort.method_facts import MethodFacts
from ..cohort.method_order import works
from ..cohort.reidentification.linkage import LINKED
from ..errors import UnusableInput
from ..export.options import BASIC as CLEAN
from ..export.privacy_check import privacy_check
from ..measurement import Measurement
from ..output.folder import OutputFolder
from ..output.kept_edit import kept_sources
from ..readers.bids.dataset import is_bids_patient
from ..readers.found_files import is_dicom
from ..settings import KEEP, MASK

DICOM, BIDS, FILES = "DICOM", "BIDS", "image files"
"""What cases are read from."""
FOLDER = "SHARED"
"""Stands for the folder that the user chooses."""


def next_step(answer: Answer, out: Path, rows: Sequence[Measurement], synthetic: Mapping[str, bool]) -> tuple[str, ...]:
    """One sentence and the command that shares what the answer's first method made; nothing where there is nothing to share.

    Parameters
    ----------
    rows : sequence of Measurement
        Of all cases.
    synthetic : mapping of case id to bool
        Whether each patient is made.
    """
    folder = OutputFolder(out)
    facts = leader(answer) or next((each for each in answer.facts if works(each)), None)
    cases = [case for case in synthetic if folder.case(case).is_dir()]
    if facts is None or not cases:
        return ()
    method, image = facts.arm.method, answer.image
    of_case = {case: [row for row in rows if row.case == case and _is_of(row, facts.arm)] for case in cases[:1]}
    (case, mine), *_ = of_case.items()
    kind = _kind(out, case)
    if kind == FILES:
        return (f"Next: the defaced images are {folder.case(case).resolve() / method} (image files are not exported as DICOM)",)
    if kind == BIDS:
        words = ["deface-compare", "share", str(out.resolve()), "--method", method, "--to", FOLDER, "--format", "bids"]
    elif len(cases) > 1:
        words = ["deface-compare", "share", str(out.resolve()), "--method", method, "--to", FOLDER, *_policy(facts)]
    else:
        words = ["deface-compare", "export", str(folder.case(case).resolve()), "--method", method, "--to", FOLDER]
        words += [*_policy(facts), "--headers", CLEAN]
    reason = privacy_check(out, case, method, image, mine, synthetic[case]) if image else ""
    if reason:
        of = f" of {case}" if len(cases) > 1 else ""
        told = f"Next: sharing{of} needs --accept-risk because the privacy check of {image} is not passed ({reason}); try:"
        return (told, f"  {shlex.join([*words, '--accept-risk'])}")
    return (
        f"Next: look at the faces in {folder.identifiable.resolve() / 'contact_sheets'}, then share:",
        f"  {shlex.join(words)}",
    )


def _is_of(row: Measurement, arm: Arm) -> bool:
    return row.method == arm.method and arm_of(row) == arm


def _policy(facts: MethodFacts) -> list[str]:
    """A kept dose grid draws the head: where that is what links the package, the dose is masked."""
    word = {policy: found.word for policy, found in facts.packages.items()}
    return ["--dose-policy", MASK] if word.get(KEEP) == LINKED and word.get(MASK, LINKED) != LINKED else []


def _kind(out: Path, case: str) -> str:
    """What a case was read from, by its files that are still there; where nobody knows, the command itself says it."""
    try:
        paths = [path for each in kept_sources(out, case).values() for path in each[:1] if path.is_file()]
    except UnusableInput:
        return DICOM
    if all(is_dicom(path) for path in paths):
        return DICOM
    return BIDS if all(is_bids_patient(path.parent.parent) for path in paths) else FILES

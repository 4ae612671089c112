"""The patients' folders of a cohort, and what lies beside them that is none."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UnusableInput
from ..natural_order import natural
from ..output.folder import CASES, UNFINISHED
from ..persons_table import PERSONS
from ..readers.bids.dataset import is_bids_patient, is_dataset, patients_of
from ..readers.found_files import (
    DEAD_LINK,
    NO_FILE,
    NOT_DICOM,
    OWN_OUTPUT,
    SAME_AGAIN,
    ZIP,
    is_dicom,
    why_not_read,
)
from ..storage.own_output import IDENTIFIABLE, is_output
from .downloaded import downloaded_entries

HIDDEN = "a hidden folder"
LOOSE_DICOM = "DICOM beside the patients' folders"
LOOSE = "no folder"


@dataclass(frozen=True)
class Patients:
    """What a study reads.

    Parameters
    ----------
    folders : tuple of Path
        One a patient, sorted by name; each once, whatever links lead to it.
    left_out : mapping of reason to count
        What else lies in the cohort's folder.
    """

    folders: tuple[Path, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def find_patients(cohort: Path, out: Path | None = None) -> Patients:
    """The folders below a cohort's, but output folders of comparisons; of a BIDS data set its subjects, or their sessions.

    Raises
    ------
    UnusableInput
        If there is no patient's folder; the sentence counts what there is instead.
    """
    if not cohort.is_dir():
        raise UnusableInput(f"{cohort} {no_folder(cohort)}; give the folder that holds one folder a patient")
    if is_dataset(cohort) or is_bids_patient(cohort):
        return Patients(patients_of(cohort))
    try:
        entries = downloaded_entries(cohort) or sorted(cohort.iterdir())
    except OSError as error:
        raise UnusableInput(f"{cohort} cannot be opened ({error.strerror})") from error
    seen = {os.path.realpath(out)} if out is not None else set()
    around = {cohort.resolve(), *cohort.resolve().parents}
    own = {CASES, IDENTIFIABLE, UNFINISHED} if is_output(cohort) else set()
    left_out: Counter[str] = Counter()
    folders: list[Path] = []
    for path in sorted(entries, key=lambda path: path.is_symlink()):
        reason = _no_patient(path, seen, own) or (SAME_AGAIN if _leads_back(path, around, folders) else "")
        if reason:
            left_out[reason] += 1
        elif path.is_dir():
            seen.add(os.path.realpath(path))
            folders.append(path)
    if not folders:
        others = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        raise UnusableInput(
            f"{cohort} holds no patient's folder{others and f' ({others})'}; a study wants one folder a patient, `case` takes a"
            " single one"
        )
    return Patients(tuple(sorted(folders, key=lambda path: natural(path.name))), dict(sorted(left_out.items())))


def _leads_back(path: Path, around: Set[Path], folders: Sequence[Path]) -> bool:
    """Whether a link leads to the cohort, to what it lies in, or into a patient's folder that is there already."""
    if not path.is_symlink():
        return False
    whole = path.resolve()
    return whole in around or any(folder.resolve() in whole.parents for folder in folders)


def _no_patient(path: Path, seen: set[str], own: set[str]) -> str:
    """Why something in a cohort's folder is no patient; ``""`` for a patient, and for the table of persons."""
    if path.is_dir():
        if path.name in own or is_output(path):
            return OWN_OUTPUT
        if path.name.startswith("."):
            return HIDDEN
        if os.path.realpath(path) in seen:
            return SAME_AGAIN if path.is_symlink() else OWN_OUTPUT
        return ""
    if not path.exists():
        return DEAD_LINK
    if not path.is_file():
        return NO_FILE
    if path.name == PERSONS:
        return ""
    return _loose(path)


def _loose(path: Path) -> str:
    try:
        reason = LOOSE_DICOM if is_dicom(path) else why_not_read(path)
    except UnusableInput:
        return LOOSE
    return LOOSE if reason == NOT_DICOM else reason


def no_folder(path: Path) -> str:
    """What a path is that should be a folder, as the end of a sentence."""
    if not path.exists():
        return "does not exist" if not path.is_symlink() else f"is {DEAD_LINK}"
    if not path.is_file():
        return f"is {NO_FILE}"
    kind = why_not_read(path)
    return f"is {kind}" if kind == ZIP else "is a file, not a folder"

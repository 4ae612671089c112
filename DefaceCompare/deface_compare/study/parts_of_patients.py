"""Folders of a study's input that are no patients: the parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import UnusableInput
from ..persons_table import PERSONS
from ..readers.bids.dataset import is_bids_patient, is_dataset, sessions_of
from ..readers.found_files import is_dicom


def refused_parts(cohort: Path, folders: Sequence[Path]) -> dict[Path, str]:
    """Which of a cohort's folders hold a part of one patient only, and the reason that is told of each.

    Folders that hold different kinds of objects of one person are parts of one patient, not patients; so are DICOM files that
    lie beside them. A table ``persons.csv`` says that each folder is a scan of its own; then nothing is refused.

    Raises
    ------
    UnusableInput
        If all of it is one patient.
    """
    groups, everything = _groups(cohort, folders)
    if any(len(group) == everything for group in groups):
        raise UnusableInput(
            f"{cohort} looks like the folder of one patient: its {everything} parts hold different objects of one person; compare"
            f" it with `case`, give the folder that holds one folder a patient, or list the folders in {PERSONS} if each is a"
            " scan of its own"
        )
    return {
        folders[place]: f"holds a part of one patient only: {len(group)} folders hold different objects of one person; put them"
        f" into one folder, or list them in {PERSONS} if each is a scan of its own"
        for group in groups
        for place in group
        if place < len(folders)
    }


def holds_one_patient(folder: Path) -> bool:
    """Whether a folder is one patient's: it holds a case file or DICOM itself, or all its folders are parts of one patient.

    A folder of a BIDS data set is one patient's if it is a session's, or a subject's with one session at most.

    Raises
    ------
    UnusableInput
        If the folder cannot be opened.
    """
    from ..readers.files.case_json import CASE_FILE

    try:
        below = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise UnusableInput(f"{folder} cannot be opened ({error.strerror})") from error
    if (folder / CASE_FILE).is_file() or _loose_dicom(folder):
        return True
    if is_dataset(folder) or is_bids_patient(folder):
        return is_bids_patient(folder) and len(sessions_of(folder)) == 1
    groups, everything = _groups(folder, below)
    return any(len(group) == everything for group in groups)


def _groups(cohort: Path, folders: Sequence[Path]) -> tuple[list[list[int]], int]:
    """The groups of folders (and of the files beside them) that are parts of one patient, and how many parts there are."""
    if (cohort / PERSONS).is_file():
        return [], 0
    from ..readers.dicom.parts import parts_of_one

    loose = _loose_dicom(cohort)
    return parts_of_one(folders, loose), len(folders) + bool(loose)


def _loose_dicom(folder: Path) -> list[Path]:
    """The DICOM files that lie in a folder itself."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and _may_be_dicom(path)]


def _may_be_dicom(path: Path) -> bool:
    try:
        return is_dicom(path)
    except UnusableInput:  # told where the patient is read
        return False

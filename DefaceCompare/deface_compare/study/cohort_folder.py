"""A study's input: the patients' folders, and what makes it look like something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UnusableInput
from ..output.key import PERSONS
from .job import subfolders

DICOM_MARK, MARK_AT = b"DICM", 128
"""What a DICOM file holds behind its preamble (PS3.10)."""


@dataclass(frozen=True)
class CohortFolder:
    """The patients of a cohort.

    Parameters
    ----------
    folders : sequence of Path
    refused : mapping of folder to reason
        Folders that are no patients of their own.
    notes : tuple of str
        What must be said on the first screen.
    """

    folders: Sequence[Path]
    refused: Mapping[Path, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def cohort_folder(cohort: Path) -> CohortFolder:
    """Look at a study's input before anything is computed.

    Folders that hold different kinds of objects of one patient's study are parts of one patient, not patients. A table
    ``persons.csv`` beside the folders says that each of them is a scan session; then nothing is refused.

    Raises
    ------
    UnusableInput
        If there is no patient's folder, or the folder is that of one patient.
    """
    if not cohort.is_dir():
        raise UnusableInput(f"{cohort} is not a folder; give the folder that holds one folder a patient")
    folders, loose = subfolders(cohort), loose_dicom(cohort)
    if not folders:
        lie = f" ({len(loose)} DICOM files lie in it)" if loose else ""
        raise UnusableInput(f"{cohort} holds no folder{lie}; a study wants one folder a patient, `case` takes a single one")
    notes = [f"{len(loose)} DICOM files lie beside the patients' folders and were not read; give each patient a folder"]
    if (cohort / PERSONS).is_file():
        return CohortFolder(folders, notes=tuple(notes if loose else ()))
    from ..readers.dicom.parts import parts_of_one

    groups = parts_of_one(folders, loose)
    everything = len(folders) + bool(loose)
    if any(len(group) == everything for group in groups):
        raise UnusableInput(
            f"{cohort} looks like the folder of one patient: its {everything} parts hold different objects of one person's study;"
            " compare it with `case`, or give the folder that holds one folder a patient"
        )
    refused = {
        folders[place]: f"holds a part of one patient only: {len(group)} folders hold different objects of one person's study;"
        " put them into one folder"
        for group in groups
        for place in group
        if place < len(folders)
    }
    return CohortFolder(folders, refused, tuple(notes if loose else ()))


def loose_dicom(folder: Path) -> list[Path]:
    """DICOM files that lie in a folder itself, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and _is_dicom(path))


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            stream.seek(MARK_AT)
            return stream.read(len(DICOM_MARK)) == DICOM_MARK
    except OSError:
        return False

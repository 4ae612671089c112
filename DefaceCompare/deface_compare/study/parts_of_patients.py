"""Folders of a study's input that are no patients: the parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import UnusableInput
from ..output.key import PERSONS

DICOM_MARK, MARK_AT = b"DICM", 128
"""What a DICOM file holds behind its preamble (PS3.10)."""


def refused_parts(cohort: Path, folders: Sequence[Path]) -> dict[Path, str]:
    """Which of a cohort's folders hold a part of one patient only, and the reason that is told of each.

    Folders that hold different kinds of objects of one person are parts of one patient, not patients; so are DICOM files that
    lie beside them. A table ``persons.csv`` says that each folder is a scan of its own; then nothing is refused.

    Raises
    ------
    UnusableInput
        If all of it is one patient.
    """
    if (cohort / PERSONS).is_file():
        return {}
    from ..readers.dicom.parts import parts_of_one

    loose = sorted(path for path in cohort.iterdir() if path.is_file() and _is_dicom(path))
    groups = parts_of_one(folders, loose)
    everything = len(folders) + bool(loose)
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


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            stream.seek(MARK_AT)
            return stream.read(len(DICOM_MARK)) == DICOM_MARK
    except OSError:
        return False

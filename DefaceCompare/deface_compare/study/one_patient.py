"""Whether a folder holds one patient or a cohort of them."""

from __future__ import annotations

from pathlib import Path

import pydicom

from ..readers.files.case_json import CASE_FILE
from ..readers.found_files import find_files, is_dicom

WHO = ("PatientID", "PatientName", "PatientBirthDate")
"""What tells people apart."""


def holds_one_patient(folder: Path) -> bool:
    """Whether a folder is one patient's: it holds files itself, or all its folders are of the same person (CT, MR, RT).

    Raises
    ------
    UnusableInput
        If the folder cannot be opened.
    """
    if (folder / CASE_FILE).is_file() or any(path.is_file() and is_dicom(path) for path in sorted(folder.iterdir())):
        return True
    below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(below) < 2 or any((path / CASE_FILE).is_file() for path in below):
        return False
    people = [who for path in below if (who := _who(path)) is not None]
    return len(people) > 1 and len(set(people)) == 1 and any(people[0])


def _who(folder: Path) -> tuple[str, ...] | None:
    """Whose a folder is, by its first DICOM file; None where there is none."""
    for path in find_files(folder).files:
        if is_dicom(path):
            try:
                data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(WHO))
                return tuple(str(data.get(keyword) or "") for keyword in WHO)
            except Exception:  # pydicom raises many types on damaged files; the check itself tells of them
                return None
    return None

"""Which structure sets and segmentations lie in a patient's folder, and how `--structures` names each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from pydicom.errors import InvalidDicomError

from ..errors import UnusableInput
from .bids.dataset import is_bids_patient
from .dicom.dicom_file import read_file
from .dicom.header import PYDICOM_ERRORS
from .files.case_json import CASE_FILE
from .found_files import find_files

READ = ("Modality", "StructureSetLabel", "StructureSetDate", "SeriesDescription", "SeriesDate")


@dataclass(frozen=True)
class StructureFile:
    """One file of structures.

    Parameters
    ----------
    wanted : str
        What `ReadingChoices.structures` takes it by: the file's name, or its path where another one has that name.
    label, date : str
        As its header says (YYYYMMDD); ``""`` where it does not.
    """

    path: Path
    wanted: str
    label: str
    date: str


def structure_files(folder: Path) -> tuple[StructureFile, ...]:
    """The RTSTRUCT and SEG files below a patient's folder, by path; none of a folder with a ``case.json`` or of BIDS."""
    if not folder.is_dir() or (folder / CASE_FILE).is_file() or is_bids_patient(folder):
        return ()
    try:
        found = list(_found(folder))
    except UnusableInput:  # a folder that cannot be opened is told when it is compared
        return ()
    count = Counter(each.path.name for each in found)
    return tuple(
        each if count[each.path.name] == 1 else StructureFile(each.path, escape(str(each.path.resolve())), each.label, each.date)
        for each in found
    )


def _found(folder: Path) -> Iterator[StructureFile]:
    for path in find_files(folder).files:
        try:
            data = read_file(path, stop_before_pixels=True, only=READ).data
            if data.get("Modality") in ("RTSTRUCT", "SEG"):
                label = str(data.get("StructureSetLabel") or data.get("SeriesDescription") or "")
                date = str(data.get("StructureSetDate") or data.get("SeriesDate") or "")
                yield StructureFile(path, escape(path.name), label, date)
        except (InvalidDicomError, UnusableInput, OSError, *PYDICOM_ERRORS):  # told when the patient is read
            continue

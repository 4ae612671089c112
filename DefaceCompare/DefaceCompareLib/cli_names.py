"""The planned structure names of a file, for ``deface-compare names``."""

from __future__ import annotations

from pathlib import Path

from .errors import UnusableInput

DICOM_MAGIC_OFFSET = 128
"""Bytes before the four letters that every DICOM file carries."""


def planned_names(path: Path) -> list[str]:
    """Structure names of an RTSTRUCT or SEG file, of a patient's folder, or of a text file with one name a line.

    Raises
    ------
    UnusableInput
        If there is no such file, or it holds no structure names.
    """
    if path.is_dir():
        from .readers import read_case

        structure_set = read_case(path).structure_set
        names = [structure.name for structure in structure_set.structures] if structure_set else []
    elif not path.is_file():
        raise UnusableInput(f"{path} does not exist; give an RTSTRUCT file, a patient's folder or a text file")
    elif is_dicom(path):
        names = _names_of_dicom(path)
    else:
        names = _names_of_text(path)
    if not names:
        raise UnusableInput(f"{path} holds no structure names")
    return names


def is_dicom(path: Path) -> bool:
    """Whether a file carries DICOM's mark."""
    with path.open("rb") as stream:
        return stream.read(DICOM_MAGIC_OFFSET + 4)[DICOM_MAGIC_OFFSET:] == b"DICM"


def _names_of_dicom(path: Path) -> list[str]:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        dataset = dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError, EOFError) as error:
        raise UnusableInput(f"{path} is a damaged DICOM file ({error}); export it again") from error
    names = [str(roi.get("ROIName") or "") for roi in dataset.get("StructureSetROISequence") or []]
    return names or [str(segment.get("SegmentLabel") or "") for segment in dataset.get("SegmentSequence") or []]


def _names_of_text(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is neither an RTSTRUCT nor a text file in UTF-8") from error
    return [line for line in lines if line.strip()]

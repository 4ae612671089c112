"""A DICOM file opened with pydicom: also one without preamble, mark or meta information, whose content proves what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ...errors import UnusableInput
from ..dicom_begin import HEAD_BYTES, class_in_begin, dicom_begin
from ..found_files import opened


@dataclass(frozen=True)
class DicomFile:
    """A file's object, where its elements begin, and where reading ended (places in the file's bytes).

    Parameters
    ----------
    data : pydicom.FileDataset
        Its meta information states a transfer syntax, also where the file's does not.
    begin, end : int
    whole_head : bool
        Whether mark and transfer syntax stand in the file, as PS3.10 wants.
    """

    data: FileDataset
    begin: int
    end: int
    whole_head: bool


def read_file(
    path: Path, *, stop_before_pixels: bool = False, only: Sequence[str] | None = None, raw: bytes | None = None
) -> DicomFile:
    """Read a file with pydicom.

    Parameters
    ----------
    only : sequence of str, optional
        Keywords of the attributes that are wanted.
    raw : bytes, optional
        The file's bytes, where they are at hand.

    Raises
    ------
    InvalidDicomError
        If the file is not DICOM.
    UnusableInput
        If the system does not give its bytes.
    Exception
        pydicom raises many types on damaged files: EOFError, ValueError, struct.error, KeyError.
    """
    with opened(path) if raw is None else BytesIO(raw) as stream:
        begin = dicom_begin(stream)
        if begin is None:
            raise InvalidDicomError(f"{path.name} is not DICOM")
        stream.seek(0 if begin.marked else begin.at)
        source = stream if begin.marked else BytesIO(stream.read())
        tags: list[str] | None = None if only is None else list(only)
        data = pydicom.dcmread(source, stop_before_pixels=stop_before_pixels, specific_tags=tags, force=not begin.marked)
        stated = bool(data.file_meta.get("TransferSyntaxUID"))
        if not stated:
            data.file_meta.TransferSyntaxUID = _syntax(data)
        return DicomFile(data, begin.at, source.tell() + (0 if begin.marked else begin.at), begin.marked and stated)


def begin_of_file(path: Path) -> Dataset:
    """What the first bytes of a damaged file tell of it; empty where they tell nothing."""
    try:
        return read_file(path, only=("SOPClassUID", "Modality"), stop_before_pixels=True).data
    except UnusableInput:
        raise
    except Exception:  # pydicom raises many types on cut files
        pass
    found = Dataset()
    with opened(path) as stream:
        found.SOPClassUID = class_in_begin(stream.read(HEAD_BYTES))
    return found


def _syntax(data: FileDataset) -> UID:
    """The uncompressed transfer syntax of the encoding that pydicom found."""
    implicit, little = data.original_encoding
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else explicit

"""What an archive holds of what was sent: asked of it afterwards, and some objects read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from ..readers.dicom.header import PYDICOM_ERRORS
from .archive import Archive, ArchiveError, ArchiveSilent, Instance, Series

CONTENT = (
    "PixelData",
    "ROIContourSequence",
    "StructureSetROISequence",
    "DoseGridScaling",
    "RescaleSlope",
    "RescaleIntercept",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
)
"""Attributes that no archive may change: what was measured and checked. Others may be coerced (PS3.4 section B.4.1.3)."""


@dataclass(frozen=True)
class HeldSeries:
    """What the archive answers about a series.

    Parameters
    ----------
    sent, held : int
        Objects that were sent, and how many of these it lists.
    beside : int
        Objects of the series that it lists and that were not sent.
    read_back : int
        Objects that were fetched again and compared.
    changed : tuple of str
        Attributes that had another value then.
    not_read_back : str
        Why none was.
    """

    modality: str
    sent: int
    held: int
    beside: int
    read_back: int
    changed: tuple[str, ...] = ()
    not_read_back: str = ""

    @property
    def problem(self) -> str:
        """What is wrong; ``""`` if nothing is."""
        if self.held < self.sent:
            return f"the archive lists {self.held} of {self.sent} objects of the {self.modality} series"
        if self.beside:
            return f"the archive's {self.modality} series holds {self.beside} objects that were not sent"
        broken = [name for name in self.changed if name in CONTENT]
        return f"an object of the {self.modality} series differs in {broken[0]} from the one here" if broken else ""


def held_series(
    archive: Archive,
    series: Series,
    listed: Mapping[str, Instance],
    files: Mapping[str, Path],
    uids: frozenset[str],
    before: frozenset[str],
) -> HeldSeries:
    """Compare what an archive lists of a series with what was sent, and read objects back.

    Parameters
    ----------
    listed, files : mapping of SOP instance UID
        What the archive lists now, and what lies here.
    uids : set of str
        All that the archive should hold.
    before : set of str
        What it listed before anything was sent: all of it is read back, since another object may bear its UID. Of the others
        one is.
    """
    held = uids & listed.keys()
    numbers = len(uids), len(held), len(listed) - len(held)
    if not held:
        return HeldSeries(series.modality, *numbers, 0)
    back = sorted({sorted(held)[len(held) // 2], *(before & held)})
    read_back: dict[str, tuple[str, ...]] = {}

    def compare(uid: str, content: bytes) -> None:
        if uid in back:
            read_back[uid] = _compared(files[uid], content)

    why_not = ""
    try:
        archive.fetch(series, [listed[uid] for uid in back], compare, whole=len(back) == len(listed))
    except (ArchiveError, ArchiveSilent) as error:
        why_not = str(error)
    changed = tuple(sorted({name for names in read_back.values() for name in names}))
    if len(read_back) < len(back) and not why_not:
        why_not = "the archive gave back nothing, or not all that was asked for"
    return HeldSeries(series.modality, *numbers, len(read_back), changed, why_not)


def _compared(sent: Path, content: bytes) -> tuple[str, ...]:
    try:
        return differing(pydicom.dcmread(sent), pydicom.dcmread(BytesIO(content)))
    except (InvalidDicomError, *PYDICOM_ERRORS) as error:
        raise ArchiveError(f"what it gave back is not readable ({type(error).__name__})") from error


def differing(sent: Dataset, back: Dataset) -> tuple[str, ...]:
    """Attributes that two objects do not have alike, by keyword or tag; pixels of another transfer syntax are decoded first."""
    if sent.file_meta.TransferSyntaxUID != back.file_meta.TransferSyntaxUID and "PixelData" in back:
        back.decompress()  # what it cannot decode is told as not readable
    tags = sorted({*sent.keys(), *back.keys()})
    return tuple(
        _keyword(tag, sent if tag in sent else back)
        for tag in tags
        if tag not in sent or tag not in back or sent[tag].value != back[tag].value
    )


def _keyword(tag: pydicom.tag.BaseTag, dataset: Dataset) -> str:
    """How an attribute is called."""
    return dataset[tag].keyword or str(tag)

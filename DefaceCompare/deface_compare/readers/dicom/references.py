"""What an RT object, segmentation or registration says it belongs to: frames of reference, series, images, other objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pydicom.dataset import Dataset

from .header import Header, naming_file

OBJECT_SEQUENCES = (
    "ReferencedStructureSetSequence",
    "ReferencedRTPlanSequence",
    "ReferencedDoseSequence",
    "SourceImageSequence",
    "ReferencedImageSequence",
    "ReferencedStudySequence",
)
"""Sequences of an object's top level that name other objects by SOPInstanceUID."""


SLICES_ASKED = 5
"""So many slices that a structure's contours name tell the frame of all of them: one structure is drawn on one series."""


@dataclass(frozen=True)
class SeriesReference:
    """One series that structures were drawn on, and the frame of reference that it is said to lie in."""

    frame: str
    series: str


@naming_file
def series_references(header: Header) -> tuple[SeriesReference, ...]:
    """All series that an RTSTRUCT or SEG refers to, in the order of the file."""
    found: dict[SeriesReference, None] = {}
    for frame in header.dataset.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            for series in study.get("RTReferencedSeriesSequence") or []:
                found[SeriesReference(_uid(frame, "FrameOfReferenceUID"), _uid(series, "SeriesInstanceUID"))] = None
    for series in header.dataset.get("ReferencedSeriesSequence") or []:
        found[SeriesReference(header.text("FrameOfReferenceUID"), _uid(series, "SeriesInstanceUID"))] = None
    return tuple(reference for reference in found if reference.series)


def referenced_series(header: Header) -> tuple[str, ...]:
    """SeriesInstanceUIDs of the images that structures (RTSTRUCT or SEG) were drawn on, each once."""
    return tuple(dict.fromkeys(reference.series for reference in series_references(header)))


@naming_file
def frames_of(header: Header) -> set[str]:
    """All frames of reference that an RTSTRUCT or SEG speaks of."""
    frames = {_uid(roi, "ReferencedFrameOfReferenceUID") for roi in header.dataset.get("StructureSetROISequence") or []}
    if not frames - {""}:
        frames = set(stated_frames(header)) | {header.text("FrameOfReferenceUID")}
    return frames - {""}


def stated_frames(header: Header) -> tuple[str, ...]:
    """The frames of reference that a structure set lists, each once."""
    stated = header.dataset.get("ReferencedFrameOfReferenceSequence") or []
    return tuple(dict.fromkeys(uid for item in stated if (uid := _uid(item, "FrameOfReferenceUID"))))


def frame_of_slices(items: Sequence[Dataset], instances: Mapping[str, str]) -> str:
    """The frame of reference of the images that the contours of one structure name; ``""`` if none of them is here.

    Parameters
    ----------
    items : sequence of Dataset
        The structure's items of ROIContourSequence.
    instances : mapping of SOPInstanceUID to FrameOfReferenceUID
        Of the images that are here.
    """
    first = islice((image for item in items for image in contour_images(item)), SLICES_ASKED)
    named = Counter(instances[image] for image in first if image in instances)
    return named.most_common(1)[0][0] if named else ""


def contour_images(item: Dataset) -> Iterator[str]:
    """SOPInstanceUIDs of the slices on which the contours of an item of ROIContourSequence were drawn."""
    for contour in item.get("ContourSequence") or []:
        for image in contour.get("ContourImageSequence") or []:
            yield _uid(image, "ReferencedSOPInstanceUID")


@naming_file
def series_by_contours(header: Header, series_of: Mapping[str, str]) -> Counter[str]:
    """How many contours of a structure set name slices of each series.

    Parameters
    ----------
    series_of : mapping of SOPInstanceUID to SeriesInstanceUID
        Of the images that are here.
    """
    items = header.dataset.get("ROIContourSequence") or []
    return Counter(series_of[image] for item in items for image in contour_images(item) if image in series_of)


@naming_file
def referenced_uids(header: Header) -> set[str]:
    """UIDs of the frames, series and objects that an object refers to (not of every contour's slice)."""
    data = header.dataset
    found = set(referenced_series(header)) | set(stated_frames(header))
    for keyword in OBJECT_SEQUENCES:
        found |= {_uid(item, "ReferencedSOPInstanceUID") for item in data.get(keyword) or []}
    for item in data.get("RegistrationSequence") or []:
        found.add(_uid(item, "FrameOfReferenceUID"))
        found |= {_uid(image, "ReferencedSOPInstanceUID") for image in item.get("ReferencedImageSequence") or []}
    return found - {""}


def _uid(item: Dataset, keyword: str) -> str:
    return str(item.get(keyword) or "")

"""References between DICOM objects: what an object refers to, and taking out references to what is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag

from ...readers.dicom.header import Header
from ...readers.dicom.registration import SPATIAL_REGISTRATION
from .uid_map import stored_kinds

REQUIRED = frozenset({"ReferencedStructureSetSequence", "ReferencedRTPlanSequence", "ReferencedDoseSequence"})
"""Sequences that a plan or dose may not be without: they stay although the object they name was never there."""

INSTANCE, SERIES = "ReferencedSOPInstanceUID", "SeriesInstanceUID"


def prune_references(data: Dataset, instances: Collection[str], series: Collection[str], *, top: bool = True) -> list[str]:
    """Take out, in place, every sequence item that refers to an object or series that is not among those given.

    Items of `REQUIRED` sequences stay; what they refer to in vain is returned. An emptied sequence goes.

    Parameters
    ----------
    instances, series : collection of str
        UIDs of objects (and the study) and of series that will be there, as they stand in `data`.
    """
    unresolved: list[str] = []
    for tag in sequences(data):
        element = data[tag]
        kept = []
        for item in element.value or []:
            missing = _missing(item, instances, series)
            if missing and not (top and element.keyword in REQUIRED):
                continue
            unresolved += missing
            unresolved += prune_references(item, instances, series, top=False)
            if len(item):
                kept.append(item)
        if len(kept) == len(element.value or []):
            continue
        if kept:
            element.value = DicomSequence(kept)
        else:
            del data[tag]
    return unresolved


def sequences(data: Dataset) -> Iterator[BaseTag]:
    """The tags of a dataset's own sequences."""
    yield from (tag for tag, kind in stored_kinds(data) if kind == "SQ")


def _missing(item: Dataset, instances: Collection[str], series: Collection[str]) -> list[str]:
    """What an item itself refers to in vain."""
    instance = str(item.get(INSTANCE) or "")
    its_series = str(item.get(SERIES) or "")
    lost = [instance] if instance and instance not in instances else []
    return lost + ([its_series] if its_series and its_series not in series else [])


def exported_registrations(headers: Sequence[Header], frames: Collection[str], instances: Collection[str]) -> list[Header]:
    """The rigid registrations all of whose frames (or images) are exported; deformable ones stay behind."""
    return [header for header in headers if _belongs(header, frames, instances)]


def _belongs(header: Header, frames: Collection[str], instances: Collection[str]) -> bool:
    items = header.dataset.get("RegistrationSequence") or []
    if header.text("SOPClassUID") != SPATIAL_REGISTRATION or not items or header.text("FrameOfReferenceUID") not in frames:
        return False
    for item in items:
        frame = str(item.get("FrameOfReferenceUID") or "")
        images = [str(each.get("ReferencedSOPInstanceUID") or "") for each in item.get("ReferencedImageSequence") or []]
        if frame not in frames if frame else not (images and set(images) <= set(instances)):
            return False
    return True

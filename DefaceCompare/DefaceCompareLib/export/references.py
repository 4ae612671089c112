"""References between DICOM objects: what an object refers to, and taking out references to what is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from .uid_map import stored_vr

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
            element.value = Sequence(kept)
        else:
            del data[tag]
    return unresolved


def sequences(data: Dataset) -> Iterator[BaseTag]:
    """The tags of a dataset's own sequences."""
    for tag in list(data.keys()):
        if stored_vr(data, tag) == "SQ":
            yield tag


def _missing(item: Dataset, instances: Collection[str], series: Collection[str]) -> list[str]:
    """What an item itself refers to in vain."""
    instance = str(item.get(INSTANCE) or "")
    its_series = str(item.get(SERIES) or "")
    lost = [instance] if instance and instance not in instances else []
    return lost + ([its_series] if its_series and its_series not in series else [])

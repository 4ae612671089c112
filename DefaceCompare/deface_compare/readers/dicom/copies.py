"""Objects that are there more than once: the same object again, twins that contradict one another, our own defaced copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from .dicom_file import read_file
from .header import PYDICOM_ERRORS, Header, naming
from .suv import PHILIPS_SUV_FACTOR

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

PATIENT_GROUP, KEPT_OF_PATIENT = 0x0010, frozenset({"PatientWeight"})
"""Whose an object is, is `identity`'s question; the weight makes the SUV."""

ADMINISTRATIVE_GROUPS = frozenset({0x0012, 0x0032, 0x0038, 0x0088, 0x0100, 0x4000, 0xFFFC})
"""Trial and de-identification, order, visit, storage, padding: archives write them anew when they send an object."""

DESCRIPTIVE = frozenset(
    {
        "SpecificCharacterSet",
        "InstanceCreationDate",
        "InstanceCreationTime",
        "InstanceCreatorUID",
        "InstitutionName",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
        "ReferringPhysicianName",
        "PhysiciansOfRecord",
        "PerformingPhysicianName",
        "NameOfPhysiciansReadingStudy",
        "OperatorsName",
        "StationName",
        "AccessionNumber",
        "StudyID",
        "StudyDescription",
        "SoftwareVersions",
        "DeviceSerialNumber",
        "TimezoneOffsetFromUTC",
        "InstanceAvailability",
        "RetrieveAETitle",
        "RetrieveURL",
        "RequestAttributesSequence",
        "PerformedProcedureStepID",
        "PerformedProcedureStepDescription",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "ReferencedPerformedProcedureStepSequence",
        "WindowCenter",
        "WindowWidth",
        "WindowCenterWidthExplanation",
    }
)
"""What says nothing about the object's content, and may differ between two copies of it."""

OURS = "DefaceCompare "
"""DeidentificationMethod of what our export wrote begins so."""


MOST_TOLD = 4
"""So many differing attributes stand in a sentence."""


@dataclass(frozen=True)
class Twins:
    """Objects of one SOPInstanceUID with other content.

    Parameters
    ----------
    headers : tuple of Header
        One of each content, in order of path.
    differ : tuple of str
        Attributes that differ, at most a few.
    """

    headers: tuple[Header, ...]
    differ: tuple[str, ...]

    def told(self) -> str:
        """The twins by their files, and in what they differ."""
        alike = len({header.path.name for header in self.headers}) < len(self.headers)
        names = " and ".join(str(header.path) if alike else header.path.name for header in self.headers)
        return f"{names} have one SOPInstanceUID and are not the same (different {', '.join(self.differ)})"


def without_copies(headers: Sequence[Header]) -> tuple[list[Header], list[Twins], int]:
    """One of each content, those that contradict one another, and how many copies were left out.

    Raises
    ------
    UnusableInput
        If one of two files of one SOPInstanceUID is damaged.
    """
    by_uid: dict[str, list[Header]] = {}
    for header in headers:
        by_uid.setdefault(header.text("SOPInstanceUID") or str(header.path), []).append(header)
    kept, twins = [], []
    for group in by_uid.values():
        distinct, differ = [group[0]], dict[str, None]()
        for header in group[1:]:
            found = [difference(each, header) for each in distinct]
            if all(found):
                distinct.append(header)
                differ.update(dict.fromkeys(keyword for keywords in found for keyword in keywords))
        kept += distinct
        if len(distinct) > 1:
            twins.append(Twins(tuple(distinct), tuple(differ)[:MOST_TOLD]))
    order = {id(header): number for number, header in enumerate(headers)}
    return sorted(kept, key=lambda header: order[id(header)]), twins, len(headers) - len(kept)


def difference(one: Header, other: Header) -> list[str]:
    """Keywords of the attributes in which two objects' contents differ; how they are stored does not count."""
    if one.path.stat().st_size == other.path.stat().st_size and one.path.read_bytes() == other.path.read_bytes():
        return []
    first, second = _whole(one), _whole(other)
    return _differing(first, second)


def _whole(header: Header) -> Dataset:
    with naming(header.path):
        return read_file(header.path).data


def _differing(one: Dataset, other: Dataset) -> list[str]:
    tags = sorted({tag for tag in (*one.keys(), *other.keys()) if _counts(tag)})
    return [_keyword(tag) for tag in tags if not _equal(one, other, tag)]


def _counts(tag: BaseTag) -> bool:
    """Whether an attribute belongs to an object's content."""
    if tag.is_private:
        return tag == PHILIPS_SUV_FACTOR
    keyword = pydicom.datadict.keyword_for_tag(tag)
    if tag.group == PATIENT_GROUP:
        return keyword in KEPT_OF_PATIENT
    return tag.element != 0 and tag.group not in ADMINISTRATIVE_GROUPS and keyword not in DESCRIPTIVE


def _keyword(tag: BaseTag) -> str:
    return pydicom.datadict.keyword_for_tag(tag) or str(tag)


def _equal(one: Dataset, other: Dataset, tag: BaseTag) -> bool:
    first, second = (data.get_item(tag) if tag in data else None for data in (one, other))
    if (
        isinstance(first, RawDataElement)
        and isinstance(second, RawDataElement)
        and (first.VR, first.value) == (second.VR, second.value)
    ):
        # Equal bytes of pixels under another compression are other pixels.
        return _keyword(tag) not in PIXEL_KEYWORDS or _syntax(one) == _syntax(other)
    if _keyword(tag) in PIXEL_KEYWORDS:
        return _same_pixels(one, other)
    values = [
        None if data is None else data[tag].value for data in (one if tag in one else None, other if tag in other else None)
    ]
    if all(isinstance(value, pydicom.Sequence) for value in values):
        pairs = [list(value or []) for value in values]
        return len(pairs[0]) == len(pairs[1]) and not any(_differing(a, b) for a, b in zip(*pairs, strict=True))
    return _plain(values[0]) == _plain(values[1])


def _syntax(data: Dataset) -> str:
    return str(data.file_meta.get("TransferSyntaxUID") or "")


def _plain(value: Any) -> object:
    """A value as it counts: an absent one is an empty one, numbers are numbers however they are written."""
    if value is None or (isinstance(value, (str, bytes)) and not value.strip()):
        return ()
    if isinstance(value, (list, tuple, pydicom.multival.MultiValue)):
        return tuple(_plain(each) for each in value)
    if isinstance(value, (int, float)):
        return float(value)
    return value if isinstance(value, bytes) else str(value).strip()


def _same_pixels(one: Dataset, other: Dataset) -> bool:
    """Whether the decoded pixels are equal; pixels that cannot be decoded are not known to be."""
    try:
        return bool(np.array_equal(one.pixel_array, other.pixel_array))
    except (RuntimeError, *PYDICOM_ERRORS):
        return False


def is_ours(header: Header) -> bool:
    """Whether our own export wrote an object."""
    with naming(header.path):
        methods = header.dataset.get("DeidentificationMethod") or []
        return any(str(each).startswith(OURS) for each in ([methods] if isinstance(methods, str) else methods))


def without_our_copies(headers: Sequence[Header], modalities: Sequence[str]) -> tuple[list[Header], int, bool]:
    """The objects without our own defaced copies of them, how many these are, and whether all that is left is ours.

    An image of ours is a copy if an image of its modality is here that is not ours. With it go the structures, doses and plans
    of ours, and those that stand beside one of their kind that is not ours.

    Parameters
    ----------
    modalities : sequence of str
        Those of images.
    """
    ours = [header for header in headers if is_ours(header)]
    if not ours:
        return list(headers), 0, False
    marked = {id(header) for header in ours}
    original = {header.text("Modality") for header in headers if id(header) not in marked}
    beside = any(header.text("Modality") in original for header in ours if header.text("Modality") in modalities)
    copies = {
        id(header)
        for header in ours
        if header.text("Modality") in original or (beside and header.text("Modality") not in modalities)
    }
    left = [header for header in headers if id(header) not in copies]
    return left, len(copies), len(left) == len(ours) - len(copies)

"""The export's own check of a set of DICOM files: every reference leads somewhere, nothing of the input's identity is left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from pydicom.dataset import Dataset

from ..written.references import INSTANCE
from ..written.stale_content import stale_left
from ..written.uid_map import instance_uids, stored_kinds
from .one_reading import WrittenFile, written_files

FRAME_KEYWORDS = ("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID")
UID_BYTES = re.compile(rb"[0-9]+(?:\.[0-9]+){3,}")


def reference_faults(
    folder: Path,
    old_uids: Collection[str] = (),
    allowed: Collection[str] = (),
    also: Callable[[WrittenFile], object] | None = None,
) -> list[str]:
    """Find every fault of a written set; each is one sentence that names the file.

    Parameters
    ----------
    folder : Path
        Holds the files of one patient.
    old_uids : collection of str
        UIDs that must not stand anywhere, not even in a text.
    allowed : collection of str
        UIDs that may be referred to in vain (the source did so, too).
    also : callable, optional
        Gets each file as it is read, pixels and all: other checks look at it meanwhile.
    """
    objects: dict[str, Dataset] = {}
    own: dict[str, list[str]] = {}
    left = []
    wanted = {uid.encode() for uid in old_uids}
    for file in written_files(folder):
        if also is not None:
            also(file)
        own[file.name] = list(_own_faults(file.data))
        left += [f"{file.name}: a UID of the input is left"] if wanted & set(UID_BYTES.findall(file.raw)) else []
        if "PixelData" in file.data:
            file.data.PixelData = b""  # that there were some is all that is asked for below
        objects[file.name] = file.data
    faults = _identity_faults(objects)
    there = _There(objects)
    for name, data in objects.items():
        faults += [f"{name}: {fault}" for fault in (*_dangling(data, there, frozenset(allowed)), *own[name])]
    return faults + left


def _identity_faults(objects: Mapping[str, Dataset]) -> list[str]:
    """Objects that are not one patient's, or that are there twice."""
    faults = []
    people = {str(data.get("PatientID") or "") for data in objects.values()}
    if len(people) > 1:
        faults.append(f"the files are of {len(people)} patients")
    for uid, count in Counter(str(data.get("SOPInstanceUID") or "") for data in objects.values()).items():
        if count > 1 or not uid:
            faults.append(
                f"{count} objects have the same SOP instance UID" if uid else f"{count} objects have no SOP instance UID"
            )
    kinds: dict[str, set[tuple[str, ...]]] = {}
    for data in objects.values():
        shared = tuple(str(data.get(k) or "") for k in ("Modality", "StudyInstanceUID", "FrameOfReferenceUID"))
        kinds.setdefault(str(data.get("SeriesInstanceUID") or ""), set()).add(shared)
    faults += ["an object has no series UID"] if "" in kinds else []
    faults += ["one series is in several modalities, studies or frames of reference" for k in kinds.values() if len(k) > 1]
    return faults


class _There:
    """What can be referred to."""

    def __init__(self, objects: Mapping[str, Dataset]) -> None:
        everything = list(objects.values())
        self.classes = {str(each.get("SOPInstanceUID") or ""): str(each.get("SOPClassUID") or "") for each in everything}
        studies = frozenset(str(each.get("StudyInstanceUID") or "") for each in everything)
        series = frozenset(str(each.get("SeriesInstanceUID") or "") for each in everything)
        grids = [each for each in everything if "PixelData" in each]
        frames = frozenset(str(each.get("FrameOfReferenceUID") or "") for each in grids)
        self.uids = {
            INSTANCE: studies | frozenset(self.classes),
            "SeriesInstanceUID": series,
            "StudyInstanceUID": studies,
            **dict.fromkeys(FRAME_KEYWORDS, frames),
        }


def _dangling(data: Dataset, there: _There, allowed: frozenset[str]) -> Iterator[str]:
    """References of one object to what is not there."""
    for element in instance_uids(data):
        known = there.uids.get(element.keyword)
        if known is None:
            continue
        values = [str(element.value)] if element.VM == 1 else [str(value) for value in element.value]
        if not known.issuperset(set(values) - allowed):
            yield f"{element.keyword} names what is not there"
    for item in _items(data):
        sop_class = there.classes.get(str(item.get(INSTANCE) or ""))
        if sop_class is not None and str(item.get("ReferencedSOPClassUID") or "") != sop_class:
            yield "a reference states another SOP class than the object has"


def _own_faults(data: Dataset) -> Iterator[str]:
    """Faults that one object shows by itself."""
    meta = data.file_meta
    if str(meta.get("MediaStorageSOPInstanceUID") or "") != str(data.get("SOPInstanceUID") or ""):
        yield "the file's meta header names another object"
    if str(meta.get("MediaStorageSOPClassUID") or "") != str(data.get("SOPClassUID") or ""):
        yield "the file's meta header names another SOP class"
    if (data.preamble or b"").strip(b"\0"):
        yield "the preamble is not empty"
    for what, count in sorted(stale_left(data).items()):
        yield f"{count} times {what} is left"
    yield from _structure_faults(data)


def _structure_faults(data: Dataset) -> Iterator[str]:
    """ROI numbers of a structure set that do not match."""
    if data.get("Modality") != "RTSTRUCT":
        return
    numbers = [str(roi.get("ROINumber")) for roi in data.get("StructureSetROISequence") or []]
    if len(set(numbers)) < len(numbers):
        yield "two structures have one number"
    for keyword in ("ROIContourSequence", "RTROIObservationsSequence"):
        for item in data.get(keyword) or []:
            if str(item.get("ReferencedROINumber")) not in numbers:
                yield f"{keyword} speaks of a structure that is not there"


def _items(data: Dataset) -> Iterator[Dataset]:
    for tag, kind in stored_kinds(data):
        if kind == "SQ":
            for item in data[tag].value or []:
                yield item
                yield from _items(item)

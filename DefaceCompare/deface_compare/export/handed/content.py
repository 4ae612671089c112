"""What an object holds beside its header's words: by this it is known again, whatever a program calls it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

from ...readers.dicom.stored_pixels import put_pixels, read_object, stored_pixels
from ..written.uid_map import stored_vr

PLACE = ("Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "GridFrameOffsetVector")
"""What says where voxels lie."""
MEANING = (
    *("RescaleSlope", "RescaleIntercept", "DoseGridScaling", "Units", "DoseUnits", "Modality"),
    *("BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation"),
)
"""What says what stored integers stand for, as far as one slice tells it."""
NUMBER_VRS = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "UL", "US"})
CONTOURS = Tag("ContourData")
"""A structure set holds hundreds of thousands of its numbers, which take long to decode."""


@dataclass(frozen=True)
class Content:
    """What must come back: the class, the place and meaning of voxels, and the voxels (or all numbers inside sequences)."""

    sop_class: str
    place: str
    meaning: str
    body: str


@dataclass(frozen=True)
class Known:
    """One object of a folder.

    Parameters
    ----------
    series, number : str
        Its SeriesInstanceUID and InstanceNumber.
    """

    path: Path
    content: Content
    series: str
    number: str


def known_object(path: Path) -> Known:
    """Read one object.

    Raises
    ------
    UnusableInput
        If it is damaged.
    """
    data = read_object(path)
    content = Content(str(data.get("SOPClassUID") or ""), _told(data, PLACE), _told(data, MEANING), _body(data, path))
    number = str(data.get("InstanceNumber") or "")
    return Known(path, content, str(data.get("SeriesInstanceUID") or ""), number)


def _told(data: Dataset, keywords: tuple[str, ...]) -> str:
    """Some attributes in one spelling: 1.0 is 1."""
    return "|".join(f"{keyword}={_plain(data.get(keyword))}" for keyword in keywords)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return ""
    many = isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue"
    return ",".join(_one(each) for each in (value if many else [value]))


def _one(value: Any) -> str:
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return str(value)


def _body(data: Dataset, path: Path) -> str:
    """A hash of the voxels as they are stored, or of what stands for them."""
    if "PixelData" not in data:
        digest = sha256()
        for part in _numbers(data, ()):
            digest.update(part)
        return digest.hexdigest()
    if UID(str(data.file_meta.get("TransferSyntaxUID") or "")).is_compressed:
        put_pixels(data, stored_pixels(data, path))
    return sha256(bytes(data.PixelData)).hexdigest()


def _numbers(data: Dataset, above: tuple[Any, ...]) -> Iterator[bytes]:
    """Every number inside the sequences of an object, with its place: contours, beams, matrices."""
    for tag in sorted(data.keys()):
        vr = stored_vr(data, tag)
        if vr == "SQ":
            for index, item in enumerate(data[tag].value or []):
                yield from _numbers(item, (*above, int(tag), index))
        elif above and vr in NUMBER_VRS and not tag.is_private:
            yield repr((*above, int(tag))).encode() + _stored(data, tag)


def _stored(data: Dataset, tag: BaseTag) -> bytes:
    """Contours as they stand in the file (they must come back letter by letter), other numbers in one spelling."""
    element = data.get_item(tag)
    if tag == CONTOURS and isinstance(element, RawDataElement):
        return (element.value or b"").strip(b" \0")
    return _plain(data[tag].value).encode()

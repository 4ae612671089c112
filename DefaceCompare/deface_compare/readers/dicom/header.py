"""A DICOM header as read, and what is damaged in it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.tag import BaseTag
from pydicom.valuerep import STANDARD_VR

from ...errors import UnusableInput
from ..dicom_begin import MODALITY_OF_CLASS

if TYPE_CHECKING:
    from typing import Concatenate, ParamSpec

    Rest = ParamSpec("Rest")

Result = TypeVar("Result")

NUMBERS = {
    "Rows": 1,
    "Columns": 1,
    "NumberOfFrames": 1,
    "PixelSpacing": 2,
    "ImagePositionPatient": 3,
    "ImageOrientationPatient": 6,
    "RescaleSlope": 1,
    "RescaleIntercept": 1,
    "DoseGridScaling": 1,
}
"""How many finite numbers each of these holds, where it is there and not empty."""

IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID")
"""Each object has one of each (PS3.3 C.12.1)."""

SINGLE = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID", "Modality")
"""Single texts, where they are there."""

LEAST_MM, MOST_MM = 0.01, 50.0
"""Voxel edges of images and dose grids: micro CT to the thickest slices."""

FARTHEST_MM = 1e5
"""Places further from the origin of their frame are no patient's (100 m)."""

UNIT_TOLERANCE = 0.01
"""How far the length of a row's direction may be from 1, and its product with the column's from 0."""

PYDICOM_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OverflowError,
    ZeroDivisionError,
    EOFError,
    RecursionError,
    struct.error,
    BytesLengthException,
)
"""What pydicom raises, and what its values lead to, where a header is damaged (it decodes an element when it is asked for)."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what a damaged header leads to into `UnusableInput` that names the file."""
    try:
        yield
    except (*PYDICOM_ERRORS, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not pydicom's own
        raise UnusableInput(f"{path.name} has damaged values in its header ({type(error).__name__}); export it again") from error


def naming_file(function: Callable[Concatenate[Header, Rest], Result]) -> Callable[Concatenate[Header, Rest], Result]:
    """The same for a function whose first argument is the file's `Header`."""

    @wraps(function)
    def answer(header: Header, /, *rest: Rest.args, **named: Rest.kwargs) -> Result:
        try:  # not by `naming`: every attribute of every slice is asked for this way
            return function(header, *rest, **named)
        except (*PYDICOM_ERRORS, OSError):
            with naming(header.path):
                raise

    return answer


def value_of(data: Dataset, keyword: str) -> Any:
    """`data.get(keyword)` of an attribute, in a third of its time: each slice of a scan is asked for some hundred."""
    tag = tag_of(keyword)
    element = data.get_item(tag)
    if element is None:
        return None
    return (element if isinstance(element, DataElement) else data[tag]).value


@cache
def tag_of(keyword: str) -> BaseTag:
    """The tag of one of DICOM's keywords."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return BaseTag(tag)


def unknown_element(data: Dataset, *, explicit: bool) -> bool:
    """Whether an element has no value representation that DICOM knows (PS3.5 table 6.2-1), where the file states them."""
    return explicit and any(isinstance(element, RawDataElement) and element.VR not in STANDARD_VR for element in data.values())


def damaged_attribute(data: Dataset) -> str:
    """The first attribute that is not what it has to be, ``""`` if all are.

    Parameters
    ----------
    data : pydicom.Dataset
        An image or RT object without its pixels.
    """
    for keyword in IDENTIFIERS:
        value = value_of(data, keyword)
        if not isinstance(value, str) or not value:
            return keyword
    for keyword in SINGLE:
        if not isinstance(value_of(data, keyword) or "", str):
            return keyword
    for keyword, count in NUMBERS.items():
        value = value_of(data, keyword)
        if value not in (None, "") and not _are_numbers(value, count):
            return keyword
    return _damaged_geometry(data)


def _are_numbers(value: object, count: int) -> bool:
    values = [value] if count == 1 else value
    try:
        numbers = [float(each) for each in values]  # type: ignore[attr-defined]
    except PYDICOM_ERRORS:
        return False
    return len(numbers) == count and all(math.isfinite(number) for number in numbers)


def _damaged_geometry(data: Dataset) -> str:
    """Which attribute places voxels where no patient is."""
    if not all(LEAST_MM <= float(value) <= MOST_MM for value in value_of(data, "PixelSpacing") or []):
        return "PixelSpacing"
    if not all(abs(float(value)) <= FARTHEST_MM for value in value_of(data, "ImagePositionPatient") or []):
        return "ImagePositionPatient"
    cosines = [float(value) for value in value_of(data, "ImageOrientationPatient") or []]
    row, column = cosines[:3], cosines[3:]
    products = [
        sum(a * b for a, b in zip(one, other, strict=True)) for one, other in ((row, row), (column, column), (row, column))
    ]
    if cosines and any(abs(found - wanted) > UNIT_TOLERANCE for found, wanted in zip(products, (1, 1, 0), strict=True)):
        return "ImageOrientationPatient"
    return ""


class DamagedObject(UnusableInput):
    """A DICOM object that is cut, or whose header is damaged; `dataset` is what could be read of it."""

    def __init__(self, sentence: str, path: Path, dataset: Dataset) -> None:
        super().__init__(sentence)
        self.path, self.dataset = path, dataset

    @property
    def modality(self) -> str:
        """What it is by its Modality, else by its SOP class; ``""`` if nothing tells."""
        sop_class = self._text("SOPClassUID") or str(getattr(self.dataset, "file_meta", {}).get("MediaStorageSOPClassUID") or "")
        return self._text("Modality") or MODALITY_OF_CLASS.get(sop_class, "")

    @property
    def series_uid(self) -> str:
        """The SeriesInstanceUID, ``""`` if it cannot be read."""
        return self._text("SeriesInstanceUID")

    def _text(self, keyword: str) -> str:
        try:
            value = self.dataset.get(keyword)
        except PYDICOM_ERRORS:
            return ""
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Header:
    """One DICOM file without its pixels."""

    path: Path
    dataset: Dataset
    pixels_at: int = 0
    """Where reading stopped: at the pixels, if there are any; 0 if that is not known."""
    whole_head: bool = True
    """Whether the file begins as a DICOM file has to, with mark and transfer syntax."""

    @naming_file
    def text(self, keyword: str) -> str:
        """An attribute as text, ``""`` if absent or empty."""
        value = value_of(self.dataset, keyword)
        return "" if value is None else str(value)

    def number(self, keyword: str) -> float | None:
        """A finite number that nothing rests on, None where it is absent, empty or no number."""
        try:
            found = float(value_of(self.dataset, keyword))
        except PYDICOM_ERRORS:
            return None
        return found if math.isfinite(found) else None

    def numbers(self, keyword: str, count: int) -> list[float]:
        """An attribute of so many numbers.

        Raises
        ------
        UnusableInput
            If it is missing, of another length, or holds what is no finite number.
        """
        value = value_of(self.dataset, keyword)
        try:
            found = [float(one) for one in ([value] if isinstance(value, str | float | int) else value or [])]
        except (TypeError, ValueError):
            found = []
        if len(found) != count or not all(map(math.isfinite, found)):
            raise UnusableInput(f"{self.path.name} has no usable {keyword} ({count} numbers); export it again")
        return found


def whole_number(item: Dataset, keyword: str) -> int | None:
    """An attribute as a whole number, None if it is absent, empty or no number."""
    try:
        return int(value_of(item, keyword))
    except (TypeError, ValueError):
        return None

"""Texts of a DICOM object as people wrote them, also where the header does not say in which characters."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


def as_utf8(text: str) -> str:
    r"""A text without the fault of an object that holds UTF-8 and does not say so (SpecificCharacterSet).

    Its bytes are read as Latin-1 then: ``GroÃ\x9fhirn`` of ``Großhirn``. No other text has letters beyond ASCII that are UTF-8.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def name_in(item: Dataset, keyword: str) -> str:
    """A single name; a backslash in it, which parts values in DICOM, is one of its characters. ``""`` if there is none."""
    value = item.get(keyword)
    parts = value if isinstance(value, MultiValue) else [value or ""]
    return as_utf8("\\".join(map(str, parts)))

"""Where the DICOM data of a file begin: behind its mark, or, where the mark is missing, where the content proves what it is.

Encodings are those of DICOM PS3.5 section 7.1; no library is needed to tell.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

MARK, MARKED_BEGIN = b"DICM", 132
"""A DICOM file begins with 128 free bytes and the mark (PS3.10 7.1)."""
UNMARKED_BEGINS = (0, MARKED_BEGIN, MARKED_BEGIN - len(MARK))
"""Where data begin without it: preamble and mark are missing, the mark is overwritten, or it alone is missing."""
HEAD_BYTES = 4096
"""The object's class stands among the first of these."""
META_GROUP, IDENTIFYING_GROUP = 0x0002, 0x0008
"""Groups that DICOM data begin with: the file's meta information (PS3.10 7.1), the identifying one (PS3.3 C.12.1)."""
SOP_CLASS, META_SOP_CLASS = (IDENTIFYING_GROUP, 0x0016), (META_GROUP, 0x0002)
LONG_VRS = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT"})
"""Value representations with two spare bytes and a length of four that may stand before an object's class."""
STORAGE = "1.2.840.10008.5.1.4.1.1."
PIXEL_CLASSES = frozenset(STORAGE + n for n in ("2", "2.1", "4", "4.1", "128", "130", "481.2", "66.4", "66.7"))
"""SOP classes that must hold pixels: CT, MR, PET, their enhanced forms, RTDOSE, segmentations."""
RT_CLASSES = frozenset(STORAGE + n for n in ("481.3", "481.5", "66.1"))
"""SOP classes RTSTRUCT, RTPLAN and Spatial Registration."""
READ_CLASSES = PIXEL_CLASSES | RT_CLASSES
MODALITY_OF_CLASS = {
    STORAGE + n: modality
    for modality, numbers in {
        "CT": ("2", "2.1"),
        "MR": ("4", "4.1"),
        "PT": ("128", "130"),
        "RTDOSE": ("481.2",),
        "RTSTRUCT": ("481.3",),
        "RTPLAN": ("481.5",),
        "REG": ("66.1",),
        "SEG": ("66.4", "66.7"),
    }.items()
    for n in numbers
}
"""The Modality that objects of a SOP class have (PS3.3 A)."""


class Begin(NamedTuple):
    """Where a file's elements begin, and whether DICOM's mark stands before them."""

    at: int
    marked: bool


def dicom_begin(stream: BinaryIO) -> Begin | None:
    """Where the elements of a file begin; None if it is not DICOM.

    Without the mark they must begin as DICOM's do, and the object's class be one of those that are read.

    Parameters
    ----------
    stream : binary stream
        At the file's first byte.
    """
    head = stream.read(HEAD_BYTES)
    if head[MARKED_BEGIN - len(MARK) : MARKED_BEGIN] == MARK:
        return Begin(MARKED_BEGIN, marked=True)
    found = next((begin for begin in UNMARKED_BEGINS if _class_of(head, begin) in READ_CLASSES), None)
    return None if found is None else Begin(found, marked=False)


def class_in_begin(head: bytes) -> str:
    """The SOP class that the first bytes of a DICOM file state, ``""`` if they state none."""
    return next(filter(None, (_class_of(head, begin) for begin in (MARKED_BEGIN, *UNMARKED_BEGINS))), "")


def _class_of(head: bytes, begin: int) -> str:
    """The SOP class of the object that begins at a place; ``""`` if none does."""
    for order in ("<", ">"):
        try:
            found = _walked(head, begin, order)
        except (struct.error, ValueError):  # the next element is not one, or lies beyond the head
            continue
        if found:
            return found
    return ""


def _walked(head: bytes, position: int, order: str) -> str:
    last, found = (0, 0), ""
    while True:
        # meta information is little endian, whatever follows it (PS3.10 7.1)
        here = "<" if head[position : position + 2] == b"\x02\x00" else order
        tag = struct.unpack_from(here + "HH", head, position)
        if tag[0] not in (META_GROUP, IDENTIFYING_GROUP) or tag <= last:
            return found
        start, length = _value(head, position, here)
        if tag in (META_SOP_CLASS, SOP_CLASS):
            found = head[start : start + length].rstrip(b"\0 ").decode("ascii")
        if tag >= SOP_CLASS:
            return found
        last, position = tag, start + length


def _value(head: bytes, position: int, order: str) -> tuple[int, int]:
    """Where an element's value begins, and how long it is."""
    vr = head[position + 4 : position + 6]
    if not (vr.isalpha() and vr.isupper()):
        return position + 8, struct.unpack_from(order + "I", head, position + 4)[0]
    if vr in LONG_VRS:
        return position + 12, struct.unpack_from(order + "I", head, position + 8)[0]
    return position + 8, struct.unpack_from(order + "H", head, position + 6)[0]

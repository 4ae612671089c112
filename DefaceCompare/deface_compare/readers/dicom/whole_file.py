"""Whether a DICOM file is whole: its elements end where the file ends (pydicom reads a cut file without a word).

Encodings are those of DICOM PS3.5 section 7: tag, VR (explicit syntaxes only), length, value; sequences of items.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pydicom.valuerep import STANDARD_VR

META_GROUP = 0x0002
PIXEL_DATA = (0x7FE0, 0x0010)
DELIMITER_GROUP = 0xFFFE
ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD
UNDEFINED_LENGTH = 0xFFFFFFFF
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""Value representations with two spare bytes and a length of four."""
KNOWN_VRS = frozenset(vr.encode() for vr in STANDARD_VR)
"""All of PS3.5 table 6.2-1. GDCM takes another one for a length and reserves up to 4 GB."""


class _Cut(Exception):
    """The file ends within an element, or what stands there is none."""


def is_whole(path: Path, transfer_syntax: str, needs_pixels: bool, begin: int, pixels_at: int) -> bool:
    """Whether the file ends where its elements end, and holds pixel data if it needs them.

    `begin` is where the first element stands, `pixels_at` where reading stopped before the pixels; if pixel data begins there,
    what lies before it is whole and is not walked again. Deflated files cannot be walked without inflating and pass (reading
    them fails by itself if they are cut).
    """
    syntax = UID(transfer_syntax)
    if syntax == DeflatedExplicitVRLittleEndian:
        return True
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            order = "<" if syntax.is_little_endian else ">"
            walker = _Walker(data, order, explicit=not syntax.is_implicit_VR)
            if walker.pixels_begin(pixels_at):
                walker.top_level(pixels_at)
            else:
                walker.top_level(_Walker(data, "<", explicit=True).after_meta(begin))
        except _Cut:
            return False
    return walker.pixels_seen or not needs_pixels


def is_of_unknown_compression(path: Path, transfer_syntax: str, pixels_at: int) -> bool:
    """Whether the pixels have no length of their own, as compressed ones (PS3.5 A.4), and the syntax is of uncompressed ones."""
    syntax = UID(transfer_syntax)
    if syntax.is_compressed or syntax.is_deflated:
        return False
    order = "<" if syntax.is_little_endian else ">"
    with path.open("rb") as stream:
        stream.seek(pixels_at)
        head = stream.read(8 if syntax.is_implicit_VR else 12)
    whole = len(head) >= 8 and struct.unpack_from(order + "HH", head) == PIXEL_DATA
    return bool(whole and struct.unpack(order + "I", head[-4:])[0] == UNDEFINED_LENGTH)


class _Walker:
    """Steps over elements without reading their values."""

    def __init__(self, data: mmap.mmap, order: str, explicit: bool) -> None:
        self.data, self.order, self.explicit = data, order, explicit
        self.size = len(data)
        self.pixels_seen = False

    def pixels_begin(self, position: int) -> bool:
        """Whether pixel data begins at a position."""
        return position + 4 <= self.size and self._tag(position) == PIXEL_DATA

    def after_meta(self, position: int) -> int:
        """Position after the file's meta group."""
        while position < self.size and self._tag(position)[0] == META_GROUP:
            position = self._element(position)
        return position

    def top_level(self, position: int) -> None:
        """Walk to the end of the file; trailing zeros are padding."""
        while position < self.size:
            if not any(self.data[position : position + 8]):
                return
            self.pixels_seen |= self._tag(position) == PIXEL_DATA
            position = self._element(position)

    def _element(self, position: int) -> int:
        """Position after the element that begins here."""
        start, length, vr = self._head(position)
        if length != UNDEFINED_LENGTH:
            if start + length > self.size:
                raise _Cut
            return start + length
        if vr == b"UN" and self.explicit:
            # An unknown sequence is written with implicit VR inside (PS3.5 section 6.2.2).
            return _Walker(self.data, self.order, explicit=False)._items(start)
        return self._items(start)

    def _items(self, position: int) -> int:
        """Position after the delimiter of a sequence, or of compressed pixel data."""
        while True:
            group, element = self._tag(position)
            length = self._number(position + 4, "I", 4)
            position += 8
            if (group, element) == (DELIMITER_GROUP, SEQUENCE_END):
                return position
            if (group, element) != (DELIMITER_GROUP, ITEM):
                raise _Cut
            if length != UNDEFINED_LENGTH:
                position += length
                continue
            while self._tag(position) != (DELIMITER_GROUP, ITEM_END):
                position = self._element(position)
            position += 8

    def _head(self, position: int) -> tuple[int, int, bytes]:
        """Where the value begins, its length, and its VR (empty if implicit)."""
        if not self.explicit:
            return position + 8, self._number(position + 4, "I", 4), b""
        vr = self.data[position + 4 : position + 6]
        if vr not in KNOWN_VRS:
            raise _Cut
        if vr in LONG_VRS:
            return position + 12, self._number(position + 8, "I", 4), vr
        return position + 8, self._number(position + 6, "H", 2), vr

    def _tag(self, position: int) -> tuple[int, int]:
        return self._number(position, "H", 2), self._number(position + 2, "H", 2)

    def _number(self, position: int, kind: str, count: int) -> int:
        if position + count > self.size:
            raise _Cut
        return int(struct.unpack(self.order + kind, self.data[position : position + count])[0])

"""Faults of how an object is written: all of it is there, only a reader must find out how."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from fault_patient import Fault, paths_of

MARK_AT, MARK_END = 128, 132
META_LENGTH_ELEMENT = 12
"""Bytes of the element that says how long the meta information after it is."""


def rewritten(rewrite: Callable[[bytes], bytes], syntax: str = ExplicitVRLittleEndian) -> Callable[[Path, str], None]:
    """Write the bytes of every file of a kind anew, from the object in a transfer syntax."""

    def apply(folder: Path, kind: str) -> None:
        for path in paths_of(folder, kind):
            path.write_bytes(rewrite(in_syntax(path, syntax)))

    return apply


def in_syntax(path: Path, syntax: str) -> bytes:
    """A file's object in a transfer syntax."""
    data, content = pydicom.dcmread(path), BytesIO()
    big = syntax == ExplicitVRBigEndian
    if big and data.get("BitsAllocated") == 16:
        data.PixelData = b"".join(data.PixelData[k : k + 2][::-1] for k in range(0, len(data.PixelData), 2))
    for _ in data.iterall():  # what is not decoded yet would be written in its old byte order
        pass
    data.file_meta.TransferSyntaxUID = syntax
    implicit = syntax == ImplicitVRLittleEndian
    pydicom.dcmwrite(content, data, implicit_vr=implicit, little_endian=not big, force_encoding=True)
    return content.getvalue()


def without_preamble(content: bytes) -> bytes:
    """Meta information and object."""
    return content[MARK_END:]


def without_meta(content: bytes) -> bytes:
    """The object alone, as some archives and old exports write it."""
    length = int.from_bytes(content[MARK_END + 8 : MARK_END + 12], "little")
    return content[MARK_END + META_LENGTH_ELEMENT + length :]


def with_mark_overwritten(content: bytes) -> bytes:
    return content[:MARK_AT] + bytes(4) + content[MARK_END:]


def with_mark_lost(content: bytes) -> bytes:
    return content[:MARK_AT] + content[MARK_END:]


def with_mark_alone(content: bytes) -> bytes:
    """Preamble and mark, but no meta information."""
    return content[:MARK_END] + without_meta(content)


FORM_FAULTS: dict[str, Fault] = {
    "no preamble": Fault(rewritten(without_preamble), harmless=True),
    "no preamble, deflated": Fault(rewritten(without_preamble, DeflatedExplicitVRLittleEndian), harmless=True),
    "no meta information, explicit": Fault(rewritten(without_meta), harmless=True),
    "no meta information, implicit": Fault(rewritten(without_meta, ImplicitVRLittleEndian), harmless=True),
    "no meta information, big endian": Fault(rewritten(without_meta, ExplicitVRBigEndian), harmless=True),
    "the mark overwritten": Fault(rewritten(with_mark_overwritten), harmless=True),
    "the mark lost": Fault(rewritten(with_mark_lost), harmless=True),
    "the mark alone, explicit": Fault(rewritten(with_mark_alone), harmless=True),
    "the mark alone, implicit": Fault(rewritten(with_mark_alone, ImplicitVRLittleEndian), harmless=True),
    "big endian": Fault(rewritten(bytes, ExplicitVRBigEndian), harmless=True),
}
"""Of all of them every value must be read."""

"""Looks for a patient's identity in what is shared: header values, UIDs, names of files and folders, in every byte."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

IDENTIFYING_VRS = frozenset({"PN", "DA", "DT", "UI", "LO", "SH", "LT", "ST", "UT", "AE"})
"""Value representations that can hold an identity; what is no identity is told by `harmless`."""
SHORTEST = 5
"""Characters; shorter texts stand in any file."""
CLASSES = "1.2.840.10008."
"""DICOM's own UIDs."""


def identity_of(folder: Path, harmless: Iterable[str] = ()) -> Mapping[str, str]:
    """Every text of a patient's headers, and every name of a file or folder, that no shared file may hold; and where it stands.

    Parameters
    ----------
    folder : Path
        The patient's folder.
    harmless : iterable of str
        Texts that many patients have alike (a modality's name, a maker).
    """
    found = dict.fromkeys((folder.name, *(p.name for p in folder.rglob("*") if p.is_dir())), "folder")
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.name] = "file"
            try:
                found |= _texts(pydicom.dcmread(path, stop_before_pixels=True))
            except Exception:  # a file that is no DICOM has its name only
                continue
    known = set(harmless)
    return {text: where for text, where in found.items() if len(text) >= SHORTEST and text not in known}


def _texts(data: Dataset) -> dict[str, str]:
    found = {}
    for element in data.iterall():
        if element.VR not in IDENTIFYING_VRS or element.is_empty:
            continue
        values = element.value if element.VM > 1 else [element.value]
        for text in (part.strip() for value in values for part in (str(value), *str(value).split("^"))):
            if not text.startswith(CLASSES):
                found[text] = element.keyword or str(element.tag)
    return found


def leaks_in(out: Path, identity: Mapping[str, str]) -> list[str]:
    """Which of the texts stand in a file of an output folder outside ``identifiable``: one sentence each."""
    faults = []
    for path in sorted(out.rglob("*")):
        where = path.relative_to(out)
        if not path.is_file() or where.parts[0] == "identifiable":
            continue
        content = _unpacked(path.read_bytes())
        wide = content.replace(b"\0", b"")
        for text, kind in identity.items():
            if text in str(where) or text.encode() in content or text.encode() in wide:
                faults.append(f"{where.as_posix()}: {kind} {text!r}")
    return faults


def _unpacked(content: bytes) -> bytes:
    """A file's bytes; a compressed image's header and voxels as well."""
    start = content.find(b"\x1f\x8b")
    try:
        return content + (gzip.decompress(content[start:]) if start >= 0 else b"")
    except (OSError, EOFError, zlib.error):
        return content

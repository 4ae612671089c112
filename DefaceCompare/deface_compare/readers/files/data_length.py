"""Whether image files hold more voxels than their headers say: a wrong size, type or begin reads other voxels without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import SimpleITK as sitk

from ...errors import UnusableInput

META_DATA = re.compile(rb"^[ \t]*ElementDataFile[ \t]*=[ \t]*(.*?)[ \t]*\r?\n", re.MULTILINE)
NRRD_END = re.compile(rb"\r?\n\r?\n")
IN_THE_FILE = "local"
"""Where a MetaImage's voxels lie behind its header."""


def refuse_longer(path: Path, held_bytes: int, stated_bytes: int, row_bytes: int) -> None:
    """Raise `UnusableInput` if a file holds a row of voxels more than it says; a few bytes at the end are padding."""
    if held_bytes - stated_bytes >= row_bytes:
        raise UnusableInput(
            f"{path.name} holds {held_bytes} bytes of voxels, and its header speaks of {stated_bytes}: size, type or begin of its"
            " voxels is wrong; export it again"
        )


def refuse_longer_than_image(path: Path, held_bytes: int | None, image: sitk.Image) -> None:
    """The same of a file whose image was read; None where it is not known how much it holds (compressed, several files)."""
    voxels = sitk.GetArrayViewFromImage(image)
    if held_bytes is not None:
        refuse_longer(path, held_bytes, voxels.nbytes, voxels.nbytes // (image.GetHeight() * image.GetDepth()))


def bytes_of_meta_image(path: Path, fields: Mapping[str, str], head: bytes) -> int | None:
    """How many bytes of voxels a MetaImage holds."""
    found, skipped = META_DATA.search(head), fields.get("headersize", "0")
    if found is None or fields.get("compresseddata", "").lower() == "true" or not skipped.isdigit():
        return None
    name = found[1].decode("latin-1")
    if name.lower() == IN_THE_FILE:
        return path.stat().st_size - found.end()
    return _size(path.parent / name, int(skipped))


def bytes_of_nrrd(path: Path, fields: Mapping[str, str], head: bytes) -> int | None:
    """How many bytes of voxels a NRRD holds."""
    skipped, begin = fields.get("byte skip", fields.get("byteskip", "0")), NRRD_END.search(head)
    lines = fields.get("line skip", fields.get("lineskip", "0"))
    if fields.get("encoding", "").lower() != "raw" or not skipped.isdigit() or lines != "0":
        return None
    name = fields.get("data file", fields.get("datafile"))
    if name is None:
        return None if begin is None else path.stat().st_size - begin.end() - int(skipped)
    return _size(path.parent / name, int(skipped))


def _size(file: Path, skipped: int) -> int | None:
    """Bytes of a file; None if there is none of that name (a list, a pattern of several)."""
    return file.stat().st_size - skipped if file.is_file() else None

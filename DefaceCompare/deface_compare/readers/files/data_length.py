"""Whether image files hold the voxels that their headers speak of: a wrong size, type or begin reads others without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import SimpleITK as sitk

from ...errors import UnusableInput
from .data_files import META_HEADERS, blocks_of, data_files_of, head_of

META_LOCAL = re.compile(rb"^[ \t]*ElementDataFile[ \t]*=.*?\r?\n", re.MULTILINE)
NRRD_END = re.compile(rb"\r?\n\r?\n")
PLANE = 2
"""Dimensions of each of several files; ITK reads memory that nobody wrote where a header says that they have another number."""


def refuse_longer(path: Path, held_bytes: int, stated_bytes: int, row_bytes: int) -> None:
    """Raise `UnusableInput` if a file holds a row of voxels more than it says; a few bytes at the end are padding."""
    if held_bytes - stated_bytes >= row_bytes:
        raise UnusableInput(
            f"{path.name} holds {held_bytes} bytes of voxels, and its header speaks of {stated_bytes}: size, type or begin of its"
            " voxels is wrong; export it again"
        )


def refuse_other_length(path: Path, fields: Mapping[str, str], image: sitk.Image) -> None:
    """The same of a MetaImage or NRRD whose image was read; of voxels in several files also if they are fewer.

    Compressed voxels are not judged.

    Parameters
    ----------
    fields : mapping of str to str
        Of the header, names in lower case.

    Raises
    ------
    UnusableInput
        If the files hold others.
    """
    voxels = sitk.GetArrayViewFromImage(image)
    files = data_files_of(path)
    if files and blocks_of(path) != PLANE:
        raise UnusableInput(f"{path.name} lists files that are no single slices; save it with its voxels in one file")
    held_bytes = (_of_meta_image if path.suffix.lower() in META_HEADERS else _of_nrrd)(path, fields, files)
    if held_bytes is None:
        return
    refuse_longer(path, held_bytes, voxels.nbytes, voxels.nbytes // (image.GetHeight() * image.GetDepth()))
    if files and held_bytes < voxels.nbytes:
        count = f"{len(files)} file{'s' * (len(files) > 1)}"
        raise UnusableInput(f"{path.name} has {count} beside it with fewer voxels than its header says; list all of its slices")


def _of_meta_image(path: Path, fields: Mapping[str, str], files: tuple[Path, ...]) -> int | None:
    """How many bytes of voxels a MetaImage holds; None if that is not known."""
    begin, skipped = META_LOCAL.search(head_of(path)), fields.get("headersize", "0")
    if begin is None or fields.get("compresseddata", "").lower() == "true" or not skipped.isdigit():
        return None
    return _size(files, int(skipped)) if files else path.stat().st_size - begin.end()


def _of_nrrd(path: Path, fields: Mapping[str, str], files: tuple[Path, ...]) -> int | None:
    """How many bytes of voxels a NRRD holds; None if that is not known."""
    skipped, begin = fields.get("byte skip", fields.get("byteskip", "0")), NRRD_END.search(head_of(path))
    lines = fields.get("line skip", fields.get("lineskip", "0"))
    if fields.get("encoding", "").lower() != "raw" or not skipped.isdigit() or lines != "0":
        return None
    if files:
        return _size(files, int(skipped))
    return None if begin is None else path.stat().st_size - begin.end() - int(skipped)


def _size(files: tuple[Path, ...], skipped: int) -> int | None:
    """Bytes of files; None if one of them is not there."""
    return sum(file.stat().st_size - skipped for file in files) if all(file.is_file() for file in files) else None

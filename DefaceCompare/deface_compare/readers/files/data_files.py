"""The files beside a MetaImage's or NRRD's header that hold its voxels: one, a list of them, or a numbered pattern."""

from __future__ import annotations

import re
from pathlib import Path

LONGEST_HEADER = 1 << 20
"""Bytes of a file in which the end of a text header is looked for."""
META_DATA = re.compile(r"^[ \t]*ElementDataFile[ \t]*=[ \t]*(.*?)[ \t]*\r?\n(.*)", re.MULTILINE | re.DOTALL)
NRRD_DATA = re.compile(r"^data ?file:[ \t]*(.*?)[ \t]*\r?(?:\n(.*)|\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE)
NRRD_END = re.compile(r"\r?\n\r?\n")
IN_THE_FILE, LIST = "local", "list"
"""Where a MetaImage's voxels lie behind its header, and where lines of names follow (MetaIO; NRRD section 5)."""
META_HEADERS, NRRD_HEADERS = (".mhd", ".mha"), (".nhdr", ".nrrd")
MOST_FILES = 10_000
"""A pattern names no more."""


def head_of(path: Path) -> bytes:
    """The begin of a file, with the whole of a text header."""
    with path.open("rb") as stream:
        return stream.read(LONGEST_HEADER)


def data_files_of(path: Path) -> tuple[Path, ...]:
    """The files that hold the voxels of a header; empty if they lie in its own file, or it is of another format."""
    suffix = path.suffix.lower()
    if suffix not in (*META_HEADERS, *NRRD_HEADERS) or not path.is_file():
        return ()
    text = head_of(path).decode("latin-1")
    found = META_DATA.search(text) if suffix in META_HEADERS else NRRD_DATA.search(NRRD_END.split(text, maxsplit=1)[0])
    if found is None or not found[1] or found[1].lower() == IN_THE_FILE:
        return ()
    return tuple(path.parent / name for name in _names(found[1], found[2] or ""))


def blocks_of(path: Path) -> int:
    """How many dimensions each of several files has by its header: ``LIST 3D``; 2 where it does not say."""
    found = re.search(rb"^[ \t]*ElementDataFile[ \t]*=[ \t]*LIST[ \t]+(\d+)D", head_of(path), re.MULTILINE | re.IGNORECASE)
    return int(found[1]) if found is not None else 2


def _names(stated: str, following: str) -> list[str]:
    if stated.split()[0].lower() == LIST:
        return [line.strip() for line in following.splitlines() if line.strip()]
    words = stated.split()
    if len(words) >= 4 and "%" in words[0] and all(re.fullmatch(r"-?\d+", word) for word in words[1:4]):
        first, last, step = (int(word) for word in words[1:4])
        numbers = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
        try:
            return [words[0] % number for number in numbers[:MOST_FILES]]
        except (TypeError, ValueError):
            return []
    return [stated]

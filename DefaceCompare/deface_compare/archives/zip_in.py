"""Zip files unpacked with care: what they hold comes from strangers."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..errors import UnusableInput

MOST_ENTRIES = 1_000_000
"""More files than any cohort; the table of contents alone would fill the memory."""
SUSPICIOUS_RATIO, FREE_OF_SUSPICION_BYTES = 100, 2**30
"""Deflated scans shrink to a half or a tenth, air-filled ones to a fiftieth; a bomb by 1000. Small ones harm nobody."""
RESERVE_BYTES = 2**30
"""Stays free on the disk."""
BLOCK_BYTES = 2**20
ENCRYPTED = 0x1
"""Bit of an entry's flags (PKWARE's APPNOTE 4.4.4)."""
CLUTTER = ("__MACOSX", ".DS_Store", "Thumbs.db")
"""What systems add of their own."""


def unpack(path: Path, to: Path) -> None:
    """Unpack a zip file into a folder that is there and empty; readable by its owner only.

    Raises
    ------
    UnusableInput
        If the file is damaged or encrypted, an entry leads out of the folder or is a link, two are called the same, or the
        whole is larger than it could honestly be or than the disk.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry, place in _checked(path, archive.infolist(), to):
                _make(place.parent, to)
                _write(archive, entry, place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnusableInput(
            f"{path.name} is a damaged zip file, or packed in a way that cannot be read; pack it again"
        ) from error


def _checked(path: Path, entries: Sequence[zipfile.ZipInfo], to: Path) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    """The files of a zip and where each goes; everything is looked at before the first one is given."""
    _refuse_size(path, entries, to)
    places: dict[str, tuple[zipfile.ZipInfo, Path]] = {}
    for entry in entries:
        parts = _parts(entry.filename)
        if parts is None:
            raise UnusableInput(f"{path.name} holds a file that would lie outside of its folder; do not use it")
        if entry.is_dir() or not parts or any(part in CLUTTER for part in parts):
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise UnusableInput(f"{path.name} holds links or devices, which are not unpacked; pack the files themselves")
        if entry.flag_bits & ENCRYPTED:
            raise UnusableInput(f"{path.name} is encrypted; unpack it yourself and give the folder")
        key = "/".join(parts).casefold()
        if key in places:
            raise UnusableInput(f"{path.name} holds two files of the same name; pack it again")
        places[key] = (entry, to.joinpath(*parts))
    if not places:
        raise UnusableInput(f"{path.name} holds no file")
    yield from places.values()


def _refuse_size(path: Path, entries: Sequence[zipfile.ZipInfo], to: Path) -> None:
    size = sum(entry.file_size for entry in entries)
    packed = path.stat().st_size
    if len(entries) > MOST_ENTRIES or sum(entry.compress_size for entry in entries) > packed:
        raise UnusableInput(f"{path.name} says that it holds more than it can; do not use it")
    if size > FREE_OF_SUSPICION_BYTES and size > SUSPICIOUS_RATIO * packed:
        raise UnusableInput(f"{path.name} would unpack to {size / packed:.0f} times its size, as no scans do; do not use it")
    free = shutil.disk_usage(to).free
    if size + RESERVE_BYTES > free:
        need, here = size / 2**30, free / 2**30
        raise UnusableInput(f"{path.name} needs {need:.1f} GB unpacked, and the disk of {to} has {here:.1f} GB; make room")


def _parts(name: str) -> list[str] | None:
    """The steps of a path below the folder; None if it leads out of it."""
    path = PurePosixPath(name.replace("\\", "/"))
    unsafe = path.is_absolute() or ".." in path.parts or any(":" in part or "\0" in part for part in path.parts[:1])
    return None if unsafe else [part for part in path.parts if part != "."]


def _make(folder: Path, to: Path) -> None:
    """Make a folder and those between; `Path.mkdir` would make these for others to read."""
    if folder != to and not folder.is_dir():
        _make(folder.parent, to)
        folder.mkdir(mode=0o700)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> None:
    """Copy one file; zipfile checks its sum at the end, and no more comes than the table of contents says."""
    left = entry.file_size
    with archive.open(entry) as source, place.open("xb") as target:
        while block := source.read(BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile("longer than stated")
            target.write(block)
    if left:
        raise zipfile.BadZipFile("shorter than stated")
    place.chmod(0o600)

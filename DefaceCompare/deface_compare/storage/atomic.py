"""Files written whole or not at all, on a full disk too: no reader ever meets half of one under its name."""

from __future__ import annotations

import csv
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Writer

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a disk, a quota or a file size limit that is exhausted."""
ESCAPED = "backslashreplace"
"""How texts hold what UTF-8 cannot."""
ROOM_BYTES = 2**20
"""Less room than this is none: no case fits."""


def is_full(error: OSError) -> bool:
    """Whether the error says that there is no room."""
    return error.errno in DISK_FULL


def raise_if_full(error: Exception, out: Path) -> None:
    """Raise OSError if the error came of a full disk, whichever library met it.

    SimpleITK and VTK tell no error numbers; whether there is room left, the disk itself says.
    """
    if isinstance(error, OSError) and is_full(error):
        raise error
    if shutil.disk_usage(out).free < ROOM_BYTES:
        raise OSError(errno.ENOSPC, f"no room is left on the disk of {out}") from error


def full_disk_sentence(error: OSError) -> str:
    """What happened and what to do."""
    place = f" at {error.filename}" if error.filename else ""
    return f"nothing more can be written{place} ({error.strerror}); make room and run the same command: finished cases stay"


def system_sentence(error: OSError) -> str:
    """What the system refuses, in one sentence."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    return f"{name or 'a file'} cannot be used ({error.strerror or error})"


@contextmanager
def written(path: Path, *, private: bool = False, durable: bool = False, shared: bool = False) -> Iterator[Path]:
    """A temporary name beside `path`, of the same ending, which becomes `path` when the block ends without an error.

    Parameters
    ----------
    path : Path
        The file to be; its folder must be there.
    private : bool
        Readable by its owner only (mode 0600), from its first byte on.
    durable : bool
        Wait until the content is on the disk: the loss of power must not keep a name and lose its content.
    shared : bool
        Other processes may write the same file at this moment: the temporary name is one's own.
    """
    if shared:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}.", suffix=f".part{path.suffix}")
        os.close(handle)
        temporary = Path(name)
    else:
        temporary = path.with_name(f"{path.stem}.part{path.suffix}")
        temporary.unlink(missing_ok=True)
        if private:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield temporary
        if durable:
            to_disk([temporary])
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes, *, private: bool = False, shared: bool = False) -> None:
    """Write a file by way of `written`."""
    with written(path, private=private, shared=shared) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str, *, private: bool = False, durable: bool = False) -> None:
    """Write a text in UTF-8 by way of `written`; line ends are the same on every system.

    What no UTF-8 can hold (a byte of a file's name in Latin-1) is written as an escape.
    """
    with (
        written(path, private=private, durable=durable) as temporary,
        temporary.open("w", encoding="utf-8", errors=ESCAPED, newline="\n") as file,
    ):
        file.write(text)


@contextmanager
def written_csv(path: Path, *, durable: bool = False, errors: str = ESCAPED) -> Iterator[Writer]:
    """A writer of rows for a CSV file that comes into being by way of `written`; `errors` as in `open`."""
    with (
        written(path, durable=durable) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors=errors) as file,
    ):
        yield csv.writer(file, lineterminator="\n")


@contextmanager
def growing_folder(to: Path, mode: int = 0o777) -> Iterator[Path]:
    """A folder inside a hidden one beside `to` (mode 0700), which becomes `to` at the end, or vanishes if anything goes wrong.

    The hidden folder's name is always the same: what a killed process leaves is removed by the next one to the same place.

    Parameters
    ----------
    to : Path
        Must be absent or empty.
    mode : int
        Of the folder.
    """
    hidden = to.resolve().parent / f".{to.name}.unfinished"
    shutil.rmtree(hidden, ignore_errors=True)
    try:
        hidden.mkdir(parents=True, mode=0o700)
        folder = hidden / to.name
        folder.mkdir(mode=mode)
        yield folder
        if to.is_dir():
            to.rmdir()
        folder.rename(to.resolve())
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def to_disk(paths: Iterable[Path]) -> None:
    """Wait until files and folders are on the disk."""
    for path in paths:
        if sys.platform == "win32" and path.is_dir():
            continue  # Windows opens no folders, and keeps the order of their changes itself
        file = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

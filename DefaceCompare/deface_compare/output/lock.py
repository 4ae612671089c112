"""One writer at a time: a lock on a file, which the system releases when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UnusableInput
from .folder import OutputFolder

RUN_LOCK = "run.lock"
LOCKED_BYTE = 1 << 30
"""Windows locks bytes, and nobody may read a locked one: far behind what the file says."""
RETRY_S = 0.2


@contextmanager
def sole_run(out: Path) -> Iterator[None]:
    """Keep other runs off an output folder for as long as this one writes to it.

    Raises
    ------
    UnusableInput
        If another run holds it (the sentence says which), or the file system has no locks.
    """
    path = _locks(out) / RUN_LOCK
    with path.open("a+", encoding="utf-8") as stream:
        if not _taken(stream.fileno(), out):
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            raise UnusableInput(f"another run ({holder}) is writing to {out}; wait until it ends, or choose another --out")
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        try:
            yield
        finally:
            stream.truncate(0)
            _unlock(stream.fileno())


@contextmanager
def sole_case(out: Path, case_id: str) -> Iterator[None]:
    """Keep a case to one worker: the second one waits.

    A run that was killed may leave a cluster's worker at its last case.
    """
    path = _locks(out) / f"{case_id}.lock"
    with path.open("a+") as stream:
        while not _taken(stream.fileno(), out):
            time.sleep(RETRY_S)
        try:
            yield
        finally:
            _unlock(stream.fileno())


@contextmanager
def sole_use(path: Path, busy: str) -> Iterator[None]:
    """Keep other processes off something that a lock file stands for; they are told `busy` and do not wait.

    Raises
    ------
    UnusableInput
        `busy`, or that the file system has no locks.
    """
    with path.open("a+") as stream:
        if not _taken(stream.fileno(), path.parent):
            raise UnusableInput(busy)
        try:
            yield
        finally:
            _unlock(stream.fileno())


def _locks(out: Path) -> Path:
    folder = OutputFolder(out)
    return folder.make_private(folder.locks)


def _taken(file: int, out: Path) -> bool:
    """Whether the lock is ours now; False if somebody holds it."""
    try:
        return _try_lock(file)
    except OSError as error:
        advice = "mount it with locks (Lustre: -o flock), or choose an --out on another one"
        raise UnusableInput(f"the file system of {out} offers no locks ({error.strerror}); {advice}") from error


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        with contextlib.suppress(OSError):
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)

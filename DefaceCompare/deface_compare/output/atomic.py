"""A full disk: every next case would meet it too, so it ends the run, with one sentence."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a disk, a quota or a file size limit that is exhausted."""
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

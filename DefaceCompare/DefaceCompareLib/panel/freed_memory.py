"""What was let go of goes back to the computer."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys


def give_memory_back() -> None:
    """Collect what only circles of references hold, and let the C library return what it keeps for the next time.

    glibc keeps freed pieces of memory below larger ones that are in use: 30 to 60 MB after a patient with views (measured).
    """
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)

"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let the C library give freed memory back; where it has no such call, nothing.

    glibc keeps blocks of up to 32 MB for the process (mallopt(3), ``M_MMAP_THRESHOLD``): between the parts of a large case half
    a gigabyte that nobody uses would stand beside what the next part needs.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

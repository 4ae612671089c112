"""What was let go of goes back to the computer."""

from __future__ import annotations

import gc

from deface_compare.machine.freed_memory import give_back


def give_memory_back() -> None:
    """Collect what only circles of references hold, and let the C library return what it keeps for the next time.

    glibc keeps freed pieces of memory below larger ones that are in use: 30 to 60 MB after a patient with views (measured).
    """
    gc.collect()
    give_back()

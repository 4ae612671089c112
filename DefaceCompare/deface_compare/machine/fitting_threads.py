"""How many threads one case gets: what ``--threads auto`` means."""

from __future__ import annotations

import math
import os
from typing import Literal

from ..errors import UnusableInput
from .cgroup_limits import cgroup_limits

Threads = int | Literal["auto"]
"""A number of threads, or ``auto``."""
MOST_THREADS = 2
"""Drawing and recognising faces takes about half of a case, and is what one thread does: a third one finds little to do."""


def fitting_threads(wanted: Threads, processes: int = 1) -> int:
    """The number of threads of a case.

    Parameters
    ----------
    wanted : int or "auto"
        A number is taken as it is. ``auto``: the cores that this process may use, shared by the processes that work at once, at
        least 1 and no more than `MOST_THREADS`.
    processes : int
        How many cases are compared at the same time.

    Raises
    ------
    UnusableInput
        If `wanted` is neither.
    """
    if wanted == "auto":
        return max(1, min(MOST_THREADS, usable_cores() // processes))
    if isinstance(wanted, str) or wanted < 1:
        raise UnusableInput(f"the number of threads must be at least 1, or auto, not {wanted!r}")
    return wanted


def usable_cores() -> int:
    """Cores that this process may use: its affinity, and a container's limit (cgroups)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = cgroup_limits().cores
    return cores if limit is None else max(1, min(cores, math.ceil(limit)))

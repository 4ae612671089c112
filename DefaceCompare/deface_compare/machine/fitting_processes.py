"""How many processes this machine has cores and memory for: what ``--jobs auto`` means."""

from __future__ import annotations

import math
from typing import Literal

from ..errors import UnusableInput
from .cgroup_limits import cgroup_limits

AUTO: Literal["auto"] = "auto"
Jobs = int | Literal["auto"]
"""A number of processes, or `AUTO`."""
PEAK_BYTES = 1804 * 2**20
"""Memory of one process at its peak: the largest comparison measured, CT, MR and PET of 512×512×150 each (docs/benchmarks.md).
Exports and synthetic patients are counted the same; nobody knows beforehand how large a patient is."""


def fitting_processes(wanted: Jobs, tasks: int) -> int:
    """The number of processes to start.

    Parameters
    ----------
    wanted : int or "auto"
        A number is taken as it is. ``auto``: one a core and one for each `PEAK_BYTES` of memory that is free, whichever is
        less, no more than there are tasks, at least 1.
    tasks : int

    Raises
    ------
    UnusableInput
        If `wanted` is neither, or ``auto`` cannot be told because psutil, dask or distributed is not installed.
    """
    if wanted != AUTO:
        if isinstance(wanted, str) or wanted < 1:
            raise UnusableInput(f"the number of jobs must be at least 1, or {AUTO}, not {wanted!r}")
        return wanted
    cores, free_bytes = cores_and_free_bytes()
    return max(1, min(cores, free_bytes // PEAK_BYTES, tasks))


def cores_and_free_bytes() -> tuple[int, int]:
    """Cores that this process may use, and free memory in bytes; a container's limits (cgroups) and the affinity count.

    Raises
    ------
    UnusableInput
        If psutil, dask or distributed is not installed.
    """
    try:
        import psutil
        from dask.system import CPU_COUNT
        from distributed.system import MEMORY_LIMIT
    except ImportError as error:
        raise UnusableInput(f"--jobs {AUTO} needs the package {error.name}; install it, or give a number") from error
    limits = cgroup_limits()
    cores = CPU_COUNT if limits.cores is None else min(CPU_COUNT, math.ceil(limits.cores))
    available = [psutil.virtual_memory().available, MEMORY_LIMIT]
    return int(cores), int(min([*available, *([] if limits.free_bytes is None else [limits.free_bytes])]))

"""A fixed workload beside every benchmark: seconds divided by its time compare between machines."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

EDGE, SEED = 128, 20260101
REPEATS = 5
MEGABYTE_KB = 1024.0
"""Kilobytes, in which Linux tells peak memory, a megabyte."""


TAIL = 2000
"""Characters of a failed program's output that are told."""


@dataclass(frozen=True)
class Cost:
    """What one run of a program cost: CPU seconds, wall clock seconds, peak memory in MB."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def _workload() -> None:
    """Sorting, interpolating between slices, masks and sums of a cube of voxels: what images are made of, on one core."""
    cube = np.random.default_rng(SEED).random((EDGE, EDGE, EDGE), dtype=np.float32)
    np.sort(cube.ravel())
    between = 0.5 * (cube[1:] + cube[:-1])
    np.cumsum(between > 0.5, axis=0)
    float((between * between).sum(dtype=np.float64))


def best(work: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of this process for the fastest of a few runs."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def calibration_s() -> float:
    """CPU seconds of the fixed workload on this machine, the best of five."""
    return best(_workload, REPEATS)


def loops(seconds: float, calibration: float) -> str:
    """A time as told in every benchmark: seconds, and how many calibration loops that is."""
    return f"{seconds:.2f} s = {seconds / calibration:.0f} calibration loops"


def cost_of(command: Sequence[object]) -> Cost:
    """Run a program to its end and tell what it cost.

    Linux counts as a program's peak memory what the process had that started it, too (getrusage(2), ``ru_maxrss``): who calls
    this must have needed less itself.

    Raises
    ------
    RuntimeError
        If it ends with another code than 0, or its memory cannot be told from that of this process.
    """
    own_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as told:
        with subprocess.Popen([str(word) for word in command], stdout=told, stderr=told) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - begin
        if child.returncode != 0:
            told.seek(0)
            raise RuntimeError(f"{command[0]} ended with {child.returncode}: {told.read().decode(errors='replace')[-TAIL:]}")
    if usage.ru_maxrss <= own_kb:
        raise RuntimeError(f"{command[0]}: its peak memory is not known, since this process had {own_kb / MEGABYTE_KB:.0f} MB")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own_s = usage.ru_utime + usage.ru_stime
    counted_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(max(own_s, counted_s), wall_s, usage.ru_maxrss / MEGABYTE_KB)

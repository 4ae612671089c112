"""What a container, or a job of a batch system, may use of this machine: limits of Linux control groups, of every level above.

Kubernetes and Docker show a container its own group as the root; SLURM leaves a job in a group below it. Files and their meaning
are those of the kernel's own documents (admin-guide/cgroup-v2, cgroup-v1/memory, scheduler/sched-bwc).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN_GROUPS, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
NO_LIMIT = "max"
VERSION_1_NO_LIMIT = 1 << 60
"""A limit beyond this is none: the kernel writes the largest number that it has, rounded to pages."""


@dataclass(frozen=True)
class CgroupLimits:
    """The strictest limits that hold for this process.

    Parameters
    ----------
    cores : float, optional
        Processor time a second; None without a limit.
    free_bytes : int, optional
        Memory that the strictest group still gives: its limit without what it holds (a cache of files counts as free).
    """

    cores: float | None = None
    free_bytes: int | None = None


def cgroup_limits(own: Path = OWN_GROUPS, root: Path = GROUPS) -> CgroupLimits:
    """Read the limits of this process; none where there are no control groups.

    Parameters
    ----------
    own : Path
        Which groups it is in.
    root : Path
        Where the groups lie.
    """
    cores, free_bytes = [], []
    for controllers, place in _groups(own):
        for folder in _levels(root, controllers, place):
            cores += _cores(folder)
            free_bytes += _free_bytes(folder)
    return CgroupLimits(min(cores, default=None), min(free_bytes, default=None))


def _groups(own: Path) -> Iterator[tuple[str, str]]:
    """The controllers of each hierarchy (``""`` for version 2), and the group's path in it."""
    for line in (_text(own) or "").splitlines():
        _, controllers, place = line.split(":", 2)
        yield controllers, place.strip("/")


def _levels(root: Path, controllers: str, place: str) -> Iterator[Path]:
    """A group's folder and those above it; inside a container only the topmost may be there."""
    for mount in (
        [root, root / "unified"] if not controllers else [root / controllers, *(root / one for one in controllers.split(","))]
    ):
        if mount.is_dir():
            folder = mount / place
            yield from (each for each in (folder, *folder.parents) if each.is_relative_to(mount) and each.is_dir())


def _cores(folder: Path) -> list[float]:
    quota, _, period = (_text(folder / "cpu.max") or "").partition(" ")  # version 2
    if not period:
        quota, period = _text(folder / "cpu.cfs_quota_us") or "", _text(folder / "cpu.cfs_period_us") or ""
    limited = quota.isdigit() and period.isdigit() and int(period) > 0  # "max", and -1 in version 1, are no limit
    return [int(quota) / int(period)] if limited else []


def _free_bytes(folder: Path) -> list[int]:
    for most, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        limit, current = _text(folder / most), _text(folder / used)
        if limit and limit != NO_LIMIT and limit.isdigit() and int(limit) < VERSION_1_NO_LIMIT:
            held = int(current) if current and current.isdigit() else 0
            return [max(0, int(limit) - max(0, held - _cache_bytes(folder)))]
    return []


def _cache_bytes(folder: Path) -> int:
    """Memory that holds files which the kernel gives back when it is asked."""
    told = dict(line.split(" ", 1) for line in (_text(folder / "memory.stat") or "").splitlines() if " " in line)
    text = told.get("total_inactive_file", told.get("inactive_file", "0"))
    return int(text) if text.isdigit() else 0


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None

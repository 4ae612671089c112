"""What a finished case was made from and consists of: ``identifiable/finished/<id>.json``.

The mark is written last, when all that it speaks of is on the disk. While a case moves to its place the mark says so; a run
that is interrupted then finds it and makes the case again.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..atomic import to_disk, write_text
from ..case_report import TIMINGS
from .folder import IDENTIFIABLE, OutputFolder

MOVING = ""
"""Stands for the fingerprint while the case's files move to their places."""


@dataclass(frozen=True)
class FinishedMark:
    """One finished case.

    Parameters
    ----------
    fingerprint : str
        Hash of all that the case's numbers depend on, or `MOVING`.
    person : str
        Who it is, for matching repeat scans.
    names : str
        The user's table of structure names, for exporting the case.
    files : dict of str to int
        Every file of the case below the output folder, and its size in bytes.
    """

    fingerprint: str = MOVING
    person: str = ""
    names: str = ""
    files: dict[str, int] = field(default_factory=dict)

    def whole(self, out: Path) -> bool:
        """Whether the case is finished and all its files are there, at their sizes."""
        return self.fingerprint != MOVING and all(_size(out / name) == size for name, size in self.files.items())


def read_mark(out: Path, case_id: str) -> FinishedMark | None:
    """The mark of a case, None if there is none that can be read."""
    path = OutputFolder(out).finished_mark(case_id)
    try:
        return FinishedMark(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_torn(out: Path, case_id: str) -> bool:
    """Whether a run was interrupted while it moved this case to its place."""
    mark = read_mark(out, case_id)
    return mark is not None and mark.fingerprint == MOVING


def move_in(growing: Path, out: Path, case_id: str, fingerprint: str, person: str, names: str) -> None:
    """Move a whole case to its place, and what an earlier one left out of it; the shared part goes last.

    Parameters
    ----------
    growing : Path
        Holds ``identifiable/`` and ``cases/<id>/`` as the output folder shall.
    """
    found = {path.relative_to(growing).as_posix(): path.stat().st_size for path in growing.rglob("*") if path.is_file()}
    new = {name: found[name] for name in sorted(found) if not name.endswith(f"/{TIMINGS}")}
    before = read_mark(out, case_id) or FinishedMark()
    to_disk(growing / name for name in found)
    _write_mark(out, case_id, FinishedMark(MOVING, person, names, before.files | new))
    for name in sorted(name for name in new if name.startswith(f"{IDENTIFIABLE}/")):
        (out / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (growing / name).replace(out / name)
    target = OutputFolder(out).case(case_id)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    OutputFolder(growing).case(case_id).rename(target)
    for name in before.files.keys() - new.keys():
        (out / name).unlink(missing_ok=True)
    to_disk({(out / name).parent for name in new} | {target.parent})
    _write_mark(out, case_id, FinishedMark(fingerprint, person, names, new))


def _write_mark(out: Path, case_id: str, mark: FinishedMark) -> None:
    path = OutputFolder(out).finished_mark(case_id)
    OutputFolder(out).make_private(path.parent)
    write_text(path, json.dumps(asdict(mark), sort_keys=True) + "\n", durable=True)
    to_disk([path.parent])


def _size(path: Path) -> int:
    """Size of a file in bytes, -1 where there is none."""
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return -1

"""What a finished case was made from and consists of: ``identifiable/finished/<id>.json``.

The mark is written last, when all that it speaks of is on the disk. While a case moves to its place the mark says so; the next
run then moves what is left: what is to come lies whole on the disk before anything old is touched.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..case_report import TIMINGS
from ..storage.atomic import to_disk, write_text
from ..storage.own_output import IDENTIFIABLE
from .folder import OutputFolder

WILL_BE = "finished.json"
"""The mark that a case will bear, beside its files while they wait to be moved."""
SHARE_OF_ONE_PATIENT = 0.5
"""Two readings of one folder that have so many of their files in common are of one patient (a file was added or mended)."""


@dataclass(frozen=True)
class FinishedMark:
    """One finished case.

    Parameters
    ----------
    parts : mapping of str to str
        Hashes of what all of the case's numbers depend on; empty while its files move to their places.
    methods : mapping of method key to str
        Hash of what only this method's numbers depend on.
    contents : sequence of str
        SHA-256 of each of the patient's files, sorted.
    person : str
        Who it is, for matching repeat scans.
    names : str
        The user's table of structure names, for exporting the case.
    files : dict of str to int
        Every file of the case below the output folder, and its size in bytes.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    contents: tuple[str, ...] = ()
    person: str = ""
    names: str = ""
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def moving(self) -> bool:
        """Whether the case's files are on their way."""
        return not self.parts

    def whole(self, out: Path) -> bool:
        """Whether the case is finished and all its files are there, at their sizes."""
        return not self.moving and all(_size(out / name) == size for name, size in self.files.items())

    def shares_files(self, contents: Iterable[str]) -> bool:
        """Whether so many of the files are the same that they are one patient's."""
        now, before = set(contents), set(self.contents)
        return bool(now and before) and len(now & before) >= SHARE_OF_ONE_PATIENT * min(len(now), len(before))


def read_mark(out: Path, case_id: str) -> FinishedMark | None:
    """The mark of a case, None if there is none that can be read."""
    return _read(OutputFolder(out).finished_mark(case_id))


def _read(path: Path) -> FinishedMark | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return FinishedMark(**{**told, "contents": tuple(told.get("contents", ()))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def is_torn(out: Path, case_id: str) -> bool:
    """Whether a run was interrupted while it moved this case to its place."""
    mark = read_mark(out, case_id)
    return mark is not None and mark.moving


def move_in(growing: Path, out: Path, case_id: str, mark: FinishedMark) -> None:
    """Move a whole case to its place, and what an earlier one left out of it; the shared part goes last.

    Parameters
    ----------
    growing : Path
        Holds ``identifiable/`` and ``cases/<id>/`` as the output folder shall.
    mark : FinishedMark
        What the case will bear; its files are counted here.
    """
    found = {path.relative_to(growing).as_posix(): path.stat().st_size for path in growing.rglob("*") if path.is_file()}
    new = {name: found[name] for name in sorted(found) if not name.endswith(f"/{TIMINGS}") and name != WILL_BE}
    before = read_mark(out, case_id) or FinishedMark()
    to_disk(growing / name for name in found)
    _write_mark(growing / WILL_BE, replace(mark, files=new))
    place = OutputFolder(out).finished_mark(case_id)
    OutputFolder(out).make_private(place.parent)
    _write_mark(place, FinishedMark(person=mark.person, names=mark.names, files={**before.files, **new}))
    finish_move(growing, out, case_id)


def finish_move(growing: Path, out: Path, case_id: str) -> bool:
    """Move what `move_in` has not moved, also after it was killed; False if nothing waits to be moved.

    Returns
    -------
    bool
        False too where the files that were to come are gone: the case stays torn.
    """
    moving, mark = read_mark(out, case_id), _read(growing / WILL_BE)
    if moving is None or not moving.moving or mark is None:
        return False
    new = mark.files
    for name in sorted(name for name in new if name.startswith(f"{IDENTIFIABLE}/")):
        if (growing / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (growing / name).replace(out / name)
    target, source = OutputFolder(out).case(case_id), OutputFolder(growing).case(case_id)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    for name in moving.files.keys() - new.keys():
        (out / name).unlink(missing_ok=True)
    to_disk({(out / name).parent for name in new} | {target.parent})
    _write_mark(OutputFolder(out).finished_mark(case_id), mark)
    return True


def drop_case(out: Path, case_id: str) -> None:
    """Remove all files of a finished case; its lines in the key and in the reviews stay, and so its number is not given again."""
    mark = read_mark(out, case_id) or FinishedMark()
    shutil.rmtree(OutputFolder(out).case(case_id), ignore_errors=True)
    for name in mark.files:
        (out / name).unlink(missing_ok=True)
    for folder in {(out / name).parent for name in mark.files}:
        with contextlib.suppress(OSError):
            folder.rmdir()  # those that hold other cases are not empty
    OutputFolder(out).finished_mark(case_id).unlink(missing_ok=True)


def _write_mark(path: Path, mark: FinishedMark) -> None:
    write_text(path, json.dumps(asdict(mark), sort_keys=True) + "\n", durable=True)
    to_disk([path.parent])


def _size(path: Path) -> int:
    """Size of a file in bytes, -1 where there is none."""
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return -1

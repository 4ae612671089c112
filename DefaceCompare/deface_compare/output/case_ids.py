"""What cases are called: the same patient keeps its number, and nobody gets a number that another one has or had."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..errors import DefaceCompareError
from ..readers import read_case
from .finished_mark import FinishedMark, read_mark
from .folder import OutputFolder
from .key import read_key

NUMBERED = re.compile(r"case-(\d+)")
Contents = Callable[[Path], Sequence[str]]
"""SHA-256 of each file of a patient's folder, sorted."""


def case_ids(folders: Sequence[Path], out: Path, keep_ids: bool, contents: Contents) -> list[str]:
    """One id a patient: ``case-001`` and so on, or the patients' own.

    A patient keeps the id that an earlier run gave to its folder, or to a folder with the same files: with another patient in
    the cohort nobody's numbers move, nor what reviewers said.

    Parameters
    ----------
    contents : callable
        Asked where a folder is not known by its path: it may be a known patient who lies elsewhere now.
    """
    known, names = _known(out, keep_ids), _Names(out)
    at = {os.path.realpath(source): case for case, source in reversed(known.items())}
    ids = [at.pop(os.path.realpath(folder), "") for folder in folders]
    for number, folder in enumerate(folders):
        found = ids[number] or _moved(folder, known, out, contents, ids)
        ids[number] = found or (names.own(folder) if keep_ids else names.next_number())
    return ids


def single_id(folder: Path, out: Path, keep_ids: bool, contents: Sequence[str]) -> str:
    """The id of one patient who joins an output folder.

    A folder whose files were exchanged for another patient's is another patient: one name tells it, or, where nobody is named,
    files of which fewer than half are the same.
    """
    known, names = _known(out, keep_ids), _Names(out)
    place = os.path.realpath(folder)
    for case, source in known.items():
        mark = read_mark(out, case)
        if os.path.realpath(source) == place and (mark is None or mark.moving or _same_patient(mark, case, folder, contents)):
            return case
    found = _moved(folder, known, out, lambda _: contents, ())
    return found or (names.own(folder) if keep_ids else names.next_number())


def _known(out: Path, keep_ids: bool) -> dict[str, str]:
    """The folder of each case that an earlier run named in the same way."""
    rows = read_key(out)
    return {row["case"]: row["source"] for row in rows if (NUMBERED.fullmatch(row["case"]) is None) == keep_ids}


def _moved(folder: Path, known: dict[str, str], out: Path, contents: Contents, taken: Iterable[str]) -> str:
    """The finished case that was made from the very same files, ``""`` if there is none."""
    marks = {case: read_mark(out, case) for case in known if case not in taken}
    finished = {case: mark for case, mark in marks.items() if mark is not None and mark.contents}
    if not finished:
        return ""
    try:
        here = tuple(contents(folder))
    except (DefaceCompareError, OSError):  # the comparison will read it again and tell the reason
        return ""
    return next((case for case, mark in finished.items() if mark.contents == here), "")


def _same_patient(mark: FinishedMark, case: str, folder: Path, contents: Sequence[str]) -> bool:
    if not mark.contents or mark.shares_files(contents):
        return True
    try:
        person = read_case(folder).person
    except (DefaceCompareError, OSError):
        return False  # nothing is known of it: a number of its own loses nothing
    return bool(person) and mark.person not in ("", case) and person == mark.person


class _Names:
    """Ids that nobody has, and nobody had: reviews are kept under them."""

    def __init__(self, out: Path) -> None:
        folder = OutputFolder(out)
        self._taken = {row["case"] for row in read_key(out)} | {path.name for path in folder.finished_cases()}
        self._taken |= {path.stem for path in folder.finished_mark("any").parent.glob("*.json")}
        if folder.reviews.is_file():
            with folder.reviews.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
                self._taken |= {row.get("case") or "" for row in csv.DictReader(stream)}

    def next_number(self) -> str:
        """The number after the highest one."""
        numbers = [int(match.group(1)) for case in self._taken if (match := NUMBERED.fullmatch(case))]
        case = f"case-{max(numbers, default=0) + 1:03d}"
        self._taken.add(case)
        return case

    def own(self, folder: Path) -> str:
        """The id that the patient's files give, told apart where two are equal; the folder's name where it is unreadable."""
        try:
            wanted = file_name(read_case(folder).id)
        except (DefaceCompareError, OSError):
            wanted = file_name(folder.name)  # the comparison itself will read it again and tell the reason
        case, number = wanted, 1
        while case in self._taken:
            number += 1
            case = f"{wanted}.{number}"
        self._taken.add(case)
        return case


def file_name(case_id: str) -> str:
    """A patient's own id as a folder name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", case_id).strip("._") or "case"

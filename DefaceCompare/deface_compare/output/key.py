"""Who is who in an output folder: ``identifiable/key.csv``, the case ids that it fixes, and a cohort's ``persons.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..atomic import written_csv
from ..errors import DefaceCompareError, UnusableInput
from ..readers import read_case
from .folder import OutputFolder

NUMBERED = re.compile(r"case-(\d+)")

PERSONS = "persons.csv"

FOLDER, PERSON = "folder", "person"
"""Columns of the table; other columns are left alone."""

KEY_COLUMNS = ("case", "person", "source")
"""Columns of ``identifiable/key.csv``."""


def case_ids(folders: Sequence[Path], out: Path, keep_ids: bool) -> list[str]:
    """One id a patient: ``case-001`` and so on, or the patients' own.

    A patient keeps the number that an earlier run gave to a folder of that name: with another patient in the cohort nobody's
    numbers move, nor what reviewers said.
    """
    if keep_ids:
        return _own_ids(folders)
    known = {row["source"]: row["case"] for row in read_key(out) if NUMBERED.fullmatch(row["case"])}
    by_name = {Path(source).name: case for source, case in known.items()}
    free = max((int(case.partition("-")[2]) for case in by_name.values()), default=0) + 1
    ids = []
    for folder in folders:
        if folder.name not in by_name:
            by_name[folder.name] = f"case-{free:03d}"
            free += 1
        ids.append(by_name[folder.name])
    return ids


def _own_ids(folders: Sequence[Path]) -> list[str]:
    """The ids that the patients' files give, told apart where two are equal; the folder's name where a case is unreadable."""
    ids: list[str] = []
    for folder in folders:
        try:
            wanted = file_name(read_case(folder).id)
        except DefaceCompareError:
            wanted = file_name(folder.name)  # the study itself will read it again and list the reason
        same = sum(other == wanted or other.startswith(f"{wanted}.") for other in ids)
        ids.append(f"{wanted}.{same + 1}" if same else wanted)
    return ids


def file_name(case_id: str) -> str:
    """A patient's own id as a folder name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", case_id).strip("._") or "case"


def read_key(out: Path) -> list[dict[str, str]]:
    """The rows of the key file, none if there is none."""
    path = OutputFolder(out).key
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if all(row.get(name) is not None for name in KEY_COLUMNS)]


def key_source(out: Path, case_id: str) -> Path | None:
    """The folder that a case was read from, as the key file says; None where it does not."""
    source = next((row["source"] for row in read_key(out) if row["case"] == case_id), "")
    return Path(source) if source else None


def write_key(out: Path, sources: Mapping[str, Path], persons: Mapping[str, str]) -> None:
    """Write these cases into the key file; cases of earlier runs stay, and so does a person who is not told anew.

    Parameters
    ----------
    sources : mapping of case id to the patient's folder
    persons : mapping of case id to who it is; for matching repeat scans
    """
    rows = {row["case"]: row for row in read_key(out)}
    for case, source in sources.items():
        place, before = str(source.resolve()), rows.get(case, {})
        known = before.get("person", "") if before.get("source") == place else ""
        rows[case] = {"case": case, "person": persons.get(case) or known, "source": place}
    folder = OutputFolder(out)
    folder.make_private(folder.identifiable)
    path = folder.key
    with written_csv(path, durable=True) as table:
        table.writerow(KEY_COLUMNS)
        table.writerows([rows[case][name] for name in KEY_COLUMNS] for case in sorted(rows))


def listed_persons(cohort: Path, sources: Mapping[str, Path]) -> dict[str, str]:
    """Who each case is by the cohort's ``persons.csv``; nobody where there is no such file.

    Two folders of one person are repeat scans: never impostors of each other, and each other's second scan.

    Parameters
    ----------
    cohort : Path
        Holds one folder a scan session.
    sources : mapping of case id to Path
        The case's folder.

    Raises
    ------
    UnusableInput
        If the table lacks a column or a value, names a folder that is not there, or one folder twice.
    """
    path = cohort / PERSONS
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in (FOLDER, PERSON) if name not in (reader.fieldnames or ())]
        rows = [((row.get(FOLDER) or "").strip(), (row.get(PERSON) or "").strip()) for row in reader] if not missing else []
    if missing:
        raise UnusableInput(f"{path} has no column {missing[0]!r}; it needs {FOLDER} and {PERSON}")
    cases = {source.name: case for case, source in sources.items()}
    found: dict[str, str] = {}
    for number, (folder, person) in enumerate(rows, start=2):
        if folder not in cases:
            raise UnusableInput(f"{path}, line {number}: there is no folder {folder!r} beside the table")
        if not person:
            raise UnusableInput(f"{path}, line {number}: no person is given for {folder!r}")
        if cases[folder] in found:
            raise UnusableInput(f"{path}, line {number}: {folder!r} stands in the table twice")
        found[cases[folder]] = person
    return found


def read_persons(path: Path) -> dict[str, str]:
    """Who each case is, from the key file; nobody where there is none."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["case"]: row["person"] for row in csv.DictReader(stream)}

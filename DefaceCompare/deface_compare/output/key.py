"""Who is who in an output folder: ``identifiable/key.csv``, and a cohort's ``persons.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from ..errors import UnusableInput
from ..natural_order import natural
from ..persons_table import FOLDER, PERSON, PERSONS
from ..storage.atomic import written_csv
from .folder import OutputFolder

ANY_NAME = "surrogateescape"
"""How names of folders are written that are no UTF-8: byte by byte as the disk has them, and read back the same."""
KEY_COLUMNS = ("case", "person", "source")
"""Columns of ``identifiable/key.csv``."""


def read_key(out: Path) -> list[dict[str, str]]:
    """The rows of the key file, none if there is none."""
    path = OutputFolder(out).key
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8", errors=ANY_NAME) as stream:
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
    with written_csv(path, durable=True, errors=ANY_NAME) as table:
        table.writerow(KEY_COLUMNS)
        table.writerows([rows[case][name] for name in KEY_COLUMNS] for case in sorted(rows, key=natural))


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
    with _persons_text(path) as stream:
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


def _persons_text(path: Path) -> TextIO:
    """The table as text.

    Raises
    ------
    UnusableInput
        If it is not in UTF-8: names in it would not be those of the folders.
    """
    try:
        return io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is not a text in UTF-8; save it again as CSV UTF-8") from error


def read_persons(path: Path) -> dict[str, str]:
    """Who each case is, from the key file; nobody where there is none."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8", errors=ANY_NAME) as stream:
        return {row["case"]: row["person"] for row in csv.DictReader(stream)}

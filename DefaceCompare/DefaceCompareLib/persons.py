"""Who is who in a cohort whose files do not say it: ``persons.csv`` beside the patients' folders."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from .errors import UnusableInput

PERSONS = "persons.csv"
FOLDER, PERSON = "folder", "person"
"""Columns of the table; other columns are left alone."""


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

"""The patients of a download from The Cancer Imaging Archive: its retriever lays them out below their collection.

NBIA Data Retriever 4 writes ``Collection/Subject/Study/Series``, and beside the collections ``metadata.csv``, a line a series.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

TABLE = "metadata.csv"
SUBJECT, LOCATION = "Subject ID", "File Location"
"""Columns of the retriever's table: whose series it is, and its folder, with the separators of the system that wrote it."""


def downloaded_entries(folder: Path) -> list[Path]:
    """What stands for the entries of a folder that the retriever wrote, sorted; nothing if it did not.

    The folder of a collection is replaced by those of its subjects; all else stays as it lies there.

    Raises
    ------
    OSError
        If the folder cannot be opened.
    """
    subjects = _subjects(folder / TABLE)
    if not subjects:
        return []
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name == TABLE:
            continue
        collection = path.is_dir() and path.name in {parts[0] for parts in subjects}
        found += sorted(path.iterdir()) if collection else [path]
    return found


def _subjects(table: Path) -> set[tuple[str, str]]:
    """Collection and folder of each subject, as the table says; empty if it is none of the retriever's."""
    try:
        with table.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
            rows = [(row.get(SUBJECT) or "", row.get(LOCATION) or "") for row in csv.DictReader(stream)]
    except (OSError, csv.Error):
        return set()
    found = set()
    for subject, location in rows:
        parts = PurePosixPath(location.replace("\\", "/")).parts
        if subject and len(parts) > 2 and parts[1] == subject:
            found.add((parts[0], parts[1]))
    return found

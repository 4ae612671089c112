"""What the JSON files of a data set say of one image: the nearest one counts (BIDS: inheritance principle)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ...errors import UnusableInput
from .names import BidsName, parse_name

PARTICIPANTS = "participants.tsv"
SUBJECT_COLUMN = "participant_id"


def sidecar(path: Path, name: BidsName, root: Path) -> dict[str, Any]:
    """All metadata of an image file, from the data set's folder down to the file's own.

    Raises
    ------
    UnusableInput
        If a file of them is no JSON.
    """
    told: dict[str, Any] = {}
    for file in sidecar_files(path, name, root):
        told |= _read(file)
    return told


def sidecar_files(path: Path, name: BidsName, root: Path) -> list[Path]:
    """The JSON files that speak of an image file, the nearest last."""
    folders = [folder for folder in reversed(path.resolve().parents) if folder.is_relative_to(root.resolve())]
    found = []
    for folder in folders:
        here = [(other, file) for file in sorted(folder.glob("*.json")) if (other := parse_name(file)) is not None]
        fitting = [
            (len(other.entities), file)
            for other, file in here
            if other.suffix == name.suffix and set(other.entities.items()) <= set(name.entities.items())
        ]
        found += [file for _, file in sorted(fitting)]
    return found


def participant(root: Path, subject: str) -> dict[str, str]:
    """A subject's row of ``participants.tsv``; empty if there is none."""
    path = root / PARTICIPANTS
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [dict(row) for row in csv.DictReader(stream, delimiter="\t")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableInput(f"{PARTICIPANTS} of the data set cannot be read; it must be a table with tabs, in UTF-8") from error
    return next((row for row in rows if row.get(SUBJECT_COLUMN) == subject), {})


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UnusableInput(f"{path.name} is not valid JSON; repair it, or take it away") from error
    if not isinstance(told, dict):
        raise UnusableInput(f"{path.name} must hold one JSON object")
    return told

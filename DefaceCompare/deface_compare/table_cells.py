"""What stands in the cells of tables on the disk: numbers with the decimals of their unit, notes by code."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from .storage.atomic import written_csv

FORMAT = 2
"""Version of the tables (docs/output_folder.md#versions-of-the-tables); 1 had the whole note on every row, and every digit."""
FORMAT_KEY = "table_format"
"""Its name in ``case_report.json``, ``study.json`` and the Parquet file."""
NOTE, NOTE_CODE = "note", "note_code"
OF_PRESCRIPTION = "% of prescription"
"""Unit of a change of dose in percent of the prescribed dose."""
STORED_DECIMALS = {"Gy": 4, "HU": 3, "cc": 4, "mm": 3, "%": 4, OF_PRESCRIPTION: 4, "SUVbw": 4, "voxels": 0, "": 6}
"""Decimals by unit: two or more beyond what any page shows and any tolerance asks for (`words.DECIMALS`, `Tolerances`)."""
STORED_DIGITS = 7
"""Significant digits where the unit's scale is the scanner's own (a.u.), and of p values: what a float32 voxel has."""
CODE_DIGITS = 10
"""Hexadecimal digits of a note's code: among 3000 notes two meet once in 200,000 tables, and then get more digits."""
REMEMBERED = 2**16
"""Texts of numbers that are kept: most rows of a study hold one of a few thousand numbers."""


def stored(value: float, unit: str) -> float:
    """The number that a file keeps of a value: rounded to its unit's decimals."""
    return float(number_text(value, unit) or "nan")


def number_text(value: float, unit: str) -> str:
    """A number as a file has it: ``12.5``, with the decimals of its unit at most; NaN is an empty cell."""
    return "" if value != value else _text(value, unit)  # only NaN differs from itself


@lru_cache(REMEMBERED)
def _text(value: float, unit: str) -> str:
    decimals = STORED_DECIMALS.get(unit)
    if decimals is None:
        return f"{value:.{STORED_DIGITS}g}"
    text = f"{value:.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class NoteCodes:
    """Notes by code while a table is written: a code is made of its note's words, so it is the same in every table."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {"": ""}
        self._taken: set[str] = set()

    def code(self, note: str) -> str:
        """The code of a note, ``""`` of none."""
        known = self._codes.get(note)
        return known if known is not None else self._new(note)

    def _new(self, note: str) -> str:
        digest, digits = hashlib.sha256(note.encode("utf-8", "surrogatepass")).hexdigest(), CODE_DIGITS
        while digest[:digits] in self._taken:
            digits += 1
        self._codes[note] = digest[:digits]
        self._taken.add(digest[:digits])
        return digest[:digits]

    def write(self, path: Path) -> None:
        """Write ``notes.csv``: each note once, in the order in which the table has them."""
        with written_csv(path) as table:
            table.writerow((NOTE_CODE, NOTE))
            table.writerows((code, note) for note, code in self._codes.items() if note)


def notes_beside(path: Path) -> Path:
    """Where the notes of a table lie: ``notes.csv`` beside ``measurements.csv``."""
    return path.with_name(path.name.replace("measurements", "notes") if "measurements" in path.name else f"notes of {path.name}")


def read_notes(path: Path) -> Mapping[str, str]:
    """Notes by code; where the file was not handed on with its table, each note says so in place of its words."""
    if not path.is_file():
        return _NotHandedOn({"": ""})
    with path.open(newline="", encoding="utf-8") as stream:
        return {"": "", **{row[NOTE_CODE]: row[NOTE] for row in csv.DictReader(stream)}}


class _NotHandedOn(dict[str, str]):
    """Stands for the notes of a table that came without them: its numbers count all the same."""

    def __missing__(self, code: str) -> str:
        self[code] = f"note {code} (its words stand in the notes.csv that did not come with this table)"
        return self[code]

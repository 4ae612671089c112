"""The list of a case's planned structure names and how each was read, for its owner only (planned names may name people)."""

from __future__ import annotations

import csv
from pathlib import Path

from ..case import StructureSet
from .structure_names import read_structure_name

COLUMNS = ("name", "tg263", "group", "side", "status", "row")
"""As ``deface-compare names`` prints, and the name under which the structure stands in the tables."""


def write_name_list(structure_set: StructureSet, path: Path) -> None:
    """Write every planned name, so that unknown and ambiguous ones can be put into a table of one's own."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for structure in structure_set.structures:
            read = read_structure_name(structure.name)
            table.writerow((structure.name, read.tg263, read.group, read.side, read.status, structure.standard_name))
    temporary.replace(path)

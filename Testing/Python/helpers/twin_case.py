"""A second finished case of the same patient under another id, made by copying: nothing is compared again."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from deface_compare.output.folder import OutputFolder

TEXTS = (".json", ".csv")


def add_twin(finished: Path, case_id: str) -> Path:
    """Copy a finished case of an output folder, with what the identifiable part knows of it; returns the twin's folder."""
    out = OutputFolder(finished.parents[1])
    _copy(finished, out.case(case_id), finished.name, case_id)
    _copy(out.edits(finished.name), out.edits(case_id), finished.name, case_id)
    with out.key.open(newline="", encoding="utf-8") as stream:
        columns, *rows = list(csv.reader(stream))
    rows += [[case_id, f"person of {case_id}", row[2]] for row in rows if row[0] == finished.name]
    with out.key.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return out.case(case_id)


def _copy(source: Path, target: Path, old: str, new: str) -> None:
    shutil.copytree(source, target)
    for path in target.rglob("*"):
        if path.suffix in TEXTS:
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

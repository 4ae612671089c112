"""What the long proofs found: one line a figure in ``Testing/Proofs/results.csv``; the newest line of a figure counts."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from deface_compare.output.code_mark import code_mark
from deface_compare.version import __version__

RESULTS = Path(__file__).resolve().with_name("results.csv")
COLUMNS = ("proof", "figure", "value", "date", "version", "code")
CODE_DIGITS = 12


def record(proof: str, figures: Mapping[str, object], path: Path = RESULTS) -> None:
    """Append what a proof found, and print it.

    Parameters
    ----------
    proof : str
        The script's or the target's name.
    figures : mapping of what was measured (with unit) to its value
    """
    rows = _rows(path)
    for figure, value in figures.items():
        print(f"{proof}: {figure}: {value}", flush=True)
        rows.append(
            dict(
                zip(COLUMNS, (proof, figure, str(value), str(date.today()), __version__, code_mark()[:CODE_DIGITS]), strict=True)
            )
        )
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def recorded_with_this_code(proof: str, figure: str, path: Path = RESULTS) -> str:
    """The newest value of a figure that this very code gave, ``""`` if there is none."""
    mark = code_mark()[:CODE_DIGITS]
    found = [r["value"] for r in _rows(path) if (r["proof"], r["figure"], r["code"]) == (proof, figure, mark)]
    return found[-1] if found else ""


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))

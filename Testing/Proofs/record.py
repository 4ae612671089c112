"""What the long proofs found: one line a figure in ``docs/proofs.csv``, and the newest of each in ``docs/verification.md``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from deface_compare import __version__
from deface_compare.output.code_mark import code_mark

DOCS = Path(__file__).resolve().parents[2] / "docs"
COLUMNS = ("proof", "figure", "value", "date", "version", "code")
BEGIN, END = "<!-- proofs.csv, by Testing/Proofs/record.py -->", "<!-- end of proofs.csv -->"
CODE_DIGITS = 12


def record(proof: str, figures: Mapping[str, object], docs: Path = DOCS) -> None:
    """Append what a proof found, print it, and renew the section that shows it.

    Parameters
    ----------
    proof : str
        The script's or the target's name.
    figures : mapping of what was measured (with unit) to its value
    """
    path = docs / "proofs.csv"
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
    _show(rows, docs / "verification.md")


def recorded_with_this_code(proof: str, figure: str, docs: Path = DOCS) -> str:
    """The newest value of a figure that this very code gave, ``""`` if there is none."""
    mark = code_mark()[:CODE_DIGITS]
    found = [r["value"] for r in _rows(docs / "proofs.csv") if (r["proof"], r["figure"], r["code"]) == (proof, figure, mark)]
    return found[-1] if found else ""


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _show(rows: list[dict[str, str]], page: Path) -> None:
    newest = {(row["proof"], row["figure"]): row for row in rows}
    lines = ["| proof | figure | value | date | version (code) |", "|---|---|---|---|---|"]
    for (proof, figure), row in sorted(newest.items()):
        lines.append(f"| {proof} | {figure} | {row['value']} | {row['date']} | {row['version']} ({row['code'][:7]}) |")
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8")

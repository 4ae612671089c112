"""Tables of measurements: ``measurements.csv`` with its notes beside it, written and read, and the same as a pandas table."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from pathlib import Path
from sys import intern
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .errors import NotAvailable, UnusableInput
from .measurement import COLUMNS, DOSE, VALUE, Measurement, metrics_of_kind
from .storage.atomic import written_csv
from .table_cells import NOTE, NOTE_CODE, NoteCodes, notes_beside, number_text, read_notes
from .words import without_warning

if TYPE_CHECKING:
    import pandas

NUMBER_COLUMNS = ("value", "original", "defaced", "change", "change_percent", "change_percent_of_prescription")
TEXT_COLUMNS = (
    "method",
    "variant",
    "fill",
    "protect",
    "dose_policy",
    "image",
    "domain",
    "structure",
    "metric",
    "unit",
)
TABLE_COLUMNS = ("cohort", "case", "synthetic", *TEXT_COLUMNS, *NUMBER_COLUMNS, "engine", "status", NOTE)
"""Columns of a table of measurements; the file has `NOTE_CODE` in place of the note, and the notes beside it."""
FILE_COLUMNS = (*TABLE_COLUMNS[:-1], NOTE_CODE)
FIRST_COLUMNS = COLUMNS[: COLUMNS.index(NOTE) + 1]
"""Columns of the first version of the tables."""
TRUE, FALSE = "true", "false"

_texts_of = attrgetter(*TEXT_COLUMNS)


def numbers_of_row(row: Measurement) -> tuple[float, float, float, float, float, float]:
    """A row's numbers in the order of `NUMBER_COLUMNS`; each stands in one place, NaN where there is none."""
    if row.metric in metrics_of_kind(VALUE):
        return row.defaced, row.original, math.nan, math.nan, math.nan, math.nan
    if row.domain == DOSE:
        return math.nan, row.original, row.defaced, row.change, math.nan, row.change_percent
    return math.nan, row.original, row.defaced, row.change, row.change_percent, math.nan


def cells_of(row: Measurement) -> tuple[Any, ...]:
    """A row's cells in the order of `TABLE_COLUMNS`: texts, and numbers with every digit."""
    return (
        row.cohort,
        row.case,
        TRUE if row.synthetic else FALSE,
        *_texts_of(row),
        *numbers_of_row(row),
        row.engine,
        row.status,
        row.note,
    )


def write_measurements(path: Path, rows: Iterable[Measurement], *, notes_beside_it: bool = True) -> None:
    """Write ``measurements.csv`` with the decimals of each unit and, before it, ``notes.csv`` beside it.

    Parameters
    ----------
    notes_beside_it : bool
        False writes each note on its row: one file by itself, for a table that leaves its folder.
    """
    codes = NoteCodes()
    with written_csv(path) as table:
        table.writerow(FILE_COLUMNS if notes_beside_it else TABLE_COLUMNS)
        for row in rows:
            unit = row.unit
            value, original, defaced, change, percent, of_prescription = numbers_of_row(row)
            table.writerow(
                (
                    row.cohort,
                    row.case,
                    TRUE if row.synthetic else FALSE,
                    *_texts_of(row),
                    number_text(value, unit),
                    number_text(original, unit),
                    number_text(defaced, unit),
                    number_text(change, unit),
                    number_text(percent, "%"),
                    number_text(of_prescription, "%"),
                    row.engine,
                    row.status,
                    codes.code(row.note) if notes_beside_it else row.note,
                )
            )
        if notes_beside_it:
            codes.write(notes_beside(path))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[object]) -> None:
    """Write the attributes `columns` of rows as CSV, with every digit that a number has; NaN is an empty cell."""
    values_of = attrgetter(*columns)
    with written_csv(path) as table:
        table.writerow(columns)
        for row in rows:
            table.writerow(["" if value != value else value for value in values_of(row)])  # only NaN differs from itself


def read_measurements(path: Path) -> list[Measurement]:
    """Read what `write_measurements` wrote, also of the first version of the tables; each text is kept once.

    Raises
    ------
    UnusableInput
        If it is no table of measurements, or its notes are not those beside it.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        lines = csv.reader(stream)
        header = next(lines, None)
        if header is None:
            return []
        if not is_header(header):
            missing = next((name for name in FIRST_COLUMNS if name not in header and name != NOTE), NOTE_CODE)
            raise UnusableInput(f"{path} is no table of measurements of this version or an earlier one (no column {missing})")
        notes = read_notes(notes_beside(path)) if NOTE_CODE in header else None
        row_of = measurement_reader(header, notes)
        try:
            return [row_of(line) for line in filter(None, lines)]
        except KeyError as code:
            raise UnusableInput(
                f"{notes_beside(path)} is not of {path.name} (no note {code.args[0]}); take both from one run"
            ) from None


def is_header(names: Collection[str]) -> bool:
    """Whether these are the columns of measurements, of this version of the tables or of the first."""
    return {*FIRST_COLUMNS[:-1]} <= {*names} and bool({NOTE, NOTE_CODE} & {*names})


def measurement_reader(header: Sequence[str], notes: Mapping[str, str] | None = None) -> Callable[[Sequence[str]], Measurement]:
    """What makes a measurement of the texts of one line; columns may stand in any order.

    Parameters
    ----------
    header : sequence of str
        Columns for which `is_header` holds.
    notes : mapping of str to str, optional
        Notes by code; without it the notes stand in the lines. A line with another code raises KeyError.
    """
    if "value" not in header:
        return _first_version_reader(header)
    place = {name: number for number, name in enumerate(header)}
    texts, numbers = itemgetter(*(place[name] for name in TEXT_COLUMNS)), itemgetter(*(place[name] for name in NUMBER_COLUMNS))
    others = itemgetter(*(place[name] for name in ("cohort", "case", "synthetic", "engine", "status")))
    note_at = place[NOTE if notes is None else NOTE_CODE]

    def row_of(line: Sequence[str]) -> Measurement:
        value, original, defaced, change, percent, of_prescription = numbers(line)
        cohort, case, synthetic, engine, status = others(line)
        before, after = _number(original), _number(value or defaced)
        change_to = _number(change) if not (value and original) else after - before
        note = intern(line[note_at]) if notes is None else notes[line[note_at]]
        fields: list[Any] = [intern(case), *map(intern, texts(line)), before, after, change_to]
        fields += _number(percent or of_prescription), intern(engine), intern(status), note, synthetic == TRUE, intern(cohort)
        return Measurement(*fields)

    return row_of


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _first_version_reader(header: Sequence[str]) -> Callable[[Sequence[str]], Measurement]:
    """Rows as they were before notes had codes: the synthetic warning stood in front of every note."""
    in_order, first_number = itemgetter(*map(header.index, FIRST_COLUMNS)), FIRST_COLUMNS.index("original")

    def row_of(line: Sequence[str]) -> Measurement:
        told = in_order(line)
        engine, status, note = told[first_number + 4 :]
        known = intern(without_warning(note))
        fields: list[Any] = [*map(intern, told[:first_number]), *map(_number, told[first_number : first_number + 4])]
        fields += intern(engine), intern(status), known, note != known
        return Measurement(*fields)

    return row_of


def measurement_table(rows: Sequence[Measurement]) -> pandas.DataFrame:
    """Rows as a table of `TABLE_COLUMNS`, numbers as float64 (NaN where they do not apply), notes in words.

    Raises
    ------
    NotAvailable
        If pandas is not installed.
    """
    pandas = require_pandas()
    table = pandas.DataFrame(list(map(cells_of, rows)), columns=list(TABLE_COLUMNS))
    return table.assign(synthetic=table["synthetic"] == TRUE)


def require_pandas() -> ModuleType:
    """The package pandas, which only tables for scripts need.

    Raises
    ------
    NotAvailable
        If it is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise NotAvailable("tables need the package pandas: pip install pandas") from None
    return pandas

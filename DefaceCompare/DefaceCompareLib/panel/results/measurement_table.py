"""Which cells a results table shows: one line a measurement, one column a method. Chooses and rounds, computes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from deface_compare.measurement import OK, Measurement, metrics
from deface_compare.words import decimals, number, without_warning

from ..install.hint import in_this_panel
from .effect import SORTED_DOMAINS, effect

DEFACED, CHANGE, PERCENT = "defaced", "change", "change_percent"
VALUES = {DEFACED: "after defacing", CHANGE: "change", PERCENT: "change, %"}
"""What the methods' columns hold, and what the list calls it."""
Line = tuple[str, ...]
"""What a line is about: image, structure, metric, unit, engine."""
ENGINE_COLUMN = 4
"""What stands before it tells a measurement, whoever measured it."""
BUILT_IN = "builtin"
"""How the built-in engines' names begin."""
APART_PERCENT, DIFFERS = 1.0, "\N{NOT EQUAL TO}"
"""Two engines' numbers that differ by more are marked (criterion of Ebert et al., Phys Med Biol 2010;55:N337), if they differ by
more than the last decimal that is shown: where all dose is gone, SlicerRT's bins of 0.01 Gy read it off as 0.01 Gy."""
YES_OR_NO = "1 if "
"""Stands in the meaning of a metric that is either 1 or 0."""

Content = str | float


@dataclass(frozen=True)
class Bar:
    """How much, as a share of the whole bar, and how bad: ``slight``, ``notable`` or ``large``."""

    share: float
    grade: str


@dataclass(frozen=True)
class Cell:
    """One cell: text, or a number that sorts as one, and what the pointer reads over it."""

    content: Content
    """What it sorts by."""
    tip: str = ""
    left_percent: Mapping[str, float] | None = None
    """What is left of each feature of the face, drawn in the cell."""
    bar: Bar | None = None
    """How much it is, drawn in the cell."""
    shown: str = ""
    """A number as it is written, with the decimals of its unit; "" for text, which is its own."""

    @property
    def text(self) -> str:
        """What the cell says."""
        return self.shown or str(self.content)


@dataclass(frozen=True)
class MeasurementTable:
    """Headings, lines of cells (equally long), the structure that each line is about, and the engines behind the numbers."""

    headings: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    structures: tuple[str, ...]
    engines: tuple[str, ...]


def measurement_table(
    rows: Sequence[Measurement], titles: Mapping[str, str], value: str = DEFACED, dose_policy: str = ""
) -> MeasurementTable:
    """Arrange the rows of one domain and one case.

    The structure that some method changed most comes first, and of each structure the measurement that changed most (`effect`).
    Rows of another engine than the built-in one (``SlicerRT-x2``) are lines of their own, and then a column says which.

    Parameters
    ----------
    rows : sequence of Measurement
    titles : mapping of method key to title
    value : str
        One of `VALUES`.
    dose_policy : str
        Of rows that have a dose policy only this one's are shown.

    Returns
    -------
    MeasurementTable
    """
    shown = [row for row in rows if row.dose_policy in ("", dose_policy)]
    arms = list(dict.fromkeys((row.method, row.variant) for row in shown))
    by_line: dict[Line, dict[tuple[str, str], Measurement]] = {}
    for row in shown:
        by_line.setdefault((row.image, row.structure, row.metric, row.unit, row.engine), {})[row.method, row.variant] = row
    by_line = _other_engine_first(_worst_first(by_line))
    keys = [key for key, line in by_line.items() if value == DEFACED or any(_has(row, value) for row in line.values())]
    about = _about(keys)
    headings = (*(heading for heading, _index in about), "original", *(_title(titles, *arm) for arm in arms))
    lines = tuple(_line(key, by_line, arms, value, [index for _heading, index in about]) for key in keys)
    return MeasurementTable(headings, lines, tuple(key[1] for key in keys), tuple(dict.fromkeys(key[4] for key in keys)))


def _worst_first(
    by_line: dict[Line, dict[tuple[str, str], Measurement]],
) -> dict[Line, dict[tuple[str, str], Measurement]]:
    """The lines by structure and measurement, by how many tolerances the worst method changed each; else as they came."""
    measured: dict[tuple[str, ...], float] = {}
    structures: dict[str, float] = {}
    for key, line in by_line.items():
        size = max((effect(row) for row in line.values() if row.domain in SORTED_DOMAINS), default=0.0)
        measured[key[:ENGINE_COLUMN]] = max(measured.get(key[:ENGINE_COLUMN], 0.0), size)
        structures[key[1]] = max(structures.get(key[1], 0.0), size)
    place = {structure: number for number, structure in enumerate(sorted(structures, key=lambda each: -structures[each]))}
    some_changed = any(structures.values())
    ordered = sorted(by_line, key=lambda key: (place[key[1]], -measured[key[:ENGINE_COLUMN]])) if some_changed else by_line
    return {key: by_line[key] for key in ordered}


def _other_engine_first(
    by_line: dict[Line, dict[tuple[str, str], Measurement]],
) -> dict[Line, dict[tuple[str, str], Measurement]]:
    """For each measurement the lines of another engine before the built-in one's: it is the one that the clinic knows."""
    place = {key[:4]: number for number, key in reversed(list(enumerate(by_line)))}
    ordered = sorted(by_line, key=lambda key: (place[key[:4]], key[ENGINE_COLUMN].startswith(BUILT_IN)))
    return {key: by_line[key] for key in ordered}


def _apart(line: Mapping[tuple[str, str], Measurement], other: Mapping[tuple[str, str], Measurement]) -> bool:
    """Whether two engines' numbers of one measurement differ by more than `APART_PERCENT`, and visibly, somewhere."""
    pairs = [(line[arm].defaced, other[arm].defaced, 10.0 ** -decimals(line[arm].unit)) for arm in line if arm in other]
    return any(abs(one - two) > max(0.01 * APART_PERCENT * max(abs(one), abs(two)), seen) for one, two, seen in pairs)


def _about(keys: Sequence[tuple[str, ...]]) -> list[tuple[str, int]]:
    """The leading columns that tell lines apart: several images, any structure, two engines for one measurement."""
    images, structures = ({key[index] for key in keys} for index in (0, 1))
    columns = [("image", 0)] if len(images) > 1 else []
    columns += [("structure", 1)] if structures != {""} else []
    columns += [("measurement", 2), ("unit", 3)]
    return [*columns, ("engine", 4)] if len({key[:4] for key in keys}) < len(keys) else columns


def _line(
    key: Line,
    by_line: Mapping[Line, Mapping[tuple[str, str], Measurement]],
    arms: Sequence[tuple[str, str]],
    value: str,
    about: Sequence[int],
) -> tuple[Cell, ...]:
    metric, line = metrics()[key[2]], by_line[key]
    cells = [Cell(key[index], f"{key[index]}: {metric.meaning}" if index == 2 else "") for index in about]
    apart = [other for other in by_line if other[:4] == key[:4] and _apart(line, by_line[other])]
    if apart and ENGINE_COLUMN in about:
        cells[list(about).index(ENGINE_COLUMN)] = Cell(
            f"{key[ENGINE_COLUMN]} {DIFFERS}",
            _("differs from {engine} by more than {percent:g} %").format(engine=apart[0][ENGINE_COLUMN], percent=APART_PERCENT),
        )
    originals = [row for row in line.values() if not math.isnan(row.original)]
    cells.append(_number(originals[0], originals[0].original, metric.meaning) if originals else Cell(""))
    return (*cells, *(_cell(line.get(arm), value) for arm in arms))


def _cell(row: Measurement | None, value: str) -> Cell:
    if row is None:
        return Cell("")
    note = without_warning(row.note)
    tip = "\n".join(part for part in (f"engine {row.engine}", note) if part)
    if row.status != OK:
        return Cell(row.status, in_this_panel(note))
    return _number(row, getattr(row, value), tip, value)


def _number(row: Measurement, measured: float, tip: str, value: str = DEFACED) -> Cell:
    """A number with the decimals that its unit deserves; a change with its sign."""
    if math.isnan(measured):
        return Cell("", tip)
    if YES_OR_NO in metrics()[row.metric].meaning:
        return Cell("yes" if measured else "no", tip)
    unit = "%" if value == PERCENT else row.unit
    return Cell(measured, tip, shown=number(measured, unit, signed=value != DEFACED))


def _has(row: Measurement, value: str) -> bool:
    return row.status != OK or not math.isnan(getattr(row, value))


def _title(titles: Mapping[str, str], method: str, variant: str) -> str:
    title = titles.get(method, method)
    return f"{title}, {variant}" if variant else title

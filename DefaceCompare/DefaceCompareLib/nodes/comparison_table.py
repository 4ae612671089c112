"""The table that people read: one line a measurement, one column a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vtkmodules.vtkCommonCore import vtkStringArray

from deface_compare.measurement import OK, Measurement, metrics
from deface_compare.version import __version__
from deface_compare.words import number

from .method_names import titles_of_methods

LINE_COLUMNS = ("image", "structure", "metric", "unit", "dose_policy", "original")
"""What a line is about, and what was measured on the original; a column that is empty in every line is left out."""

YES_OR_NO = "1 if "
"""How the meaning of a metric begins that is either 1 or 0."""


def add_comparison_table(scene: Any, name: str, rows: Sequence[Measurement]) -> Any:
    """Add a text table with the methods side by side; it shows rows of ``measurements.csv`` and computes nothing.

    A cell holds the defaced value and, where there is an original, the change in brackets; ``failed`` or ``not available``
    where there is no number (the reason stands in the table with all rows).

    Parameters
    ----------
    scene : vtkMRMLScene
    name : str
        Name of the node.
    rows : sequence of Measurement
        Rows of one domain and one case.

    Returns
    -------
    vtkMRMLTableNode
    """
    arms = list(dict.fromkeys((row.method, row.variant) for row in rows))
    lines: dict[tuple[str, ...], dict[tuple[str, str], Measurement]] = {}
    for row in rows:
        line = (row.image, row.structure, row.metric, row.unit, row.dose_policy)
        lines.setdefault(line, {})[row.method, row.variant] = row
    cells = [
        [*line, _original(list(by_arm.values())), *(_cell(by_arm.get(arm)) for arm in arms)] for line, by_arm in lines.items()
    ]
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    for index, heading in enumerate([*LINE_COLUMNS, *(_title(*arm) for arm in arms)]):
        if index < len(LINE_COLUMNS) and not any(line_cells[index] for line_cells in cells):
            continue  # nothing in this domain has, say, a dose policy
        array = vtkStringArray()
        array.SetName(heading)
        for line_cells in cells:
            array.InsertNextValue(line_cells[index])
        table.AddColumn(array)
    table.SetLocked(True)
    table.SetAttribute("DefaceCompare.Version", __version__)
    return table


def _title(method: str, variant: str) -> str:
    title = titles_of_methods().get(method, method)
    return f"{title}, {variant}" if variant else title


def _original(rows: Sequence[Measurement]) -> str:
    """The original's value is the same for every method; the first that has one tells it, whether it could be defaced or not."""
    values = [_number(row, row.original) for row in rows if row.original == row.original]
    return values[0] if values else ""


def _cell(row: Measurement | None) -> str:
    if row is None:
        return ""
    if row.status != OK:
        return row.status
    has_original, has_defaced = row.original == row.original, row.defaced == row.defaced
    if not has_defaced:
        return ""
    changed = f" ({number(row.change, row.unit, signed=True)})" if has_original and row.change == row.change else ""
    return _number(row, row.defaced) + changed


def _number(row: Measurement, value: float) -> str:
    if metrics()[row.metric].meaning.startswith(YES_OR_NO):
        return "yes" if value else "no"
    return number(value, row.unit)

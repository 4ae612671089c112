"""Rows of measurements as a table node, and read back from one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

from deface_compare.measurement import Measurement, metrics
from deface_compare.measurement_table import NUMBER_COLUMNS, TABLE_COLUMNS, cells_of, is_header, measurement_reader
from deface_compare.version import __version__

VERSION_ATTRIBUTE = "DefaceCompare.Version"
"""Of every node and folder that a comparison made."""

MEANING = "meaning"
"""The column that tells what each metric is."""

COLUMN_DESCRIPTIONS = {
    "metric": "name of the measurement, see data/metrics.csv",
    "unit": "unit of value, original, defaced and change in this row",
    "synthetic": "true for a made patient: such a row tests the pipeline and says nothing about a method",
    "value": "the number of a metric that is a value by itself (did it work, a similarity), in the row's unit",
    "original": "on the original, in the row's unit",
    "defaced": "on the defaced image or dose, in the row's unit",
    "change": "defaced minus original, in the row's unit",
    "change_percent": "change in percent of the original",
    "change_percent_of_prescription": "change of a dose in percent of the prescribed dose",
    "engine": "what computed the number, the same on both sides",
    "status": "ok, failed or not available; the reason is in note",
}
"""What a reader of the table's columns must know."""


def add_table(scene: Any, name: str, rows: Sequence[Measurement]) -> Any:
    """Add measurements as a vtkMRMLTableNode: the columns of ``measurements.csv``, notes in words, and what each metric means.

    Numbers are double columns (NaN where a number does not apply), everything else is text.
    """
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    columns: dict[str, Any] = {}
    cells = list(map(cells_of, rows))
    for place, column in enumerate(TABLE_COLUMNS):
        array = vtkDoubleArray() if column in NUMBER_COLUMNS else vtkStringArray()
        array.SetName(column)
        for line in cells:
            array.InsertNextValue(line[place])
        columns[column] = array
    meaning = vtkStringArray()
    meaning.SetName(MEANING)
    for row in rows:
        meaning.InsertNextValue(metrics()[row.metric].meaning)
    for array in (*columns.values(), meaning):
        table.AddColumn(array)
        table.SetColumnDescription(array.GetName(), COLUMN_DESCRIPTIONS.get(array.GetName(), ""))
    table.SetLocked(True)
    table.SetAttribute(VERSION_ATTRIBUTE, __version__)
    return table


def rows_of_table(node: Any) -> list[Measurement]:
    """The measurements that a table node of `add_table` holds, also one of an earlier version; none of any other table."""
    if not holds_rows(node):
        return []
    table = node.GetTable()
    names = [name for name in _column_names(node) if name != MEANING]
    columns = [table.GetColumnByName(name) for name in names]
    row_of = measurement_reader(names)
    read = [[_cell_text(column.GetValue(row)) for row in range(table.GetNumberOfRows())] for column in columns]
    return [row_of(line) for line in zip(*read, strict=True)]


def holds_rows(node: Any) -> bool:
    """Whether a table node has the columns of measurements, and at least one row."""
    table = node.GetTable()
    return table is not None and table.GetNumberOfRows() > 0 and is_header(_column_names(node))


def _column_names(node: Any) -> list[str]:
    return [node.GetColumnName(index) for index in range(node.GetNumberOfColumns())]


def _cell_text(cell: float | str) -> str:
    """A cell as a file has it, with every digit."""
    if isinstance(cell, str):
        return cell
    return "" if cell != cell else repr(cell)  # only NaN differs from itself

"""Rows of measurements as a table node, and read back from one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

from deface_compare.measurement import COLUMNS, Measurement, metrics
from deface_compare.version import __version__

VERSION_ATTRIBUTE = "DefaceCompare.Version"
"""Of every node and folder that a comparison made."""

NUMBER_COLUMNS = frozenset(column.name for column in fields(Measurement) if column.type == "float")

COLUMN_DESCRIPTIONS = {
    "metric": "name of the measurement, see data/metrics.csv",
    "unit": "unit of original, defaced and change in this row",
    "original": "on the original, in the row's unit",
    "defaced": "on the defaced image or dose, in the row's unit",
    "change": "defaced minus original, in the row's unit",
    "change_percent": "change in percent of the original",
    "engine": "what computed the number, the same on both sides",
    "status": "ok, failed or not available; the reason is in note",
}
"""What a reader of the table's columns must know."""


def add_table(scene: Any, name: str, rows: Sequence[Measurement]) -> Any:
    """Add measurements as a vtkMRMLTableNode: the columns of ``measurements.csv``, and what each metric means.

    Numbers are double columns (NaN where a number does not apply), everything else is text.
    """
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        array = vtkDoubleArray() if column in NUMBER_COLUMNS else vtkStringArray()
        array.SetName(column)
        for row in rows:
            array.InsertNextValue(getattr(row, column))
        columns[column] = array
    meaning = vtkStringArray()
    meaning.SetName("meaning")
    for row in rows:
        meaning.InsertNextValue(metrics()[row.metric].meaning)
    for array in (*columns.values(), meaning):
        table.AddColumn(array)
        table.SetColumnDescription(array.GetName(), COLUMN_DESCRIPTIONS.get(array.GetName(), ""))
    table.SetLocked(True)
    table.SetAttribute(VERSION_ATTRIBUTE, __version__)
    return table


def rows_of_table(node: Any) -> list[Measurement]:
    """The measurements that a table node of `add_table` holds; none of any other table."""
    if not holds_rows(node):
        return []
    table = node.GetTable()
    columns = [table.GetColumnByName(name) for name in COLUMNS]
    read = [[column.GetValue(row) for row in range(table.GetNumberOfRows())] for column in columns]
    return [Measurement(*values) for values in zip(*read, strict=True)]


def holds_rows(node: Any) -> bool:
    """Whether a table node has the columns of measurements, and at least one row."""
    table = node.GetTable()
    return table is not None and table.GetNumberOfRows() > 0 and all(table.GetColumnByName(name) for name in COLUMNS)

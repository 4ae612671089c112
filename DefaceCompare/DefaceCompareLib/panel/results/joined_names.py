"""What a line of a table is about, in a row of its own above the numbers: a narrow panel has no room for columns of names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import qt

from .column_fit import heading_widths, narrowed, room, set_columns, shortened, widths_of_words

MEASUREMENT = "measurement"
"""The column that every such table has."""
JOINED = ("image", "structure", MEASUREMENT, "unit", "engine")
"""Headings of the columns that are joined."""


def join_names(widget: Any, headings: Sequence[str], words: Collection[tuple[int, int]], role: int) -> None:
    """Put the texts of the columns of `JOINED` above each row, and hide these columns.

    Parameters
    ----------
    widget : QTableWidget
    headings : sequence of str
    words : collection of (row, column)
        Cells that hold no number.
    role : int
        What a row's first cell keeps under it, the row above it keeps, too.
    """
    hidden = [column for column, heading in enumerate(headings) if heading in JOINED]
    widget.wordWrap = True
    lines = [shortened(heading) for heading in headings]
    needed, headings_px = widths_of_words(widget, words), heading_widths(widget, lines)
    floors = [0 if column in hidden else need for column, need in enumerate(needed)]
    wanted = [max(floor, heading) if floor else 0 for floor, heading in zip(floors, headings_px, strict=True)]
    widths = narrowed(wanted, floors, room(widget))
    for row in reversed(range(widget.rowCount)):
        _name_row(widget, headings, row, role)
    for column in hidden:
        widget.setColumnHidden(column, True)
    set_columns(widget, headings, lines, widths, cut=sum(widths) < sum(wanted))
    if sum(widths) <= room(widget):
        widget.horizontalHeader().setSectionResizeMode(len(hidden), qt.QHeaderView.Stretch)


def _name_row(widget: Any, headings: Sequence[str], row: int, role: int) -> None:
    """A row above another one, all across, that says what that is about."""
    items = {heading: widget.item(row, column) for column, heading in enumerate(headings) if heading in JOINED}
    name = qt.QTableWidgetItem(joined({heading: item.text() for heading, item in items.items()}))
    name.setToolTip(f"{name.text()}\n{items[MEASUREMENT].toolTip()}")
    name.setFlags(qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled)
    name.setData(role, widget.item(row, 0).data(role))
    widget.insertRow(row)
    widget.setItem(row, 0, name)
    widget.setSpan(row, 0, 1, len(headings))


def joined(texts: Mapping[str, str]) -> str:
    """Image and structure, the measurement with its unit, and the engine."""
    about = " ".join(filter(None, (texts.get(heading, "") for heading in ("image", "structure"))))
    measured = ", ".join(filter(None, (texts[MEASUREMENT], texts.get("unit", ""))))
    engine = f" ({texts['engine']})" if texts.get("engine") else ""
    return ": ".join(filter(None, (about, measured))) + engine

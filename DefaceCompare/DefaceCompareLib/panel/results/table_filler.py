"""Fills a QTableWidget from a `MeasurementTable`, and reads it back as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import qt

from .bar_picture import bar_picture
from .face_picture import face_picture
from .measurement_table import MeasurementTable

LINE_ROLE = qt.Qt.UserRole
"""Where a row's first cell keeps the number of its line, which sorting must not lose."""

WIDEST_COLUMN_PIXELS = 150
"""Longer texts take a second line: a panel is narrow."""
LEAST_ROOM_PIXELS = 404
"""What a table has of a panel 480 pixels wide beside its scroll bar: counted with until the table itself is on the screen."""
SCROLL_BAR_PIXELS = 18
"""What more a table has that shows all its lines."""
NARROWEST_PIXELS = 60
"""No column that wants more is made narrower: a number of seven characters is never cut. What is cut, the pointer reads whole."""
SHORT_HEADING_PIXELS = 34
"""A heading of four letters (unit) is not cut either."""
NAMES = ("method", "organ", "structure", "measurement", "worst organ")
"""Headings of columns that are cut last; the first of them takes what a wider panel has to give."""


def fill(widget: Any, table: MeasurementTable, order: Sequence[int] | None = None, *, whole_headings: bool = False) -> None:
    """Show a table.

    Parameters
    ----------
    widget : QTableWidget
    table : MeasurementTable
    order : sequence of int, optional
        Its lines from above; as they stand if not given.
    whole_headings : bool
        A table that does not scroll: only columns of names are made narrower than their headings.
    """
    widget.clear()
    widget.textElideMode = qt.Qt.ElideMiddle  # names differ at their ends: Parotid_L, cosine_similarity_own
    widget.setColumnCount(len(table.headings))
    widget.setRowCount(0)
    widget.wordWrap = whole_headings  # a line that wraps makes its row twice as high; beside a small face there is room for it
    headings_px = _widths(widget, [_in_lines(heading) for heading in table.headings])
    widget.setRowCount(len(table.lines))
    for row, number in enumerate(range(len(table.lines)) if order is None else order):
        for column, cell in enumerate(table.lines[number]):
            item = qt.QTableWidgetItem(cell.text)
            item.setToolTip(cell.tip or cell.text)
            if cell.shown:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            if cell.left_percent is not None:
                item.setData(qt.Qt.DecorationRole, face_picture(cell.left_percent))
            if cell.bar is not None:
                item.setData(qt.Qt.DecorationRole, bar_picture(cell.bar))
            item.setFlags(qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled)
            if column == 0:
                item.setData(LINE_ROLE, number)
            widget.setItem(row, column, item)
    _fit_columns(widget, table.headings, headings_px, whole_headings)


def _fit_columns(widget: Any, headings: Sequence[str], headings_px: list[int], whole_headings: bool) -> None:
    """Columns as wide as they want, or so much narrower that a narrow panel need not scroll sideways."""
    header = widget.horizontalHeader()
    header.setSectionResizeMode(qt.QHeaderView.Interactive)
    needed = _widths(widget, [""] * len(headings))
    wanted = [max(both) for both in zip(needed, headings_px, strict=True)]
    floors = [
        max(min(need, NARROWEST_PIXELS), min(heading, SHORT_HEADING_PIXELS))
        for need, heading in zip(needed, headings_px, strict=True)
    ]
    if whole_headings:
        floors = [
            floor if name in NAMES else max(floor, heading)
            for floor, heading, name in zip(floors, headings_px, headings, strict=True)
        ]
    room = _room(widget) + (SCROLL_BAR_PIXELS if whole_headings else 0)
    whole = [need if name in NAMES else floor for need, floor, name in zip(needed, floors, headings, strict=True)]
    widths = narrowed(wanted, whole if sum(whole) <= room else floors, room)  # headings give way before names do
    cut = any(width < heading for width, heading in zip(widths, headings_px, strict=True))
    header.textElideMode = qt.Qt.ElideRight if cut else qt.Qt.ElideNone
    widget.setHorizontalHeaderLabels(list(headings) if cut else [_in_lines(heading) for heading in headings])
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        widget.horizontalHeaderItem(column).setToolTip(heading)
        widget.setColumnWidth(column, width)
    widget.resizeRowsToContents()
    first_name = next((column for column, heading in enumerate(headings) if heading in NAMES), None)
    if first_name is not None and sum(widths) <= room:  # else it would be squeezed to nothing
        header.setSectionResizeMode(first_name, qt.QHeaderView.Stretch)


def _room(widget: Any) -> int:
    """How many pixels the columns have, beside a scroll bar."""
    shown = widget.viewport().width if widget.visible else 0
    return int(max(shown - SCROLL_BAR_PIXELS, LEAST_ROOM_PIXELS))


def _widths(widget: Any, headings: list[str]) -> list[int]:
    """How wide the columns want to be under these headings."""
    widget.setHorizontalHeaderLabels(headings)
    widget.resizeColumnsToContents()
    return [min(widget.columnWidth(column), WIDEST_COLUMN_PIXELS) for column in range(len(headings))]


def _in_lines(heading: str) -> str:
    """A heading with its second part below the first."""
    return heading.replace(" (", "\n(") if "(" in heading else heading.replace(" ", "\n", 1)


def narrowed(wanted: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """Widths that fit into a room: every column gives in proportion to what it can give, and no more than that."""
    spare = [max(want - floor, 0) for want, floor in zip(wanted, floors, strict=True)]
    excess = sum(wanted) - room
    if excess <= 0 or not any(spare):
        return list(wanted)
    share = min(excess / sum(spare), 1.0)
    return [want - math.ceil(share * each) for want, each in zip(wanted, spare, strict=True)]


def chosen_line(widget: Any) -> int:
    """The line of the `MeasurementTable` that is chosen, however the widget is sorted; -1 for none."""
    item = widget.item(widget.currentRow(), 0)
    return int(item.data(LINE_ROLE)) if item is not None else -1


def as_text(widget: Any) -> str:
    """The table as shown, tab-separated, with its headings: what spreadsheets paste, which know no true minus sign."""
    columns, rows = range(widget.columnCount), range(widget.rowCount)
    lines = [[widget.horizontalHeaderItem(column).text().replace("\n", " ") for column in columns]]
    lines += [[widget.item(row, column).text() for column in columns] for row in rows]
    return ("\n".join("\t".join(line) for line in lines) + "\n").replace("\N{MINUS SIGN}", "-")

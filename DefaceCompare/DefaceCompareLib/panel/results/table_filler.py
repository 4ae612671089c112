"""Fills a QTableWidget from a `MeasurementTable`, and reads it back as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt

from .bar_picture import BAR_PIXELS, COLOURS, bar_picture
from .column_fit import fit_columns, fit_summary, fit_with_bars
from .face_picture import face_picture
from .joined_names import MEASUREMENT, join_names
from .measurement_table import Bar, MeasurementTable

LINE_ROLE = qt.Qt.UserRole
"""Where a row's first cell keeps the number of its line, which sorting must not lose."""


def fill(
    widget: Any, table: MeasurementTable, order: Sequence[int] | None = None, may_go: Sequence[int] | None = None
) -> list[int]:
    """Show a table.

    Parameters
    ----------
    widget : QTableWidget
    table : MeasurementTable
    order : sequence of int, optional
        Its lines from above; as they stand if not given.
    may_go : sequence of int, optional
        The columns that may be left out, the first one first. A table without bars then shows all its lines; names take several.

    Returns
    -------
    list of int
        The columns that had no room.
    """
    widget.clear()
    widget.clearSpans()
    widget.textElideMode = qt.Qt.ElideMiddle  # names differ at their ends: Parotid_L, cosine_similarity_own
    widget.setColumnCount(len(table.headings))
    widget.setRowCount(len(table.lines))
    bars = [
        (row, column, cell.bar)
        for row, number in enumerate(range(len(table.lines)) if order is None else order)
        for column, cell in enumerate(table.lines[number])
        if cell.bar is not None
    ]
    widget.wordWrap = (
        may_go is not None and not bars
    )  # a line that wraps makes its row twice as high; beside a small face there is room
    lines = [table.lines[number] for number in (range(len(table.lines)) if order is None else order)]
    for row, line in enumerate(lines):
        for column, cell in enumerate(line):
            item = qt.QTableWidgetItem(cell.text)
            item.setToolTip(cell.tip or cell.text)
            if cell.shown:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            if cell.left_percent is not None:
                item.setData(qt.Qt.DecorationRole, face_picture(cell.left_percent))
            item.setFlags(qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled)
            if column == 0:
                item.setData(LINE_ROLE, row if order is None else order[row])
            widget.setItem(row, column, item)
    if bars:
        return _fit_bars(widget, table.headings, bars, may_go or ())
    if may_go is not None:
        return fit_summary(widget, table.headings, may_go)
    words = [(row, column) for row, line in enumerate(lines) for column, cell in enumerate(line) if not cell.shown]
    if not fit_columns(widget, table.headings, words) and widget.visible and MEASUREMENT in table.headings:
        join_names(widget, table.headings, words, LINE_ROLE)
    return []


def _fit_bars(widget: Any, headings: Sequence[str], bars: Sequence[tuple[int, int, Bar]], may_go: Sequence[int]) -> list[int]:
    """Bars as long as there is room; where there is none, the numbers have their colours, and then columns are left out."""
    for width_px in BAR_PIXELS:
        for row, column, bar in bars:
            widget.item(row, column).setData(qt.Qt.DecorationRole, bar_picture(bar, width_px))
        if fit_with_bars(widget, headings)[0]:
            return []
    for row, column, bar in bars:
        widget.item(row, column).setData(qt.Qt.DecorationRole, None)
        widget.item(row, column).setForeground(qt.QBrush(qt.QColor(*COLOURS[bar.grade])))
    return fit_with_bars(widget, headings, may_go)[1]


def chosen_line(widget: Any) -> int:
    """The line of the `MeasurementTable` that is chosen, however the widget is sorted; -1 for none."""
    item = widget.item(widget.currentRow(), 0)
    return int(item.data(LINE_ROLE)) if item is not None else -1


def as_text(widget: Any) -> str:
    """The table as shown, tab-separated, with its headings: what spreadsheets paste, which know no true minus sign."""
    columns = range(widget.columnCount)
    rows = [row for row in range(widget.rowCount) if widget.item(row, widget.columnCount - 1) is not None]  # else joined names
    lines = [[widget.horizontalHeaderItem(column).toolTip() for column in columns]]
    lines += [[widget.item(row, column).text() for column in columns] for row in rows]
    return ("\n".join("\t".join(line) for line in lines) + "\n").replace("\N{MINUS SIGN}", "-")

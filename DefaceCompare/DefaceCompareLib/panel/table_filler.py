"""Fills a QTableWidget from a `MeasurementTable`, and reads it back as text."""

from __future__ import annotations

from typing import Any

import qt

from .measurement_table import MeasurementTable

LINE_ROLE = qt.Qt.UserRole
"""Where a row's first cell keeps the number of its line, which sorting must not lose."""

WIDEST_COLUMN_PIXELS = 150
"""Longer texts take a second line: a panel is narrow."""


def fill(widget: Any, table: MeasurementTable) -> None:
    """Show a table; numbers sort as numbers, and a click on a heading sorts."""
    widget.setSortingEnabled(False)
    widget.clear()
    widget.setColumnCount(len(table.headings))
    widget.setRowCount(len(table.lines))
    widget.setHorizontalHeaderLabels([heading.replace(" (", "\n(") for heading in table.headings])
    for row, line in enumerate(table.lines):
        for column, cell in enumerate(line):
            item = qt.QTableWidgetItem()
            item.setData(qt.Qt.DisplayRole, cell.content)
            item.setToolTip(cell.tip)
            item.setFlags(qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled)
            if column == 0:
                item.setData(LINE_ROLE, row)
            widget.setItem(row, column, item)
    widget.resizeColumnsToContents()
    for column in range(len(table.headings)):
        widget.setColumnWidth(column, min(widget.columnWidth(column), WIDEST_COLUMN_PIXELS))
    widget.resizeRowsToContents()
    widget.setSortingEnabled(True)


def chosen_line(widget: Any) -> int:
    """The line of the `MeasurementTable` that is chosen, however the widget is sorted; -1 for none."""
    item = widget.item(widget.currentRow(), 0)
    return int(item.data(LINE_ROLE)) if item is not None else -1


def as_text(widget: Any) -> str:
    """The table as shown, tab-separated, with its headings: what spreadsheets paste."""
    columns, rows = range(widget.columnCount), range(widget.rowCount)
    lines = [[widget.horizontalHeaderItem(column).text().replace("\n", " ") for column in columns]]
    lines += [[widget.item(row, column).text() for column in columns] for row in rows]
    return "\n".join("\t".join(line) for line in lines) + "\n"

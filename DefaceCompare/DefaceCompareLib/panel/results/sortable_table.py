"""A results table on the screen: a click on a heading sorts its lines, numbers as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import qt

from .measurement_table import Content, MeasurementTable
from .table_filler import chosen_line, fill


class SortableTable:
    """Shows one `MeasurementTable` after the other in a widget.

    Qt's own sorting compares what a cell shows, and 62.70 as text stands before 9.21: so lines are sorted here.

    Parameters
    ----------
    widget : QTableWidget
    may_go : callable, optional
        ``may_go(table) -> sequence of int``: see `fill`.
    """

    def __init__(self, widget: Any, may_go: Callable[[MeasurementTable], Sequence[int]] | None = None) -> None:
        self.widget = widget
        self.table = MeasurementTable((), (), (), ())
        self._may_go = may_go
        self.left_out: list[str] = []
        """Headings of the columns that had no room."""
        self._heading, self._descending = "", False
        self._about: object = None
        widget.horizontalHeader().connect("sectionClicked(int)", self._on_heading)

    def show(self, table: MeasurementTable, about: object = None) -> None:
        """Show a table as it stands, or sorted by the heading that was clicked on while it was about the same.

        Parameters
        ----------
        table : MeasurementTable
        about : object, optional
            What is told of whom: another table begins in its own order.
        """
        if about != self._about or self._heading not in table.headings:
            self._heading = ""
        self.table, self._about = table, about
        self._fill()

    @property
    def chosen(self) -> str:
        """The structure of the chosen line; "" where none is chosen, or the line is about none."""
        line = chosen_line(self.widget)
        return self.table.structures[line] if 0 <= line < len(self.table.structures) else ""

    def _on_heading(self, column: int) -> None:
        """Up at first, down at the second click, as the table came at the third."""
        heading = self.table.headings[column]
        if heading != self._heading:
            self._heading, self._descending = heading, False
        elif not self._descending:
            self._descending = True
        else:
            self._heading = ""
        self._fill()

    def _fill(self) -> None:
        lines, header = self.table.lines, self.widget.horizontalHeader()
        order = list(range(len(lines)))
        if self._heading:
            column = self.table.headings.index(self._heading)
            order.sort(key=lambda line: _sorts_as(lines[line][column].content), reverse=self._descending)
            header.setSortIndicator(column, qt.Qt.DescendingOrder if self._descending else qt.Qt.AscendingOrder)
        header.setSortIndicatorShown(bool(self._heading))
        may_go = self._may_go(self.table) if self._may_go is not None else None
        self.left_out = [self.table.headings[column] for column in fill(self.widget, self.table, order, may_go)]


def _sorts_as(content: Content) -> tuple[bool, float, str]:
    """Numbers by their size before texts by their letters."""
    return (True, 0.0, content) if isinstance(content, str) else (False, content, "")

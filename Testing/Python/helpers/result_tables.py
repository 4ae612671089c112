"""What a table of the panel shows, and rows that can be compared."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any


def column(table: Any, heading: str) -> list[str]:
    """The texts below a heading, as shown."""
    headings = [table.horizontalHeaderItem(index).text().replace("\n", " ") for index in range(table.columnCount)]
    return [table.item(row, headings.index(heading)).text() for row in range(table.rowCount)]


def numbers(table: Any, heading: str) -> list[float]:
    """The numbers below a heading, as shown (with a true minus sign)."""
    return [float(text.replace("\N{MINUS SIGN}", "-")) for text in column(table, heading)]


def click_heading(table: Any, heading: str) -> None:
    """Click on a heading as a user does."""
    import slicer

    import qt

    headings = [table.horizontalHeaderItem(index).text().replace("\n", " ") for index in range(table.columnCount)]
    header, index = table.horizontalHeader(), headings.index(heading)
    middle = header.sectionViewportPosition(index) + header.sectionSize(index) // 2
    place = qt.QtCore.QPoint(middle, header.height // 2)
    qt.QtTest.QTest.mouseClick(header.viewport(), qt.QtCore.Qt.MouseButton.LeftButton, pos=place)
    slicer.app.processEvents()


def plain(row: Any) -> tuple[object, ...]:
    return tuple(None if isinstance(value, float) and math.isnan(value) else value for value in astuple(row))

"""What a table of the panel shows, and rows that can be compared."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any


def column(table: Any, heading: str) -> list[str]:
    """The texts below a heading, as shown."""
    headings = [table.horizontalHeaderItem(index).text().replace("\n", " ") for index in range(table.columnCount)]
    return [table.item(row, headings.index(heading)).text() for row in range(table.rowCount)]


def plain(row: Any) -> tuple[object, ...]:
    return tuple(None if isinstance(value, float) and math.isnan(value) else value for value in astuple(row))

"""How wide the columns of a table are: names whole, numbers never cut, no scrolling sideways where that can be helped."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import qt

WIDEST_COLUMN_PIXELS = 150
"""Longer texts take a second line: a panel is narrow."""
LEAST_ROOM_PIXELS = 404
"""What a table has of a panel 480 pixels wide beside its scroll bar: counted with until the table itself is on the screen."""
SCROLL_BAR_PIXELS = 18
"""What more a table has that shows all its lines."""
NARROWEST_PIXELS = 60
"""No column that wants more is made narrower: a number of seven characters is never cut. What is cut, the pointer reads whole."""
NARROW_NAME_PIXELS = 84
"""What a column of names has at least whose texts take several lines: words of twelve letters."""
NARROWEST_TEXT_PIXELS = 40
"""The same for a column of words, where nothing else helps: its two ends are still read."""
SHORTEST_LINE_LETTERS = 4
"""Shorter pieces of a heading are not read as a word: rather its end is cut."""
SHORT_HEADING_PIXELS = 34
"""A heading of four letters (unit) is not cut either."""
NAMES = ("method", "organ", "structure", "measurement", "worst organ")
"""Headings of columns that are cut last; the first of them takes what a wider panel has to give."""


def fit_columns(widget: Any, headings: Sequence[str], words: Collection[tuple[int, int]] = ()) -> bool:
    """Columns as wide as they want, or so much narrower that a narrow panel need not scroll sideways.

    Parameters
    ----------
    widget : QTableWidget
    headings : sequence of str
    words : collection of (row, column)
        Cells that hold no number: where nothing else helps, they are cut.

    Returns
    -------
    bool
        Whether names are whole.
    """
    for column in range(len(headings)):
        widget.setColumnHidden(column, False)  # a hidden one is 0 wide
    needed, headings_px = widths_under(widget, [""] * len(headings)), heading_widths(widget, list(map(in_lines, headings)))
    wanted = [max(both) for both in zip(needed, headings_px, strict=True)]
    floors = [
        max(min(need, NARROWEST_PIXELS), min(heading, SHORT_HEADING_PIXELS))
        for need, heading in zip(needed, headings_px, strict=True)
    ]
    available = room(widget)
    if sum(floors) > available:
        numbers = _widths_without(widget, [""] * len(headings), words)
        floors = [min(floor, max(number, NARROWEST_TEXT_PIXELS)) for floor, number in zip(floors, numbers, strict=True)]
    whole = [need if name in NAMES else floor for need, floor, name in zip(needed, floors, headings, strict=True)]
    widths = narrowed(wanted, whole if sum(whole) <= available else floors, available)  # headings give way before names do
    cut = any(width < heading for width, heading in zip(widths, headings_px, strict=True))
    set_columns(widget, headings, list(headings) if cut else list(map(in_lines, headings)), widths, cut=cut)
    return sum(whole) <= available


def fit_with_bars(widget: Any, headings: Sequence[str], may_go: Sequence[int] = ()) -> tuple[bool, list[int]]:
    """The same for a table whose numbers have a bar before them: neither is cut.

    Parameters
    ----------
    widget : QTableWidget
    headings : sequence of str
    may_go : sequence of int
        Columns that may be left out, the first one first; before that, headings are cut.

    Returns
    -------
    bool
        Whether all of it has room.
    list of int
        The columns that were left out.
    """
    for column in range(len(headings)):
        widget.setColumnHidden(column, False)  # a hidden one is 0 wide
    widget.wordWrap = False  # it may be left from a narrower fit
    whole, short = [in_lines(heading) for heading in headings], [shortened(heading) for heading in headings]
    needed, whole_px = widths_under(widget, [""] * len(headings)), heading_widths(widget, whole)
    short_px = heading_widths(widget, short)
    wanted = [max(both) for both in zip(needed, whole_px, strict=True)]
    floors = [max(both) for both in zip(needed, short_px, strict=True)]
    if may_go:
        floors = [max(need, min(heading, NARROWEST_PIXELS)) for need, heading in zip(needed, short_px, strict=True)]
    left_out: list[int] = []
    for column in may_go:
        if min(floors[0], NARROWEST_PIXELS) + sum(floors[1:]) <= room(widget):
            break
        left_out.append(column)
        wanted[column] = floors[column] = 0
        widget.setColumnHidden(column, True)
    floors = _with_whole_headings(widget, floors, [0 if at in left_out else px for at, px in enumerate(short_px)])
    floors[0] = min(floors[0], max(NARROWEST_PIXELS, room(widget) - sum(floors[1:])))
    widths = narrowed(wanted, floors, room(widget))
    widget.wordWrap = widths[0] < needed[0]  # a name in two lines is whole
    shown = [text if width >= px else other for text, px, other, width in zip(whole, whole_px, short, widths, strict=True)]
    shown, cut = _in_narrow_lines(widget, shown, widths)
    set_columns(widget, headings, shown, widths, cut=cut)
    return sum(widths) <= room(widget), left_out


def _with_whole_headings(widget: Any, floors: Sequence[int], headings_px: Sequence[int]) -> list[int]:
    """Floors under which no word of a heading is broken, if there is room beside names whose words stand below each other."""
    whole = [max(both) for both in zip(floors, headings_px, strict=True)]
    names = widths_of_words(widget, [(row, 0) for row in range(widget.rowCount)])[0]
    for first in (floors[0], max(names, headings_px[0])):
        if first + sum(whole[1:]) <= room(widget):
            return [first, *whole[1:]]
    return list(floors)


def fit_summary(widget: Any, headings: Sequence[str], may_go: Sequence[int]) -> list[int]:
    """The same for a table that shows all its lines: names take several lines, and what has no room is left out.

    Parameters
    ----------
    widget : QTableWidget
    headings : sequence of str
    may_go : sequence of int
        Columns that may be left out, the first one first.

    Returns
    -------
    list of int
        Those that were.
    """
    for column in range(len(headings)):
        widget.setColumnHidden(column, False)  # a hidden one is 0 wide
    available, lines = room(widget) + SCROLL_BAR_PIXELS, [heading.replace(" ", "\n") for heading in headings]
    wanted = [max(both) for both in zip(_widths(widget), heading_widths(widget, lines), strict=True)]
    floors = [max(both) for both in zip(_widths_of_names(widget, headings), heading_widths(widget, lines), strict=True)]
    left_out: list[int] = []
    for column in may_go:
        if sum(floors) <= available:
            break
        left_out.append(column)
        wanted[column] = floors[column] = 0
    for column in left_out:
        widget.setColumnHidden(column, True)
    if sum(floors) > available:
        floors = [
            min(floor, NARROW_NAME_PIXELS) if name in NAMES else floor for floor, name in zip(floors, headings, strict=True)
        ]
    set_columns(widget, headings, lines, narrowed(wanted, floors, available), cut=False)
    return left_out


def fit_questions(widget: Any) -> None:
    """Columns as wide as they want, but for the first, whose names take several lines where the others would not be seen."""
    widget.resizeColumnsToContents()
    widget.setColumnWidth(widget.columnCount - 1, NARROWEST_PIXELS)  # it takes what is left by itself
    others = sum(widget.columnWidth(column) for column in range(1, widget.columnCount - 1)) + NARROWEST_PIXELS
    widget.setColumnWidth(0, min(widget.columnWidth(0), max(room(widget) - others, NARROW_NAME_PIXELS)))
    widget.resizeRowsToContents()


def set_columns(widget: Any, headings: Sequence[str], shown: Sequence[str], widths: Sequence[int], *, cut: bool) -> None:
    """Write the headings and set the widths; the first column of names takes what is left."""
    header = widget.horizontalHeader()
    header.textElideMode = qt.Qt.ElideRight if cut else qt.Qt.ElideNone
    widget.setHorizontalHeaderLabels(list(shown))
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        widget.horizontalHeaderItem(column).setToolTip(heading)
        if width:
            widget.setColumnWidth(column, width)
    widget.resizeRowsToContents()
    first_name = next((column for column, heading in enumerate(headings) if heading in NAMES), None)
    seen = int(widget.viewport().width) if widget.visible else LEAST_ROOM_PIXELS + SCROLL_BAR_PIXELS
    if first_name is not None and sum(widths) <= seen:  # else it would be squeezed to nothing
        header.setSectionResizeMode(first_name, qt.QHeaderView.Stretch)


def room(widget: Any) -> int:
    """How many pixels the columns have beside a scroll bar, whether it is there or not."""
    if not widget.visible:
        return LEAST_ROOM_PIXELS
    bar = widget.verticalScrollBar()
    return int(widget.viewport().width + (bar.width if bar.visible else 0) - SCROLL_BAR_PIXELS)


def widths_under(widget: Any, headings: list[str]) -> list[int]:
    """How wide the columns want to be under these headings."""
    widget.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Interactive)
    widget.setHorizontalHeaderLabels(headings)
    return _widths(widget)


def heading_widths(widget: Any, headings: list[str]) -> list[int]:
    """How wide these headings alone are."""
    return _widths_without(widget, headings, [(row, at) for row in range(widget.rowCount) for at in range(len(headings))])


def _widths_without(widget: Any, headings: Sequence[str], cells: Collection[tuple[int, int]]) -> list[int]:
    """How wide the columns are under these headings if some cells were empty."""
    items = {(row, column): widget.takeItem(row, column) for row, column in cells}
    found = widths_under(widget, list(headings))
    for (row, column), item in items.items():
        widget.setItem(row, column, item)
    return found


def _widths(widget: Any) -> list[int]:
    widget.resizeColumnsToContents()
    return [min(widget.columnWidth(column), WIDEST_COLUMN_PIXELS) for column in range(widget.columnCount)]


def widths_of_words(widget: Any, cells: Collection[tuple[int, int]]) -> list[int]:
    """How wide the columns are, without headings, if every word of these cells stands on its own line."""
    texts = {(row, column): widget.item(row, column).text() for row, column in cells}
    for (row, column), text in texts.items():
        widget.item(row, column).setText(text.replace(" ", "\n"))
    found = widths_under(widget, [""] * widget.columnCount)
    for (row, column), text in texts.items():
        widget.item(row, column).setText(text)
    return found


def _widths_of_names(widget: Any, headings: Sequence[str]) -> list[int]:
    """The same where the words are those of columns of names."""
    names = [column for column, heading in enumerate(headings) if heading in NAMES]
    return widths_of_words(widget, [(row, column) for row in range(widget.rowCount) for column in names])


def in_lines(heading: str) -> str:
    """A heading with its second part below the first."""
    return heading.replace(" (", "\n(") if "(" in heading else heading.replace(" ", "\n", 1)


def shortened(heading: str) -> str:
    """A heading without what stands in brackets, every word of it on its own line."""
    return heading.split(" (")[0].replace(" ", "\n").replace("_", "_\n")


def _in_narrow_lines(widget: Any, headings: Sequence[str], widths: Sequence[int]) -> tuple[list[str], bool]:
    """Headings that are wider than their columns with their long words going on in the next line; whether some still are."""
    shown = list(headings)
    for letters in range(max(map(len, shown), default=0), SHORTEST_LINE_LETTERS - 1, -1):
        too_wide = [0 < width < px for px, width in zip(heading_widths(widget, shown), widths, strict=True)]
        if not any(too_wide):
            return shown, False
        shown = [broken(text, letters) if wide else now for text, now, wide in zip(headings, shown, too_wide, strict=True)]
    return shown, True


def broken(heading: str, letters: int) -> str:
    """A heading whose lines have no more than so many letters; the pieces of a long one are about as long as each other."""
    lines = []
    for line in heading.split("\n"):
        length = -(-len(line) // -(-len(line) // letters)) if line else 1
        lines += [line[first : first + length] for first in range(0, max(len(line), 1), length)]
    return "\n".join(lines)


def narrowed(wanted: Sequence[int], floors: Sequence[int], available: int) -> list[int]:
    """Widths that fit into a room: every column gives in proportion to what it can give, and no more than that."""
    spare = [max(want - floor, 0) for want, floor in zip(wanted, floors, strict=True)]
    excess = sum(wanted) - available
    if excess <= 0 or not any(spare):
        return list(wanted)
    share = min(excess / sum(spare), 1.0)
    return [want - math.ceil(share * each) for want, each in zip(wanted, spare, strict=True)]

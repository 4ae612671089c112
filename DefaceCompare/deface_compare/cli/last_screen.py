"""The last screen: a table with colours in a terminal, plain lines in a log."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, TextIO

from ..cohort.reidentification.linkage import LINKED, NOT_LINKED, UNCLEAR

if TYPE_CHECKING:
    from rich.console import Console

    from ..study.last_screen import LastScreen
    from ..study.study_report import StudyReport

STYLES = {NOT_LINKED: "green", UNCLEAR: "yellow", LINKED: "red"}
"""Colours of the answer to "Recognised?", which stands there in words as well."""


def show(report: StudyReport, stream: TextIO) -> None:
    """Write the last screen of a study."""
    if stream.isatty():
        _in_terminal(report.screen(), stream)
    else:
        print("\n".join(report.lines()), file=stream)


def _in_terminal(screen: LastScreen, stream: TextIO) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for warning in screen.warnings:
        console.print(Text(warning, style="yellow"))
    console.print(Text(" ".join(screen.sentences), style="bold"))
    if screen.rows and console.width >= screen.table_width:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for heading in screen.headings:
            table.add_column(heading, overflow="fold")
        for row in screen.rows:
            table.add_row(*(Text(cell, style=_style(cell)) for cell in row))
        console.print(table)
    elif screen.rows:
        _blocks(screen, console)
    if screen.decides:
        console.print(Text(screen.decides, style="dim"))
    for remark in screen.remarks:
        console.print(Text(remark))
    for line in (f"Report: {screen.report}", f"Open it: {screen.opener}", *screen.next_step):
        console.print(Text(line), soft_wrap=True)


def _blocks(screen: LastScreen, console: Console) -> None:
    """A method a block, a number a line: for a terminal whose columns would part words and numbers."""
    from rich.table import Table
    from rich.text import Text

    most = max(1, console.width // 3)
    heading_width = min(most, max(map(len, screen.headings)))
    for title, *cells in screen.rows:
        block = Table.grid(padding=(0, 2))
        block.add_column(width=heading_width)
        block.add_column()
        for heading, cell in zip(screen.headings[1:], cells, strict=True):
            # wrapped here: rich breaks a line between a number and its unit, too
            lines = textwrap.wrap(cell, max(1, console.width - heading_width - 2))
            block.add_row(heading, Text("\n".join(lines), style=_style(cell)))
        console.print(Text(f"\n{title}", style="bold"))
        console.print(block)
    console.print()


def _style(cell: str) -> str:
    """By the answer's word, with which the cell begins."""
    return next((style for word, style in STYLES.items() if cell == word or cell.startswith(f"{word},")), "")

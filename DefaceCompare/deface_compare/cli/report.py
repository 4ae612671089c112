"""``deface-compare report``: the page and the tables of an output folder, made again."""

from __future__ import annotations

import argparse

from .arguments import given_path
from .comparison import tell
from .parser import CommandParser, add_command

EXAMPLES = ("deface-compare report OUT",)


def add_report(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command."""
    what = "make the report and the tables of an output folder again, nothing is measured"
    report = add_command(commands, "report", what, run_report, EXAMPLES)
    report.add_argument("out", type=given_path, metavar="OUT", help="output folder of case or study")


def run_report(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..study.report_again import report_again

    return tell(report_again(arguments.out))

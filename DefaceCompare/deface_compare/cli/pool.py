"""``deface-compare pool``: pooled tables and the report again, or of several centres."""

from __future__ import annotations

import argparse

from .arguments import given_path
from .comparison import tell
from .parser import CommandParser, add_command

EXAMPLES = ("deface-compare pool HERE THERE --out POOLED   # a centre may share measurements.csv, notes.csv, summary.csv only",)


def add_pool(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    pool = add_command(commands, "pool", "pooled tables and report of several output folders", run_pool, EXAMPLES)
    pool.add_argument("outs", nargs="+", type=given_path, metavar="OUT", help="output folders of case or study")
    pool.add_argument(
        "--out", required=True, type=given_path, metavar="OUT", help="where to write the pooled tables and the report"
    )


def run_pool(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..study.pool import pool

    return tell(pool(arguments.outs, arguments.out))

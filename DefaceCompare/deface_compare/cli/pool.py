"""``deface-compare pool``: pooled tables and the report again, or of several centres."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import DONE, SOME_UNREADABLE


def add_pool(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    pool = commands.add_parser("pool", help="pooled tables and report again, or of several centres")
    pool.add_argument("outs", nargs="+", type=Path, metavar="OUT", help="output folders of case or study")
    pool.add_argument("--out", required=True, type=Path, help="where to write the pooled tables and the report")
    pool.set_defaults(run=run_pool)


def run_pool(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..study.pool import pool

    report = pool(arguments.outs, arguments.out)
    print("\n".join(report.lines()))
    return SOME_UNREADABLE if report.unreadable else DONE

"""``deface-compare case``: compare methods on one patient."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import DONE, UNUSABLE
from .comparison import add_comparison, choices_of, settings_of, tell
from .methods import methods_of


def add_case(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    case = commands.add_parser("case", help="compare methods on one patient")
    case.add_argument("input", type=Path, metavar="INPUT", help="a folder of DICOM files, or of image files with a case.json")
    add_comparison(case)
    case.add_argument("--no-report", action="store_true", help="rows and images only (needs no plotly, no Jinja2)")
    case.set_defaults(run=run_case)


def run_case(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..study.run import run_single
    from .progress import progress_of

    methods, settings = methods_of(arguments), settings_of(arguments)
    with progress_of(arguments.progress) as progress:
        report = run_single(
            arguments.input,
            arguments.out,
            methods=methods,
            settings=settings,
            keep_ids=arguments.keep_ids,
            replace=arguments.replace,
            progress=progress,
            report=not arguments.no_report,
            choices=choices_of(arguments, alone=True),
        )
    if report is None:
        return DONE
    code = tell(report, arguments)
    for case, reason in report.empty.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    return UNUSABLE if report.empty else code

"""``deface-compare case``: compare methods on one patient."""

from __future__ import annotations

import argparse
import sys

from ..errors import DONE, UNUSABLE
from .arguments import add_image, given_path
from .comparison import add_comparison, choices_of, settings_of, tell
from .methods import methods_of
from .parser import CommandParser, add_command

EXAMPLES = (
    "deface-compare case PATIENT --out OUT",
    "deface-compare case PATIENT --out OUT --methods quickshear,surface_blur --protect targets",
    "deface-compare case ct.nii.gz --out OUT --face-model none",
)


def add_case(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    case = add_command(commands, "case", "compare methods on one patient", run_case, EXAMPLES)
    case.add_argument(
        "input",
        type=given_path,
        metavar="PATIENT",
        help="a folder of DICOM files, or of image files with a case.json; a zip of it; or one image file (.nii.gz, .nii,"
        " .nrrd, .mha, .mhd)",
    )
    groups = add_comparison(case)
    add_image(groups.reading)
    groups.output.add_argument("--no-report", action="store_true", help="rows and images only (needs no Jinja2)")


def run_case(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..archives.zip_input import folder_of
    from ..study.run import run_single
    from .progress import progress_of

    methods, settings = methods_of(arguments), settings_of(arguments)
    with progress_of(arguments.progress) as progress, folder_of(arguments.input, arguments.out) as patient:
        report = run_single(
            patient,
            arguments.out,
            methods=methods,
            settings=settings,
            keep_ids=arguments.keep_ids,
            replace=arguments.replace,
            threads=arguments.threads,
            progress=progress,
            report=not arguments.no_report,
            choices=choices_of(arguments, alone=True),
        )
    if report is None:
        return DONE
    code = tell(report, arguments.progress)
    for case, reason in report.empty.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    return UNUSABLE if report.empty else code

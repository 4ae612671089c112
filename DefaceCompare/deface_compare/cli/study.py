"""``deface-compare study``: compare methods on many patients."""

from __future__ import annotations

import argparse

from .arguments import given_path, jobs
from .comparison import add_comparison, choices_of, settings_of, tell
from .methods import methods_of
from .parser import CommandParser, add_command

EXAMPLES = (
    "deface-compare study COHORT --out OUT --jobs 2",
    "deface-compare study COHORT --out OUT --methods quickshear,eye_line --variant quickshear=nipy",
    "deface-compare study COHORT --out OUT --external mri_reface=DEFACED   # images defaced elsewhere",
)


def add_study(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    study = add_command(commands, "study", "compare methods on many patients", run_study, EXAMPLES)
    study.add_argument(
        "input", type=given_path, metavar="COHORT", help="a folder that holds one folder a patient, or a zip of it"
    )
    running = add_comparison(study).running
    running.add_argument("--jobs", type=jobs, default=1, metavar="N", help="worker processes here, or auto (default 1)")
    running.add_argument("--scheduler", metavar="ADDRESS", help="address of a running Dask scheduler, instead of --jobs")


def run_study(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..archives.zip_input import folder_of
    from ..study.run import run_study
    from .progress import progress_of

    methods, settings = methods_of(arguments), settings_of(arguments)
    with progress_of(arguments.progress) as progress, folder_of(arguments.input, arguments.out, cohort=True) as cohort:
        report = run_study(
            cohort,
            arguments.out,
            methods=methods,
            settings=settings,
            jobs=arguments.jobs,
            scheduler=arguments.scheduler,
            threads=arguments.threads,
            keep_ids=arguments.keep_ids,
            replace=arguments.replace,
            progress=progress,
            choices=choices_of(arguments, alone=False),
        )
    return tell(report, arguments.progress)

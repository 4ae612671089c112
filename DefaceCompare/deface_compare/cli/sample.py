"""``deface-compare sample``: synthetic patients."""

from __future__ import annotations

import argparse

from ..errors import DONE
from .arguments import add_progress, comma_list, given_path, jobs, positive
from .parser import CommandParser, add_command

EXAMPLES = ("deface-compare sample COHORT --patients 6 --jobs 2", "deface-compare sample COHORT --difficulty bolus,thick-mr")


def add_sample(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    sample = add_command(commands, "sample", "write synthetic RT patients as DICOM", run_sample, EXAMPLES)
    sample.add_argument("out", type=given_path, metavar="COHORT", help="where the patients' folders are written")
    sample.add_argument("--patients", type=int, default=6, help="how many (default 6)")
    sample.add_argument("--visits", type=positive, default=1, help="scans of each patient, on different days (default 1)")
    sample.add_argument("--seed", type=int, default=1, help="the same seed gives the same files (default 1)")
    sample.add_argument("--site", choices=("brain", "hn"), help="brain or head and neck; both in turn if not given")
    sample.add_argument(
        "--difficulty",
        type=comma_list,
        default=[],
        metavar="NAME[,NAME]",
        help="make the heads hard to deface; a wrong name lists all",
    )
    sample.add_argument(
        "--jobs", type=jobs, default=1, metavar="N", help="processes, or auto; the files are the same (default 1)"
    )
    add_progress(sample)


def run_sample(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from ..sample.difficulty import difficulties_named
    from ..sample.make_sample import make_sample
    from .progress import progress_of

    difficulties = difficulties_named(arguments.difficulty)
    with progress_of(arguments.progress) as progress:
        make_sample(
            arguments.out,
            arguments.patients,
            seed=arguments.seed,
            site=arguments.site,
            progress=progress,
            visits=arguments.visits,
            jobs=arguments.jobs,
            difficulties=difficulties,
        )
    if arguments.progress == "human":
        scans = f", {arguments.visits} visits each" if arguments.visits > 1 else ""
        print(f"{arguments.patients} synthetic patients{scans} in {arguments.out}")
    return DONE

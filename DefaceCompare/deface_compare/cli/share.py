"""``deface-compare share``: a study's cases, defaced by one method, in one folder to hand on."""

from __future__ import annotations

import argparse
import json
import sys

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE
from ..export.options import BASIC
from ..settings import DOSE_POLICIES, KEEP
from .arguments import add_headers, add_progress, case_list, given_path, jobs
from .parser import CommandParser, add_command

EXAMPLES = (
    "deface-compare share OUT --method surface_blur --to FOLDER --jobs auto",
    "deface-compare share OUT --method surface_blur --to FOLDER --cases case-001,case-003",
)


def add_share(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    what = "write a study's cases, defaced by one method, into one folder to hand on"
    share = add_command(commands, "share", what, run_share, EXAMPLES)
    share.add_argument("out", type=given_path, metavar="OUT", help="the output folder of a study")
    share.add_argument("--method", required=True, metavar="M", help="whose result is written")
    share.add_argument("--to", required=True, type=given_path, metavar="FOLDER", help="gets one folder a case, and a manifest")
    share.add_argument("--cases", type=case_list, default=[], metavar="a,b", help="ids of the cases (default: all finished ones)")
    share.add_argument("--dose-policy", choices=DOSE_POLICIES, default=KEEP, help="as for export (default keep)")
    add_headers(share, BASIC)
    share.add_argument(
        "--accept-risk",
        action="store_true",
        help="write although a privacy check is not passed, a reviewer said fail, or the dose draws the face",
    )
    share.add_argument("--jobs", type=jobs, default=1, metavar="N", help="worker processes here, or auto (default 1)")
    add_progress(share)


def run_share(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line on stdout is ``{"shared": ..., "refused": ..., ...}``."""
    from ..study.share import share_study
    from .progress import progress_of

    with progress_of(arguments.progress) as progress:
        report = share_study(
            arguments.out,
            arguments.to,
            arguments.method,
            dose_policy=arguments.dose_policy,
            accept_risk=arguments.accept_risk,
            cases=arguments.cases,
            headers=arguments.headers,
            retain=arguments.retain,
            jobs=arguments.jobs,
            progress=progress,
        )
    for case, reason in report.refused.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    if arguments.progress == "json":
        told = {"folder": str(report.folder), "shared": report.shared, "refused": dict(report.refused)}
        print("\n".join(report.lines()), file=sys.stderr)
        print(json.dumps(told), flush=True)
    else:
        print("\n".join(report.lines()), flush=True)
    if report.refused:
        return SOME_UNREADABLE if report.done else UNUSABLE
    return DONE

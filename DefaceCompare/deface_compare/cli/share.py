"""``deface-compare share``: a study's cases, defaced by one method, in one folder to hand on."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE, UnusableInput
from ..export.bids.labels import KEEP_LABELS, LABELS
from ..export.options import HEADERS, NO_CHANGE
from ..settings import DOSE_POLICIES, KEEP
from .arguments import add_progress, case_list, given_path, jobs
from .parser import CommandParser, add_command

DICOM, BIDS = FORMATS = ("dicom", "bids")
EXAMPLES = (
    "deface-compare share OUT --method surface_blur --to FOLDER --jobs auto",
    "deface-compare share OUT --method surface_blur --to FOLDER --cases case-001,case-003",
    "deface-compare share OUT --method surface_blur --to derivatives/defaced --format bids",
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
    share.add_argument("--headers", choices=HEADERS, default=NO_CHANGE, help="none: names and dates remain (the only choice)")
    share.add_argument(
        "--accept-risk",
        action="store_true",
        help="write although a privacy check is not passed, a reviewer said fail, or the dose draws the face",
    )
    share.add_argument(
        "--format", choices=FORMATS, default=DICOM, help="bids: a derivative of the BIDS data set that the study was made of"
    )
    share.add_argument(
        "--labels", choices=LABELS, default=KEEP_LABELS, help="of a BIDS derivative: as in the source (default), or sub-001 ..."
    )
    share.add_argument("--zip", action="store_true", help="also FOLDER.zip: the same folder gives the same bytes")
    share.add_argument("--jobs", type=jobs, default=1, metavar="N", help="worker processes here, or auto (default 1)")
    add_progress(share)


def share_bids(arguments: argparse.Namespace) -> int:
    """The same as a BIDS derivative."""
    from ..study.share_bids import share_as_bids
    from .progress import progress_of

    with progress_of(arguments.progress) as progress:
        report = share_as_bids(
            arguments.out,
            arguments.to,
            arguments.method,
            accept_risk=arguments.accept_risk,
            cases=arguments.cases,
            labels=arguments.labels,
            jobs=arguments.jobs,
            progress=progress,
        )
    for case, reason in report.refused.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    print("\n".join(report.lines()), file=sys.stderr if arguments.progress == "json" else sys.stdout, flush=True)
    if arguments.progress == "json":
        told = {"folder": str(report.folder), "shared": list(report.shared), "refused": dict(report.refused)}
        print(json.dumps(told), flush=True)
    return DONE if not report.refused else SOME_UNREADABLE if report.shared else UNUSABLE


def run_share(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line on stdout is ``{"shared": ..., "refused": ..., ...}``."""
    if arguments.format == BIDS:
        if arguments.dose_policy != KEEP:
            raise UnusableInput(f"--dose-policy {arguments.dose_policy}: a BIDS derivative holds no dose; leave the option out")
        return share_bids(arguments)
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
            jobs=arguments.jobs,
            progress=progress,
        )
    packed = _packed(report.folder) if arguments.zip and report.shared else ""
    for case, reason in report.refused.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    lines = [*([f"packed: {packed}"] if packed else []), *report.lines()]
    if arguments.progress == "json":
        told = {"folder": str(report.folder), "shared": report.shared, "refused": dict(report.refused)}
        print("\n".join(lines), file=sys.stderr)
        print(json.dumps(told), flush=True)
    else:
        print("\n".join(lines), flush=True)
    if report.refused:
        return SOME_UNREADABLE if report.done else UNUSABLE
    return DONE


def _packed(folder: Path) -> str:
    from ..archives.zip_out import write_zip

    return str(write_zip(folder))

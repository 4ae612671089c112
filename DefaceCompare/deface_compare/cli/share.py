"""``deface-compare share``: a study's cases, defaced by one method, in one folder to hand on."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE, UnusableInput
from ..export.headers.retained import DEFAULT_RETAINED
from ..export.options import BASIC, KEEP_LABELS, LABELS
from ..settings import DOSE_POLICIES, KEEP
from .arguments import add_headers, add_progress, case_list, chosen_headers, given_path, jobs
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
    add_headers(share, BASIC)
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


def run_share(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line on stdout is ``{"shared": ..., "refused": ..., ...}``."""
    if arguments.format == BIDS:
        _refuse_dicom_options(arguments)
        return share_bids(arguments)
    from ..study.share import share_study
    from .progress import progress_of

    headers, tool = chosen_headers(arguments, BASIC)
    with progress_of(arguments.progress) as progress:
        report = share_study(
            arguments.out,
            arguments.to,
            arguments.method,
            dose_policy=arguments.dose_policy,
            accept_risk=arguments.accept_risk,
            cases=arguments.cases,
            headers=headers,
            retain=arguments.retain,
            headers_tool=None if tool is None else tool.file,
            jobs=arguments.jobs,
            progress=progress,
        )
    packed = f"packed: {_packed(report.folder)}" if arguments.zip and report.shared else ""
    lines = [*filter(None, [packed]), *report.lines()]
    return _told(arguments, report.folder, report.shared, report.done, report.refused, lines)


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
    return _told(arguments, report.folder, report.shared, report.shared, report.refused, report.lines())


def _refuse_dicom_options(arguments: argparse.Namespace) -> None:
    """Raise `UnusableInput` for what a BIDS derivative has no use for: nothing that was asked for is left out in silence."""
    if arguments.dose_policy != KEEP:
        raise UnusableInput(f"--dose-policy {arguments.dose_policy}: a BIDS derivative holds no dose; leave the option out")
    if arguments.headers not in (None, BASIC) or arguments.headers_tool or arguments.retain != DEFAULT_RETAINED:
        raise UnusableInput("--headers and --retain: a BIDS derivative has no DICOM headers; leave the options out")
    if arguments.zip:
        raise UnusableInput("--zip packs what --format dicom writes; leave the option out")


def _told(
    arguments: argparse.Namespace,
    folder: Path,
    shared: Sequence[str],
    done: Sequence[str],
    refused: Mapping[str, str],
    lines: Sequence[str],
) -> int:
    """Say what was shared and what not, and the exit code of it."""
    for case, reason in refused.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    if arguments.progress == "json":
        print("\n".join(lines), file=sys.stderr)
        print(json.dumps({"folder": str(folder), "shared": list(shared), "refused": dict(refused)}), flush=True)
    else:
        print("\n".join(lines), flush=True)
    return DONE if not refused else SOME_UNREADABLE if done else UNUSABLE


def _packed(folder: Path) -> str:
    from ..archives.zip_out import write_zip

    return str(write_zip(folder))

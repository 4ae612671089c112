"""``deface-compare send``: shared cases into an archive."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE
from .arguments import add_archive, add_progress, given_path
from .parser import CommandParser, add_command

if TYPE_CHECKING:
    from ..archives.send import SentCase

EXAMPLES = (
    "deface-compare send SHARED --to https://research.example/dicom-web",
    "deface-compare send SHARED --to 'dicom://RESEARCH@research.example:11112?from=MYAET'",
)


def add_send(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    what = "send what `share` or `export` wrote to a DICOM archive, and ask it what it holds"
    send = add_command(commands, "send", what, run_send, EXAMPLES)
    send.add_argument("shared", type=given_path, metavar="SHARED", help="a folder that share or export wrote, unchanged")
    send.add_argument(
        "--to", required=True, metavar="ARCHIVE", help="https://host:port/dicom-web or dicom://AET@host:port?from=MYAET"
    )
    add_archive(send)
    add_progress(send)


def run_send(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line tells ``{"held": {case: files}, "refused": {case: reason}}``."""
    from ..archives.address import parse_address
    from ..archives.send import send_shared
    from .progress import progress_of

    address = parse_address(arguments.to)
    with progress_of(arguments.progress) as progress:
        report = send_shared(
            arguments.shared,
            address,
            header_file=arguments.header_file,
            timeout_s=arguments.timeout,
            progress=progress,
        )
    good = [each for each in report.cases if not each.problem]
    bad = [each for each in report.cases if each.problem]
    for each in bad:
        print(f"deface-compare: {each.id}: {each.problem}", file=sys.stderr)
    lines = [*map(_line, good), f"{len(good)} of {len(report.cases)} cases are in {address}"]
    if good and report.note:
        lines.append(report.note)
    if arguments.progress == "json":
        print("\n".join(lines), file=sys.stderr)
        told = {"held": {each.id: each.files for each in good}, "refused": {each.id: each.problem for each in bad}}
        print(json.dumps(told), flush=True)
    else:
        print("\n".join(lines), flush=True)
    if not bad:
        return DONE
    return SOME_UNREADABLE if good else UNUSABLE


def _line(case: SentCase) -> str:
    back = sum(each.read_back for each in case.held)
    changed = sorted({name for each in case.held for name in each.changed})
    not_back = sorted({each.not_read_back for each in case.held if each.not_read_back})
    line = f"{case.id}: {case.files} files, {case.new} of them sent in this run; the archive lists all of them in"
    line += f" {len(case.held)} series; {back} read back"
    if back:
        line += f", the archive changed {', '.join(changed)}" if changed else " and equal"
    return line + (f"; not read back: {'; '.join(not_back)}" if not_back else "")

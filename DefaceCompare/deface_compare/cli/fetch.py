"""``deface-compare fetch``: a cohort's patients from an archive."""

from __future__ import annotations

import argparse
import json
import sys

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE
from .arguments import add_archive, add_progress, given_path
from .parser import CommandParser, add_command

EXAMPLES = (
    "deface-compare fetch https://pacs.example:8443/dicom-web --patients ids.txt --to COHORT",
    "deface-compare fetch 'dicom://PACS@pacs.example:104?from=MYAET' --study 1.2.3.4 --to COHORT",
)


def add_fetch(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    what = "fetch patients from a DICOM archive into a cohort's folder"
    fetch = add_command(commands, "fetch", what, run_fetch, EXAMPLES)
    fetch.add_argument("archive", metavar="ARCHIVE", help="https://host:port/dicom-web or dicom://AET@host:port?from=MYAET")
    which = fetch.add_mutually_exclusive_group(required=True)
    which.add_argument("--patients", type=given_path, metavar="FILE", help="a text: one patient id a line, or id,study")
    which.add_argument("--study", action="append", metavar="UID", help="a StudyInstanceUID; may be given several times")
    fetch.add_argument("--to", required=True, type=given_path, metavar="COHORT", help="gets one folder a patient")
    add_archive(fetch)
    add_progress(fetch)


def run_fetch(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line on stdout tells counts, and patients by their place in the list."""
    from ..archives.address import parse_address
    from ..archives.fetch import fetch_cohort
    from ..archives.wanted import read_wanted, wanted_studies
    from .progress import progress_of

    address = parse_address(arguments.archive)
    wanted = read_wanted(arguments.patients) if arguments.patients else wanted_studies(arguments.study)
    with progress_of(arguments.progress) as progress:
        fetched = fetch_cohort(
            address,
            arguments.to,
            wanted,
            header_file=arguments.header_file,
            timeout_s=arguments.timeout,
            progress=progress,
        )
    whole = [each for each in fetched if not each.problem]
    for each in fetched:
        if each.problem:
            print(f"deface-compare: patient {each.name}: {each.problem}", file=sys.stderr)
    objects, new = sum(each.here for each in whole), sum(each.new for each in whole)
    line = f"{len(whole)} of {len(fetched)} patients whole in {arguments.to}: {objects} files, {new} of them fetched in this run"
    if arguments.progress == "json":
        refused = {str(each.number): {"listed": each.objects, "here": each.here} for each in fetched if each.problem}
        print(line, file=sys.stderr)
        print(json.dumps({"whole": len(whole), "files": objects, "fetched": new, "not_whole": refused}), flush=True)
    else:
        print(line, flush=True)
    if len(whole) == len(fetched):
        return DONE
    return SOME_UNREADABLE if whole else UNUSABLE

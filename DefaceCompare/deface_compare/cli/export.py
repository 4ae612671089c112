"""``deface-compare export``: a finished case, or a whole study, as defaced DICOM RT."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from ..errors import DONE, SOME_UNREADABLE, UNUSABLE
from ..export.options import FRAMES, MAP_FRAMES, NO_CHANGE
from ..settings import DOSE_POLICIES, KEEP
from .arguments import add_headers, chosen_headers, given_path
from .parser import CommandParser, add_command

if TYPE_CHECKING:
    from ..export.export_case import Export


EXAMPLES = (
    "deface-compare export OUT/cases/case-001 --method quickshear --to FOLDER",
    "deface-compare export OUT --method surface_blur --dose-policy mask --to FOLDER   # every case of a study",
)


def add_export(commands: argparse._SubParsersAction[CommandParser]) -> None:
    """Add the command and its options."""
    export = add_command(commands, "export", "write one method's result as defaced DICOM RT, verified", run_export, EXAMPLES)
    export.add_argument(
        "case", type=given_path, metavar="CASE", help="a finished case (OUT/cases/<id>), or the OUT of a whole study"
    )
    export.add_argument("--method", required=True, metavar="M", help="whose result is written")
    export.add_argument(
        "--to", required=True, type=given_path, metavar="FOLDER", help="a new folder; of a study one folder a case in it"
    )
    export.add_argument(
        "--dose-policy",
        choices=DOSE_POLICIES,
        default=KEEP,
        help="keep the dose grid (default), set it to 0 where the image was removed (mask), or treat it as the image (follow)",
    )
    export.add_argument("--keep-uids", action="store_true", help="write the source's own UIDs: for work inside the clinic only")
    export.add_argument("--frame", choices=FRAMES, default=MAP_FRAMES, help="frames of reference: new UIDs (default) or kept")
    export.add_argument(
        "--accept-risk", action="store_true", help="write although a privacy check is not passed or the dose draws the face"
    )
    add_headers(export, NO_CHANGE)
    export.add_argument("--progress", choices=("human", "json"), default="human", help="json: one JSON object a line on stdout")


def run_export(arguments: argparse.Namespace) -> int:
    """Run the command; with ``--progress json`` the last line on stdout is ``{"exported": ..., "refused": ...}``."""
    from ..case_report import REPORT
    from ..export.export_case import export_study, export_with
    from ..export.options import ExportOptions
    from ..output.folder import OutputFolder
    from .progress import progress_of

    headers, tool = chosen_headers(arguments, NO_CHANGE)
    options = ExportOptions(
        arguments.method,
        arguments.dose_policy,
        arguments.keep_uids,
        arguments.frame,
        arguments.accept_risk,
        headers,
        arguments.retain,
        tool,
    )
    done: dict[str, Export]
    refused: dict[str, str] = {}
    with progress_of(arguments.progress) as progress:
        if (arguments.case / REPORT).is_file() or not OutputFolder(arguments.case).cases.is_dir():
            done = {"": export_with(arguments.case, arguments.to, options, progress)}
        else:
            done, refused = export_study(arguments.case, arguments.to, options, progress)
    if arguments.progress == "json":
        print(json.dumps({"exported": {case: _as_json(export) for case, export in done.items()}, "refused": refused}), flush=True)
    else:
        for case, export in done.items():
            where = f"{case}: " if case else ""
            print("\n".join(f"{where}{note}" for note in (*export.notes, _summary(export))))
    for case, reason in refused.items():
        print(f"deface-compare: {case}: {reason}", file=sys.stderr)
    if refused:
        return SOME_UNREADABLE if done else UNUSABLE
    return DONE


def _summary(export: Export) -> str:
    return f"{export.files} verified DICOM files in {export.folder}"


def _as_json(export: Export) -> dict[str, object]:
    return {"folder": str(export.folder), "files": export.files, "notes": list(export.notes)}

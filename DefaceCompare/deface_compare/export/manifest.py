"""The manifest of an export: what was written, from what method, checked how; every file with its hash. No identity in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..case_report import CaseReport
from ..output.finished_case import FinishedCase
from ..output.neutral_words import NeutralWords
from ..storage.atomic import write_bytes
from ..storage.own_output import MANIFEST
from ..version import __version__
from .checked.verification import Verification
from .headers.own_tool import DEVICE, TIMES
from .options import BASIC, KEEP_FRAMES, MAP_FRAMES, ExportOptions
from .written.uid_map import case_salt
from .written.written_set import WrittenSet

MADE_FROM = "made_from"
"""The manifest's key of `made_from`."""
CLEANED_NOTE = (
    "Headers: Basic Application Level Confidentiality Profile of DICOM PS3.15 with cleaned descriptors; every file was searched"
    " for what the source holds of names, identifiers, dates and UIDs. Text that is burnt into pixels was not looked for."
)
TOOL_NOTE = (
    "Headers: cleaned by {tool}, another program; no profile is claimed for it here. Every file was searched for what the source"
    " holds of names, identifiers, dates and UIDs. Text that is burnt into pixels was not looked for."
)
LEFT_ON_PURPOSE = {TIMES: "times of day", DEVICE: "what names the machine"}
HEADERS_NOTE = (
    "Names, dates and other identifying header fields are as in the source: defacing cleans pixels and contours only."
    " De-identify the headers with another tool before sharing."
)


def headers_note(options: ExportOptions) -> str:
    """What became of the headers of one export."""
    if options.tool is not None:
        left = [LEFT_ON_PURPOSE[what] for what in options.tool.keeps]
        return TOOL_NOTE.format(tool=options.tool.named) + (f" Left on purpose: {' and '.join(left)}." if left else "")
    return CLEANED_NOTE if options.cleans_headers else HEADERS_NOTE


def is_headers_note(note: str) -> bool:
    """Whether one of a manifest's notes is that of `headers_note`."""
    return note in (HEADERS_NOTE, CLEANED_NOTE) or note.startswith(TOOL_NOTE.partition("{")[0])


def write_manifest(
    finished: FinishedCase,
    options: ExportOptions,
    written: WrittenSet,
    verified: Verification,
    checks: Mapping[str, str],
    risks: list[str],
) -> None:
    """Write ``manifest.json`` beside the files it lists.

    Parameters
    ----------
    checks : mapping of image key to str
        Why the series' privacy check is not passed, empty if it is.
    risks : list of str
        What the user accepted.
    """
    words = NeutralWords(finished.source, finished.id)  # sentences of the reader name files
    content: dict[str, Any] = {
        "program": "DefaceCompare",
        "version": __version__,
        "case": finished.id,
        "synthetic": finished.report.synthetic,
        "method": options.method,
        MADE_FROM: made_from(finished.report, options, checks, finished.out),
        "title": finished.told.get("title", options.method),
        "parameters": words.shared_values(finished.told.get("parameters", {})),
        "dose_policy": options.dose_policy,
        "uids": "kept" if options.keep_uids else "mapped",
        "frame_of_reference": "kept" if options.keep_uids else {KEEP_FRAMES: "kept", MAP_FRAMES: "mapped"}[options.frame],
        "privacy_check": {key: words.shared(reason) or "passed" for key, reason in checks.items()},
        "accepted_risks": words.shared_values(risks),
        "clipped_structures": [{"number": c.number, "what": c.what, "planes": c.planes} for c in written.clipped],
        "headers": options.headers,
        "retained": list(options.retain) if options.headers == BASIC else [],
        **({"headers_tool": options.tool.told} if options.tool else {}),
        "removed_from_headers": dict(sorted((written.stale + written.cleaned).items())),
        "left_behind": {words.shared(kind): count for kind, count in written.left_out.items()},
        "notes": [*words.shared_values(written.notes), headers_note(options)],
        "verified": verified.checked,
        "files": {
            each.path.relative_to(written.folder).as_posix(): sha256(each.path.read_bytes()).hexdigest()
            for each in sorted(written.objects, key=lambda one: one.path)
        },
    }
    write_bytes(written.folder / MANIFEST, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def made_from(report: CaseReport, options: ExportOptions, checks: Mapping[str, str], out: Path) -> str:
    """A hash of what an export depends on: the same one means that exporting again would write the same.

    Parameters
    ----------
    report : CaseReport
        Of the case; its rows do not count: they follow from the rest.
    options : ExportOptions
        Whether a risk is accepted does not count: the manifest lists what was accepted.
    checks : mapping of image key to str
        As `privacy_checks` gives them: another answer of a reviewer, and other heads beside, change marks and refusals.
    out : Path
        The output folder: its secret hides the table of a program that cleans headers.
    """
    tool = [options.tool.mark(case_salt(out))] if options.tool is not None else []
    kept = [*options.retain, *tool]
    chosen = [options.method, options.dose_policy, options.keep_uids, options.frame, options.headers, kept]
    told = [report.version, report.case_id, dict(report.inputs), report.settings.as_dict(), report.methods[options.method]]
    return sha256(json.dumps([chosen, told, dict(checks)], sort_keys=True, default=str).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an exported folder; None where there is none, or what lies there is no manifest of an export."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(told, dict) and told.get("program") == "DefaceCompare" and isinstance(told.get("files"), dict)
    return told if whole else None


def wrong_files(folder: Path) -> list[str]:
    """Files of an exported folder that are missing, changed or not in its manifest."""
    listed: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST}
    wrong = [name for name in sorted({*listed, *here}) if name not in here or name not in listed]
    return wrong + [n for n in sorted({*listed} & {*here}) if sha256(here[n].read_bytes()).hexdigest() != listed[n]]

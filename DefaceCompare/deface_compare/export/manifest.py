"""The manifest of an export: what was written, from what method, checked how; every file with its hash. No identity in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..atomic import write_bytes
from ..output.finished_case import FinishedCase
from ..output.neutral_words import NeutralWords
from ..version import __version__
from .checked.verification import Verification
from .options import KEEP_FRAMES, MAP_FRAMES, ExportOptions
from .written.written_set import WrittenSet

MANIFEST = "manifest.json"
HEADERS_NOTE = (
    "Names, dates and other identifying header fields are as in the source: defacing cleans pixels and contours only."
    " De-identify the headers with another tool before sharing."
)


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
        "title": finished.told.get("title", options.method),
        "parameters": words.shared_values(finished.told.get("parameters", {})),
        "dose_policy": options.dose_policy,
        "uids": "kept" if options.keep_uids else "mapped",
        "frame_of_reference": "kept" if options.keep_uids else {KEEP_FRAMES: "kept", MAP_FRAMES: "mapped"}[options.frame],
        "privacy_check": {key: words.shared(reason) or "passed" for key, reason in checks.items()},
        "accepted_risks": words.shared_values(risks),
        "clipped_structures": [{"number": c.number, "what": c.what, "planes": c.planes} for c in written.clipped],
        "removed_from_headers": dict(sorted(written.stale.items())),
        "left_behind": {words.shared(kind): count for kind, count in written.left_out.items()},
        "notes": [*words.shared_values(written.notes), HEADERS_NOTE],
        "verified": verified.checked,
        "files": {
            each.path.relative_to(written.folder).as_posix(): sha256(each.path.read_bytes()).hexdigest()
            for each in sorted(written.objects, key=lambda one: one.path)
        },
    }
    write_bytes(written.folder / MANIFEST, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def wrong_files(folder: Path) -> list[str]:
    """Files of an exported folder that are missing, changed or not in its manifest."""
    listed: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST}
    wrong = [name for name in sorted({*listed, *here}) if name not in here or name not in listed]
    return wrong + [n for n in sorted({*listed} & {*here}) if sha256(here[n].read_bytes()).hexdigest() != listed[n]]

"""What a shared folder says of itself: ``manifest.json``, ``manifest.csv`` and a page for people. No identity in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import UnusableInput
from ..export.manifest import is_headers_note
from ..export.options import BASIC, BY_TOOL, ExportOptions
from ..export.written.uid_map import case_salt
from ..output.case_ids import NUMBERED
from ..report.share_page import render_share_page
from ..storage.atomic import write_text, written_csv
from ..storage.own_output import MANIFEST, SHARED_COHORT, shared_manifest
from ..version import __version__
from .share_case import ShareOutcome

TABLE, PAGE = "manifest.csv", "share_report.html"
SHARED, REFUSED, NOT_DONE = "shared", "not shared", "not done yet"
COLUMNS = ("case", "status", "reason", "files", "accepted_risks", "structures_clipped", "left_behind", "notes")
HEADERS_REMAIN = (
    "The headers are not de-identified: names, birth dates, patient ids, dates, institutions, devices, descriptions, planned"
    " structure names and comments are as in the source. De-identify them with a tool for headers before this folder leaves the"
    " department. UIDs of studies, series, frames and objects are new, and the files agree about them."
)
HEADERS_CLEANED = (
    "The headers are de-identified: by the Basic Application Level Confidentiality Profile of DICOM PS3.15, and each file was"
    " searched for the names, identifiers, dates and UIDs of its source. Text that is burnt into pixels was not looked for."
)
HEADERS_BY_TOOL = (
    "The headers are de-identified: by {tool}, a program of the site, and each file was searched for the names, identifiers,"
    " dates and UIDs of its source. Text that is burnt into pixels was not looked for."
)
TOOL = "headers_tool"
"""The manifest's key of the program that cleaned the headers."""
STUDY_DIGITS = 16
OWN_ID = "(a patient's own id)"


@dataclass(frozen=True)
class SharedCase:
    """One row: a case that is shared, or why it is not.

    Parameters
    ----------
    id : str
    status : str
        `SHARED`, `REFUSED` or `NOT_DONE`.
    reason : str
        Why it is not shared; empty if it is.
    files : int
        DICOM files.
    accepted_risks, notes : tuple of str
    clipped : int
        Structures that were cut or drawn again.
    left_behind : mapping of kind to number of files
    synthetic : bool
    """

    id: str
    status: str
    reason: str = ""
    files: int = 0
    accepted_risks: tuple[str, ...] = ()
    clipped: int = 0
    left_behind: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    synthetic: bool = False

    def cells(self) -> tuple[str, ...]:
        """The row in the order of `COLUMNS`."""
        left = "; ".join(f"{count} {kind}" for kind, count in self.left_behind.items())
        shared = self.status == SHARED
        numbers = (str(self.files), str(self.clipped)) if shared else ("", "")
        risks, notes = "; ".join(self.accepted_risks), "; ".join(self.notes)
        return self.id, self.status, self.reason, numbers[0], risks, numbers[1], left, notes

    def as_dict(self) -> dict[str, Any]:
        """The row as the JSON file has it."""
        told: dict[str, Any] = {"id": self.id, "status": self.status}
        if self.status != SHARED:
            return told | {"reason": self.reason}
        return told | {
            "files": self.files,
            "accepted_risks": list(self.accepted_risks),
            "structures_clipped": self.clipped,
            "left_behind": dict(self.left_behind),
            "notes": list(self.notes),
            "synthetic": self.synthetic,
        }


def public_id(case_id: str) -> str:
    """What a case that is not shared is called in the shared folder: a patient's own id (``--keep-ids``) stays away."""
    return case_id if NUMBERED.fullmatch(case_id) else OWN_ID


def row_of(outcome: ShareOutcome) -> SharedCase:
    """What the manifest says of one case."""
    if outcome.reason:
        return SharedCase(public_id(outcome.id), REFUSED, outcome.reason)
    return row_of_export(outcome.id, outcome.manifest)


def row_of_export(case_id: str, told: Mapping[str, Any]) -> SharedCase:
    """What the manifest of a case's export says."""
    return SharedCase(
        case_id,
        SHARED,
        files=len(told["files"]),
        accepted_risks=tuple(told["accepted_risks"]),
        clipped=len(told["clipped_structures"]),
        left_behind=told["left_behind"],
        notes=tuple(note for note in told["notes"] if not is_headers_note(note)),
        synthetic=bool(told["synthetic"]),
    )


def study_mark(out: Path) -> str:
    """By which a shared folder knows its study again; it leads nobody to it: made of the study's secret."""
    return sha256(case_salt(out) + b"shared cohort").hexdigest()[:STUDY_DIGITS]


def headers_note(choices: Mapping[str, str]) -> str:
    """What became of the headers, in words, by `choices_of`."""
    if choices["headers"] == BY_TOOL:
        return HEADERS_BY_TOOL.format(tool=choices[TOOL])
    return HEADERS_CLEANED if choices["headers"] == BASIC else HEADERS_REMAIN


def choices_of(out: Path, options: ExportOptions) -> dict[str, str]:
    """What all cases of a shared folder have in common."""
    cleaning = {"headers": options.headers, "retained": ",".join(options.retain) if options.headers == BASIC else ""}
    cleaning |= {TOOL: options.tool.named} if options.tool is not None else {}
    return {"study": study_mark(out), "method": options.method, "dose_policy": options.dose_policy, **cleaning}


def refuse_other_share(to: Path, choices: Mapping[str, str]) -> dict[str, Any]:
    """What an earlier run wrote into a shared folder's manifest, empty if it is a new folder.

    Raises
    ------
    UnusableInput
        If it holds something else, or cases of another study, method, dose policy or choice of headers.
    """
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return {}
    told = shared_manifest(to)
    if told is None:
        raise UnusableInput(f"{to} holds something else than a shared cohort; choose a new or empty folder")
    for name, value in choices.items():
        if told.get(name) != value:
            choice = f"cases shared with {name.replace('_', ' ')} {told.get(name)}"
            words = "cases of another study" if name == "study" else choice
            raise UnusableInput(f"{to} holds {words}, which must not be mixed; choose another --to")
    return told


def write_share(to: Path, choices: Mapping[str, str], rows: Sequence[SharedCase], complete: bool) -> None:
    """Write the manifest in both forms, and the page.

    Parameters
    ----------
    to : Path
        The shared folder; it must be there.
    rows : sequence of SharedCase
        Sorted by id.
    complete : bool
        Whether the run came to its end.
    """
    count = {status: sum(row.status == status for row in rows) for status in (SHARED, REFUSED, NOT_DONE)}
    content = {
        "program": "DefaceCompare",
        "version": __version__,
        "kind": SHARED_COHORT,
        "complete": complete,
        **choices,
        "headers_note": headers_note(choices),
        "synthetic": any(row.synthetic for row in rows),
        "counts": count,
        "cases": [row.as_dict() for row in rows],
    }
    write_text(to / MANIFEST, json.dumps(content, indent=1, sort_keys=True) + "\n")
    with written_csv(to / TABLE) as table:
        table.writerow(COLUMNS)
        table.writerows(row.cells() for row in rows)
    shared = [row.cells() for row in rows if row.status == SHARED]
    others = [row.cells()[:3] for row in rows if row.status != SHARED]
    write_text(to / PAGE, render_share_page(content, shared, others))

"""One case of a BIDS derivative: written, found already written, or refused with a reason that names nobody."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import UnusableInput
from ..export.bids.write_case import BidsExport, write_bids_case
from ..export.options import ExportOptions
from ..output.folder import OutputFolder
from ..progress import Progress, report_step, silent
from ..storage.atomic import write_text
from .refusal import refusal
from .share_case import ShareJob, ShareOutcome, mark_now

RECORDS = "defacing_records"
"""The folder of what was written of each case; a record is there before its case's folder is."""
MADE_FROM = "made_from"
NOT_BIDS = "was not read from a BIDS data set that is still there; a derivative of one cannot be made of it"


@dataclass(frozen=True)
class BidsJob:
    """All that one worker needs to know; `names` are subject and session in the derivative."""

    id: str
    out: Path
    to: Path
    names: tuple[str, str] | None
    options: ExportOptions

    @property
    def record(self) -> Path:
        """Where it is kept what was written."""
        return self.to / RECORDS / f"{self.id}.json"

    @property
    def share_job(self) -> ShareJob:
        """The same as for a shared folder of DICOM."""
        return ShareJob(self.id, self.out, self.to, self.options)

    def absolute(self) -> BidsJob:
        """The same with paths that hold in any working folder."""
        return replace(self, out=self.out.resolve(), to=self.to.resolve())

    def failed(self, reason: str) -> ShareOutcome:
        """The outcome of a case that no worker finished."""
        return ShareOutcome(self.id, reason=reason)


def read_record(path: Path) -> dict[str, Any] | None:
    """What an earlier run wrote of a case; None where there is no such record."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(told, dict) and isinstance(told.get("files"), dict) and isinstance(told.get("folder"), str)
    return told if whole else None


def share_bids_case(job: BidsJob, progress: Progress = silent) -> ShareOutcome:
    """Write one case, unless the very same is there; never raises for the case's sake.

    Raises
    ------
    Cancelled
        If `progress` answers False.
    OSError
        If the disk is full: no other case would fare better.
    """
    try:
        return _share_or_skip(job, progress)
    except Exception as error:  # one broken case must not cost the others
        return ShareOutcome(job.id, *refusal(job.out, job.to, job.id, error))


def _share_or_skip(job: BidsJob, progress: Progress) -> ShareOutcome:
    if job.names is None:
        raise UnusableInput(f"case {job.id} {NOT_BIDS}")
    mark = sha256(f"{mark_now(job.share_job)} {job.names}".encode()).hexdigest()
    place = job.to.joinpath(*filter(None, job.names))
    before = read_record(job.record)
    if place.is_dir() and any(place.iterdir()):
        wrong = _wrong_files(place, before)
        if not wrong and before is not None and before.get(MADE_FROM) == mark:
            return ShareOutcome(job.id, manifest=before, before=True)
        report_step(progress, 0, 1, f"{job.id}: taken away, to be written again")
        shutil.rmtree(place)
    report_step(progress, 0, 1, f"{job.id}: reading the patient again")

    def keep(export: BidsExport) -> None:
        job.record.parent.mkdir(exist_ok=True)
        write_text(job.record, json.dumps(export.as_dict() | {MADE_FROM: mark}, indent=1) + "\n")

    export = write_bids_case(OutputFolder(job.out).case(job.id), job.to, job.names, job.options, keep)
    return ShareOutcome(job.id, manifest=export.as_dict())


def _wrong_files(place: Path, record: Mapping[str, Any] | None) -> list[str]:
    """Files that are missing of what was written.

    Raises
    ------
    UnusableInput
        If something else lies there, or files that were changed since: nobody's work is overwritten.
    """
    if record is None:
        raise UnusableInput(f"{place} holds something that no run of this command wrote; move it away")
    listed: Mapping[str, str] = record["files"]
    here = {path.relative_to(place).as_posix(): path for path in place.rglob("*") if path.is_file()}
    changed = [name for name, path in here.items() if listed.get(name) != sha256(path.read_bytes()).hexdigest()]
    if changed:
        count = "1 file is" if len(changed) == 1 else f"{len(changed)} files are"
        raise UnusableInput(
            f"{count} in {place} not as the export wrote it (another tool?); remove that folder to write it again"
        )
    return sorted(set(listed) - set(here))

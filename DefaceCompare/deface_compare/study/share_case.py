"""One case of a shared cohort: exported, found already exported, or refused with a reason that names nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..case_report import CaseReport
from ..errors import UnusableInput
from ..export.export_case import export_with
from ..export.manifest import made_from, read_manifest
from ..export.options import ExportOptions
from ..export.privacy_check import privacy_checks
from ..export.standing import ABSENT, WHOLE, standing, take_away
from ..output.case_ids import NUMBERED
from ..output.folder import OutputFolder
from ..progress import ALREADY_FINISHED, Progress, report_step, silent
from .refusal import refusal

OWN_ID = "the case is called by the patient's own id (--keep-ids), and its shared folder would be, too"


@dataclass(frozen=True)
class ShareJob:
    """All that one worker needs to know.

    Parameters
    ----------
    out : Path
        The study's output folder.
    to : Path
        The shared folder, which gets a folder called `id`.
    """

    id: str
    out: Path
    to: Path
    options: ExportOptions

    @property
    def place(self) -> Path:
        """Where this case goes."""
        return self.to / self.id

    def absolute(self) -> ShareJob:
        """The same with paths that hold in any working folder."""
        return replace(self, out=self.out.resolve(), to=self.to.resolve())

    def failed(self, reason: str) -> ShareOutcome:
        """The outcome of a case that no worker finished."""
        return ShareOutcome(self.id, reason=reason)


@dataclass(frozen=True)
class ShareOutcome:
    """What became of one case.

    Parameters
    ----------
    reason : str
        Why it is not shared, without names; empty if it is.
    details : str
        The same with names and paths, for whoever runs the command.
    manifest : mapping
        What the ``manifest.json`` of its export says; of a BIDS derivative, the case's record.
    before : bool
        An earlier run had written it.
    """

    id: str
    reason: str = ""
    details: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    before: bool = False

    def told(self) -> str:
        """One line for whoever watches the run."""
        if self.reason:
            return f"{self.id}: not shared: {self.details or self.reason}"
        return f"{self.id}: {ALREADY_FINISHED}" if self.before else f"{self.id}: written and verified"


def share_case(job: ShareJob, progress: Progress = silent) -> ShareOutcome:
    """Export one case into the shared folder, unless the very same export is there; never raises for the case's sake.

    Afterwards the shared folder holds the export as it would be written now, or none of this case.

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


def _share_or_skip(job: ShareJob, progress: Progress) -> ShareOutcome:
    folder = OutputFolder(job.out)
    there = standing(job.place, job.id, mark_now(job))
    if there == WHOLE:
        return ShareOutcome(job.id, manifest=_manifest(job), before=True)
    if there != ABSENT:
        report_step(progress, 0, 1, f"{job.id}: taken away, to be written again ({there})")
        take_away(job.place)
    if not NUMBERED.fullmatch(job.id) and not job.options.accept_risk:
        raise UnusableInput(f"{OWN_ID}. Nothing was written; --accept-risk writes it all the same")
    export_with(folder.case(job.id), job.place, job.options, progress)
    folder.export_errors(job.id).unlink(missing_ok=True)  # of an earlier run that refused it
    return ShareOutcome(job.id, manifest=_manifest(job))


def mark_now(job: ShareJob) -> str:
    """What an export of this case would be made from now (`made_from`); ``""`` where the case cannot be exported."""
    method = job.options.method
    try:
        report = CaseReport.read(OutputFolder(job.out).case(job.id))
        return made_from(report, job.options, privacy_checks(job.out, report, method), job.out)
    except (UnusableInput, KeyError):  # the export itself says what is wrong with the case
        return ""


def _manifest(job: ShareJob) -> Mapping[str, Any]:
    told = read_manifest(job.place)
    assert told is not None  # it was just written, or read
    return told

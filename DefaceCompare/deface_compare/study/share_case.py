"""One case of a shared cohort: exported, found already exported, or refused with a reason that names nobody."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..case_report import CaseReport
from ..errors import DefaceCompareError, ExportFailed, UnusableInput
from ..export.export_case import export_with
from ..export.manifest import made_from, read_manifest
from ..export.options import ExportOptions
from ..export.privacy_check import privacy_checks
from ..export.standing import ABSENT, WHOLE, standing, take_away
from ..output.case_ids import NUMBERED
from ..output.finished_mark import read_mark
from ..output.folder import OutputFolder
from ..output.kept_edit import kept_sources
from ..output.key import key_source
from ..output.neutral_words import NeutralWords
from ..progress import ALREADY_FINISHED, Cancelled, Progress, report_step, silent
from ..storage.atomic import is_full, system_sentence, write_text

OWN_ID = "the case is called by the patient's own id (--keep-ids), and its shared folder would be, too"

SHORTEST_NAME = 2
"""Characters; shorter names of files are words of any sentence."""


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
        What the ``manifest.json`` of its export says.
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
    except Cancelled:
        raise
    except ExportFailed as error:
        if isinstance(error.__cause__, OSError) and is_full(error.__cause__):
            raise error.__cause__ from error
        return _refused(job, str(error))
    except DefaceCompareError as error:
        return _refused(job, str(error))
    except OSError as error:
        if is_full(error):
            raise
        return _refused(job, system_sentence(error))
    except Exception as error:  # one broken case must not cost the others
        path = _kept_details(job, traceback.format_exc())
        where = path.relative_to(job.out).as_posix()
        return ShareOutcome(job.id, reason=f"stopped by an unexpected {type(error).__name__}; details lie in {where}")


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
        return made_from(report, job.options, privacy_checks(job.out, report, method))
    except (UnusableInput, KeyError):  # the export itself says what is wrong with the case
        return ""


def _manifest(job: ShareJob) -> Mapping[str, Any]:
    told = read_manifest(job.place)
    assert told is not None  # it was just written, or read
    return told


def _refused(job: ShareJob, details: str) -> ShareOutcome:
    """A case that is not shared: the names in the reason go to the identifiable part."""
    reason = without_names(job, details)
    if reason != details:
        _kept_details(job, details + "\n")
    return ShareOutcome(job.id, reason, details)


def _kept_details(job: ShareJob, text: str) -> Path:
    path = OutputFolder(job.out).export_errors(job.id)
    OutputFolder(job.out).make_private(path.parent)
    write_text(path, text, private=True)
    return path


def without_names(job: ShareJob, text: str) -> str:
    """A sentence that may stand in the shared folder: no path of this machine, no name of a file, nothing of a header.

    The patient's files may be gone: those that the case was read from are known by name.
    """
    for name, words in sorted(_known_names(job).items(), key=lambda pair: -len(pair[0])):
        text = text.replace(name, words)
    return NeutralWords(key_source(job.out, job.id), job.id).shared(text)


def _known_names(job: ShareJob) -> dict[str, str]:
    try:
        files = [path for paths in kept_sources(job.out, job.id).values() for path in paths]
    except UnusableInput:
        files = []
    said = {name: "a file of the patient" for path in files for name in (str(path), str(path.resolve()), path.name)}
    mark = read_mark(job.out, job.id)
    if mark is not None and mark.names:
        said[mark.names] = "its place"
    for folder, words in ((job.to, "the shared folder"), (job.out, "the output folder")):
        said |= {str(folder): words, str(folder.resolve()): words}
    return {name: words for name, words in said.items() if len(name) > SHORTEST_NAME}

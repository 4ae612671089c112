"""One case of a study: from a patient's folder to a finished folder of the output, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..atomic import raise_if_full
from ..compare import compare_case
from ..defacers.defacing import Defacer
from ..errors import DefaceCompareError, UnusableInput
from ..output.code_mark import code_mark
from ..output.finished_mark import move_in, read_mark
from ..output.folder import OutputFolder
from ..output.lock import sole_case
from ..output.neutral_words import NeutralWords
from ..privacy.networks.models import models_mark
from ..progress import ALREADY_FINISHED, Cancelled, Progress, silent
from ..readers import read_case
from ..readers.choices import ReadingChoices
from ..settings import Settings
from ..structures.name_words import user_names
from ..structures.naming import write_name_list


@dataclass(frozen=True)
class CaseJob:
    """All that one worker needs to know."""

    folder: Path
    id: str
    out: Path
    methods: tuple[Defacer, ...]
    settings: Settings
    choices: ReadingChoices = field(default_factory=ReadingChoices)
    code: str = ""
    """`code_mark` of the process that hands out the cases; a worker with other code refuses."""


@dataclass(frozen=True)
class CaseOutcome:
    """What became of one case; `reason` is empty unless the case could not be read or compared."""

    id: str
    source: Path
    person: str = ""
    reason: str = ""
    skipped: bool = False
    details: str = ""
    """The reason with the names of files, for whoever runs the study; shared outputs say `reason`."""

    def told(self) -> str:
        """One line for whoever watches the run."""
        if self.reason:
            return f"{self.id}: {self.details or self.reason}"
        return f"{self.id}: {ALREADY_FINISHED}" if self.skipped else f"{self.id}: finished"


def run_case(job: CaseJob, progress: Progress = silent) -> CaseOutcome:
    """Compare one case, unless the very same comparison is already there; never raises for the case's sake.

    Raises
    ------
    Cancelled
        If `progress` answers False.
    OSError
        If the output's disk is full: no other case would fare better.
    """
    try:
        return compare_or_skip(job, progress)
    except Cancelled:
        raise
    except DefaceCompareError as error:
        return _unusable(job, str(error))
    except Exception as error:
        raise_if_full(error, job.out)
        # One broken case must not cost a night's cohort: it is listed with its reason, the details go to the identifiable part.
        folder = OutputFolder(job.out)
        path = folder.errors(job.id)
        folder.make_private(path.parent)
        path.write_text(traceback.format_exc(), encoding="utf-8")
        reason = f"stopped by an unexpected {type(error).__name__}; details lie in {path.relative_to(job.out).as_posix()}"
        return CaseOutcome(job.id, job.folder, reason=reason)


def compare_or_skip(job: CaseJob, progress: Progress = silent) -> CaseOutcome:
    """Compare one case, or find it finished; errors of the case are raised.

    Raises
    ------
    DefaceCompareError
        If the case cannot be read or compared.
    """
    if job.code not in ("", code_mark()):
        raise UnusableInput(f"the worker on {socket.gethostname()} has other code or libraries; install the same on all machines")
    with sole_case(job.out, job.id):
        return _compare_or_skip(job, progress)


def _compare_or_skip(job: CaseJob, progress: Progress) -> CaseOutcome:
    mark, before = fingerprint(job), read_mark(job.out, job.id)
    if before is not None and before.fingerprint == mark and before.whole(job.out):
        return CaseOutcome(job.id, job.folder, person=before.person, skipped=True)
    case = read_case(job.folder, job.id, job.choices)
    growing = OutputFolder(job.out).unfinished / job.id
    shutil.rmtree(growing, ignore_errors=True)
    growing.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    growing.mkdir(mode=0o700)
    compare_case(case, job.methods, job.settings, progress=progress, out=growing)
    if case.structure_set is not None:
        with user_names(job.choices.names):
            path = OutputFolder(growing).structure_names(job.id)
            OutputFolder(growing).make_private(path.parent)
            write_name_list(case.structure_set, path)
    person = case.person or job.id
    table = "" if job.choices.names is None else str(job.choices.names.resolve())
    move_in(growing, job.out, job.id, mark, person, table)
    shutil.rmtree(growing)
    OutputFolder(job.out).errors(job.id).unlink(missing_ok=True)  # of an earlier run that failed
    return CaseOutcome(job.id, job.folder, person=person)


def fingerprint(job: CaseJob) -> str:
    """A hash of all that a case's numbers depend on: files, methods, settings, code, libraries, face models."""
    described: dict[str, Any] = {
        "code": code_mark(),
        "models": models_mark(job.settings.face_model),
        "settings": job.settings.as_dict(),
        "methods": [_described(method) for method in job.methods],
        "files": hash_files(job.folder),
        "reading": job.choices.described(job.folder, job.id),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _described(method: Defacer) -> dict[str, Any]:
    folder = method.folder_of_results()
    files = hash_files(folder) if folder is not None and folder.is_dir() else None
    available = method.available()
    return {"key": method.key, "variant": method.variant, "unavailable": available, "files": files, "mark": method.mark()}


def hash_files(folder: Path) -> list[tuple[str, str]]:
    """Relative name and sha256 of every file below a folder, sorted.

    Raises
    ------
    UnusableInput
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UnusableInput(f"there is no folder {folder}")
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256()
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
            found.append((path.relative_to(folder).as_posix(), digest.hexdigest()))
    return found


def _unusable(job: CaseJob, details: str) -> CaseOutcome:
    """A case that cannot be read: the names in the reason go to the identifiable part."""
    words, folder = NeutralWords(job.folder, job.id), OutputFolder(job.out)
    reason = words.shared(details)
    if reason != details:
        path = folder.errors(job.id)
        folder.make_private(path.parent)
        path.write_text(details + "\n", encoding="utf-8")
        words.write(job.out)
    return CaseOutcome(job.id, job.folder, reason=reason, details=details)


def subfolders(folder: Path) -> Sequence[Path]:
    """The patients' folders below a study's input, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))

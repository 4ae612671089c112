"""One case of a study: from a patient's folder to a finished folder of the output, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import __version__
from .compare import compare_case
from .defacers.defacing import Defacer
from .defacers.external import ExternalFolder
from .defacers.external_command import ExternalCommand
from .errors import DefaceCompareError, UnusableInput
from .progress import Cancelled, Progress, silent
from .readers import read_case
from .readers.choices import ReadingChoices
from .settings import Settings
from .utility.name_list import write_name_list
from .utility.name_words import user_names

IDENTIFIABLE = "identifiable"
UNFINISHED = ".unfinished"
"""Folder of the output in which cases grow until they are whole; holds faces, so its mode is 0700."""
FINISHED = "finished"
"""Folder below `IDENTIFIABLE` that remembers what a finished case was made from."""


@dataclass(frozen=True)
class CaseJob:
    """All that one worker needs to know."""

    folder: Path
    id: str
    out: Path
    methods: tuple[Defacer, ...]
    settings: Settings
    choices: ReadingChoices = field(default_factory=ReadingChoices)


@dataclass(frozen=True)
class CaseOutcome:
    """What became of one case; `reason` is empty unless the case could not be read or compared."""

    id: str
    source: Path
    person: str = ""
    reason: str = ""
    skipped: bool = False


def run_case(job: CaseJob, progress: Progress = silent) -> CaseOutcome:
    """Compare one case, unless the very same comparison is already there; never raises for the case's sake.

    Raises
    ------
    Cancelled
        If `progress` answers False.
    """
    try:
        return compare_or_skip(job, progress)
    except Cancelled:
        raise
    except DefaceCompareError as error:
        return CaseOutcome(job.id, job.folder, reason=without_paths(str(error), job))
    except Exception as error:
        # One broken case must not cost a night's cohort: it is listed with its reason, the details go to the identifiable part.
        path = identifiable(job.out) / "errors" / f"{job.id}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
        reason = f"stopped by an unexpected {type(error).__name__}; details lie in {IDENTIFIABLE}/errors/{path.name}"
        return CaseOutcome(job.id, job.folder, reason=reason)


def compare_or_skip(job: CaseJob, progress: Progress = silent) -> CaseOutcome:
    """Compare one case, or find it finished; errors of the case are raised.

    Raises
    ------
    DefaceCompareError
        If the case cannot be read or compared.
    """
    mark = fingerprint(job)
    remembered = _remembered(job)
    if remembered.get("fingerprint") == mark and (job.out / "cases" / job.id / "case_report.json").is_file():
        return CaseOutcome(job.id, job.folder, person=str(remembered["person"]), skipped=True)
    case = read_case(job.folder, job.id, job.choices)
    growing = job.out / UNFINISHED / job.id
    shutil.rmtree(growing, ignore_errors=True)
    growing.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    growing.mkdir(mode=0o700)
    compare_case(case, job.methods, job.settings, progress=progress, out=growing)
    if case.structure_set is not None:
        names = identifiable(growing) / "structure_names"
        names.mkdir(mode=0o700, exist_ok=True)
        with user_names(job.choices.names):
            write_name_list(case.structure_set, names / f"{job.id}.csv")
    _move_in(growing, job)
    person = case.person or job.id
    table = "" if job.choices.names is None else str(job.choices.names.resolve())
    _remember(job, {"fingerprint": mark, "person": person, "names": table})
    return CaseOutcome(job.id, job.folder, person=person)


def _move_in(growing: Path, job: CaseJob) -> None:
    """Move a whole case to its place; the shared part comes last, so that it never stands without its faces."""
    for path in sorted((growing / IDENTIFIABLE).rglob("*")):
        if path.is_file():
            target = identifiable(job.out) / path.relative_to(growing / IDENTIFIABLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    target = job.out / "cases" / job.id
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    (growing / "cases" / job.id).rename(target)
    shutil.rmtree(growing)
    with contextlib.suppress(OSError):  # other workers' cases are still growing there
        growing.parent.rmdir()


def identifiable(out: Path) -> Path:
    """``OUT/identifiable``, made with mode 0700."""
    folder = out / IDENTIFIABLE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def fingerprint(job: CaseJob) -> str:
    """A hash of all that a case's numbers depend on: files, methods, settings, version."""
    described: dict[str, Any] = {
        "version": __version__,
        "settings": job.settings.as_dict(),
        "methods": [_described(method) for method in job.methods],
        "files": hash_files(job.folder),
        "reading": job.choices.described(),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _described(method: Defacer) -> dict[str, Any]:
    folder = getattr(method, "folder", None)
    files = hash_files(folder) if folder is not None and folder.is_dir() else None
    mark = method.mark() if isinstance(method, (ExternalFolder, ExternalCommand)) else ""
    variant = getattr(method, "variant", "")
    return {"key": method.key, "variant": variant, "unavailable": method.available(), "files": files, "mark": mark}


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


def without_paths(text: str, job: CaseJob) -> str:
    """A reason that may be shared: the case's id where its folder stood."""
    for folder in (str(job.folder), str(job.folder.resolve())):
        text = text.replace(folder, job.id)
    return text


def _remembered(job: CaseJob) -> dict[str, Any]:
    path = job.out / IDENTIFIABLE / FINISHED / f"{job.id}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _remember(job: CaseJob, what: dict[str, Any]) -> None:
    folder = identifiable(job.out) / FINISHED
    folder.mkdir(exist_ok=True)
    temporary = folder / f"{job.id}.json.part"
    temporary.write_text(json.dumps(what) + "\n", encoding="utf-8")
    temporary.replace(folder / f"{job.id}.json")


def subfolders(folder: Path) -> Sequence[Path]:
    """The patients' folders below a study's input, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))

"""One case of a study: from a patient's folder to a finished folder of the output, whole or not at all."""

from __future__ import annotations

import shutil
import socket
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..case import DOSE_IMAGE
from ..case_report import CaseReport
from ..compare import compare_case
from ..defacers.defacing import Defacer
from ..errors import DefaceCompareError, UnusableInput
from ..output.code_mark import code_mark
from ..output.demographics_file import write_demographics
from ..output.finished_mark import FinishedMark, finish_move, move_in, read_mark
from ..output.folder import OutputFolder
from ..output.kept_methods import KeptMethods
from ..output.lock import sole_case
from ..output.neutral_words import TELLING, NeutralWords
from ..progress import ALREADY_FINISHED, Cancelled, Progress, report_step, silent
from ..readers import read_case
from ..readers.choices import ReadingChoices
from ..readers.dicom.kept_scan import attributes_kept
from ..readers.found_files import count_words
from ..settings import Settings
from ..storage.atomic import ESCAPED, raise_if_full, system_sentence
from ..structures.name_words import user_names
from ..structures.naming import write_name_list
from ..words import DEFACED_BEFORE
from .plan import NOTHING, CasePlan, plan_case
from .recipe import Recipe, recipe_of


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
    replace: bool = False
    """Finished methods that are not among `methods` go, and other choices overwrite a finished case."""
    files: tuple[tuple[str, str], ...] | None = None
    """`hash_files` of the folder, where it is known."""
    threads: int = 1
    """How many may work on it at once; no part of what the results are made from."""

    def absolute(self) -> CaseJob:
        """The same with paths that hold in any working folder."""
        return replace(self, folder=self.folder.resolve(), out=self.out.resolve())

    def failed(self, reason: str) -> CaseOutcome:
        """The outcome of a case that no worker finished."""
        return CaseOutcome(self.id, self.folder, reason=reason)


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
    plan: CasePlan = NOTHING
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many of its files were not read, by reason."""
    empty: str = ""
    """Why no image of the case was defaced at all; ``""`` if one was."""

    def told(self) -> str:
        """One line for whoever watches the run."""
        if self.reason:
            return f"{self.id}: {self.details or self.reason}"
        if self.skipped:
            return f"{self.id}: {ALREADY_FINISHED}"
        return "; ".join(filter(None, [f"{self.id}: finished", *self.remarks()]))

    def remarks(self) -> list[str]:
        """What a user must know of this case now: what was renewed, dropped, not read, or not defaced at all."""
        kept = f"kept {', '.join(self.plan.keep)}" if self.plan.keep else ""
        dropped = f"dropped {', '.join(self.plan.drop)}" if self.plan.drop else ""
        return [*filter(None, [self.plan.renewed, kept, dropped, self.empty, count_words(self.left_out)])]


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
        if isinstance(error, OSError) and error.filename is not None:
            return _unusable(job, system_sentence(error))
        # One broken case must not cost a night's cohort: it is listed with its reason, the details go to the identifiable part.
        folder = OutputFolder(job.out)
        path = folder.errors(job.id)
        folder.make_private(path.parent)
        path.write_text(traceback.format_exc(), encoding="utf-8", errors=ESCAPED)
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
    with sole_case(job.out, job.id), attributes_kept(TELLING):
        return _compare_or_skip(job, progress)


def _compare_or_skip(job: CaseJob, progress: Progress) -> CaseOutcome:
    growing = OutputFolder(job.out).unfinished / job.id
    finish_move(growing, job.out, job.id)  # of a run that was killed while it moved the case
    recipe = recipe_of(job.folder, job.id, job.methods, job.settings, job.choices, job.files)
    before = read_mark(job.out, job.id)
    plan = plan_case(job.out, job.id, before, recipe, job.methods, replace=job.replace)
    if before is not None and plan.nothing_to_do:
        report = CaseReport.read(OutputFolder(job.out).case(job.id), measurements=False)
        return CaseOutcome(
            job.id, job.folder, before.person, skipped=True, left_out=report.left_out, empty=nothing_defaced(report)
        )
    case = read_case(job.folder, job.id, job.choices)
    if case.left_out:
        report_step(progress, 0, 1, f"{job.id}: {count_words(case.left_out)}")
    person = case.person or job.id
    if before is not None and not job.replace and _another_person(before, recipe, person, job.id):
        raise UnusableInput(
            f"{job.folder} holds another patient than when {job.id} was compared; give the new one its own folder"
        )
    shutil.rmtree(growing, ignore_errors=True)
    growing.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    growing.mkdir(mode=0o700)
    kept = KeptMethods(job.out, job.id, plan.keep) if plan.keep else None
    chosen = [method for method in job.methods if method.key in plan.run]
    report = compare_case(case, chosen, job.settings, progress=progress, out=growing, kept=kept, threads=job.threads)
    write_demographics(growing, job.id, case.demographics)
    if case.structure_set is not None:
        with user_names(job.choices.names):
            path = OutputFolder(growing).structure_names(job.id)
            OutputFolder(growing).make_private(path.parent)
            write_name_list(case.structure_set, path)
    table = "" if job.choices.names is None else str(job.choices.names.resolve())
    stay = {key: before.methods[key] for key in plan.keep} if before is not None else {}
    methods = {**stay, **{key: recipe.methods[key] for key in plan.run}}
    move_in(growing, job.out, job.id, FinishedMark(recipe.parts, methods, recipe.contents, person, table))
    shutil.rmtree(growing)
    OutputFolder(job.out).errors(job.id).unlink(missing_ok=True)  # of an earlier run that failed
    empty = nothing_defaced(report)
    return CaseOutcome(job.id, job.folder, person=person, plan=plan, left_out=case.left_out, empty=empty)


def _another_person(before: FinishedMark, recipe: Recipe, person: str, case_id: str) -> bool:
    """Whether a folder now holds somebody else: another name, and other files."""
    named = case_id not in (person, before.person) and bool(before.person)
    return named and person != before.person and not before.shares_files(recipe.contents)


def nothing_defaced(report: CaseReport) -> str:
    """Why no method defaced anything of a case, in one sentence; ``""`` if one did, or if the scan shows no face to deface."""
    told = report.methods.values()
    if any(each.get("images") for each in told):
        return ""
    faceless = [each.get("unavailable", {}).get(key, "") for each in told for key in each.get("no_face", ())]
    if faceless and not any(DEFACED_BEFORE in reason for reason in faceless):
        return ""
    if not any(key != DOSE_IMAGE for key in report.inputs):
        return "it holds no image: nothing was defaced"
    reasons = dict.fromkeys(reason for each in told for reason in each.get("unavailable", {}).values())
    return f"nothing was defaced: {'; '.join(reasons)}"


def _unusable(job: CaseJob, details: str) -> CaseOutcome:
    """A case that cannot be read: the names in the reason go to the identifiable part."""
    words, folder = NeutralWords(job.folder, job.id), OutputFolder(job.out)
    reason = words.shared(details)
    if reason != details:
        path = folder.errors(job.id)
        folder.make_private(path.parent)
        path.write_text(details + "\n", encoding="utf-8", errors=ESCAPED)
        words.write(job.out)
    return CaseOutcome(job.id, job.folder, reason=reason, details=details)

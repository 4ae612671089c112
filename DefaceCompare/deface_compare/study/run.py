"""Cohorts: many cases through the same comparison, on one machine or a cluster, resumed where they stopped, then pooled."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..case_report import CaseReport
from ..defacers import methods_of
from ..defacers.defacing import Defacer
from ..errors import UnusableInput
from ..machine.fitting_processes import AUTO, Jobs, fitting_processes
from ..machine.fitting_threads import Threads, fitting_threads
from ..measurement_table import write_measurements
from ..natural_order import natural
from ..output.case_ids import case_ids, single_id
from ..output.code_mark import code_mark
from ..output.folder import OutputFolder, make_out
from ..output.key import listed_persons, write_key
from ..output.lock import sole_run
from ..progress import Progress, report_step, silent
from ..readers.choices import ReadingChoices
from ..readers.found_files import count_words, is_image_file
from ..settings import DEFAULT_METHODS, Settings
from .job import CaseJob, CaseOutcome, compare_or_skip, run_case
from .other_cases import OtherCases, drop_cases, finish_moves, grouped, other_cases
from .parts_of_patients import refused_parts
from .patients import find_patients, no_folder
from .recipe import hash_files
from .same_patients import same_files
from .study_report import StudyReport
from .workers import cluster, run_here, run_on_cluster

STEPS = 100
"""Progress steps of one case."""


def run_study(
    cohort: str | Path,
    out: str | Path,
    *,
    methods: Sequence[str | Defacer] = DEFAULT_METHODS,
    settings: Settings | None = None,
    jobs: Jobs = 1,
    scheduler: str | None = None,
    threads: Threads = AUTO,
    keep_ids: bool = False,
    choices: ReadingChoices | None = None,
    replace: bool = False,
    progress: Progress = silent,
) -> StudyReport:
    """Compare methods on every patient of a folder and pool the result.

    A case that cannot be read is listed in `StudyReport.unreadable`; it never stops the others. Finished cases whose files,
    methods, settings and code are the same are not computed again, however the last run ended. The results do not depend on
    the number of workers and threads.

    Parameters
    ----------
    cohort : str or Path
        Holds one folder a patient.
    out : str or Path
        Output folder, made if need be.
    methods : sequence of str or Defacer
        Keys as `methods` lists them (their variants are those of `settings`), or methods.
    settings : Settings, optional
        Fill, protection, face model, seed and the like.
    jobs : int or "auto"
        Worker processes on this machine; 1 runs in this process, ``auto`` as many as cores and memory allow.
    scheduler : str, optional
        Address of a running Dask scheduler whose workers see `cohort` and `out` under the same paths.
    threads : int or "auto"
        How many threads work on one case; ``auto`` shares the cores of this machine between `jobs`, up to two for each, and
        gives one to each case on a cluster.
    keep_ids : bool
        Call cases by their own ids instead of ``case-001``.
    choices : ReadingChoices, optional
        What headers cannot decide, for every patient.
    replace : bool
        `out` then holds what this run asks for and nothing else: finished methods that are not named, patients that are not in
        the cohort, and results under other settings go, and the report says which. Otherwise a run only adds and renews.
    progress : callable
        ``progress(done, total, text) -> bool``; False raises `Cancelled`.

    Raises
    ------
    UnusableInput
        If there is no patient's folder, no case could be read, another run is writing to `out`, or ``persons.csv`` is wrong.
    Cancelled
        If `progress` answers False; finished cases stay.
    """
    source, target, settings = Path(cohort), Path(out), settings or Settings()
    chosen = methods_of(methods, settings.variants)
    patients = find_patients(source, target)
    refused = refused_parts(source, patients.folders)
    make_out(target)
    with sole_run(target):
        finish_moves(target)
        files: dict[Path, tuple[tuple[str, str], ...]] = {}
        ids = case_ids(patients.folders, target, keep_ids, lambda folder: _contents(folder, files))
        sources = dict(zip(ids, patients.folders, strict=True))
        persons = listed_persons(source, sources)
        write_key(target, sources, persons)
        read_as = choices or ReadingChoices(alone=False)
        code = code_mark()
        jobs_to_do = [
            CaseJob(folder, case, target, serving, settings, read_as, code, replace, files.get(folder))
            for case, folder in sources.items()
            if folder not in refused
            for serving in [_serving(chosen, folder, case, alone=False)]
        ]
        beside = count_words(patients.left_out)
        report_step(progress, 0, STEPS * len(jobs_to_do), f"{len(jobs_to_do)} patients{beside and f'; beside them {beside}'}")
        outcomes = _outcomes(jobs_to_do, jobs, scheduler, threads, progress)
        outcomes += [CaseOutcome(case, folder, reason=refused[folder]) for case, folder in sources.items() if folder in refused]
        # what cases left that failed, now or in an interrupted run
        shutil.rmtree(OutputFolder(target).unfinished, ignore_errors=True)
        write_key(target, sources, {outcome.id: outcome.person for outcome in outcomes} | persons)
        others = other_cases(target, ids, settings)
        if replace and any(not outcome.reason for outcome in outcomes):
            others = drop_cases(target, others)
        return _pooled(source, sorted(outcomes, key=lambda outcome: natural(outcome.id)), others, target, beside)


def _outcomes(
    jobs_to_do: Sequence[CaseJob], jobs: Jobs, scheduler: str | None, threads: Threads, progress: Progress
) -> list[CaseOutcome]:
    jobs = fitting_processes(jobs, len(jobs_to_do)) if scheduler is None else 1
    if scheduler is not None and threads == AUTO:
        threads = 1  # nobody here knows the cores of other computers
    jobs_to_do = [
        dataclasses.replace(job, threads=fitting_threads(threads, at_once))
        for job, at_once in zip(jobs_to_do, _at_once(len(jobs_to_do), jobs), strict=True)
    ]
    if jobs == 1 and scheduler is None:
        return list(run_here(run_case, jobs_to_do, STEPS, progress))
    with cluster(jobs, scheduler) as client:
        return list(run_on_cluster(client, run_case, jobs_to_do, STEPS, progress))


def _at_once(cases: int, jobs: int) -> list[int]:
    """How many cases are compared while each of them is: in the last round what is left over from full ones."""
    last = cases % jobs
    return [jobs] * (cases - last) + [last] * last


def _contents(folder: Path, known: dict[Path, tuple[tuple[str, str], ...]]) -> Sequence[str]:
    """The hashes of a folder's files, which its comparison needs again."""
    known[folder] = tuple(hash_files(folder))
    return sorted(digest for _, digest in known[folder])


def _pooled(input: Path, outcomes: Sequence[CaseOutcome], others: OtherCases, out: Path, beside: str = "") -> StudyReport:
    unreadable = {outcome.id: outcome.reason for outcome in outcomes if outcome.reason}
    finished = [outcome.id for outcome in outcomes if not outcome.reason]
    if not finished:
        raise UnusableInput(f"no case of {input} could be compared ({grouped(unreadable)})")
    from .pool import pool_cases

    report = pool_cases(out, [*finished, *others.alike], unreadable, others.unlike, alone=others.replaced)
    remarks = {outcome.id: "; ".join(outcome.remarks()) for outcome in outcomes if not outcome.reason}
    for case, told in same_files(out, sorted({*finished, *others.alike}, key=natural)).items():
        remarks[case] = "; ".join(filter(None, [remarks.get(case, ""), told]))
    remarks |= others.dropped
    empty = {outcome.id: outcome.empty for outcome in outcomes if outcome.empty}
    return dataclasses.replace(report, remarks={case: told for case, told in remarks.items() if told}, beside=beside, empty=empty)


def run_single(
    patient: Path,
    out: Path,
    *,
    methods: Sequence[str | Defacer] = DEFAULT_METHODS,
    settings: Settings | None = None,
    keep_ids: bool = False,
    report: bool = True,
    choices: ReadingChoices | None = None,
    replace: bool = False,
    threads: Threads = AUTO,
    progress: Progress = silent,
) -> StudyReport | None:
    """Compare methods on one patient's folder; writes what a study of one case would.

    Parameters
    ----------
    report : bool
        False writes no report and no manifest and returns None: all that Slicer's panel reads, without the packages that
        the report needs (Slicer has no pandas and no Jinja2).
    threads : int or "auto"
        As `run_study` has it.

    Raises
    ------
    UnusableInput
        If the folder cannot be read as a case.
    Cancelled
        If `progress` answers False.
    """
    settings = settings or Settings()
    chosen = methods_of(methods, settings.variants)
    if not patient.is_dir() and not is_image_file(patient):
        raise UnusableInput(f"{patient} {no_folder(patient)}; give the folder of one patient, or one image file")
    files = tuple(hash_files(patient))
    make_out(out, patient)
    with sole_run(out):
        finish_moves(out)
        case_id = single_id(patient, out, keep_ids, sorted(digest for _, digest in files))
        serving = _serving(chosen, patient.resolve(), case_id, alone=True)
        read_as = choices or ReadingChoices()
        job = CaseJob(patient, case_id, out, serving, settings, read_as, "", replace, files, fitting_threads(threads))
        outcome = compare_or_skip(job, progress)
        report_step(progress, 1, 1, outcome.told())
        shutil.rmtree(OutputFolder(out).unfinished, ignore_errors=True)
        write_key(out, {case_id: patient}, {case_id: outcome.person})
        others = other_cases(out, [case_id], settings)
        if report:
            return _pooled(patient, [outcome], others, out)
        cases = [OutputFolder(out).case(case) for case in sorted([case_id, *others.alike], key=natural)]
        write_measurements(OutputFolder(out).measurements, [row for case in cases for row in CaseReport.read(case).measurements])
        if outcome.empty:
            raise UnusableInput(f"{case_id}: {outcome.empty}")
        return None


def _serving(methods: Sequence[Defacer], folder: Path, case_id: str, *, alone: bool) -> tuple[Defacer, ...]:
    return tuple(method.for_patient(folder, case_id, alone=alone) for method in methods)

"""Cohorts: many cases through the same comparison, on one machine or a cluster, resumed where they stopped, then pooled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..case_report import CaseReport
from ..defacers import methods_of
from ..defacers.defacing import Defacer
from ..errors import UnusableInput
from ..measurement import write_measurements
from ..output.code_mark import code_mark
from ..output.folder import OutputFolder
from ..output.key import case_ids, file_name, listed_persons, write_key
from ..output.lock import sole_run
from ..progress import Progress, report_step, silent
from ..readers import read_case
from ..readers.choices import ReadingChoices
from ..settings import DEFAULT_METHODS, Settings
from .job import CaseJob, CaseOutcome, compare_or_skip, run_case, subfolders
from .parts_of_patients import refused_parts
from .study_report import StudyReport
from .workers import cluster, run_on_cluster

STEPS = 100
"""Progress steps of one case."""


def run_study(
    cohort: str | Path,
    out: str | Path,
    *,
    methods: Sequence[str | Defacer] = DEFAULT_METHODS,
    settings: Settings | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    keep_ids: bool = False,
    choices: ReadingChoices | None = None,
    progress: Progress = silent,
) -> StudyReport:
    """Compare methods on every patient of a folder and pool the result.

    A case that cannot be read is listed in `StudyReport.unreadable`; it never stops the others. Finished cases whose files,
    methods, settings and code are the same are not computed again, however the last run ended. The results do not depend on
    the number of workers.

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
    jobs : int
        Worker processes on this machine; 1 runs in this process.
    scheduler : str, optional
        Address of a running Dask scheduler whose workers see `cohort` and `out` under the same paths.
    keep_ids : bool
        Call cases by their own ids instead of ``case-001``.
    choices : ReadingChoices, optional
        What headers cannot decide, for every patient.
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
    folders = _patients(source)
    refused = refused_parts(source, folders)
    target.mkdir(parents=True, exist_ok=True)
    with sole_run(target):
        ids = case_ids(folders, target, keep_ids)
        sources = dict(zip(ids, folders, strict=True))
        persons = listed_persons(source, sources)
        write_key(target, sources, persons)
        read_as = choices or ReadingChoices(alone=False)
        jobs_to_do = [
            CaseJob(folder, case, target, _serving(chosen, folder, case, alone=False), settings, read_as, code_mark())
            for case, folder in sources.items()
            if folder not in refused
        ]
        if jobs == 1 and scheduler is None:
            outcomes = list(_in_this_process(jobs_to_do, progress))
        else:
            with cluster(jobs, scheduler) as client:
                outcomes = list(run_on_cluster(client, jobs_to_do, STEPS, progress))
        outcomes += [CaseOutcome(case, folder, reason=refused[folder]) for case, folder in sources.items() if folder in refused]
        shutil.rmtree(
            OutputFolder(target).unfinished, ignore_errors=True
        )  # what cases left that failed, now or in an interrupted run
        write_key(target, sources, {outcome.id: outcome.person for outcome in outcomes} | persons)
        return _pooled(source, target, sorted(outcomes, key=lambda outcome: outcome.id))


def _pooled(input: Path, out: Path, outcomes: Sequence[CaseOutcome]) -> StudyReport:
    unreadable = {outcome.id: outcome.reason for outcome in outcomes if outcome.reason}
    finished = [outcome.id for outcome in outcomes if not outcome.reason]
    if not finished:
        reasons = "; ".join(outcome.told() for outcome in outcomes)
        raise UnusableInput(f"no case of {input} could be compared ({reasons})")
    from .pool import pool_cases

    return pool_cases(out, finished, unreadable)


def run_single(
    patient: Path,
    out: Path,
    *,
    methods: Sequence[str | Defacer] = DEFAULT_METHODS,
    settings: Settings | None = None,
    keep_ids: bool = False,
    report: bool = True,
    choices: ReadingChoices | None = None,
    progress: Progress = silent,
) -> StudyReport | None:
    """Compare methods on one patient's folder; writes what a study of one case would.

    Parameters
    ----------
    report : bool
        False writes no report and no manifest and returns None: all that Slicer's panel reads, without the packages that
        the report needs (Slicer has no plotly and no Jinja2).

    Raises
    ------
    UnusableInput
        If the folder cannot be read as a case.
    Cancelled
        If `progress` answers False.
    """
    settings = settings or Settings()
    chosen = methods_of(methods, settings.variants)
    if not patient.is_dir():
        raise UnusableInput(f"{patient} is not a folder; give the folder of one patient")
    case_id = file_name(read_case(patient).id) if keep_ids else "case-001"
    job = CaseJob(patient, case_id, out, _serving(chosen, patient.resolve(), case_id, alone=True), settings)
    job = replace(job, choices=choices or ReadingChoices())
    out.mkdir(parents=True, exist_ok=True)
    with sole_run(out):
        outcome = compare_or_skip(job, progress)
        shutil.rmtree(OutputFolder(out).unfinished, ignore_errors=True)
        write_key(out, {case_id: patient}, {case_id: outcome.person})
        if not report:
            rows = CaseReport.read(OutputFolder(out).case(case_id)).measurements
            write_measurements(OutputFolder(out).measurements, rows)
            return None
        from .pool import pool_cases

        return pool_cases(out, [case_id], {})


def _patients(cohort: Path) -> Sequence[Path]:
    """The patients' folders."""
    if not cohort.is_dir():
        raise UnusableInput(f"{cohort} is not a folder; give the folder that holds one folder a patient")
    folders = subfolders(cohort)
    if not folders:
        raise UnusableInput(f"{cohort} holds no folder; a study wants one folder a patient, `case` takes a single one")
    return folders


def _serving(methods: Sequence[Defacer], folder: Path, case_id: str, *, alone: bool) -> tuple[Defacer, ...]:
    return tuple(method.for_patient(folder, case_id, alone=alone) for method in methods)


def _in_this_process(jobs: Sequence[CaseJob], progress: Progress) -> Iterator[CaseOutcome]:
    total = STEPS * len(jobs)
    for number, job in enumerate(jobs):

        def step(done: int, of: int, text: str, number: int = number) -> bool:
            return progress(STEPS * number + (STEPS * done // of if of else 0), total, text)

        outcome = run_case(job, step)
        report_step(progress, STEPS * (number + 1), total, outcome.told())
        yield outcome

"""Cohorts: many cases through the same comparison, on one machine or a cluster, resumed where they stopped, then pooled."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .defacers.defacing import Defacer
from .defacers.external import ExternalFolder
from .errors import DefaceCompareError, UnusableInput
from .face_records import KEY_COLUMNS
from .measurement import read_measurements, write_measurements
from .privacy.render import close_renderer
from .progress import Progress, report_step, silent
from .readers import read_case
from .readers.choices import ReadingChoices
from .settings import Settings
from .study_case import CaseJob, CaseOutcome, compare_or_skip, identifiable, run_case, subfolders
from .study_report import StudyReport

SECONDS_TO_CONNECT = 10
"""How long a Dask scheduler may take to answer."""
STEPS = 100
"""Progress steps of one case."""
KEEP_FREED_BYTES = 2**28
"""glibc gives freed memory back to the system beyond this; with Dask's own 64 KB page faults cost a tenth of a case."""
MAP_FROM_BYTES = 2**25
"""Larger blocks are mapped and unmapped each time; glibc's largest value, which it would reach by itself were no limit set."""
LOCAL_WORKERS = {
    "distributed.worker.daemon": False,
    "distributed.comm.timeouts.connect": "60s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEEP_FREED_BYTES,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": MAP_FROM_BYTES,
}
"""Dask's configuration of the workers on this machine."""


def run_study(
    input: Path,
    out: Path,
    methods: Sequence[Defacer],
    settings: Settings,
    jobs: int = 1,
    scheduler: str | None = None,
    keep_ids: bool = False,
    progress: Progress = silent,
    choices: ReadingChoices | None = None,
) -> StudyReport:
    """Compare methods on every patient of a folder and pool the result.

    A case that cannot be read is listed in `StudyReport.unreadable`; it never stops the others. Finished cases whose files,
    methods, settings and version are the same are not computed again. The results do not depend on the number of workers.

    Parameters
    ----------
    input : Path
        Holds one folder a patient.
    out : Path
        Output folder, made if need be.
    jobs : int
        Worker processes on this machine; 1 runs in this process.
    scheduler : str, optional
        Address of a running Dask scheduler whose workers see `input` and `out` under the same paths.
    keep_ids : bool
        Call cases by their own ids instead of ``case-001``.
    choices : ReadingChoices, optional
        What headers cannot decide, for every patient.

    Raises
    ------
    UnusableInput
        If there is no patient's folder, or no case could be read.
    Cancelled
        If `progress` answers False; finished cases stay.
    """
    jobs_to_do = _jobs(input, out, tuple(methods), settings, keep_ids, choices or ReadingChoices(alone=False))
    out.mkdir(parents=True, exist_ok=True)
    identifiable(out)
    if jobs == 1 and scheduler is None:
        outcomes = list(_in_this_process(jobs_to_do, progress))
    else:
        with _client(jobs, scheduler) as client:
            outcomes = list(_distributed(client, jobs_to_do, progress))
    outcomes.sort(key=lambda outcome: outcome.id)
    _write_key(out, outcomes)
    unreadable = {outcome.id: outcome.reason for outcome in outcomes if outcome.reason}
    finished = [outcome.id for outcome in outcomes if not outcome.reason]
    if not finished:
        reasons = "; ".join(f"{case}: {reason}" for case, reason in unreadable.items())
        raise UnusableInput(f"no case of {input} could be compared ({reasons})")
    from .pool import pool_cases

    return pool_cases(out, finished, unreadable)


def run_single(
    input: Path,
    out: Path,
    methods: Sequence[Defacer],
    settings: Settings,
    keep_ids: bool = False,
    progress: Progress = silent,
    report: bool = True,
    choices: ReadingChoices | None = None,
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
    if not input.is_dir():
        raise UnusableInput(f"{input} is not a folder; give the folder of one patient")
    case_id = file_name(read_case(input).id) if keep_ids else "case-001"
    job = CaseJob(input, case_id, out, _for_patient(methods, input.resolve(), case_id, alone=True), settings)
    job = replace(job, choices=choices or ReadingChoices())
    outcome = compare_or_skip(job, progress)
    _write_key(out, [outcome])
    if not report:
        rows = read_measurements(out / "cases" / case_id / "measurements.csv")
        write_measurements(out / "measurements.csv", rows)
        return None
    from .pool import pool_cases

    return pool_cases(out, [case_id], {})


def file_name(case_id: str) -> str:
    """A patient's own id as a folder name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", case_id).strip("._") or "case"


def _jobs(
    input: Path, out: Path, methods: tuple[Defacer, ...], settings: Settings, keep_ids: bool, choices: ReadingChoices
) -> list[CaseJob]:
    if not input.is_dir():
        raise UnusableInput(f"{input} is not a folder; give the folder that holds one folder a patient")
    folders = subfolders(input)
    if not folders:
        raise UnusableInput(f"{input} holds no folder; a study wants one folder a patient, `case` takes a single one")
    ids = [f"case-{number:03d}" for number in range(1, len(folders) + 1)]
    if keep_ids:
        ids = _own_ids(folders)
    return [
        CaseJob(folder, case_id, out, _for_patient(methods, folder, case_id, alone=False), settings, choices)
        for folder, case_id in zip(folders, ids, strict=True)
    ]


def _for_patient(methods: Sequence[Defacer], folder: Path, case_id: str, *, alone: bool) -> tuple[Defacer, ...]:
    """Methods that import volumes look into the patient's own folder only: another patient's face must never be taken for it.

    Where there is no such folder, DICOM series anywhere in the import folder count whose UIDs or patient ID are the patient's.

    Parameters
    ----------
    alone : bool
        There is only this patient, whose volumes may lie in the import folder itself.
    """
    found: list[Defacer] = []
    for method in methods:
        if isinstance(method, ExternalFolder):
            own = [method.folder / folder.name, method.folder / case_id]
            beside = [method.folder] if alone else []
            found_own = next((path for path in (*own, *beside) if path.is_dir()), None)
            shared = method.folder if found_own is None else None
            method = ExternalFolder(method.key, found_own or own[-1], method.title, shared)
        found.append(method)
    return tuple(found)


def _own_ids(folders: Sequence[Path]) -> list[str]:
    """The ids that the patients' files give, told apart where two are equal; the folder's name where a case is unreadable."""
    ids: list[str] = []
    for folder in folders:
        try:
            wanted = file_name(read_case(folder).id)
        except DefaceCompareError:
            wanted = file_name(folder.name)  # the study itself will read it again and list the reason
        same = sum(other == wanted or other.startswith(f"{wanted}.") for other in ids)
        ids.append(f"{wanted}.{same + 1}" if same else wanted)
    return ids


def _in_this_process(jobs: Sequence[CaseJob], progress: Progress) -> Iterator[CaseOutcome]:
    total = STEPS * len(jobs)
    for number, job in enumerate(jobs):

        def step(done: int, of: int, text: str, number: int = number) -> bool:
            return progress(STEPS * number + (STEPS * done // of if of else 0), total, text)

        outcome = run_case(job, step)
        report_step(progress, STEPS * (number + 1), total, _told(outcome))
        yield outcome


def _told(outcome: CaseOutcome) -> str:
    if outcome.reason:
        return f"{outcome.id}: {outcome.reason}"
    return f"{outcome.id}: already finished" if outcome.skipped else f"{outcome.id}: finished"


@contextmanager
def _client(jobs: int, scheduler: str | None) -> Iterator[Any]:
    """A Dask client of the given scheduler, or of `jobs` single-threaded processes on this machine."""
    import dask
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
        except OSError as error:
            raise UnusableInput(f"no Dask scheduler answers at {scheduler}; start one or use --jobs") from error
        with client:
            yield client
        return
    with (
        dask.config.set(LOCAL_WORKERS),
        LocalCluster(n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _distributed(client: Any, jobs: Sequence[CaseJob], progress: Progress) -> Iterator[CaseOutcome]:
    from distributed import as_completed

    absolute = [replace(job, folder=job.folder.resolve(), out=job.out.resolve()) for job in jobs]
    futures = client.map(run_case, absolute, pure=False, retries=1)
    total = STEPS * len(jobs)
    report_step(progress, 0, total, f"{len(jobs)} cases handed to the workers")
    for done, future in enumerate(as_completed(futures), start=1):
        outcome = future.result()
        report_step(progress, STEPS * done, total, _told(outcome))
        yield outcome
    workers = client.nthreads()
    client.gather([client.submit(close_renderer, workers=[worker], pure=False) for worker in workers])


def _write_key(out: Path, outcomes: Sequence[CaseOutcome]) -> None:
    """Who is who, for those who may know: ``identifiable/key.csv``."""
    path = identifiable(out) / "key.csv"
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(KEY_COLUMNS)
        writer.writerows((outcome.id, outcome.person, outcome.source.resolve()) for outcome in outcomes)
    temporary.replace(path)

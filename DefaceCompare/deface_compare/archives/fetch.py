"""A cohort from an archive: one folder a patient, resumed where it stopped, and counted against what the archive lists."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DefaceCompareError, UnusableInput
from ..output.lock import sole_use
from ..progress import ALREADY_FINISHED, Cancelled, Progress, report_step, silent
from ..storage.atomic import is_full
from ..storage.own_output import is_output
from .address import Address
from .archive import ATTEMPTS, NEEDED, TIMEOUT_S, Archive, ArchiveError, ArchiveSilent, Instance, Series, open_archive
from .patient_folder import FileOnDisk, PatientFolder, missing
from .wanted import Wanted

LOCK_FOLDER, LOCK = ".fetch", "lock"
"""Hidden from readers, as every name that begins with a point."""
TOLD_S = 1.0
"""Progress within a patient is told at most so often."""
NOT_TRIED = "not tried: the archive fell silent before"


@dataclass(frozen=True)
class Planned:
    """A patient whose objects the archive has listed.

    Parameters
    ----------
    number : int
        Place in what was asked for, from 1 on; told where an id must not stand.
    name : str
        The patient's id, or the study's UID where the archive knows no id.
    listed : mapping of Series to list of Instance
    problem : str
        Why nothing can be fetched; empty if it can.
    """

    number: int
    name: str
    patient_id: str = ""
    listed: dict[Series, list[Instance]] = field(default_factory=dict)
    problem: str = ""

    @property
    def count(self) -> int:
        """Objects that the archive lists."""
        return sum(map(len, self.listed.values()))


@dataclass(frozen=True)
class FetchedPatient:
    """What became of a patient.

    Parameters
    ----------
    number, name
        As in `Planned`.
    folder : Path, optional
        None if the patient is not whole.
    objects : int
        That the archive lists.
    here : int
        Whole files of these on the disk.
    new : int
        Fetched in this run.
    problem : str
        Empty if the patient is whole.
    """

    number: int
    name: str
    folder: Path | None
    objects: int
    here: int
    new: int
    problem: str = ""


def fetch_cohort(
    address: Address,
    to: str | Path,
    wanted: Sequence[Wanted],
    *,
    header_file: Path | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Progress = silent,
) -> list[FetchedPatient]:
    """Fetch patients into a cohort's folder.

    Parameters
    ----------
    to : str or Path
        Made if need be. A patient's folder is called by the patient's id, and gets its name when all that the archive lists is
        there; what is there whole already is not fetched again.
    progress : callable
        ``progress(done, total, text) -> bool``; no id of a patient stands in its texts.

    Raises
    ------
    UnusableInput
        If the archive cannot be reached at the beginning, `to` is no place for a cohort, or another fetch writes to it.
    NotAvailable
        If the library for the archive's protocol is not installed.
    OSError
        If there is no room.
    Cancelled
    """
    cohort = Path(to)
    with closing(open_archive(address, header_file=header_file, timeout_s=timeout_s)) as archive:
        _make(cohort)
        with sole_use(_lock(cohort), f"another fetch is writing to {cohort}; wait until it ends"):
            try:
                return _fetch_all(archive, cohort, _plan(archive, wanted, progress), progress)
            finally:
                _unlock(cohort)


def _make(cohort: Path) -> None:
    if cohort.exists() and not cohort.is_dir():
        raise UnusableInput(f"{cohort} is a file; --to must be a folder")
    if is_output(cohort):
        raise UnusableInput(f"{cohort} is an output folder of DefaceCompare; choose another --to")
    try:
        (cohort / LOCK_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if is_full(error):
            raise
        raise UnusableInput(f"nothing can be written to {cohort} ({error.strerror}); choose another --to") from error


def _lock(cohort: Path) -> Path:
    return cohort / LOCK_FOLDER / LOCK


def _unlock(cohort: Path) -> None:
    with contextlib.suppress(OSError):  # Windows removes no open file; the folder is hidden anyway
        _lock(cohort).unlink()
        _lock(cohort).parent.rmdir()


def _plan(archive: Archive, wanted: Sequence[Wanted], progress: Progress) -> list[Planned]:
    """What the archive lists of each patient; studies of one patient become one."""
    planned: dict[str, Planned] = {}
    for number, each in enumerate(wanted, start=1):
        report_step(progress, 0, 0, f"asking the archive for patient {number} of {len(wanted)}")
        try:
            plan = _planned(archive, number, each)
        except ArchiveError as error:
            plan = Planned(number, each.patient_id or each.studies[0], problem=str(error))
        before = planned.get(plan.name)
        if before is not None:
            problem = before.problem or plan.problem
            plan = Planned(before.number, plan.name, plan.patient_id, before.listed | plan.listed, problem)
        planned[plan.name] = plan
    return list(planned.values())


def _planned(archive: Archive, number: int, wanted: Wanted) -> Planned:
    name, studies = wanted.patient_id, list(wanted.studies)
    if name:
        known = [study.uid for study in archive.studies_of(name)]
        if not known:
            return Planned(number, name, problem="the archive knows no patient with exactly this id")
        unknown = [uid for uid in studies if uid not in known]
        if unknown:
            return Planned(number, name, problem=f"the archive knows no study {unknown[0]} of this patient")
        studies = studies or known
    else:
        study = archive.study(studies[0])
        if study is None:
            return Planned(number, studies[0], problem="the archive knows no such study")
        name = study.patient_id
    listed = {
        series: archive.instances_of(series)
        for study_uid in studies
        for series in archive.series_of(study_uid)
        if series.modality in NEEDED
    }
    plan = Planned(number, name or studies[0], name, {series: found for series, found in listed.items() if found})
    if not plan.listed:
        return Planned(number, plan.name, problem=f"the archive holds none of {', '.join(NEEDED)} of this patient")
    return plan


def _fetch_all(archive: Archive, cohort: Path, planned: Sequence[Planned], progress: Progress) -> list[FetchedPatient]:
    total, done = sum(plan.count for plan in planned), 0
    fetched = []
    silence = ""
    for plan in planned:
        if plan.problem or silence:
            fetched.append(FetchedPatient(plan.number, plan.name, None, plan.count, 0, 0, plan.problem or silence))
            continue
        place = PatientFolder(cohort, plan.name)
        told = _Told(progress, done, total, f"patient {plan.number} of {len(planned)}", plan.count)
        try:
            fetched.append(_fetch_one(archive, place, plan, told))
        except ArchiveSilent as error:
            fetched.append(_broken(place, plan, told, str(error)))
            silence = NOT_TRIED
        except Cancelled:
            raise
        except DefaceCompareError as error:
            fetched.append(_broken(place, plan, told, str(error)))
        done += plan.count
    return fetched


class _Told:
    """Progress of one patient among all."""

    def __init__(self, progress: Progress, before: int, total: int, who: str, count: int) -> None:
        self._progress, self._before, self._total, self._who, self._count = progress, before, total, who, count
        self.new = 0
        self._last_s = 0.0

    def __call__(self, here: int, remark: str = "") -> None:
        now_s = time.monotonic()
        if here < self._count and not remark and now_s - self._last_s < TOLD_S:
            return
        self._last_s = now_s
        text = f"{self._who}: {min(here, self._count)} of {self._count} objects{remark and f', {remark}'}"
        report_step(self._progress, self._before + min(here, self._count), self._total, text)


def _fetch_one(archive: Archive, place: PatientFolder, plan: Planned, told: _Told) -> FetchedPatient:
    here = place.files()
    lacking = missing(plan.listed, here)
    if place.holds_others():
        raise UnusableInput(
            f"the folder {place.whole.name} holds other files than an earlier fetch of this patient; move it away"
        )
    if not lacking and place.place == place.whole:
        told(plan.count, ALREADY_FINISHED)
    else:
        place.open()
        here = _fetch_missing(archive, place, plan, told, here)
    problem = _witness(place, plan, here)
    if problem:
        raise ArchiveError(problem)
    if place.place != place.whole:
        place.close()
    return FetchedPatient(plan.number, plan.name, place.whole, plan.count, plan.count, told.new)


def _fetch_missing(
    archive: Archive, place: PatientFolder, plan: Planned, told: _Told, files: dict[str, FileOnDisk]
) -> dict[str, FileOnDisk]:
    """Fetch what is not there, several times if the archive gives a part only; what then lies there, read from the disk."""
    for attempt in range(1, ATTEMPTS + 1):
        lacking = missing(plan.listed, files)
        if not lacking:
            return files
        here = plan.count - sum(map(len, lacking.values()))
        told(here)
        for series, instances in lacking.items():
            asked = {each.uid for each in instances}

            def keep(uid: str, content: bytes, series: Series = series, asked: set[str] = asked) -> None:
                nonlocal here
                if uid in asked:  # a whole series comes with what was added since it was listed
                    asked.remove(uid)
                    place.keep(series, uid, content)
                    here += 1
                    told.new += 1
                    told(here)

            try:
                archive.fetch(series, instances, keep, whole=len(instances) == len(plan.listed[series]))
            except (ArchiveError, ArchiveSilent):
                if attempt == ATTEMPTS:
                    raise
        files = place.files()
    return files


def _witness(place: PatientFolder, plan: Planned, here: dict[str, FileOnDisk]) -> str:
    """Why a patient is not whole by what lies on the disk and what the archive counts; ``""`` if all agree."""
    lacking = sum(map(len, missing(plan.listed, here).values()))
    if lacking:
        came = f"{lacking} of {plan.count} objects did not come whole"
        return f"{came}; the others wait in {place.growing.name}: run the command again"
    for series, instances in plan.listed.items():
        if series.count is not None and series.count != len(instances):
            return f"the archive counts {series.count} objects of a {series.modality} series and lists {len(instances)}"
    others = {file.patient_id for file in here.values()} - {plan.patient_id}
    if plan.patient_id and others:
        return "files of another patient came or lay there; look into the archive before you use them"
    return ""


def _broken(place: PatientFolder, plan: Planned, told: _Told, problem: str) -> FetchedPatient:
    here = plan.count - sum(map(len, missing(plan.listed, place.files()).values())) if place.growing.is_dir() else 0
    return FetchedPatient(plan.number, plan.name, None, plan.count, here, told.new, problem)

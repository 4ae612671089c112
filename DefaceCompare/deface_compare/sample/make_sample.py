"""The synthetic RT cohort as DICOM folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..case import CT, MR, PET
from ..errors import UnusableInput
from ..machine.fitting_processes import Jobs, fitting_processes
from ..persons_table import FOLDER, PERSON, PERSONS
from ..progress import Progress, report_step, silent
from ..storage.atomic import written_csv
from ..writers import DicomStudy, Injection, write_image_series, write_rtdose, write_rtplan, write_rtstruct
from ..writers.image_series import FLUORINE_18_HALF_LIFE_S
from .difficulty import Difficulty
from .dose import FRACTIONS, PRESCRIPTION_GY
from .patient import SamplePatient, sample_patient
from .sites import BRAIN, HEAD_AND_NECK, SITES

MANUFACTURER = "DefaceCompare sample"
"""Readers know a synthetic case by this Manufacturer."""
FIRST_DATE, STUDY_TIME, INJECTION_TIME = "2026-01-05", "100000", "090000"
"""Fixed: the same seed gives the same bytes on any day."""
DAYS_APART = 90
"""Days between two visits."""
SIZE_M, CHILD_SIZE_M, GROWN_YEARS = {"F": (1.63, 0.065), "M": (1.76, 0.07)}, (0.95, 0.05), 18.0
"""Mean and standard deviation of stature (NCD-RisC 2016, doi 10.7554/eLife.13410: Europe about 1.64 and 1.78 m)."""
BODY_MASS_INDEX, CHILD_BODY_MASS_INDEX = (17.5, 15.0), 15.8
"""Of MakeHuman's weight 0 and 1: least, and what the whole axis adds, in kg/m2."""
UPTAKE_S = 3600.0
INJECTED_BQ = 2.5e8
COMMENT = "SYNTHETIC: a made-up person (MakeHuman, CC0) with an average inside; no patient"


def make_sample(
    out: str | Path,
    patients: int = 6,
    *,
    seed: int = 1,
    site: str | None = None,
    ct_size: Sequence[int] | None = None,
    ct_spacing_mm: Sequence[float] | None = None,
    difficulties: Sequence[Difficulty] = (),
    visits: int = 1,
    jobs: Jobs = 1,
    progress: Progress = silent,
) -> list[Path]:
    """Write a cohort of synthetic patients, one DICOM folder each.

    Parameters
    ----------
    out : str or Path
        Gets ``sample-001``, ``sample-002`` and so on (``sample-001-visit-2`` for a second visit); each with CT, MR, PET,
        RTSTRUCT, RTPLAN and RTDOSE.
    patients : int
        How many, at least 1.
    seed : int
        The same seed gives the same bytes.
    site : str, optional
        ``brain`` or ``hn``; None alternates. The first head-and-neck patient after the third has a tumour in the cheek, close to
        the skin.
    progress : Progress
    ct_size, ct_spacing_mm : sequence of 3, optional
        The CT's grid (x, y, z), for example (512, 512, 100) at (0.98, 0.98, 3.0) mm; None: 2 mm, with the shoulders for head and
        neck.
    visits : int
        Scans of each person on so many days; from two on, ``persons.csv`` in `out` says who is who.
    jobs : int or "auto"
        Patients made at the same time, in processes of their own if more than 1; the bytes are the same. ``auto``: as many as
        cores and memory allow.
    difficulties : sequence of Difficulty
        What makes the head of each patient hard to deface.

    Returns
    -------
    list of Path
        The patients' folders.

    Raises
    ------
    UnusableInput
        If `site`, `patients`, `visits` or `jobs` make no sense, or a patient's folder is already there.
    Cancelled
        If `progress` answers False.
    """
    tasks = _tasks(Path(out), patients, visits, site)
    processes = fitting_processes(jobs, len(tasks))
    make = partial(make_patient, seed=seed, site=site, ct_size=ct_size, ct_spacing_mm=ct_spacing_mm, difficulties=difficulties)
    if processes == 1:
        for done, task in enumerate(tasks):
            report_step(progress, done, len(tasks), task.words)
            make(task.number, task.folder, visit=task.visit)
    else:
        _make_at_once(make, tasks, min(processes, len(tasks)), progress)
    if visits > 1:
        _write_persons(Path(out), tasks)
    report_step(progress, len(tasks), len(tasks), "synthetic patients written")
    return [task.folder for task in tasks]


@dataclass(frozen=True)
class Task:
    """One visit of one patient, and where it is written."""

    number: int
    visit: int
    folder: Path

    @property
    def words(self) -> str:
        """What is being done."""
        return f"synthetic patient {self.number}" + (f", visit {self.visit}" if self.visit > 1 else "")


def _tasks(out: Path, patients: int, visits: int, site: str | None) -> list[Task]:
    """Who is made, and where; UnusableInput if that makes no sense or a folder is taken."""
    if site is not None and site not in SITES:
        raise UnusableInput(f"site must be {' or '.join(SITES)}, not {site!r}")
    if patients < 1:
        raise UnusableInput(f"the number of patients must be at least 1, not {patients}")
    if visits < 1:
        raise UnusableInput(f"the number of visits must be at least 1, not {visits}")
    tasks = [
        Task(number, visit, out / (f"sample-{number:03d}" if visit == 1 else f"sample-{number:03d}-visit-{visit}"))
        for number in range(1, patients + 1)
        for visit in range(1, visits + 1)
    ]
    for task in tasks:
        if task.folder.exists() and any(task.folder.iterdir()):
            raise UnusableInput(f"{task.folder} already holds files; choose an empty folder for the sample")
    return tasks


def _write_persons(out: Path, tasks: Sequence[Task]) -> None:
    """Who is who: the cohort's ``persons.csv``."""
    with written_csv(out / PERSONS) as table:
        table.writerow((FOLDER, PERSON))
        table.writerows((task.folder.name, f"SYNTHETIC-{task.number:03d}") for task in tasks)


def _make_at_once(make: Callable[..., None], tasks: Sequence[Task], jobs: int, progress: Progress) -> None:
    """Make patients in several processes; those begun are finished if `progress` answers False."""
    # Not forked: a copy of a process in which libraries hold threads can hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            running = [pool.submit(make, task.number, task.folder, visit=task.visit) for task in tasks]
            for done, (task, future) in enumerate(zip(tasks, running, strict=True)):
                report_step(progress, done, len(tasks), task.words)
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def make_patient(
    number: int,
    folder: Path,
    seed: int,
    site: str | None,
    ct_size: Sequence[int] | None,
    ct_spacing_mm: Sequence[float] | None,
    difficulties: Sequence[Difficulty] = (),
    visit: int = 1,
) -> None:
    """Make patient `number` of a cohort at a visit and write it; `site` None alternates."""
    here = site or SITES[(number - 1) % len(SITES)]
    if Difficulty.CUT_AT_ORBITS in difficulties:
        here = BRAIN  # the other site's targets lie below the scan
    patient = sample_patient(number, seed, here, is_superficial(number, site), ct_size, ct_spacing_mm, difficulties, visit)
    write_patient(patient, seed, folder)


def is_superficial(number: int, site: str | None) -> bool:
    """Whether patient `number` has the tumour in the cheek: the fourth, if it is a head-and-neck patient."""
    return number == 4 and site in (None, HEAD_AND_NECK)


def study_of(patient: SamplePatient, seed: int) -> DicomStudy:
    """Header values of one visit of a synthetic patient."""
    person, number, first = patient.head.person, patient.number, patient.visit == 1
    random = np.random.default_rng([seed, number, 7])
    middle, spread = SIZE_M[person.sex] if person.years > GROWN_YEARS else CHILD_SIZE_M
    size_m = round(middle + spread * float(np.clip(random.standard_normal(), -2.0, 2.0)), 2)
    mass_index = BODY_MASS_INDEX[0] + BODY_MASS_INDEX[1] * person.weight if person.years > GROWN_YEARS else CHILD_BODY_MASS_INDEX
    day = date.fromisoformat(FIRST_DATE) + timedelta(days=DAYS_APART * (patient.visit - 1))
    return DicomStudy(
        uid_seed=("DefaceCompare sample", str(seed), str(number), patient.site, *(() if first else (str(patient.visit),))),
        patient_name=f"SYNTHETIC^{number:03d}",
        patient_id=f"SYNTHETIC-{number:03d}",
        patient_sex=person.sex,
        patient_birth_date=f"{date.fromisoformat(FIRST_DATE).year - round(person.years)}0101",
        date=day.strftime("%Y%m%d"),
        time=STUDY_TIME,
        description="SYNTHETIC brain RT" if patient.site == BRAIN else "SYNTHETIC head and neck RT",
        manufacturer=MANUFACTURER,
        model="made-up person",
        software="2",
        weight_kg=round(mass_index * size_m**2, 1),
        size_m=size_m,
    )


def write_patient(patient: SamplePatient, seed: int, folder: Path) -> None:
    """Write one patient's DICOM objects."""
    study = study_of(patient, seed)
    ct = write_image_series(
        patient.ct, CT, folder / "CT", study, series_number=1, description="SYNTHETIC planning CT", comment=COMMENT
    )
    series = [(patient.mr_weighting, patient.mr, "MR", 2)]
    series += [(name, image, f"MR_{name}", 4 + place) for place, (name, image) in enumerate(patient.more_mr)]
    for name, image, sub, number in series:
        write_image_series(image, MR, folder / sub, study, series_number=number, description=f"SYNTHETIC {name}", comment=COMMENT)
    decayed = INJECTED_BQ * 2.0 ** (-UPTAKE_S / FLUORINE_18_HALF_LIFE_S)
    activity = sitk.Cast(patient.pet, sitk.sitkFloat64) * (decayed / (1000.0 * study.weight_kg))
    write_image_series(
        activity,
        PET,
        folder / "PET",
        study,
        series_number=3,
        description="SYNTHETIC FDG PET",
        comment=COMMENT,
        injection=Injection(INJECTED_BQ, INJECTION_TIME),
    )
    structures = write_rtstruct(patient.structures, ct, folder / "RTSTRUCT.dcm", study, label="SYNTHETIC")
    target = 1 + [structure.name for structure in patient.structures].index("PTV")
    plan = write_rtplan(
        folder / "RTPLAN.dcm",
        study,
        structure_set_uid=structures,
        target_roi_number=target,
        prescription_gy=PRESCRIPTION_GY[patient.site],
        fractions=FRACTIONS[patient.site],
        label="SYNTHETIC",
    )
    write_rtdose(patient.dose, folder / "RTDOSE.dcm", study, plan_uid=plan, comment="SYNTHETIC")

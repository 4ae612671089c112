"""The synthetic RT cohort as DICOM folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..case import CT, MR, PET
from ..errors import UnusableInput
from ..progress import Progress, report_step, silent
from ..writers import DicomStudy, Injection, write_image_series, write_rtdose, write_rtplan, write_rtstruct
from ..writers.image_series import FLUORINE_18_HALF_LIFE_S
from .difficulty import Difficulty
from .dose import FRACTIONS, PRESCRIPTION_GY
from .patient import SamplePatient, sample_patient
from .targets import BRAIN, HEAD_AND_NECK, SITES

MANUFACTURER = "DefaceCompare sample"
"""Readers know a synthetic case by this Manufacturer."""
STUDY_DATE, STUDY_TIME, INJECTION_TIME = "20260105", "100000", "090000"
"""Fixed: the same seed gives the same bytes on any day."""
UPTAKE_S = 3600.0
INJECTED_BQ = 2.5e8
COMMENT = "SYNTHETIC: made from an average head by a random deformation; no patient"


def make_sample(
    out: str | Path,
    patients: int = 6,
    *,
    seed: int = 1,
    site: str | None = None,
    ct_size: Sequence[int] | None = None,
    ct_spacing_mm: Sequence[float] | None = None,
    difficulties: Sequence[Difficulty] = (),
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Path]:
    """Write a cohort of synthetic patients, one DICOM folder each.

    Parameters
    ----------
    out : str or Path
        Gets ``sample-001``, ``sample-002`` and so on; each with CT, MR, PET, RTSTRUCT, RTPLAN and RTDOSE.
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
    jobs : int
        Patients made at the same time, in processes of their own if more than 1; the bytes are the same.
    difficulties : sequence of Difficulty
        What makes the head of each patient hard to deface.

    Returns
    -------
    list of Path
        The patients' folders.

    Raises
    ------
    UnusableInput
        If `site`, `patients` or `jobs` make no sense, or a patient's folder is already there.
    Cancelled
        If `progress` answers False.
    """
    if site is not None and site not in SITES:
        raise UnusableInput(f"site must be {' or '.join(SITES)}, not {site!r}")
    if patients < 1:
        raise UnusableInput(f"the number of patients must be at least 1, not {patients}")
    if jobs < 1:
        raise UnusableInput(f"the number of jobs must be at least 1, not {jobs}")
    folders = [Path(out) / f"sample-{number:03d}" for number in range(1, patients + 1)]
    for folder in folders:
        if folder.exists() and any(folder.iterdir()):
            raise UnusableInput(f"{folder} already holds files; choose an empty folder for the sample")
    make = partial(make_patient, seed=seed, site=site, ct_size=ct_size, ct_spacing_mm=ct_spacing_mm, difficulties=difficulties)
    tasks = list(enumerate(folders, start=1))
    if jobs == 1:
        for number, folder in tasks:
            report_step(progress, number - 1, patients, f"synthetic patient {number} of {patients}")
            make(number, folder)
    else:
        _make_at_once(make, tasks, min(jobs, patients), progress)
    report_step(progress, patients, patients, "synthetic patients written")
    return folders


def _make_at_once(make: Callable[[int, Path], None], tasks: Sequence[tuple[int, Path]], jobs: int, progress: Progress) -> None:
    """Make patients in several processes; those begun are finished if `progress` answers False."""
    # Not forked: a copy of a process in which libraries hold threads can hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            running = [pool.submit(make, number, folder) for number, folder in tasks]
            for (number, _), future in zip(tasks, running, strict=True):
                report_step(progress, number - 1, len(tasks), f"synthetic patient {number} of {len(tasks)}")
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
) -> None:
    """Make patient `number` of a cohort and write it; `site` None alternates."""
    here = site or SITES[(number - 1) % len(SITES)]
    if Difficulty.CUT_AT_ORBITS in difficulties:
        here = BRAIN  # the other site's targets lie below the scan
    patient = sample_patient(number, seed, here, is_superficial(number, site), ct_size, ct_spacing_mm, difficulties)
    write_patient(patient, seed, folder)


def is_superficial(number: int, site: str | None) -> bool:
    """Whether patient `number` has the tumour in the cheek: the fourth, if it is a head-and-neck patient."""
    return number == 4 and site in (None, HEAD_AND_NECK)


def study_of(number: int, seed: int, site: str) -> DicomStudy:
    """Header values of one synthetic patient."""
    random = np.random.default_rng([seed, number, 7])
    sex = "FM"[int(random.integers(2))]
    return DicomStudy(
        uid_seed=("DefaceCompare sample", str(seed), str(number), site),
        patient_name=f"SYNTHETIC^{number:03d}",
        patient_id=f"SYNTHETIC-{number:03d}",
        patient_sex=sex,
        patient_birth_date=f"{1940 + int(random.integers(40))}0101",
        date=STUDY_DATE,
        time=STUDY_TIME,
        description="SYNTHETIC brain RT" if site == BRAIN else "SYNTHETIC head and neck RT",
        manufacturer=MANUFACTURER,
        model="average head, deformed",
        software="1",
        weight_kg=round(float(np.clip(72.0 + 10.0 * random.standard_normal(), 48.0, 105.0)), 1),
        size_m=round(float(np.clip(1.70 + 0.08 * random.standard_normal(), 1.5, 1.95)), 2),
    )


def write_patient(patient: SamplePatient, seed: int, folder: Path) -> None:
    """Write one patient's DICOM objects."""
    study = study_of(patient.number, seed, patient.site)
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

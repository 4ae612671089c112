"""A patient of image files (a ``case.json``) written as DICOM RT, with the outer contour that a planning system would draw.

Real patients of ``../shared/data`` are such folders: what is written here holds their faces and stays under ``build``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from deface_compare.case import CT, Case, Structure
from deface_compare.geometry.morphology import fill_cavities, largest_part
from deface_compare.readers import read_case
from deface_compare.writers import DicomStudy, contours_of_field, write_image_series, write_rtdose, write_rtplan, write_rtstruct

SKIN_HU = -300.0
"""Threshold of the real CTs (their README)."""
PRESCRIPTION_GY, FRACTIONS = 70.0, 35


def study_of(name: str) -> DicomStudy:
    """Header values whose every word can be looked for in what is shared."""
    return DicomStudy(
        uid_seed=("written patient", name),
        patient_name=f"Zwilling^{name}",
        patient_id=f"MRN-{name}",
        patient_sex="O",
        patient_birth_date="19510317",
        date="20190823",
        time="101112",
        description=f"Studie {name}",
        manufacturer="Zweitmarke",
        model="Schnittbild",
        software="7.7",
        weight_kg=70.0,
        size_m=1.7,
        station=f"STATION{name}",
    )


def write_as_dicom(patient: Path, folder: Path) -> Path:
    """Write the CT, structures, plan and dose of a patient of files; returns the DICOM folder.

    Parameters
    ----------
    patient : Path
        Holds a ``case.json`` with a CT, structures as masks, and a dose.
    folder : Path
        Made.
    """
    case = read_case(patient)
    study = study_of(patient.name)
    ct = case.image(CT).image
    series = write_image_series(ct, CT, folder / "CT", study, series_number=1, description="planning CT")
    structures = [body_of(ct), *(_drawn(each) for each in planned_structures(case))]
    sets = write_rtstruct(structures, series, folder / "RTSTRUCT.dcm", study, label="PLAN")
    target = next((k for k, each in enumerate(structures, 1) if each.group == "ptv"), 1)
    plan = write_rtplan(
        folder / "RTPLAN.dcm",
        study,
        structure_set_uid=sets,
        target_roi_number=target,
        prescription_gy=PRESCRIPTION_GY,
        fractions=FRACTIONS,
        label="PLAN",
    )
    if case.dose is not None:
        write_rtdose(case.dose.image, folder / "RTDOSE.dcm", study, plan_uid=plan)
    return folder


def planned_structures(case: Case) -> tuple[Structure, ...]:
    """The masks of a case."""
    return case.structure_set.structures if case.structure_set else ()


def body_of(ct: sitk.Image) -> Structure:
    """The outer contour as planning systems find it: the largest part above a threshold, filled."""
    values = sitk.GetArrayFromImage(ct).astype(np.float32)
    solid = fill_cavities(largest_part(values > SKIN_HU), min(ct.GetSpacing()))
    # between voxels the threshold tells where the skin is; deep inside the field is flat
    field = np.where(solid, np.maximum(values - SKIN_HU, 0.5), np.minimum(values - SKIN_HU, -0.5))
    image = sitk.GetImageFromArray(np.clip(field, -700.0, 700.0).astype(np.float32))
    image.CopyInformation(ct)
    return Structure(name="BODY", standard_name="BODY", group="external", contours=contours_of_field(image, -700.0))


def _drawn(structure: Structure) -> Structure:
    """A mask as contours."""
    assert structure.labelmap is not None
    field = sitk.Cast(structure.labelmap, sitk.sitkFloat32) * 2.0 - 1.0
    drawn = contours_of_field(field, -1.0)
    return Structure(name=structure.name, standard_name=structure.standard_name, group=structure.group, contours=drawn)

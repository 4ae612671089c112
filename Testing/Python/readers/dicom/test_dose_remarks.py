"""What is said of a dose that a rule chose: the plans behind it, and the doses that it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from deface_compare.case import Case
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from dicom_set import head_hu, write_dose, write_plan, write_series

OFFSETS = [0.0, 4.0, 8.0, 12.0, 16.0]
STORED = np.full((5, 6, 7), 3000, np.uint16)
"""30 Gy."""
ION_PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.8"


def _patient(folder: Path, *, approval: str = "APPROVED") -> None:
    write_series(folder, head_hu())
    write_plan(folder / "rp.dcm", 30.0, approval=approval, structures="rs.dcm")


def _of_beams(folder: Path, *beams: int, plan: str = "plan") -> None:
    """A dose of each beam that is named by its number."""
    for beam in beams:
        path = write_dose(folder / f"{plan} beam {beam}.dcm", STORED // 2, OFFSETS, kind="BEAM", plan=plan)
        data = pydicom.dcmread(path)
        group, item = Dataset(), Dataset()
        group.ReferencedFractionGroupNumber, item.ReferencedBeamNumber = 1, beam
        group.ReferencedBeamSequence = [item]
        data.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [group]
        data.save_as(path)


def _max_gy(case: Case) -> float:
    assert case.dose is not None, case.missing_dose
    return float(sitk.GetArrayViewFromImage(case.dose.image).max())


def test_a_boost_that_is_there_as_beams_only_is_told(tmp_path: Path) -> None:
    _patient(tmp_path)
    write_dose(tmp_path / "rd.dcm", STORED, OFFSETS)
    write_plan(tmp_path / "rp2.dcm", 16.0, plan="boost", approval="APPROVED", structures="rs.dcm")
    _of_beams(tmp_path, 1, 2, plan="boost")
    case = read_case(tmp_path)
    assert _max_gy(case) == pytest.approx(30)
    assert "2 doses of another plan were not used (BEAM); choose with --dose if needed" in case.notes


def test_beams_of_the_plan_whose_dose_is_used_are_no_loss(tmp_path: Path) -> None:
    _patient(tmp_path)
    write_dose(tmp_path / "rd.dcm", STORED, OFFSETS)
    _of_beams(tmp_path, 1, 2)
    case = read_case(tmp_path)
    assert _max_gy(case) == pytest.approx(30)
    assert not [note for note in case.notes if "not used" in note]


def test_a_relative_dose_beside_one_in_gy_is_told(tmp_path: Path) -> None:
    _patient(tmp_path)
    write_dose(tmp_path / "rd.dcm", STORED, OFFSETS)
    write_dose(tmp_path / "relative.dcm", STORED, OFFSETS, plan="boost", extra={"DoseUnits": "RELATIVE"})
    assert "1 dose in another unit was not used (RELATIVE); choose with --dose if needed" in read_case(tmp_path).notes
    chosen = read_case(tmp_path, choices=ReadingChoices(dose="rd.dcm"))
    assert not [note for note in chosen.notes if "not used" in note]  # the user has seen them


@pytest.mark.parametrize("approval", ["REJECTED", "UNAPPROVED", "APPROVED"])
@pytest.mark.parametrize("kind", ["PLAN", "BEAM", "MULTI_PLAN"])
def test_a_dose_of_a_plan_that_nobody_approved_is_told_whatever_its_kind(tmp_path: Path, kind: str, approval: str) -> None:
    _patient(tmp_path, approval=approval)
    if kind == "BEAM":
        _of_beams(tmp_path, 1, 2)
    else:
        write_dose(tmp_path / "rd.dcm", STORED, OFFSETS, kind=kind)
    case = read_case(tmp_path)
    assert _max_gy(case) == pytest.approx(30)
    told = [note for note in case.notes if note.startswith("the dose's plan is ")]
    assert told == ([f"the dose's plan is {approval}"] if approval != "APPROVED" else [])


def test_a_sum_over_a_rejected_plan_is_told(tmp_path: Path) -> None:
    _patient(tmp_path)
    write_plan(tmp_path / "rp2.dcm", 16.0, plan="boost", approval="REJECTED", structures="rs.dcm")
    path = write_dose(tmp_path / "sum.dcm", STORED, OFFSETS, kind="MULTI_PLAN")
    data, boost = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "rp2.dcm")
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = boost.SOPClassUID, boost.SOPInstanceUID
    data.ReferencedRTPlanSequence.append(item)
    data.save_as(path)
    assert "of the 2 plans behind the dose 1 is REJECTED" in read_case(tmp_path).notes


def test_setup_beams_of_an_ion_plan_have_no_dose(tmp_path: Path) -> None:
    _patient(tmp_path)
    plan = pydicom.dcmread(tmp_path / "rp.dcm")
    plan.SOPClassUID = plan.file_meta.MediaStorageSOPClassUID = ION_PLAN_CLASS
    plan.IonBeamSequence, references = [], []
    for number, delivery in ((1, "TREATMENT"), (2, "TREATMENT"), (3, "SETUP")):
        beam, reference = Dataset(), Dataset()
        beam.BeamNumber, beam.TreatmentDeliveryType, reference.ReferencedBeamNumber = number, delivery, number
        plan.IonBeamSequence.append(beam)
        references.append(reference)
    plan.FractionGroupSequence[0].ReferencedBeamSequence = references
    plan.save_as(tmp_path / "rp.dcm")
    _of_beams(tmp_path, 1, 2)
    case = read_case(tmp_path)
    assert _max_gy(case) == pytest.approx(30)
    assert "the dose is the sum of all 2 beams of the plan" in case.notes


def test_a_dose_that_states_no_frame_of_reference_is_not_said_to_lie_in_another_one(tmp_path: Path) -> None:
    _patient(tmp_path)
    path = write_dose(tmp_path / "rd.dcm", STORED, OFFSETS)
    data = pydicom.dcmread(path)
    del data.FrameOfReferenceUID
    data.save_as(path)
    assert read_case(tmp_path).missing_dose == "dose rd.dcm states no frame of reference and was not used"


@pytest.mark.parametrize(
    ("doses_gy", "imaged", "prescribed_gy"),
    [([0.6, 0.4], (), 30.0), ([0.6, None], (), None), ([0.6], (), None), ([1.0, None], (2,), 30.0)],
    ids=["all beams", "one states no dose", "one is not listed", "one is imaged"],
)
def test_a_prescription_by_beams_needs_all_beams_that_treat(
    tmp_path: Path, doses_gy: list[float | None], imaged: tuple[int, ...], prescribed_gy: float | None
) -> None:
    _patient(tmp_path)
    write_dose(tmp_path / "rd.dcm", STORED, OFFSETS)
    plan = pydicom.dcmread(tmp_path / "rp.dcm")
    del plan.DoseReferenceSequence
    plan.BeamSequence, references = [], []
    for number, dose_gy in enumerate(doses_gy, 1):
        beam, reference = Dataset(), Dataset()
        beam.BeamNumber, beam.TreatmentDeliveryType = number, "SETUP" if number in imaged else "TREATMENT"
        reference.ReferencedBeamNumber, reference.BeamDose = number, dose_gy
        plan.BeamSequence.append(beam)
        references.append(reference)
    plan.FractionGroupSequence[0].ReferencedBeamSequence = references  # of two beams, 30 fractions
    plan.save_as(tmp_path / "rp.dcm")
    case = read_case(tmp_path)
    assert case.dose is not None
    assert case.dose.prescription_gy == (None if prescribed_gy is None else pytest.approx(prescribed_gy))
    told = "no prescription is known: a plan of the dose states none" in case.notes
    assert told == (prescribed_gy is None)

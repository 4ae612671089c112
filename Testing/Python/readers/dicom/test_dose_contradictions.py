"""Doses and plans that contradict themselves or one another: no wrong number of Gy, and none without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset

from deface_compare.case import Case
from deface_compare.readers import read_case
from dicom_set import PLAN_CLASS, head_hu, uid, write_dose, write_plan, write_series

OFFSETS = [0.0, 4.0, 8.0, 12.0, 16.0]
STORED = np.full((5, 6, 7), 4500, np.uint16)
"""45 Gy."""


def _changed(path: Path, change: Callable[[FileDataset], None]) -> None:
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)


def _one_plan(folder: Path) -> None:
    write_series(folder, head_hu())
    write_dose(folder / "rd.dcm", STORED, OFFSETS)
    write_plan(folder / "rp.dcm", 60.0)


def _two_plans(folder: Path) -> None:
    """Two approved plans of one structure set, with a dose each."""
    write_series(folder, head_hu())
    for number in (1, 2):
        write_dose(folder / f"rd{number}.dcm", STORED, OFFSETS, plan=f"plan {number}")
        write_plan(folder / f"rp{number}.dcm", 60.0, plan=f"plan {number}", approval="APPROVED", structures="rs.dcm")


def _said(case: Case) -> str:
    return "; ".join((*case.notes, case.missing_dose))


def _max_gy(case: Case) -> float | None:
    return None if case.dose is None else float(sitk.GetArrayViewFromImage(case.dose.image).max())


def _relation(relationship: str) -> Callable[[FileDataset], None]:
    def change(data: FileDataset) -> None:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = PLAN_CLASS, uid("plan 1")
        item.RTPlanRelationship = relationship
        data.ReferencedRTPlanSequence = [item]

    return change


@pytest.mark.parametrize("relationship", ["PREDECESSOR", "ALTERNATIVE", "VERIFIED_PLAN"])
def test_the_dose_of_a_plan_that_stands_for_another_is_not_added_to_the_others(tmp_path: Path, relationship: str) -> None:
    _two_plans(tmp_path)
    _changed(tmp_path / "rp2.dcm", _relation(relationship))
    case = read_case(tmp_path)
    assert case.dose is None
    assert "2 plan doses, one of a plan that replaces, rivals or checks another" in case.missing_dose


@pytest.mark.parametrize("relationship", ["PRIOR", "CONCURRENT"])
def test_doses_of_plans_that_are_treated_one_after_the_other_add_up(tmp_path: Path, relationship: str) -> None:
    _two_plans(tmp_path)
    _changed(tmp_path / "rp2.dcm", _relation(relationship))
    assert _max_gy(read_case(tmp_path)) == pytest.approx(90.0)


@pytest.mark.parametrize("intent", ["VERIFICATION", "MACHINE_QA", "SERVICE", "RESEARCH"])
def test_the_dose_of_a_plan_that_treats_nobody_is_not_added_and_alone_it_is_told(tmp_path: Path, intent: str) -> None:
    _two_plans(tmp_path / "two")
    _changed(tmp_path / "two" / "rp2.dcm", lambda data: setattr(data, "PlanIntent", intent))
    case = read_case(tmp_path / "two")
    assert _max_gy(case) == pytest.approx(45.0)
    assert "1 doses of plans that are unapproved or for no treatment were not used" in case.notes
    _one_plan(tmp_path / "one")
    _changed(tmp_path / "one" / "rp.dcm", lambda data: setattr(data, "PlanIntent", intent))
    assert f"the dose's plan is {intent}" in read_case(tmp_path / "one").notes


def test_physical_and_effective_doses_are_not_added_up(tmp_path: Path) -> None:
    _two_plans(tmp_path)
    _changed(tmp_path / "rd2.dcm", lambda data: setattr(data, "DoseType", "EFFECTIVE"))
    case = read_case(tmp_path)
    assert case.dose is None
    assert case.missing_dose == "of 2 doses some are physical and some effective (DoseType): they were not added up"


def test_a_dose_of_an_unknown_type_is_not_used_and_says_so(tmp_path: Path) -> None:
    _one_plan(tmp_path)
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "DoseType", "DIFFERENCE"))
    assert "dose rd.dcm is of a type that no dose has (DoseType DIFFERENCE) and was not used" in _said(read_case(tmp_path))


@pytest.mark.parametrize("first_mm", [3.0, -12.5])
def test_frame_offsets_that_begin_neither_with_0_nor_at_the_grids_place_give_no_dose(tmp_path: Path, first_mm: float) -> None:
    _one_plan(tmp_path)
    offsets = [first_mm + offset for offset in OFFSETS]
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "GridFrameOffsetVector", offsets))
    case = read_case(tmp_path)
    assert case.dose is None
    assert "has frame offsets that begin neither with 0 nor at its own position" in case.missing_dose


@pytest.mark.parametrize("offsets", [[0.0005 * k for k in range(5)], [60.0 * k for k in range(5)], [0.0, 4.0, 4.001, 8.0, 12.0]])
def test_frames_as_near_or_far_as_no_doses_are_give_no_dose(tmp_path: Path, offsets: list[float]) -> None:
    _one_plan(tmp_path)
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "GridFrameOffsetVector", offsets))
    case = read_case(tmp_path)
    assert case.dose is None
    assert "mm apart (GridFrameOffsetVector), as no dose has, and was not used" in case.missing_dose


@pytest.mark.parametrize(
    ("orientation", "place"),
    [
        ([0, 1, 0, 0, 0, -1], lambda x, y, z: (-10 - 4 * z, -20 + 4 * x, -30 - 4 * y)),
        ([1, 0, 0, 0, 0, -1], lambda x, y, z: (-10 + 4 * x, -20 + 4 * z, -30 - 4 * y)),
        ([-1, 0, 0, 0, 1, 0], lambda x, y, z: (-10 - 4 * x, -20 + 4 * y, -30 - 4 * z)),
    ],
    ids=["sagittal", "coronal", "feet first"],
)
def test_a_dose_of_any_orientation_lies_where_its_header_puts_it(
    tmp_path: Path, orientation: list[float], place: Callable[[int, int, int], tuple[float, float, float]]
) -> None:
    _one_plan(tmp_path)
    z, y, x = np.mgrid[0:5, 0:6, 0:7]
    stored = (1000 + 100 * z + 10 * y + x).astype(np.uint16)
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "PixelData", stored.tobytes()))
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "ImageOrientationPatient", orientation))
    dose = read_case(tmp_path).dose
    assert dose is not None
    for index in ((0, 0, 0), (6, 5, 4), (2, 3, 1)):
        assert dose.image.EvaluateAtPhysicalPoint([float(v) for v in place(*index)]) == pytest.approx(
            10 + index[2] + 0.1 * index[1] + 0.01 * index[0], rel=1e-6
        )


@pytest.mark.parametrize("first_mm", [1e-5, -0.04, -30.04])
def test_a_rounded_first_frame_offset_moves_no_dose(tmp_path: Path, first_mm: float) -> None:
    _one_plan(tmp_path)
    base = -30.0 if first_mm < -1 else 0.0
    offsets = [first_mm, *(base + offset for offset in OFFSETS[1:])]
    _changed(tmp_path / "rd.dcm", lambda data: setattr(data, "GridFrameOffsetVector", offsets))
    dose = read_case(tmp_path).dose
    assert dose is not None
    assert dose.image.GetOrigin() == pytest.approx((-10.0, -20.0, -30.0), abs=0.05)  # measured 0.04


def test_a_dose_whose_numbers_do_not_fit_its_bits_is_not_used(tmp_path: Path) -> None:
    def twelve_bits(data: FileDataset) -> None:
        data.BitsStored, data.HighBit = 12, 11

    def twice_as_long(data: FileDataset) -> None:
        data.PixelData = STORED.astype(np.uint32).tobytes()

    for name, change, why in (
        ("bits", twelve_bits, "holds numbers beyond its 12 stored bits"),
        ("length", twice_as_long, "holds more pixels than its header says"),
    ):
        _one_plan(tmp_path / name)
        _changed(tmp_path / name / "rd.dcm", change)
        case = read_case(tmp_path / name)
        assert case.dose is None
        assert case.missing_dose == f"dose rd.dcm {why} and was not used"


def test_what_an_organ_at_risk_may_get_is_no_prescription(tmp_path: Path) -> None:
    def spare(data: FileDataset) -> None:
        item = Dataset()
        item.DoseReferenceNumber, item.DoseReferenceType, item.TargetPrescriptionDose = 2, "ORGAN_AT_RISK", 70.0
        data.DoseReferenceSequence.append(item)

    _one_plan(tmp_path)
    _changed(tmp_path / "rp.dcm", spare)
    dose = read_case(tmp_path).dose
    assert dose is not None
    assert dose.prescription_gy == 60.0


@pytest.mark.parametrize("stated", [b"0.0 ", b"-60.", b"nan "])
def test_a_prescription_of_nothing_is_none_and_is_told(tmp_path: Path, stated: bytes) -> None:
    _one_plan(tmp_path)
    path = tmp_path / "rp.dcm"
    path.write_bytes(path.read_bytes().replace(b"60.0", stated))
    case = read_case(tmp_path)
    assert case.dose is not None
    assert case.dose.prescription_gy is None
    assert "no prescription is known: a plan of the dose states none" in case.notes

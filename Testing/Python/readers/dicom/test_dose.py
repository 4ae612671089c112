"""RTDOSE and RTPLAN: every grid that the standard allows, which of several doses is the plan's, and what was prescribed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.case import Case, Dose
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from dicom_set import head_hu, square, write_dose, write_plan, write_series, write_structures

CLOSED = "CLOSED_PLANAR"
OFFSETS = [0.0, 4.0, 8.0, 12.0, 16.0]


def _ramp() -> NDArray[np.uint16]:
    """Stored dose 100 (z + 1) + x: tells a flipped grid."""
    z, _, x = np.mgrid[:5, :6, :7]
    return (100 * (z + 1) + x).astype(np.uint16)


def _gy(image: sitk.Image, point: tuple[float, float, float]) -> float:
    return float(image.GetPixel(image.TransformPhysicalPointToIndex(point)))


def _dose(case: Case) -> Dose:
    assert case.dose is not None
    return case.dose


def _first_gy(folder: Path, wanted: str = "") -> float:
    return _gy(_dose(read_case(folder, choices=ReadingChoices(dose=wanted))).image, (-10, -20, -30))


def test_dose_has_scaling_offsets_and_prescription(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS)
    write_plan(tmp_path / "rp.dcm", 60.0)
    dose = read_case(tmp_path).dose
    assert dose is not None
    assert _gy(dose.image, (-10, -20, -30)) == pytest.approx(1.0)
    assert _gy(dose.image, (14, 0, -14)) == pytest.approx(5.06)
    assert dose.prescription_gy == 60.0


def test_absolute_and_decreasing_offsets_give_the_same_grid(tmp_path: Path) -> None:
    for name, stored, offsets in (
        ("absolute", _ramp(), [-30.0, -26.0, -22.0, -18.0, -14.0]),
        ("decreasing", _ramp(), [0.0, -4.0, -8.0, -12.0, -16.0]),
    ):
        folder = tmp_path / name
        write_series(folder, head_hu())
        write_dose(folder / "rd.dcm", stored, offsets)
        dose = read_case(folder).dose
        assert dose is not None
        assert _gy(dose.image, (-10, -20, -30)) == pytest.approx(1.0), name
        last = -14.0 if name == "absolute" else -46.0
        assert _gy(dose.image, (-10, -20, last)) == pytest.approx(5.0), name


def test_uneven_dose_frames_are_interpolated_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_dose(tmp_path / "rd.dcm", _ramp(), [0.0, 2.0, 4.0, 8.0, 12.0])
    case = read_case(tmp_path)
    assert case.dose is not None
    assert case.dose.image.GetSize()[2] == 7
    assert _gy(case.dose.image, (-10, -20, -24)) == pytest.approx(3.5)
    assert any("uneven frames" in note for note in case.notes)


def test_a_dose_on_swapped_axes_lies_where_it_should(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    # Columns run along y, rows along z: frames then follow x.
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS, extra={"ImageOrientationPatient": [0, 1, 0, 0, 0, 1]})
    image = _dose(read_case(tmp_path)).image
    assert _gy(image, (-10, -20, -30)) == pytest.approx(1.0)
    assert _gy(image, (6, -20, -30)) == pytest.approx(5.0)
    assert _gy(image, (-10, 4, -30)) == pytest.approx(1.06)


def test_a_relative_dose_is_read_as_such_and_gray_goes_before_it(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_plan(tmp_path / "rp.dcm", 60.0)
    write_dose(tmp_path / "percent.dcm", _ramp(), OFFSETS, extra={"DoseUnits": "RELATIVE"})
    case = read_case(tmp_path)
    assert (_dose(case).unit, _dose(case).prescription_gy) == ("relative", None)
    assert any("percent.dcm is relative to a value that the file does not tell" in note for note in case.notes)
    write_dose(tmp_path / "gray.dcm", _ramp(), OFFSETS, scaling=0.02)
    dose = _dose(read_case(tmp_path))
    assert (dose.unit, dose.prescription_gy, dose.sources[0].name) == ("Gy", 60.0, "gray.dcm")


def test_a_plan_sum_is_used_and_never_added_to_its_parts(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    for name in ("a", "b"):
        write_plan(tmp_path / f"rp_{name}.dcm", 30.0, plan=name, approval="APPROVED")
        write_dose(tmp_path / f"{name}.dcm", _ramp(), OFFSETS, plan=name)
    assert _first_gy(tmp_path) == pytest.approx(2.0)
    write_dose(tmp_path / "sum.dcm", _ramp(), OFFSETS, kind="MULTI_PLAN", scaling=0.03)
    assert _first_gy(tmp_path) == pytest.approx(3.0)


def test_only_approved_plans_are_added_up(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    for name, approval in (("a", "APPROVED"), ("b", "APPROVED"), ("c", "REJECTED")):
        write_plan(tmp_path / f"rp_{name}.dcm", 30.0, plan=name, approval=approval)
        write_dose(tmp_path / f"{name}.dcm", _ramp(), OFFSETS, plan=name)
    case = read_case(tmp_path)
    assert _gy(_dose(case).image, (-10, -20, -30)) == pytest.approx(2.0)
    assert _dose(case).prescription_gy == 60.0
    assert any("1 doses of unapproved plans were not used" in note for note in case.notes)


@pytest.mark.parametrize("what", ["one plan", "other structures", "rivals", "approval not stated"])
def test_doses_that_no_rule_adds_up_are_named_and_the_user_chooses(tmp_path: Path, what: str) -> None:
    write_series(tmp_path, head_hu())
    approval = {"rivals": "UNAPPROVED", "approval not stated": ""}.get(what, "APPROVED")
    for name in ("a", "b"):
        plan = "both" if what == "one plan" else name
        planned_on = f"rs_{name}.dcm" if what == "other structures" else "rs.dcm"
        write_plan(tmp_path / f"rp_{name}.dcm", 30.0, plan=plan, label=f"Boost {name}", structures=planned_on, approval=approval)
        write_dose(tmp_path / f"{name}.dcm", _ramp(), OFFSETS, plan=plan, scaling=0.01 if name == "a" else 0.02)
    case = read_case(tmp_path)
    assert case.dose is None
    assert "choose with --dose: a.dcm (PLAN), b.dcm (PLAN)" in case.missing_dose
    assert _first_gy(tmp_path, "B.dcm") == pytest.approx(2.0)
    if what == "other structures":
        assert _first_gy(tmp_path, "boost A") == pytest.approx(1.0)
    case = read_case(tmp_path, choices=ReadingChoices(dose="*.dcm"))
    assert case.missing_dose.startswith("--dose names 2 of 2 dose files")
    assert _first_gy(tmp_path, "a.dcm + b.dcm") == pytest.approx(3.0)
    case = read_case(tmp_path, choices=ReadingChoices(dose="a.dcm + a.dcm"))
    assert case.missing_dose.startswith("--dose names none of 2 dose files")


def test_beam_doses_are_summed_only_if_all_beams_are_there(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_plan(tmp_path / "rp.dcm", 60.0, beams=2)
    write_dose(tmp_path / "one.dcm", _ramp(), OFFSETS, kind="BEAM")
    case = read_case(tmp_path)
    assert case.dose is None
    assert "no dose of a whole plan (BEAM)" in case.missing_dose
    write_dose(tmp_path / "two.dcm", _ramp(), OFFSETS, kind="BEAM")
    assert _first_gy(tmp_path) == pytest.approx(2.0)


def test_beams_are_counted_by_their_numbers_and_setup_beams_have_no_dose(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_plan(tmp_path / "rp.dcm", 60.0, beams=3)
    plan = pydicom.dcmread(path)
    plan.FractionGroupSequence[0].ReferencedBeamSequence = [_item(ReferencedBeamNumber=n) for n in (1, 2, 9)]
    kinds = {1: "TREATMENT", 2: "TREATMENT", 9: "SETUP"}
    plan.BeamSequence = [_item(BeamNumber=n, TreatmentDeliveryType=kind) for n, kind in kinds.items()]
    plan.save_as(path)
    for number, beams in ((1, [1]), (2, [1]), (2, [2])):
        assert read_case(tmp_path).dose is None
        group = _item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=[_item(ReferencedBeamNumber=n) for n in beams])
        of_plan = _item(ReferencedSOPInstanceUID=plan.SOPInstanceUID, ReferencedFractionGroupSequence=[group])
        extra: dict[str, object] = {"ReferencedRTPlanSequence": [of_plan]}
        write_dose(tmp_path / f"{number}.dcm", _ramp(), OFFSETS, kind="BEAM", extra=extra)
    assert _first_gy(tmp_path) == pytest.approx(2.0)


def test_fraction_doses_are_of_whole_fraction_groups_and_sessions_of_one_fraction(tmp_path: Path) -> None:
    """PS3.3 C.8.8.3: FRACTION is the entire delivery of one fraction group, FRACTION_SESSION one session of it."""
    group, sessions = tmp_path / "group", tmp_path / "sessions"
    for folder in (group, sessions):
        write_series(folder, head_hu())
        write_plan(folder / "rp.dcm", 6.0, fractions=3)
    write_dose(group / "g.dcm", _ramp(), OFFSETS, kind="FRACTION")
    assert _first_gy(group) == pytest.approx(1.0)
    write_dose(group / "h.dcm", _ramp(), OFFSETS, kind="FRACTION")
    assert "no dose of a whole plan (FRACTION)" in read_case(group).missing_dose
    for number in range(3):
        assert read_case(sessions).dose is None
        write_dose(sessions / f"{number}.dcm", _ramp(), OFFSETS, kind="FRACTION_SESSION")
    assert _first_gy(sessions) == pytest.approx(3.0)


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize(
    ("stored", "scaling", "prescribed", "reason"),
    [
        (0, 0.01, 60.0, "dose rd.dcm is zero everywhere and was not used"),
        (60000, 0.1, 60.0, "a maximum of 6000 Gy: its values are likely cGy"),
        (200, 0.01, 60.0, "a maximum of 2.0 Gy where 60 Gy are prescribed: it may be of one fraction or part of the plan"),
        (6000, 0.01, 6000.0, "6000 Gy are prescribed for dose rd.dcm: the prescription is likely in cGy"),
        (8000, 0.1, 8.0, "a maximum of 800 Gy where 8 Gy are prescribed: one of them is likely in cGy"),
    ],
)
def test_a_dose_of_nothing_or_in_centigray_or_of_one_fraction_is_told(
    tmp_path: Path, stored: int, scaling: float, prescribed: float, reason: str
) -> None:
    write_series(tmp_path, head_hu())
    write_plan(tmp_path / "rp.dcm", prescribed)
    write_dose(tmp_path / "rd.dcm", np.full((5, 6, 7), stored, np.uint16), OFFSETS, scaling=scaling)
    case = read_case(tmp_path)
    assert (case.dose is None) == (stored == 0)
    assert any(reason in note for note in case.notes)


def test_each_target_has_its_own_prescription(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    names = ("Brain", "PTV54", "PTV 60", "CTV")
    write_structures(tmp_path / "rs.dcm", {name: [(CLOSED, square(8, 4, -9, 5))] for name in names})
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS)
    # The plan names ROI 4 (the CTV); the others are known by the dose in their names.
    write_plan(tmp_path / "rp.dcm", 60.0, structures="rs.dcm", targets=[(4, 60.0), (None, 54.0)])
    case = read_case(tmp_path)
    assert case.structure_set is not None
    found = {s.name: (s.standard_name, s.prescription_gy) for s in case.structure_set.structures}
    assert found == {
        "Brain": ("Brain", None),
        "PTV54": ("PTV_5400", 54.0),
        "PTV 60": ("PTV_6000", 60.0),
        "CTV": ("CTV", 60.0),
    }
    assert _dose(case).prescription_gy == 60.0


def test_a_dose_whose_high_bit_is_no_doses_is_not_used_and_says_so(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS, extra={"BitsStored": 12, "HighBit": 15})
    case = read_case(tmp_path)
    assert case.dose is None
    assert "states a HighBit that no dose has (15 of 12 bits) and was not used" in case.missing_dose

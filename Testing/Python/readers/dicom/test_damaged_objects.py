"""A damaged object costs what it alone tells, says so, and is not replaced in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from dicom_set import square, write_dose, write_structures
from fault_patient import FILES, paths_of, reading, write_patient
from registration_file import rigid, write_registration

COSTS = {
    "RTDOSE": {"dose", "place of the dose", "prescription", "prescription of PTV"},
    "RTSTRUCT": {"volume of Brain", "volume of PTV", "prescription of PTV"},
    "RTPLAN": {"prescription", "prescription of PTV"},
    "REG": {"place of MR_T1"},
    "PT": {"voxels of PET", "place of PET"},
    "MR": {"voxels of MR_T1", "place of MR_T1"},
}


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("kind", COSTS)
def test_a_cut_object_costs_its_own_facts_and_is_named(tmp_path: Path, kind: str, share: float) -> None:
    write_patient(tmp_path, segmentation=False)
    whole, _ = reading(tmp_path)
    path = sorted(paths_of(tmp_path, kind))[0]
    cut(path, share if kind not in ("PT", "MR") else 0.8)
    found, said = reading(tmp_path)
    assert whole.keys() - found.keys() == COSTS[kind]
    assert all(found[fact] == whole[fact] for fact in found)
    assert any(path.name in sentence and "damaged" in sentence for sentence in said)


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_the_ct_that_structures_lie_on_cannot_be_lost(tmp_path: Path, share: float) -> None:
    write_patient(tmp_path, segmentation=False)
    cut(paths_of(tmp_path, "CT")[2], share)
    with pytest.raises(UnusableInput, match="damaged or truncated"):
        read_case(tmp_path)


def test_a_slice_that_tells_no_series_refuses_the_patient(tmp_path: Path) -> None:
    write_patient(tmp_path, segmentation=False)
    cut(paths_of(tmp_path, "PT")[2], 0.3)
    with pytest.raises(UnusableInput, match="damaged or truncated"):
        read_case(tmp_path)


def test_a_file_that_ends_with_its_mark_is_called_damaged(tmp_path: Path) -> None:
    write_patient(tmp_path, segmentation=False)
    (tmp_path / "only_mark.dcm").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(UnusableInput, match=r"only_mark\.dcm is a damaged or truncated DICOM file"):
        read_case(tmp_path)


@pytest.fixture
def two_doses(tmp_path: Path) -> Path:
    write_patient(tmp_path, segmentation=False)
    write_dose(tmp_path / "other.dcm", np.full((6, 8, 8), 2000, np.uint16), [4.0 * k for k in range(6)])
    cut(tmp_path / FILES["RTDOSE"], 0.5)
    return tmp_path


def test_no_other_dose_stands_for_a_damaged_one(two_doses: Path) -> None:
    case = read_case(two_doses)
    assert case.dose is None
    assert "rd.dcm is a damaged or truncated DICOM file" in case.missing_dose
    assert case.missing_dose.endswith("no dose was used and it may be the plan's: choose another one with --dose")


def test_the_user_may_choose_another_dose_and_is_told_of_the_damaged_one(two_doses: Path) -> None:
    case = read_case(two_doses, choices=ReadingChoices(dose="other.dcm"))
    assert case.dose is not None
    assert case.dose.sources[0].name == "other.dcm"
    assert any("rd.dcm is a damaged" in note for note in case.notes)


def test_a_damaged_dose_that_the_user_chose_is_not_replaced(two_doses: Path) -> None:
    case = read_case(two_doses, choices=ReadingChoices(dose="rd.dcm"))
    assert case.dose is None
    assert any("rd.dcm is a damaged" in note for note in case.notes)


@pytest.mark.parametrize(("date", "used"), [("20250101", False), ("20260101", True)])
def test_another_structure_set_is_used_where_dates_tell_which_is_newer(tmp_path: Path, date: str, used: bool) -> None:
    write_patient(tmp_path, segmentation=False)
    (tmp_path / FILES["RTPLAN"]).unlink()
    drawn = {"Brain": [("CLOSED_PLANAR", square(4, -6, z, 6)) for z in (-24, -21, -18)]}
    write_structures(tmp_path / "other.dcm", drawn, extra={"StructureSetDate": date})
    cut(tmp_path / FILES["RTSTRUCT"], 0.9)
    case = read_case(tmp_path)
    assert (case.structure_set is not None) == used
    assert any("rs.dcm is a damaged" in sentence for sentence in (*case.notes, case.missing_structures))


def test_no_older_registration_stands_for_a_damaged_one(tmp_path: Path) -> None:
    write_patient(tmp_path, segmentation=False)
    write_registration(tmp_path / "older.dcm", "frame", "mr frame", [rigid(4.0)], date="20200101")
    cut(tmp_path / FILES["REG"], 0.6)
    case = read_case(tmp_path)
    assert case.image("MR_T1").own_frame is None
    assert "no registration was used: the damaged one may be the one that holds" in case.notes

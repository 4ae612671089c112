"""Contours go to structures by ROI number: a number that two structures have is refused, contours in two items are joined."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset

from deface_compare.case import Case, Structure
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.structures.contours import stack_contours
from deface_compare.utility.baseline import ImageBaseline, utility_baseline
from dicom_set import head_hu, square, write_dose, write_plan, write_series, write_structures

CLOSED = "CLOSED_PLANAR"
PLANES = (-18, -15, -12, -9)
BRAIN, PAROTID, GTV = 6.0, 1.5, 3.0
"""Half the edges of the squares, mm."""
SHARED = "its ROI number is that of 2 structures: nothing tells which contours are its own"


def column(half: float, x: float = 8.0) -> list[tuple[str, list[float]]]:
    return [(CLOSED, square(x, 4, z, half)) for z in PLANES]


def column_cc(half: float) -> float:
    return (2 * half) ** 2 * 12 / 1000


def write_patient(folder: Path, change: Callable[[FileDataset], None]) -> Case:
    write_series(folder, head_hu())
    write_dose(folder / "rd.dcm", np.full((10, 12, 12), 3000, np.uint16), [4.0 * k for k in range(10)])
    drawn = {"Brain": column(BRAIN), "Parotid_L": column(PAROTID, 14.0), "GTV": column(GTV), "PTV": column(GTV + 1)}
    path = write_structures(folder / "rs.dcm", drawn)
    write_plan(folder / "rp.dcm", 60.0, structures="rs.dcm", targets=[(3, 60.0), (4, 54.0)])
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)
    return read_case(folder)


def structure(case: Case, name: str) -> Structure:
    assert case.structure_set is not None
    return next(one for one in case.structure_set.structures if one.name == name)


def volume_cc(one: Structure) -> float:
    assert one.contours
    return stack_contours(one.contours).volume_cc


def number_as(name: str, number: int, *, contours: bool) -> Callable[[FileDataset], None]:
    """Give a structure the number of another one, and its contours too or not."""

    def change(data: FileDataset) -> None:
        roi = next(roi for roi in data.StructureSetROISequence if name == roi.ROIName)
        item = next(item for item in data.ROIContourSequence if item.ReferencedROINumber == roi.ROINumber)
        roi.ROINumber = number
        if contours:
            item.ReferencedROINumber = number

    return change


@pytest.mark.parametrize("contours", [True, False])
def test_structures_of_one_number_get_nobodys_contours(tmp_path: Path, contours: bool) -> None:
    case = write_patient(tmp_path, number_as("Parotid_L", 1, contours=contours))
    for name in ("Brain", "Parotid_L"):
        assert structure(case, name).contours == ()
        assert structure(case, name).problem == SHARED
    assert volume_cc(structure(case, "GTV")) == pytest.approx(column_cc(GTV), rel=1e-9)  # exact: squares
    assert case.structure_set is not None
    assert any("2 structures have a ROI number that another one has, too" in note for note in case.structure_set.notes)
    if not contours:
        assert any("1 items of contours name a ROI number that no structure has" in note for note in case.structure_set.notes)


def test_the_rows_of_structures_of_one_number_give_the_reason(tmp_path: Path) -> None:
    baseline = utility_baseline(write_patient(tmp_path, number_as("Parotid_L", 1, contours=True)), Settings())
    image = baseline.images["CT"]
    assert isinstance(image, ImageBaseline)
    for name in ("Brain", "Parotid_L"):
        assert image.regions[name] == SHARED
        assert baseline.dose[name] == SHARED


def test_a_prescription_goes_to_no_target_that_shares_its_number(tmp_path: Path) -> None:
    """The plan prescribes 60 Gy to number 3 and 54 Gy to number 4; both GTV and PTV are called 3."""
    case = write_patient(tmp_path, number_as("PTV", 3, contours=True))
    assert [structure(case, name).prescription_gy for name in ("GTV", "PTV")] == [None, None]


def test_a_shared_number_makes_no_outer_contour(tmp_path: Path) -> None:
    def change(data: FileDataset) -> None:
        number_as("Parotid_L", 1, contours=True)(data)
        observation = Dataset()
        observation.ObservationNumber = observation.ReferencedROINumber = 1
        observation.RTROIInterpretedType = "EXTERNAL"
        data.RTROIObservationsSequence = [observation]

    case = write_patient(tmp_path, change)
    assert case.structure_set is not None
    assert case.structure_set.in_group("external") == ()


def split(data: FileDataset) -> None:
    """Two of the brain's planes in an item of their own, at the end of the file."""
    item = data.ROIContourSequence[0]
    second = Dataset()
    second.ReferencedROINumber = item.ReferencedROINumber
    second.ContourSequence = list(item.ContourSequence[2:])
    item.ContourSequence = list(item.ContourSequence[:2])
    data.ROIContourSequence.append(second)


def test_contours_in_two_items_are_joined(tmp_path: Path) -> None:
    case = write_patient(tmp_path, split)
    brain = structure(case, "Brain")
    assert volume_cc(brain) == pytest.approx(column_cc(BRAIN), rel=1e-9)  # exact: squares
    assert "its contours stand in 2 items of the file, which were joined" in brain.notes


def test_contours_that_stand_in_both_items_count_once(tmp_path: Path) -> None:
    """By even-odd a contour and its copy would cancel."""

    def change(data: FileDataset) -> None:
        data.ROIContourSequence.append(data.ROIContourSequence[0])

    brain = structure(write_patient(tmp_path, change), "Brain")
    assert volume_cc(brain) == pytest.approx(column_cc(BRAIN), rel=1e-9)  # exact: squares
    assert any("drawn twice in the same place" in note for note in brain.notes)


def test_an_empty_item_beside_a_drawn_one_takes_nothing_away(tmp_path: Path) -> None:
    def change(data: FileDataset) -> None:
        empty = Dataset()
        empty.ReferencedROINumber = 1
        data.ROIContourSequence.append(empty)

    assert volume_cc(structure(write_patient(tmp_path, change), "Brain")) == pytest.approx(column_cc(BRAIN), rel=1e-9)


def test_two_structures_of_one_name_and_two_numbers_keep_their_own_contours(tmp_path: Path) -> None:
    def change(data: FileDataset) -> None:
        data.StructureSetROISequence[1].ROIName = "Brain"

    case = write_patient(tmp_path, change)
    assert case.structure_set is not None
    first, second, *_ = case.structure_set.structures
    assert (first.standard_name, second.standard_name) == ("Brain", "structure-02")
    assert volume_cc(first) == pytest.approx(column_cc(BRAIN), rel=1e-9)
    assert volume_cc(second) == pytest.approx(column_cc(PAROTID), rel=1e-9)
    assert "2 structures are named Brain; structure 1 in planned order was used" in first.notes


def test_two_doses_that_a_plan_states_of_one_target_prescribe_nothing(tmp_path: Path) -> None:
    """The last one of the file is not the truth; nor does the name tell the one (GTV holds no number)."""
    write_patient(tmp_path, lambda data: None)
    write_plan(tmp_path / "rp.dcm", 60.0, structures="rs.dcm", targets=[(3, 60.0), (3, 54.0), (4, 54.0), (4, 54.0)])
    case = read_case(tmp_path)
    assert [structure(case, name).prescription_gy for name in ("GTV", "PTV")] == [None, 54.0]

"""Spatial Registration objects: written with pydicom here, used by the reader, answers known in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import Case
from deface_compare.readers import read_case
from dicom_set import head_hu, uid, write_dose, write_series
from registration_file import DEFORMABLE_CLASS, REG_CLASS, rigid, write_registration


def write_images(folder: Path, mr_frame: str = "mr frame") -> None:
    write_series(folder, head_hu())
    values = (head_hu() + 1100).astype(np.uint16)
    write_series(folder, values, modality="MR", series="mr", frame=mr_frame, extra={"SeriesDescription": "t1"})


def mr_corner_mm(case: Case, index: tuple[int, int, int]) -> NDArray[np.float64]:
    return np.array(case.image("MR_T1").image.TransformIndexToPhysicalPoint(index))


def own_mm(index: tuple[int, int, int]) -> NDArray[np.float64]:
    """Where `write_series` puts a voxel in its own frame."""
    return np.array([-10.0, -20.0, -30.0]) + np.array(index) * [2.0, 2.0, 3.0]


@pytest.mark.parametrize("named_by", ["frame", "images"])
@pytest.mark.parametrize("direction", ["mr to ct", "ct to mr"])
def test_an_image_of_another_frame_is_placed_by_the_matrix(tmp_path: Path, direction: str, named_by: str) -> None:
    write_images(tmp_path)
    matrix = rigid()
    if direction == "mr to ct":
        images = ("mr 3", "mr 4") if named_by == "images" else ()
        write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [matrix], images=images)
    else:
        images = ("ct 3",) if named_by == "images" else ()
        write_registration(tmp_path / "reg.dcm", "mr frame", "frame", [np.linalg.inv(matrix)], images=images)
    case = read_case(tmp_path)
    image = case.image("MR_T1")
    for index in ((0, 0, 0), (19, 23, 11)):
        expected = matrix[:3, :3] @ own_mm(index) + matrix[:3, 3]
        assert np.abs(mr_corner_mm(case, index) - expected).max() < 1e-7  # measured 7e-9: the file holds nine digits
    assert np.array_equal(image.array(), head_hu() + 1100)
    assert image.frame_of_reference_uid == case.images[0].frame_of_reference_uid == uid("frame")
    assert any("Spatial Registration" in note for note in image.notes)


def test_a_placed_image_goes_back_to_its_own_grid(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [rigid()])
    image = read_case(tmp_path).image("MR_T1")
    assert image.own_frame is not None
    assert image.own_frame.uid == uid("mr frame")
    back = image.own_frame.put_back(image.image)
    assert (back.GetOrigin(), back.GetDirection()) == ((-10.0, -20.0, -30.0), tuple(np.eye(3).ravel()))


def test_frames_are_joined_over_a_frame_that_holds_no_image(tmp_path: Path) -> None:
    write_images(tmp_path)
    first, second = rigid(10.0), rigid(-25.0, (3.0, 2.0, 1.0))
    write_registration(tmp_path / "a.dcm", "atlas", "mr frame", [first])
    write_registration(tmp_path / "b.dcm", "atlas", "frame", [second])
    whole = np.linalg.inv(second) @ first
    expected = whole[:3, :3] @ own_mm((5, 6, 7)) + whole[:3, 3]
    assert np.abs(mr_corner_mm(read_case(tmp_path), (5, 6, 7)) - expected).max() < 1e-7  # measured 3e-9


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_registration_into_a_frame_that_nobody_has_is_told(tmp_path: Path, goes_on: bool) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "reg.dcm", "frame", "nobody's frame", [rigid()])
    if goes_on:
        write_registration(tmp_path / "on.dcm", "nobody's frame", "mr frame", [rigid()])
    case = read_case(tmp_path)
    told = "registration reg.dcm joins a frame of reference that no image, structure or dose here lies in, and was not used"
    assert (told in case.notes) == (not goes_on)
    assert (case.image("MR_T1").frame_of_reference_uid == case.images[0].frame_of_reference_uid) == goes_on


def test_the_dose_of_a_joined_frame_is_placed_too(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [rigid()])
    write_dose(tmp_path / "dose.dcm", np.full((4, 5, 6), 700, np.uint16), [0.0, 4.0, 8.0, 12.0], frame="mr frame")
    dose = read_case(tmp_path).dose
    assert dose is not None
    assert dose.frame_of_reference_uid == uid("frame")
    expected = rigid()[:3, :3] @ np.array([-10.0, -20.0, -30.0]) + rigid()[:3, 3]
    assert np.abs(np.array(dose.image.GetOrigin()) - expected).max() < 1e-7  # as above
    assert np.allclose(sitk.GetArrayFromImage(dose.image), 7.0)


def test_the_newest_of_several_registrations_counts(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "old.dcm", "frame", "mr frame", [rigid(5.0)], date="20250101")
    write_registration(tmp_path / "new.dcm", "frame", "mr frame", [rigid(20.0)], date="20260101")
    case = read_case(tmp_path)
    expected = rigid(20.0)[:3, :3] @ own_mm((0, 0, 0)) + rigid(20.0)[:3, 3]
    assert np.abs(mr_corner_mm(case, (0, 0, 0)) - expected).max() < 1e-7  # as above
    assert any("2 registrations of the same frames; the newest, new.dcm, was used" in note for note in case.notes)


def test_matrices_that_cannot_be_used_leave_the_frames_apart_and_say_why(tmp_path: Path) -> None:
    stretched, mirrored = np.diag([1.1, 1.0, 1.0, 1.0]), np.diag([-1.0, 1.0, 1.0, 1.0])
    for number, (matrices, sop_class, reason) in enumerate(
        (
            ([stretched], REG_CLASS, "holds a matrix that is not rigid"),
            ([mirrored], REG_CLASS, "holds a matrix that is not rigid"),
            ([rigid(20.0), rigid(30.0, (0.0, 50.0, 0.0))], REG_CLASS, "holds several matrices whose order matters"),
            ([], REG_CLASS, "holds no matrix"),
            ([rigid()], DEFORMABLE_CLASS, "is no matrix registration"),
        )
    ):
        folder = tmp_path / str(number)
        write_images(folder)
        write_registration(folder / "reg.dcm", "frame", "mr frame", matrices, sop_class=sop_class)
        case = read_case(folder)
        assert case.image("MR_T1").frame_of_reference_uid == uid("mr frame")
        assert any(f"registration reg.dcm {reason} and was not used" in note for note in case.notes), case.notes


def test_registrations_of_one_date_that_disagree_are_not_used(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "a.dcm", "frame", "mr frame", [rigid(5.0)])
    write_registration(tmp_path / "b.dcm", "frame", "mr frame", [rigid(6.0)])
    case = read_case(tmp_path)
    assert case.image("MR_T1").own_frame is None
    assert any("registrations a.dcm, b.dcm disagree" in note for note in case.notes)


def test_a_registration_that_moves_its_own_frame_is_not_used(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path, (head_hu() + 1100).astype(np.uint16), modality="MR", series="mr", frame="mr frame")
    path = tmp_path / "reg.dcm"
    write_registration(path, "frame", "mr frame", [rigid(5.0)])
    data = pydicom.dcmread(path)
    own = data.RegistrationSequence[0].MatrixRegistrationSequence[0].MatrixSequence[0]
    own.FrameOfReferenceTransformationMatrix = [f"{value:.6f}" for value in rigid(7.0).ravel()]
    data.save_as(path)
    case = read_case(tmp_path)
    assert "registration reg.dcm moves its own frame of reference and was not used" in case.notes
    assert len({image.frame_of_reference_uid for image in case.images}) == 2


@pytest.mark.parametrize("shift_mm", [(900.0, 0.0, 0.0), (0.0, 0.0, -200.0), (95.0, 0.0, 0.0)])
def test_a_matrix_that_lays_no_image_on_another_is_not_used_and_told(
    tmp_path: Path, shift_mm: tuple[float, float, float]
) -> None:
    """The images are 38 mm wide and 33 mm high; each counts as 100 mm, for less holds no head."""
    write_images(tmp_path)
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [rigid(0.0, shift_mm)])
    case = read_case(tmp_path)
    assert case.image("MR_T1").frame_of_reference_uid == uid("mr frame")
    assert "a registration lays images beside one another, where they share nothing, and was not used" in case.notes


def test_a_matrix_over_a_frame_without_images_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "a.dcm", "atlas", "mr frame", [rigid(0.0, (900.0, 0.0, 0.0))])
    write_registration(tmp_path / "b.dcm", "atlas", "frame", [rigid(0.0, (900.0, 0.0, 5.0))])
    case = read_case(tmp_path)
    assert case.image("MR_T1").frame_of_reference_uid == uid("frame")
    assert not any("beside one another" in note for note in case.notes)


@pytest.mark.parametrize(("degrees", "told"), [(30.0, False), (180.0, True)])
def test_a_turn_that_no_two_scans_of_a_patient_have_is_told(tmp_path: Path, degrees: float, told: bool) -> None:
    write_images(tmp_path)
    matrix = rigid(degrees, (0.0, 0.0, 0.0))
    middle = own_mm((10, 12, 6))
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [matrix])
    case = read_case(tmp_path)
    assert case.image("MR_T1").frame_of_reference_uid == uid("frame")
    assert ("a registration turns images by 180 degrees, which is likely wrong; it was used" in case.notes) == told

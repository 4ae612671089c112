"""Contours in another unit, in other axes or with exchanged sides are told in every row; sound ones are not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.case import CaseImage, Structure, StructureSet
from deface_compare.readers import read_case
from deface_compare.readers.contour_checks import contour_remarks
from places import SHARED_DATA
from written_patient import write_as_dicom

REAL = SHARED_DATA / "rt_openkbp"
HEAD_MM = np.array([30.0, -140.0, 60.0])
"""Middle of the head: far from the origin, as scanners' tables are."""


def in_head(left: float, back: float, up: float) -> NDArray[np.float64]:
    return HEAD_MM + np.array([left, back, up])


ORGANS = {
    "Brain": (in_head(0, 5, 40), 80.0),
    "Brainstem": (in_head(0, 10, 0), 28.0),
    "Bone_Mandible": (in_head(0, -30, -40), 55.0),
    "Parotid_L": (in_head(50, 5, -25), 24.0),
    "Parotid_R": (in_head(-50, 5, -25), 24.0),
    "Eye_L": (in_head(32, -70, 20), 12.0),
    "Eye_R": (in_head(-32, -70, 20), 12.0),
}


def ball(middle_mm: NDArray[np.float64], radius_mm: float) -> tuple[NDArray[np.float64], ...]:
    """Contours every 3 mm."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn), np.zeros(40)], axis=1)
    heights = np.arange(-radius_mm + 1, radius_mm, 3.0)
    return tuple(middle_mm + np.array([0, 0, z]) + np.sqrt(radius_mm**2 - z**2) * ring for z in heights)


def ct() -> CaseImage:
    """A head of water, 110 mm in radius, in air."""
    z, y, x = np.mgrid[:64, :72, :72] * 4.0
    head = np.hypot(np.hypot(x - 142, y - 142), z - 126) < 110
    image = sitk.GetImageFromArray(np.where(head, 0, -1000).astype(np.int16))
    image.SetSpacing((4, 4, 4))
    image.SetOrigin((HEAD_MM - [142, 142, 126]).tolist())
    return CaseImage("CT", "CT", image, "HU", "frame")


def planned(change: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda p: p) -> StructureSet:
    drawn = {name: tuple(change(each) for each in ball(*place)) for name, place in ORGANS.items()}
    return StructureSet(tuple(Structure(name, name, contours=contours) for name, contours in drawn.items()), "frame")


def test_organs_in_their_place_are_not_told() -> None:
    assert contour_remarks(planned(), (ct(),)) == ()
    assert contour_remarks(planned()) == ()


@pytest.mark.parametrize(("factor", "unit"), [(0.1, "cm"), (0.001, "m"), (1 / 25.4, "inches"), (1000.0, "µm")])
def test_another_unit_is_named(factor: float, unit: str) -> None:
    (told,) = contour_remarks(planned(lambda points: factor * points), (ct(),))
    assert f"they are likely in {unit}, not in mm" in told
    assert contour_remarks(planned(lambda points: factor * points)) == (told,)  # needs no scan


@pytest.mark.parametrize("factor", [0.45, 1.9])
def test_a_child_and_a_large_head_are_in_mm(factor: float) -> None:
    assert contour_remarks(planned(lambda points: HEAD_MM + factor * (points - HEAD_MM))) == ()


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        ((-1, -1, 1), "RAS instead of LPS"),
        ((1, -1, 1), "front and back exchanged"),
        ((1, 1, -1), "head and feet exchanged"),
    ],
)
def test_other_axes_are_named_where_organs_lie_in_air(signs: tuple[int, int, int], words: str) -> None:
    (told,) = contour_remarks(planned(lambda points: points * signs), (ct(),))
    assert "of the contours of the median organ lie in air or beyond the CT" in told
    assert f"they are likely in {words}" in told or f"axes with {words}" in told


def test_a_slanted_scan_is_looked_at_where_it_lies() -> None:
    """A small piece of tissue beside the middle of a turned grid: with the axes exchanged it would be missed."""
    turn = np.deg2rad(30.0)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    slanted = sitk.Image(ct().image)
    slanted.SetDirection(rotation.ravel().tolist())
    middle = rotation @ np.array([60.0, 20.0, 100.0])
    slanted.SetOrigin((in_head(0, 0, 0) - middle).tolist())
    voxels = sitk.GetArrayFromImage(slanted)
    voxels[:] = -1000
    voxels[20:31, 1:10, 11:20] = 0
    piece = sitk.GetImageFromArray(voxels)
    piece.CopyInformation(slanted)
    scan = replace(ct(), image=piece)
    organ = StructureSet(
        (
            Structure(
                "Cavity_Oral", "Cavity_Oral", contours=tuple(in_head(0, 0, 0) + 0.5 * (c - HEAD_MM) for c in ball(HEAD_MM, 30.0))
            ),
        ),
        "frame",
    )
    assert contour_remarks(organ, (scan,)) == ()


def test_contours_of_another_place_are_told_without_a_guess() -> None:
    (told,) = contour_remarks(planned(lambda points: points + 200.0), (ct(),))
    assert "lie in air or beyond the CT; they are used as the file states them" in told


def test_a_scan_in_another_frame_judges_nothing() -> None:
    assert contour_remarks(planned(lambda points: points + 200.0), (replace(ct(), frame_of_reference_uid="other"),)) == ()


def test_mirrored_sides_are_told_for_all_pairs_or_by_name() -> None:
    (told,) = contour_remarks(planned(lambda p: HEAD_MM * [2, 0, 0] + p * [-1, 1, 1]), (ct(),))
    assert told.startswith("the left one of all 2 pairs of organs lies on the right")
    sound = planned().structures
    turned = {"Eye_L": "Eye_R", "Eye_R": "Eye_L"}
    one = StructureSet(tuple(replace(s, standard_name=turned.get(s.standard_name, s.standard_name)) for s in sound), "frame")
    assert contour_remarks(one, (ct(),)) == (
        "Eye: the one named left lies on the patient's right; both are used as the file states them",
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real patient as DICOM; nobody may change it."""
    return write_as_dicom(REAL / "pt_002", tmp_path_factory.mktemp("real") / "pt")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data/rt_openkbp")
@pytest.mark.parametrize("kind", ["sound", "cm", "RAS"])
def test_a_real_patients_structure_set_says_it_in_every_row(real: Path, tmp_path: Path, kind: str) -> None:
    factors = {"sound": (1, 1, 1), "cm": (0.1, 0.1, 0.1), "RAS": (-1, -1, 1)}[kind]
    folder = shutil.copytree(real, tmp_path / "pt", copy_function=os.link)
    path = folder / "RTSTRUCT.dcm"
    data = pydicom.dcmread(path)
    path.unlink()  # the patient's own stays as it is
    for item in data.ROIContourSequence:
        for contour in item.get("ContourSequence") or []:
            _scale(contour, factors)
    data.save_as(path)
    case = read_case(folder)
    assert case.structure_set is not None
    said = {"sound": None, "cm": "likely in cm", "RAS": "likely in RAS instead of LPS"}[kind]
    if said is None:
        assert case.structure_set.remarks == ()
    else:
        assert any(said in note for note in case.notes)
        assert all(any(said in note for note in each.notes) for each in case.structure_set.structures if each.group != "external")


def _scale(contour: Dataset, factors: tuple[float, float, float]) -> None:
    points = np.reshape([float(value) for value in contour.ContourData], (-1, 3)) * factors
    contour.ContourData = [f"{value:.4f}" for value in points.ravel()]
    if "ContourImageSequence" in contour:
        del contour.ContourImageSequence

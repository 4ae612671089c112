"""Slices of a case: planes through the head, contours where the structures are, the edit's outline where voxels changed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import Case, CaseImage, Dose, Structure, StructureSet
from deface_compare.output.folder import SLICE_INDEX, OutputFolder
from deface_compare.quality.case_slices import PIXELS, SIDE_MM, CaseSlices, sampled, slice_planes

EYE_LEFT_MM, EYE_RIGHT_MM = (32.0, -60.0, 20.0), (-32.0, -60.0, 20.0)
NOSE_MM, MOUTH_MM = (0.0, -85.0, -10.0), (0.0, -75.0, -40.0)
HEAD = SimpleNamespace(landmarks_mm={"eye_left": EYE_LEFT_MM, "eye_right": EYE_RIGHT_MM, "nose_tip": NOSE_MM, "mouth": MOUTH_MM})
SPACING_MM, LOW_MM = 2.0, -120.0
PIXEL_MM = SIDE_MM / PIXELS


def grid_image(values: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([SPACING_MM] * 3)
    image.SetOrigin([LOW_MM] * 3)
    return image


def points_mm() -> tuple[np.ndarray, ...]:
    axis = LOW_MM + SPACING_MM * np.arange(121)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return x, y, z


@pytest.fixture(scope="module")
def case() -> Case:
    """A ball of water with the left eye as a labelmap, and a dose that falls from left to right."""
    x, y, z = points_mm()
    ball = np.where(np.hypot(np.hypot(x, y), z) < 100, 0, -1000).astype(np.int16)
    distance = np.hypot(np.hypot(x - EYE_LEFT_MM[0], y - EYE_LEFT_MM[1]), z - EYE_LEFT_MM[2])
    eye = Structure("Eye_L", "Eye_L", "eye", labelmap=grid_image((distance < 12).astype(np.uint8)))
    dose = grid_image((0.2 * (x + 120)).astype(np.float32))
    return Case(
        id="case-001",
        images=(CaseImage("CT", "CT", grid_image(ball), "HU"),),
        structure_set=StructureSet((eye,)),
        dose=Dose(dose, prescription_gy=40.0),
    )


def test_the_planes_lie_at_eyes_mouth_and_between_the_eyes_and_are_seen_as_usual() -> None:
    planes = slice_planes(HEAD)  # type: ignore[arg-type]
    first, last = (0, 0, 0), (PIXELS - 1, PIXELS - 1, 0)
    for name, height_mm in (("axial_eyes", 20.0), ("axial_mouth", -40.0)):
        corner, opposite = (np.array(planes[name][1].TransformIndexToPhysicalPoint(at)) for at in (first, last))
        assert corner[2] == opposite[2] == height_mm
        assert corner[0] < 0 < opposite[0]  # the patient's right is left
        assert corner[1] < NOSE_MM[1] < opposite[1]  # the front is up
    corner, opposite = (np.array(planes["sagittal"][1].TransformIndexToPhysicalPoint(at)) for at in (first, last))
    assert corner[0] == opposite[0] == 0.0
    assert corner[1] < NOSE_MM[1] < opposite[1]  # the front is left
    assert corner[2] > 20.0 > -40.0 > opposite[2]  # up is up


def test_a_slice_holds_the_image_s_values_where_it_lies(case: Case) -> None:
    values = sampled(case.images[0].image, slice_planes(HEAD)["axial_eyes"][1], -1000.0)  # type: ignore[arg-type]
    inside = (values > -500).sum() * PIXEL_MM**2
    assert inside == pytest.approx(np.pi * (100**2 - 20**2), rel=0.01)  # a circle of the ball; measured 0.004


def test_contours_isodoses_and_the_edit_are_drawn_where_they_are(case: Case, tmp_path: Path) -> None:
    slices = CaseSlices(case, {"CT": HEAD}, tmp_path)  # type: ignore[dict-item]
    edited = sitk.GetArrayFromImage(case.images[0].image)
    x, y, _ = points_mm()
    edited[(y < -50) & (np.abs(x) < 30)] = -1000
    defacing = SimpleNamespace(method="cut", patches={"CT": None}, edited_image=lambda image: grid_image(edited))
    slices.add(defacing)  # type: ignore[arg-type]
    folder = OutputFolder(tmp_path).slices("case-001")
    told = json.loads((folder / SLICE_INDEX).read_text())
    assert next(title for title, _ in told["legend"]) == "Eye_L"
    assert "50 % of the prescription (20 Gy)" in [title for title, _ in told["legend"]]
    eye = paths(folder / "axial_eyes_planned.svg", dict(map(tuple, told["legend"]))["Eye_L"])
    corner = np.array(slice_planes(HEAD)["axial_eyes"][1].GetOrigin())[:2]  # type: ignore[arg-type]
    middle = (np.array(EYE_LEFT_MM[:2]) - corner) / PIXEL_MM + 0.5
    radii = np.hypot(*(eye - middle).T) * PIXEL_MM
    assert np.all(np.abs(radii - 12.0) < 2.0)  # voxels of 2 mm; measured 1.2
    half = paths(folder / "axial_eyes_planned.svg", dict(map(tuple, told["legend"]))["50 % of the prescription (20 Gy)"])
    columns_mm = (half[:, 0] - 0.5) * PIXEL_MM + corner[0]
    inner = columns_mm < 119.0  # the line closes along the picture's edge
    np.testing.assert_allclose(columns_mm[inner], -20.0, atol=0.1)  # 0.2 Gy a mm from -120 mm on; measured 0.025
    border = paths(folder / "axial_eyes_cut_edit.svg", "#ffd54a")
    across = (border[:, 0] - 0.5) * PIXEL_MM + corner[0]
    assert across.min() == pytest.approx(-29.0, abs=1.0)
    assert across.max() == pytest.approx(29.0, abs=1.0)
    assert (folder / "axial_eyes_cut.jpg").read_bytes() != (folder / "axial_eyes_original.jpg").read_bytes()


def paths(file: Path, colour: str) -> np.ndarray:
    """All points of the lines of one colour."""
    (found,) = re.findall(rf'<path d="([^"]*)" stroke="{colour}"', file.read_text())
    return np.array([list(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", found)])


def test_nothing_is_drawn_of_a_case_without_a_head_or_an_image_that_was_not_edited(case: Case, tmp_path: Path) -> None:
    CaseSlices(case, {}, tmp_path)
    assert not OutputFolder(tmp_path).slices("case-001").exists()
    slices = CaseSlices(replace(case, dose=None), {"CT": HEAD}, tmp_path)  # type: ignore[dict-item]
    slices.add(SimpleNamespace(method="cut", patches={}))  # type: ignore[arg-type]
    assert not list(OutputFolder(tmp_path).slices("case-001").glob("*_cut*"))

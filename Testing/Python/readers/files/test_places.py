"""Places of NRRD, MetaImage and other files, and those that case.json states: used, or refused; nothing is invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.errors import UnusableInput
from volume_files import (
    EDGES_MM,
    RAS_TO_LPS,
    affine,
    assert_stated_place_is_used,
    grey,
    matrix_of,
    read,
    write_nifti,
)

NRRD = ("space: LPS", "space directions: (1.5,0,0) (0,2,0) (0,0,2.5)", "space origin: (12,-34,56)")


def write_nrrd(path: Path, *fields: str) -> Path:
    head = ["NRRD0004", "type: short", "dimension: 3", "sizes: 6 7 8", "encoding: raw", "endian: little", *fields]
    path.write_bytes("\n".join([*head, "", ""]).encode() + grey().astype("<i2").T.tobytes())
    return path


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", [1, 1, 1]),
        ("LPS", [1, 1, 1]),
        ("RAS", [-1, -1, 1]),
        ("right-anterior-superior", [-1, -1, 1]),
        ("LAS", [1, -1, 1]),
        ("left-anterior-superior", [1, -1, 1]),
    ],
)
def test_a_nrrd_lies_where_its_space_says_left_handed_or_not(tmp_path: Path, space: str, signs: list[int]) -> None:
    write_nrrd(tmp_path / "mr.nrrd", f"space: {space}", *NRRD[1:])
    image = read(tmp_path, "mr.nrrd").images[0]
    expected = np.diag([*signs, 1.0]) @ np.array([[1.5, 0, 0, 12], [0, 2, 0, -34], [0, 0, 2.5, 56], [0, 0, 0, 1]])
    np.testing.assert_allclose(RAS_TO_LPS @ matrix_of(image.image), expected, atol=1e-12)
    np.testing.assert_array_equal(image.array().T, grey())


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ((), "its orientation (space is missing)"),
        (("spacings: 1.5 2 2.5",), "its orientation (space is missing)"),
        (("space: scanner-xyz", *NRRD[1:]), "its orientation (space scanner-xyz)"),
        (("space: 3D-right-handed", *NRRD[1:]), "its orientation (space 3D-right-handed)"),
        (("space: 3D-left-handed", *NRRD[1:]), "its orientation (space 3D-left-handed)"),
        (("space dimension: 3", *NRRD[1:]), "its orientation (space is missing)"),
        ((NRRD[0], NRRD[2]), "its voxel size and orientation (space directions)"),
        ((NRRD[0], "space directions: none (0,2,0) (0,0,2.5)", NRRD[2]), "its voxel size and orientation (space directions)"),
        (NRRD[:2], "its origin (space origin)"),
    ],
)
def test_a_nrrd_that_does_not_say_where_it_lies_is_refused_or_told_by_case_json(
    tmp_path: Path, fields: tuple[str, ...], lacking: str
) -> None:
    write_nrrd(tmp_path / "mr.nrrd", *fields)
    with pytest.raises(UnusableInput) as refused:
        read(tmp_path, "mr.nrrd")
    assert str(refused.value).startswith(f"image MR (mr.nrrd) does not state {lacking}; save it with its geometry")
    assert_stated_place_is_used(tmp_path, "mr.nrrd")


def test_a_nrrd_in_centimetres_is_brought_to_millimetres(tmp_path: Path) -> None:
    directions = "space directions: (0.15,0,0) (0,0.2,0) (0,0,0.25)"
    write_nrrd(tmp_path / "mr.nrrd", NRRD[0], directions, "space origin: (1.2,-3.4,5.6)", 'space units: "cm" "cm" "cm"')
    image = read(tmp_path, "mr.nrrd").images[0].image
    assert image.GetSpacing() == pytest.approx((1.5, 2, 2.5))
    assert image.GetOrigin() == pytest.approx((12, -34, 56))
    write_nrrd(tmp_path / "mr.nrrd", *NRRD, 'space units: "inch" "inch" "inch"')
    with pytest.raises(UnusableInput, match=r"mr\.nrrd states its place in inch; save it in mm"):
        read(tmp_path, "mr.nrrd")


META = ("TransformMatrix = 1 0 0 0 1 0 0 0 1", "Offset = 12 -34 56", "ElementSpacing = 1.5 2 2.5")


@pytest.mark.parametrize(
    ("left_out", "lacking"),
    [
        (META, "its voxel size nor its origin nor its orientation"),
        (META[2:], "its voxel size"),
        (META[1:2], "its origin"),
        (META[:1], "its orientation"),
    ],
)
def test_a_meta_image_that_does_not_say_where_it_lies_is_refused_or_told_by_case_json(
    tmp_path: Path, left_out: tuple[str, ...], lacking: str
) -> None:
    fields = ["ObjectType = Image", "NDims = 3", "BinaryData = True", *(f for f in META if f not in left_out)]
    head = "\n".join([*fields, "DimSize = 6 7 8", "ElementType = MET_SHORT", "ElementDataFile = LOCAL", ""])
    (tmp_path / "mr.mha").write_bytes(head.encode() + grey().astype("<i2").T.tobytes())
    with pytest.raises(UnusableInput) as refused:
        read(tmp_path, "mr.mha")
    assert str(refused.value).startswith(f"image MR (mr.mha) does not state {lacking}; save it with its geometry")
    assert_stated_place_is_used(tmp_path, "mr.mha")


def test_a_format_without_orientation_is_refused_or_told_by_case_json(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(grey().T)), str(tmp_path / "mr.tif"))
    with pytest.raises(UnusableInput, match=r"does not state where it lies \(its format has no orientation\)"):
        read(tmp_path, "mr.tif")
    assert_stated_place_is_used(tmp_path, "mr.tif")


@pytest.mark.parametrize("role", ["dose", "structures"])
def test_dose_and_structures_may_be_told_their_place_too(tmp_path: Path, role: str) -> None:
    write_nifti(tmp_path / "mr.nii")
    array = np.ones((6, 7, 8), np.int16)
    array[0] = 0
    write_nifti(tmp_path / "other.nii", array, qform=0, sform=0)
    described: dict[str, Any] = {role: "other.nii"} | ({"labels": {"1": "Brain"}} if role == "structures" else {})
    with pytest.raises(UnusableInput, match=r"other\.nii does not state its orientation"):
        read(tmp_path, **described)
    place = {"spacing_mm": [1, 1, 3], "origin_mm": [5, 6, 7], "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1]}
    case = read(tmp_path, **described, geometry={role: place})
    if role == "dose":
        assert case.dose is not None
        assert case.dose.image.GetOrigin() == (5, 6, 7)
    else:
        assert case.structure_set is not None
        labelmap = case.structure_set.structures[0].labelmap
        assert labelmap is not None
        assert labelmap.GetSpacing() == (1, 1, 3)
        assert labelmap.GetOrigin() == (5, 6, 7)


STRAIGHT: dict[str, Any] = {"spacing_mm": [1, 1, 3], "origin_mm": [0, 0, 0], "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1]}


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"MR": {"spacing_mm": [1, 1, 3]}}, "geometry of MR must be like"),
        ({"MR": STRAIGHT | {"spacing_mm": [1, 1]}}, "geometry of MR must be like"),
        ({"MR": STRAIGHT | {"spacing_mm": [1, 1, "3"]}}, "geometry of MR must be like"),
        ({"MR": STRAIGHT | {"spacing_mm": [1, 1, 0]}}, "has voxels of 1 x 1 x 0 mm"),
        ({"MR": STRAIGHT | {"direction": [1, 0, 0, 1, 0, 0, 0, 0, 1]}}, "states a place that is none"),
        ({"CT": STRAIGHT}, "geometry names what is not there: CT"),
        ({"MR": STRAIGHT}, "states its geometry itself, and case.json another one"),
        (["MR"], "geometry must be like"),
    ],
)
def test_a_wrong_geometry_in_case_json_is_told(tmp_path: Path, geometry: Any, said: str) -> None:
    write_nifti(tmp_path / "mr.nii")
    with pytest.raises(UnusableInput, match=said):
        read(tmp_path, geometry=geometry)


def test_a_geometry_in_case_json_may_repeat_what_the_file_says(tmp_path: Path) -> None:
    write_nifti(tmp_path / "mr.nii")
    lps = RAS_TO_LPS @ affine()
    place = {
        "spacing_mm": EDGES_MM.tolist(),
        "origin_mm": lps[:3, 3].tolist(),
        "direction": (lps[:3, :3] / EDGES_MM).ravel().tolist(),
    }
    np.testing.assert_allclose(matrix_of(read(tmp_path, geometry={"MR": place}).images[0].image), affine(), atol=2e-5)

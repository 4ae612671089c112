"""Voxels and places of image files: as nibabel has them, in closed form, or refused; nothing is invented."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deface_compare.case import Case
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
EDGES_MM = np.array([1.5, 2.0, 2.5])
OBLIQUE = Rotation.from_euler("xyz", [14, -9, 25], degrees=True).as_matrix()
FIELDS = {
    "pixdim": (76, "f"),
    "slope": (112, "f"),
    "inter": (116, "f"),
    "units": (123, "b"),
    "qform": (252, "h"),
    "sform": (254, "h"),
}
"""Where fields of a NIfTI-1 header begin (nifti1.h)."""


def affine(turn: NDArray[np.float64] = OBLIQUE) -> NDArray[np.float64]:
    """From index to RAS."""
    found = np.eye(4)
    found[:3, :3] = turn * EDGES_MM
    found[:3, 3] = [12.0, -34.0, 56.0]
    return found


def grey(kind: type = np.int16) -> NDArray[Any]:
    """Voxels, shape (x, y, z)."""
    return np.random.default_rng(1).integers(0, 100, (6, 7, 8)).astype(kind)


def write_nifti(
    path: Path,
    array: NDArray[Any] | None = None,
    matrix: NDArray[np.float64] | None = None,
    kind: type = nibabel.Nifti1Image,
    **fields: float,
) -> Path:
    """A NIfTI file by nibabel, some fields of its header overwritten."""
    array = grey() if array is None else array
    plain = path.with_name(path.name.removesuffix(".gz"))
    image = kind(array, affine() if matrix is None else matrix)
    image.set_qform(image.affine, 1)
    image.set_sform(image.affine, 1)
    image.header.set_data_dtype(array.dtype)
    nibabel.save(image, plain)
    content = bytearray(plain.read_bytes())
    for name, value in fields.items():
        field, _, number = name.partition("_")
        at, code = FIELDS[field]
        struct.pack_into("<" + code, content, at + 4 * int(number or 0), value if code == "f" else int(value))
    plain.unlink()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def read(folder: Path, image: str = "mr.nii", **described: Any) -> Case:
    (folder / "case.json").write_text(json.dumps({"images": {"MR": image}} | described), encoding="utf-8")
    return read_case(folder)


def matrix_of(image: sitk.Image) -> NDArray[np.float64]:
    """From index to RAS, shape (4, 4), by SimpleITK's own transform."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    points = np.array([image.TransformIndexToPhysicalPoint([int(v) for v in corner]) for corner in corners])
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = (points[1:] - points[0]).T, points[0]
    return np.asarray(RAS_TO_LPS @ found)


TURNS = {
    "straight": np.eye(3),
    "oblique": OBLIQUE,
    "left-handed": OBLIQUE * [-1, 1, 1],
    "axes swapped": np.eye(3)[[2, 0, 1]],
}


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("version", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["mr.nii", "mr.nii.gz"])
def test_voxels_and_place_are_those_of_nibabel(tmp_path: Path, kind: type, version: type, name: str) -> None:
    for number, turn in enumerate(TURNS.values()):
        (tmp_path / str(number)).mkdir()
        path = write_nifti(tmp_path / str(number) / name, grey(kind), affine(turn), version)
        image = read(path.parent, name).images[0]
        assert image.array().dtype == kind
        loaded = nibabel.load(path)
        np.testing.assert_array_equal(image.array().T, np.asarray(loaded.dataobj))
        np.testing.assert_allclose(matrix_of(image.image), loaded.affine, atol=2e-5)  # float32 headers: measured 2e-6
        assert image.notes == ()


@pytest.mark.parametrize("order", ["<", ">"])
def test_big_endian_files_and_pairs_are_read(tmp_path: Path, order: str) -> None:
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(np.dtype(order + "i2"))
    nibabel.save(nibabel.Nifti1Pair(grey(), affine(), header), tmp_path / "mr.hdr")
    for name in ("mr.hdr", "mr.img"):
        image = read(tmp_path, name).images[0]
        np.testing.assert_array_equal(image.array().T, grey())
        np.testing.assert_allclose(matrix_of(image.image), affine(), atol=2e-5)
    (tmp_path / "mr.hdr").unlink()
    with pytest.raises(UnusableInput, match=r"mr\.img is one half of an image; mr\.hdr must lie beside it"):
        read(tmp_path, "mr.img")


@pytest.mark.parametrize(
    ("slope", "inter"), [(0.5, -3.0), (2.0, 7.0), (0.0, 5.0), (np.nan, 0.0), (np.inf, 2.0), (1.0, 0.0), (-1.0, 100.0)]
)
def test_scaled_voxels_are_those_of_nibabel(tmp_path: Path, slope: float, inter: float) -> None:
    path = write_nifti(tmp_path / "mr.nii", slope=slope, inter=inter)
    image = read(tmp_path).images[0]
    np.testing.assert_allclose(image.array().T, nibabel.load(path).get_fdata(), rtol=1e-6)
    scaled = np.isfinite(slope) and slope != 0
    np.testing.assert_allclose(image.array().T, grey() * slope + inter if scaled else grey(), rtol=1e-6)


def test_an_intercept_that_is_no_number_is_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "mr.nii", slope=2.0, inter=np.nan)
    with pytest.raises(UnusableInput, match=r"mr\.nii is scaled by a number that is none \(scl_inter nan\)"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["mr.nii", "mr.nii.gz", "mr.nrrd", "mr.mha"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("role", ["image", "dose", "mask", "labelmap"])
def test_nan_and_infinity_are_refused_in_every_format(tmp_path: Path, name: str, bad: float, role: str) -> None:
    array = grey(np.float32)
    array[2, 3, 4] = bad
    suffix = name[2:]
    if "nii" in name:
        write_nifti(tmp_path / f"bad{suffix}", array)
    else:
        sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(array.T)), str(tmp_path / f"bad{suffix}"))
    write_nifti(tmp_path / "mr.nii")
    (tmp_path / "masks").mkdir()
    described: dict[str, Any] = {
        "image": {"images": {"MR": f"bad{suffix}"}},
        "dose": {"dose": f"bad{suffix}"},
        "mask": {"structures": "masks"},
        "labelmap": {"structures": f"bad{suffix}", "labels": {"1": "Brain"}},
    }[role]
    if role == "mask":
        (tmp_path / f"bad{suffix}").rename(tmp_path / "masks" / f"bad{suffix}")
    said = {"image": "image MR (", "dose": "dose ", "mask": "mask ", "labelmap": "labelmap "}[role]
    with pytest.raises(UnusableInput, match=r"bad.*holds NaN or infinite voxels") as refused:
        read(tmp_path, **described)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"qform": 0, "sform": 0}, "its orientation (neither qform nor sform);"),
        ({"qform": 0, "sform": 0, "pixdim_1": 0.0}, "its orientation (neither qform nor sform) nor its voxel size;"),
        ({"sform": 0, "pixdim_1": 0.0}, "its voxel size (pixdim 0, 2, 2.5);"),
        ({"sform": 0, "pixdim_2": np.nan}, "its voxel size (pixdim 1.5, nan, 2.5);"),
        ({"sform": 0, "pixdim_3": -2.5}, "its voxel size (pixdim 1.5, 2, -2.5);"),
        ({"units": 5}, "its unit of length;"),
    ],
)
def test_a_nifti_that_does_not_say_where_it_lies_is_refused_or_told_by_case_json(
    tmp_path: Path, fields: dict[str, float], lacking: str
) -> None:
    write_nifti(tmp_path / "mr.nii", **fields)
    with pytest.raises(UnusableInput) as refused:
        read(tmp_path)
    assert str(refused.value).startswith(f"image MR (mr.nii) does not state {lacking} save it with its geometry, or state it")
    assert_stated_place_is_used(tmp_path, "mr.nii")


def assert_stated_place_is_used(folder: Path, name: str) -> None:
    place = {"spacing_mm": [1.5, 2, 2.5], "origin_mm": [-12, 34, 56], "direction": OBLIQUE.ravel().tolist()}
    case = read(folder, name, geometry={"MR": place})
    expected = np.eye(4)
    expected[:3, :3], expected[:3, 3] = OBLIQUE * EDGES_MM, [-12, 34, 56]
    np.testing.assert_allclose(RAS_TO_LPS @ matrix_of(case.images[0].image), expected, atol=1e-9)


def test_a_zero_pixdim_does_no_harm_where_the_sform_tells_the_voxel_size(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "mr.nii", qform=0, pixdim_1=0.0, pixdim_2=0.0, pixdim_3=0.0)
    image = read(tmp_path).images[0]
    np.testing.assert_allclose(matrix_of(image.image), nibabel.load(path).get_sform(), atol=2e-5)
    assert image.image.GetSpacing() == pytest.approx(EDGES_MM)


@pytest.mark.parametrize(("code", "factor"), [(1, 1e-3), (2, 1.0), (3, 1e3), (0, 1.0)], ids=["m", "mm", "micron", "not stated"])
@pytest.mark.parametrize("form", ["qform", "sform"])
def test_places_in_metres_and_microns_are_brought_to_millimetres(tmp_path: Path, code: int, factor: float, form: str) -> None:
    matrix = np.diag([factor, factor, factor, 1.0]) @ affine()
    write_nifti(tmp_path / "mr.nii", matrix=matrix, units=code, **{form: 0})
    np.testing.assert_allclose(matrix_of(read(tmp_path).images[0].image), affine(), atol=2e-4)  # measured 1e-5


def test_metres_that_are_called_millimetres_are_refused(tmp_path: Path) -> None:
    write_nifti(tmp_path / "mr.nii", matrix=np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ affine())
    with pytest.raises(UnusableInput, match=r"has voxels of 0\.0015 x 0\.002 x 0\.0025 mm, which no scan has"):
        read(tmp_path)


def test_qform_and_sform_that_differ_are_told_and_the_sform_is_used(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(grey(), affine())
    moved = affine()
    moved[0, 3] += 9.0
    image.set_qform(moved, 1)
    image.set_sform(affine(), 2)
    nibabel.save(image, tmp_path / "mr.nii")
    found = read(tmp_path).images[0]
    assert found.notes == ("qform and sform place it up to 9.0 mm apart: sform was used",)
    np.testing.assert_allclose(matrix_of(found.image), nibabel.load(tmp_path / "mr.nii").affine, atol=2e-5)


def test_a_sheared_sform_is_read_as_it_is(tmp_path: Path) -> None:
    matrix = affine(np.eye(3))
    matrix[0, 1] = 0.4
    image = nibabel.Nifti1Image(grey(), matrix)
    image.set_qform(None, 0)
    nibabel.save(image, tmp_path / "mr.nii")
    np.testing.assert_allclose(matrix_of(read(tmp_path).images[0].image), matrix, atol=2e-5)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((6, 7, 8, 2), np.int16), r"has 4 dimensions \(6 x 7 x 8 x 2\)"),
        (np.zeros((6, 7), np.int16), r"has 2 dimensions \(6 x 7\)"),
        (np.zeros((6, 7, 8), np.complex64), r"does not hold one number a voxel \(datatype 32\)"),
    ],
)
def test_what_is_no_single_volume_is_refused(tmp_path: Path, array: NDArray[Any], said: str) -> None:
    write_nifti(tmp_path / "mr.nii", array)
    with pytest.raises(UnusableInput, match=said):
        read(tmp_path)


def test_a_single_volume_of_four_dimensions_is_one_volume(tmp_path: Path) -> None:
    write_nifti(tmp_path / "mr.nii", grey()[..., None])
    image = read(tmp_path).images[0]
    np.testing.assert_array_equal(image.array().T, grey())


def test_an_analyze_file_is_refused_unless_its_place_is_stated(tmp_path: Path) -> None:
    nibabel.save(nibabel.AnalyzeImage(grey(), np.eye(4)), tmp_path / "mr.img")
    with pytest.raises(UnusableInput, match=r"does not state its orientation \(Analyze has none\)"):
        read(tmp_path, "mr.img")
    assert_stated_place_is_used(tmp_path, "mr.img")


@pytest.mark.parametrize("length", [100, 352, 600])
@pytest.mark.parametrize("name", ["mr.nii", "mr.nii.gz"])
def test_a_cut_nifti_is_refused_by_name(tmp_path: Path, name: str, length: int) -> None:
    path = write_nifti(tmp_path / name)
    content = gzip.decompress(path.read_bytes())[:length] if name.endswith("gz") else path.read_bytes()[:length]
    path.write_bytes(gzip.compress(content)[:-9] if name.endswith("gz") else content)
    with pytest.raises(UnusableInput, match=r"^mr\.nii"):
        read(tmp_path, name)


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

"""Voxels and places of NIfTI and Analyze files: as nibabel has them, in closed form, or refused; nothing is invented."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.errors import UnusableInput
from volume_files import (
    EDGES_MM,
    OBLIQUE,
    affine,
    assert_stated_place_is_used,
    grey,
    matrix_of,
    read,
    write_nifti,
)

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
    for name in ("mr.hdr", "mr.img"):
        (tmp_path / name).rename(tmp_path / f"loud{name[2:].upper()}")
    np.testing.assert_array_equal(read(tmp_path, "loud.HDR").images[0].array().T, grey())
    (tmp_path / "loud.IMG").rename(tmp_path / "mr.img")
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
    assert any("its slope is below 0 (scl_slope)" in note for note in image.notes) == (slope < 0)


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

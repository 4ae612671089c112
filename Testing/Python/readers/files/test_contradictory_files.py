"""Image files and ``case.json`` that say what cannot be: the value that was meant, or one sentence."""

from __future__ import annotations

import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import Dose
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from dicom_set import head_hu, write_dose, write_series
from volume_files import grey, read, write_nifti

EXPECTED = grey().transpose(2, 1, 0)
VOX_OFFSET_AT = 108
"""Where it stands in a NIfTI-1 header (nifti1.h)."""


def _values(folder: Path, name: str) -> np.ndarray:
    image = read(folder, name).images[0]
    return image.array().copy()


def _nifti_beginning_at(path: Path, byte: float) -> None:
    content = bytearray(write_nifti(path).read_bytes())
    struct.pack_into("<f", content, VOX_OFFSET_AT, byte)
    path.write_bytes(content)


def _meta_image(path: Path, **fields: str) -> None:
    image = sitk.GetImageFromArray(EXPECTED)
    image.SetSpacing((1.5, 2.0, 2.5))
    image.SetOrigin((10.0, 20.0, 30.0))
    sitk.WriteImage(image, str(path))
    added = "".join(f"{name} = {value}\n" for name, value in fields.items()).encode()
    path.write_bytes(path.read_bytes().replace(b"ElementDataFile", added + b"ElementDataFile", 1))


def _described(folder: Path, text: str) -> None:
    write_nifti(folder / "mr.nii")
    sitk.WriteImage(sitk.GetImageFromArray(np.full((4, 5, 6), 45, np.float32)), str(folder / "rd.nrrd"))
    (folder / "case.json").write_text(text, encoding="utf-8")


def _dose(folder: Path) -> Dose:
    write_nifti(folder / "mr.nii")
    dose = read(folder, dose="rd.dcm").dose
    assert dose is not None
    return dose


def test_voxels_that_begin_at_byte_0_of_a_nifti_begin_behind_its_header(tmp_path: Path) -> None:
    _nifti_beginning_at(tmp_path / "mr.nii", 0.0)
    np.testing.assert_array_equal(_values(tmp_path, "mr.nii"), EXPECTED)


@pytest.mark.parametrize("byte", [100.0, -5.0, np.nan, np.inf])
def test_voxels_that_begin_inside_the_header_of_a_nifti_or_nowhere_are_refused(tmp_path: Path, byte: float) -> None:
    _nifti_beginning_at(tmp_path / "mr.nii", byte)
    with pytest.raises(UnusableInput, match=rf"mr\.nii states that its voxels begin in its header \(vox_offset {byte:g}\)"):
        read(tmp_path, "mr.nii")


@pytest.mark.parametrize(
    "fields", [{"ElementToIntensityFunctionSlope": "2"}, {"ElementToIntensityFunctionOffset": "-1024"}], ids=["slope", "offset"]
)
def test_a_meta_image_whose_values_are_to_be_scaled_is_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    _meta_image(tmp_path / "mr.mha", **fields)
    with pytest.raises(UnusableInput, match=rf"mr\.mha states a scaling of its values \({next(iter(fields))}\)"):
        read(tmp_path, "mr.mha")


def test_a_scaling_of_a_meta_image_that_changes_nothing_is_none(tmp_path: Path) -> None:
    _meta_image(tmp_path / "mr.mha", ElementToIntensityFunctionSlope="1.0", ElementToIntensityFunctionOffset="0")
    np.testing.assert_array_equal(_values(tmp_path, "mr.mha"), EXPECTED)


def test_a_meta_image_in_centimetres_is_brought_to_millimetres_and_one_in_inches_is_refused(tmp_path: Path) -> None:
    _meta_image(tmp_path / "mr.mha", DistanceUnits="cm")
    image = read(tmp_path, "mr.mha").images[0].image
    assert image.GetSpacing() == (15.0, 20.0, 25.0)
    assert image.GetOrigin() == (100.0, 200.0, 300.0)
    _meta_image(tmp_path / "mr.mha", DistanceUnits="in")
    with pytest.raises(UnusableInput, match=r"mr\.mha states its place in in; save it in mm"):
        read(tmp_path, "mr.mha")


def test_an_rtdose_beside_image_files_has_its_own_scaling_and_unit(tmp_path: Path) -> None:
    stored = np.arange(6 * 8 * 8).reshape(6, 8, 8).astype(np.uint16)
    for unit, name in (("GY", "Gy"), ("RELATIVE", "relative")):
        (tmp_path / unit).mkdir()
        write_dose(tmp_path / unit / "rd.dcm", stored, [4.0 * k for k in range(6)], scaling=0.01, extra={"DoseUnits": unit})
        dose = _dose(tmp_path / unit)
        assert dose.unit == name
        assert float(sitk.GetArrayViewFromImage(dose.image).max()) == pytest.approx(3.83)


def test_a_dicom_image_in_case_json_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "series", head_hu())
    next((tmp_path / "series").iterdir()).rename(tmp_path / "ct.dcm")
    (tmp_path / "case.json").write_text('{"images": {"CT": "ct.dcm"}}', encoding="utf-8")
    with pytest.raises(UnusableInput, match=r"image CT \(ct\.dcm\) is DICOM; give the folder of the series, without case\.json"):
        read_case(tmp_path)


@pytest.mark.parametrize("value", ["0", "-60", "true", "1e999", "NaN", "Infinity"])
@pytest.mark.parametrize("field", ["prescription_gy", "prescriptions_gy"])
def test_a_prescription_in_case_json_that_is_no_dose_is_refused(tmp_path: Path, field: str, value: str) -> None:
    stated = value if field == "prescription_gy" else f'{{"PTV": {value}}}'
    _described(tmp_path, f'{{"images": {{"MR": "mr.nii"}}, "dose": "rd.nrrd", "{field}": {stated}}}')
    why = "is not valid JSON" if value[0] in "NI" else f"{field} must be"
    with pytest.raises(UnusableInput, match=rf"^case\.json in \S+ ?{re.escape(why)}|: {re.escape(why)}"):
        read_case(tmp_path)


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        ({"images": {"MR": "mr.nii"}, "units": {"PET": "SUVbw"}}, "units names what is not there: PET"),
        ({"images": {"CT": "mr.nii"}, "units": {"CT": "g/cm3"}}, "CT is in g/cm3; a CT must be in HU"),
        ({"images": {"MR": "mr.nii", "MR_T1": "./mr.nii"}}, "images names one file twice; give each image its own"),
        ({"images": {"MR": "mr.nii\0"}}, r"'mr.nii\x00' cannot be a file's name (7 letters)"),
        ({"images": {"MR": "\ud800.nii"}}, r"'\ud800.nii' cannot be a file's name (5 letters)"),
        ({"images": {"MR": "m" * 5000}}, f"'{'m' * 40}' cannot be a file's name (5000 letters)"),
        ({"images": {"MR": "mr.nii"}, "dose": "d" * 300}, f"'{'d' * 40}' cannot be a file's name (300 letters)"),
        ({"images": {"MR_a/b": "mr.nii"}}, "image 'MR_a/b' must be called CT, MR or PET"),
        ({"images": {"MR_a\nb": "mr.nii"}}, "images holds characters that cannot be written"),
        ({"images": {"MR": "mr.nii"}, "id": "\ud800"}, "id holds characters that cannot be written"),
        ({"images": {"MR": "mr.nii"}, "person": "a\nb"}, "person holds characters that cannot be written"),
        ({"images": {"MR": "mr.nii"}, "prescription_gy": 10**400}, "prescription_gy must be a number, in Gy and above 0"),
        (
            {
                "images": {"MR": "mr.nii"},
                "geometry": {"MR": {"spacing_mm": [10**400, 1, 1], "origin_mm": [0, 0, 0], "direction": [1] * 9}},
            },
            "geometry of MR must be like",
        ),
    ],
)
def test_what_case_json_says_and_cannot_be_is_one_sentence(tmp_path: Path, described: dict[str, Any], sentence: str) -> None:
    _described(tmp_path, json.dumps(described))
    with pytest.raises(UnusableInput, match=re.escape(sentence)):
        read_case(tmp_path)


def test_a_case_json_of_brackets_in_brackets_is_one_sentence(tmp_path: Path) -> None:
    _described(tmp_path, "[" * 100_000)
    with pytest.raises(UnusableInput, match=r"^case\.json in \S+ is not valid JSON"):
        read_case(tmp_path)


@pytest.mark.parametrize("label", ["²", "-1", "1.0", "①"])
def test_a_label_that_is_no_whole_number_is_one_sentence(tmp_path: Path, label: str) -> None:
    _described(tmp_path, json.dumps({"images": {"MR": "mr.nii"}, "structures": "mr.nii", "labels": {label: "Brain"}}))
    with pytest.raises(UnusableInput, match=r"labels of mr\.nii must be whole numbers with names"):
        read_case(tmp_path)


def test_a_byte_order_mark_before_case_json_and_small_letters_of_a_unit_do_no_harm(tmp_path: Path) -> None:
    _described(tmp_path, "\ufeff" + json.dumps({"images": {"PET": "mr.nii"}, "units": {"PET": "suvBW"}}))
    assert read_case(tmp_path).images[0].unit == "SUVbw"


def _longer(folder: Path, name: str, stated: bytes, instead: bytes) -> Path:
    """An image in 6 x 7 x 8 voxels whose header says less; its voxels in the file, or in one beside it."""
    path = folder / name
    sitk.WriteImage(sitk.GetImageFromArray(EXPECTED), str(path))
    content = path.read_bytes()
    assert content.count(stated) == 1
    path.write_bytes(content.replace(stated, instead))
    return path


@pytest.mark.parametrize(
    ("name", "stated", "instead", "bytes_said"),
    [
        ("mr.mha", b"DimSize = 6 7 8", b"DimSize = 6 7 5", 420),
        ("mr.mhd", b"DimSize = 6 7 8", b"DimSize = 6 7 5", 420),
        ("mr.mhd", b"MET_SHORT", b"MET_CHAR", 336),
        ("mr.nrrd", b"sizes: 6 7 8", b"sizes: 6 7 5", 420),
        ("mr.nhdr", b"sizes: 6 7 8", b"sizes: 6 7 5", 420),
    ],
)
def test_voxels_that_a_header_does_not_speak_of_are_refused(
    tmp_path: Path, name: str, stated: bytes, instead: bytes, bytes_said: int
) -> None:
    """Read as short or as narrow as stated, they would be another image."""
    _longer(tmp_path, name, stated, instead)
    with pytest.raises(UnusableInput, match=f"holds 672 bytes of voxels, and its header speaks of {bytes_said}"):
        read(tmp_path, name)


@pytest.mark.parametrize("name", ["mr.nii", "mr.nii.gz"])
def test_voxels_that_a_nifti_header_does_not_speak_of_are_refused(tmp_path: Path, name: str) -> None:
    path = write_nifti(tmp_path / name)
    content = bytearray(gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes())
    struct.pack_into("<h", content, 46, 5)  # the third length
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(UnusableInput, match="holds 672 bytes of voxels, and its header speaks of 420"):
        read(tmp_path, name)


@pytest.mark.parametrize("name", ["mr.mha", "mr.mhd", "mr.nrrd", "mr.nhdr", "mr.nii"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_few_bytes_at_the_end_are_padding_and_compressed_voxels_are_not_counted(
    tmp_path: Path, name: str, compressed: bool
) -> None:
    path = tmp_path / name
    sitk.WriteImage(sitk.GetImageFromArray(EXPECTED), str(path), useCompression=compressed)
    if not compressed:
        data = next((each for each in tmp_path.iterdir() if each.suffix == ".raw"), path)
        data.write_bytes(data.read_bytes() + bytes(4))
    np.testing.assert_array_equal(_values(tmp_path, name), EXPECTED)

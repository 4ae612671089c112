"""Which slices make a volume, and where they lie: noise, rounding, tilt, a spacing that changes, phase images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.case import CaseImage
from deface_compare.errors import UnusableInput
from deface_compare.export.written.image_slice import SeriesEdit, exported_image
from deface_compare.export.written.marks import write_object
from deface_compare.geometry.boxes import Patch
from deface_compare.readers import read_case
from dicom_set import head_hu, write_series

OBLIQUE = [0.96, 0.28, 0.0, -0.28, 0.96, 0.0]


def read(folder: Path) -> CaseImage:
    return read_case(folder).images[0]


def change(paths: list[Path], edit: Callable[[int, Dataset], None]) -> None:
    for path in paths:
        data = pydicom.dcmread(path)
        edit(int(data.InstanceNumber) - 1, data)
        data.save_as(path)


def at_heights(folder: Path, heights_mm: list[float], **attributes: list[object]) -> list[Path]:
    """A CT whose slices hold their own height in HU (times 10), at given heights."""
    stored = np.empty((len(heights_mm), 24, 20), np.int16)
    stored[...] = np.round(10 * np.array(heights_mm))[:, None, None]
    stored[:, :4] = -1000
    paths = write_series(folder, stored)

    def place(k: int, data: Dataset) -> None:
        data.ImagePositionPatient = [-10.0, -20.0, heights_mm[k]]
        for keyword, values in attributes.items():
            setattr(data, keyword, values[k])

    change(paths, place)
    return paths


def heights(*runs: tuple[int, float]) -> list[float]:
    """Heights of slices by (number of steps, mm) pairs, from 0 on."""
    return np.concatenate([[0.0], np.cumsum(np.concatenate([[step] * count for count, step in runs]))]).round(4).tolist()


@pytest.mark.parametrize("amplitude", [1e-5, 1e-4, 5e-4])
@pytest.mark.parametrize("orientation", [[1, 0, 0, 0, 1, 0], OBLIQUE])
def test_noise_in_the_headers_loses_no_slice(tmp_path: Path, amplitude: float, orientation: list[float]) -> None:
    random = np.random.default_rng(3)

    def noisy(k: int, data: Dataset) -> None:
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            values = np.array(getattr(data, keyword), float)
            setattr(data, keyword, (values + amplitude * random.uniform(-1, 1, values.shape)).round(9).tolist())

    array = head_hu((108, 24, 20))
    change(write_series(tmp_path, array, orientation=orientation, spacing=(0.9, 0.9, 1.5)), noisy)
    image = read(tmp_path)
    assert image.notes == ()
    np.testing.assert_array_equal(image.array(), array)
    assert image.image.GetSpacing() == pytest.approx((0.9, 0.9, 1.5), abs=amplitude)
    direction = np.array(image.image.GetDirection()).reshape(3, 3)
    expected = np.stack([orientation[:3], orientation[3:], [0, 0, 1]], axis=1)
    assert np.abs(direction - expected).max() < amplitude


@pytest.mark.parametrize("digits", [1, 2])
@pytest.mark.parametrize("spacing_mm", [0.625, 1.25, 2.0 / 3.0, 3.0])
def test_rounded_positions_make_an_even_stack(tmp_path: Path, digits: int, spacing_mm: float) -> None:
    at_heights(tmp_path, [round(spacing_mm * k, digits) for k in range(40)])
    image = read(tmp_path)
    assert image.image.GetSize()[2] == 40
    assert image.image.GetSpacing()[2] == pytest.approx(spacing_mm, abs=0.1 / 39)
    assert image.notes == ()


def test_oblique_positions_rounded_to_a_tenth_make_an_even_stack(tmp_path: Path) -> None:
    row, column = np.array([0.8, 0.36, -0.48]), np.array([0.0, 0.8, 0.6])
    paths = write_series(tmp_path, head_hu((40, 24, 20)), orientation=[*row, *column], spacing=(1.0, 1.0, 1.3))
    change(paths, lambda k, data: setattr(data, "ImagePositionPatient", [round(v, 1) for v in data.ImagePositionPatient]))
    image = read(tmp_path)
    assert image.image.GetSize()[2] == 40
    assert image.image.GetSpacing()[2] == pytest.approx(1.3, abs=0.005)
    assert image.notes == ()


@pytest.mark.parametrize("drift_mm", [1e-6, 0.01, 0.12, 0.2])
def test_no_tilt_is_told_that_rounds_to_nothing(tmp_path: Path, drift_mm: float) -> None:
    paths = write_series(tmp_path, head_hu((108, 24, 20)))

    def drifting(k: int, data: Dataset) -> None:
        x, y, z = data.ImagePositionPatient
        data.ImagePositionPatient = [x, float(y) + drift_mm * k / 107, z]

    change(paths, drifting)
    assert read(tmp_path).notes == ()


@pytest.mark.parametrize(
    ("runs", "plane_mm"),
    [
        ([(10, 3.0), (12, 6.0)], 3.0),
        ([(8, 4.0), (9, 7.0)], 1.0),
        ([(8, 3.0), (1, 4.5), (9, 6.0)], 1.5),
        ([(6, 5.0), (12, 2.5), (6, 5.0)], 2.5),
        ([(10, 1.25), (10, 2.5)], 1.25),
        ([(9, 5.0), (7, 10.0)], 5.0),
    ],
    ids=["3/6", "4/7", "3/6 touching", "5/2.5/5", "1.25/2.5", "5/10"],
)
def test_a_spacing_that_changes_inside_is_interpolated_onto_planes_that_meet_every_slice(
    tmp_path: Path, runs: list[tuple[int, float]], plane_mm: float
) -> None:
    places = heights(*runs)
    at_heights(tmp_path, places)
    image = read(tmp_path)
    assert image.image.GetSpacing()[2] == pytest.approx(plane_mm)
    depth = image.image.GetSize()[2]
    assert depth == round(places[-1] / plane_mm) + 1
    # Slices hold their height: linear interpolation gives every plane its own (whole HU: half a step of 0.1 mm).
    assert np.abs(image.array()[:, 10, 10] - 10 * plane_mm * np.arange(depth)).max() <= 0.5
    np.testing.assert_array_equal(image.array()[:, 2, 2], -1000)
    assert any("were interpolated between them for finding and measuring" in note for note in image.notes)


def test_an_edit_of_a_changing_series_is_written_on_its_own_slices(tmp_path: Path) -> None:
    at_heights(tmp_path / "in", heights((8, 4.0), (9, 7.0)))
    image = read(tmp_path / "in")
    patch = Patch((5, 6, 30), np.full((12, 4, 3), 55, np.int16))
    edit = SeriesEdit(image, patch)
    assert len(edit) == 18
    (tmp_path / "out").mkdir()
    for index in range(len(edit)):
        write_object(edit.slice(index).data, tmp_path / "out" / f"{index}.dcm", plain=True)
    before, after = (by_height(folder) for folder in (tmp_path / "in", tmp_path / "out"))
    assert sorted(before) == sorted(after)
    for height, pixels in after.items():
        inside = np.zeros(pixels.shape, bool)
        inside[6:10, 5:8] = 30 <= height <= 41
        np.testing.assert_array_equal(pixels[~inside], before[height][~inside])
        assert (pixels[inside] == 55).all()
    again, planned = read(tmp_path / "out"), exported_image(image, patch)
    assert again.image.GetSpacing() == image.image.GetSpacing()
    np.testing.assert_array_equal(again.array(), sitk.GetArrayFromImage(planned))


def by_height(folder: Path) -> dict[float, NDArray[np.generic]]:
    objects = [pydicom.dcmread(path) for path in folder.iterdir()]
    return {float(data.ImagePositionPatient[2]): data.pixel_array for data in objects}


def test_a_changing_series_may_prove_by_its_thickness_that_it_is_complete(tmp_path: Path) -> None:
    places = heights((8, 3.0), (9, 6.0))
    thickness: list[object] = [3.0] * 9 + [6.0] * 9
    at_heights(tmp_path / "whole", places, InstanceNumber=[None] * 18, SliceThickness=thickness)
    assert read(tmp_path / "whole").image.GetSize()[2] == 27
    at_heights(tmp_path / "lost", places, InstanceNumber=[None] * 18, SliceThickness=[3.0] * 18)
    with pytest.raises(UnusableInput, match="has missing or unevenly spaced slices"):
        read(tmp_path / "lost")


@pytest.mark.parametrize("lost", [(20,), (20, 21), tuple(range(20, 36, 2)), (1,), (38,), (7, 20, 29)], ids=str)
def test_missing_slices_are_told_and_not_interpolated(tmp_path: Path, lost: tuple[int, ...]) -> None:
    write_series(tmp_path, head_hu((40, 24, 20)), skip=lost)
    with pytest.raises(UnusableInput, match=r"CT series 3 has missing or unevenly spaced slices"):
        read(tmp_path)


def test_slices_farther_apart_than_any_protocol_are_told(tmp_path: Path) -> None:
    at_heights(tmp_path, heights((8, 3.0), (9, 15.0)))
    with pytest.raises(UnusableInput, match=r"missing or unevenly spaced slices \(3\.00 mm after slice 1, elsewhere 15\.00 mm"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("places", "off_mm"),
    [(heights((30, 3.0), (30, 3.04)), 0.6), ([float(np.floor(2.5 * k + 0.5)) for k in range(41)], 0.5)],
    ids=["a spacing that creeps", "rounded to whole millimetres"],
)
def test_slices_beside_even_planes_are_told(tmp_path: Path, places: list[float], off_mm: float) -> None:
    at_heights(tmp_path, places)
    image = read(tmp_path)
    assert image.notes == (f"slices lie up to {off_mm} mm beside even spacing and were taken as even",)
    depth, spacing_mm = image.image.GetSize()[2], image.image.GetSpacing()[2]
    assert np.abs(image.array()[:, 10, 10] / 10 - spacing_mm * np.arange(depth)).max() == pytest.approx(off_mm, abs=0.06)


@pytest.mark.parametrize(
    "marks",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "I_FFE", "I", "FFE"]},
        {"ComplexImageComponent": "PHASE"},
        {"ImageType": ["DERIVED", "PRIMARY", "VELOCITY MAP"]},
    ],
    ids=["Siemens", "Philips", "imaginary", "enhanced", "velocity"],
)
def test_phase_images_are_not_taken_for_magnitude(tmp_path: Path, marks: dict[str, object]) -> None:
    magnitude, other = (head_hu() + 1024).astype(np.uint16), np.random.default_rng(1).integers(0, 4095, (12, 24, 20))
    phase = other.astype(np.uint16)
    write_series(tmp_path / "alone", phase, modality="MR", extra=marks)
    with pytest.raises(UnusableInput, match="MR series 3 holds phase, imaginary or velocity images, no magnitudes"):
        read(tmp_path / "alone")
    write_series(tmp_path / "beside" / "p", phase, modality="MR", series="phase", extra=marks)
    write_series(tmp_path / "beside" / "m", magnitude, modality="MR", series="magnitude")
    case = read_case(tmp_path / "beside")
    assert len(case.images) == 1
    np.testing.assert_array_equal(case.images[0].array(), magnitude)
    assert any("no magnitudes: they show no anatomy; it was not used" in note for note in case.notes)
    write_series(tmp_path / "mixed" / "a", phase, modality="MR", series="one", extra={**marks, "SOPInstanceUID": None})
    for path in (tmp_path / "mixed").rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{int(data.InstanceNumber)}"
        data.save_as(path)
    write_series(tmp_path / "mixed" / "b", magnitude, modality="MR", series="one")
    image = read(tmp_path / "mixed")
    np.testing.assert_array_equal(image.array(), magnitude)
    assert "12 images of phase, real or imaginary part in the same series were left out" in image.notes


def test_real_parts_are_used_where_there_is_no_magnitude_and_told(tmp_path: Path) -> None:
    real = (head_hu() + 1024).astype(np.uint16)
    write_series(tmp_path, real, modality="MR", extra={"ImageType": ["ORIGINAL", "PRIMARY", "R_IR", "R", "IR"]})
    image = read(tmp_path)
    assert image.notes == ("real parts of the signal, not magnitudes: dark may be negative",)


def test_two_echoes_with_noisy_positions_are_two_stacks(tmp_path: Path) -> None:
    first, second = (head_hu() + 1024).astype(np.uint16), (head_hu() + 1030).astype(np.uint16)
    write_series(tmp_path / "a", first, modality="MR", series="one", extra={"EchoTime": 10})
    paths = write_series(
        tmp_path / "b", second, modality="MR", series="two", origin=(-10.0001, -20.0, -30.0001), extra={"EchoTime": 90}
    )
    series = pydicom.dcmread(next((tmp_path / "a").iterdir())).SeriesInstanceUID
    change(paths, lambda k, data: setattr(data, "SeriesInstanceUID", series))
    image = read(tmp_path)
    assert image.image.GetSize()[2] == 12
    assert "12 slices of another echo time in the same series were left out" in image.notes

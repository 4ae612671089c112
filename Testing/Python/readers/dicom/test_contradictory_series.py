"""Series that contradict themselves: slices of several scans under one UID, pixels that do not fit their header, lost slices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from dicom_set import head_hu, uid, write_series

MODALITIES = ("CT", "MR", "PT")


def _change(paths: list[Path], change: Callable[[FileDataset], None]) -> None:
    for path in paths:
        data = pydicom.dcmread(path)
        change(data)
        data.save_as(path)


def _grey() -> np.ndarray:
    return (head_hu() + 1100).astype(np.uint16)


def _values(folder: Path) -> np.ndarray:
    image = read_case(folder).images[0]
    return image.array().copy()


def _notes(folder: Path) -> tuple[str, ...]:
    case = read_case(folder)
    return (*case.notes, *(note for image in case.images for note in image.notes))


@pytest.mark.parametrize("slices", [[5], [0, 1, 2, 3, 4, 5]], ids=["one slice", "half of them"])
def test_slices_of_two_frames_of_reference_are_no_series(tmp_path: Path, slices: list[int]) -> None:
    paths = write_series(tmp_path, head_hu())
    _change([paths[k] for k in slices], lambda data: setattr(data, "FrameOfReferenceUID", uid("elsewhere")))
    with pytest.raises(UnusableInput, match=r"CT series 3 has slices of 2 frames of reference under one SeriesInstanceUID"):
        read_case(tmp_path)


def test_slices_that_state_no_frame_of_reference_have_that_of_the_others(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    _change(paths[:5], lambda data: setattr(data, "FrameOfReferenceUID", ""))
    assert read_case(tmp_path).images[0].frame_of_reference_uid == uid("frame")


def test_an_mr_under_a_ct_series_uid_is_never_one_volume_with_it(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    below = write_series(tmp_path, _grey(), modality="MR", series="mr", origin=(-10.0, -20.0, -66.0))
    _change(below, lambda data: setattr(data, "SeriesInstanceUID", uid("ct")))
    with pytest.raises(UnusableInput, match=r"has slices of 2 modalities under one SeriesInstanceUID"):
        read_case(tmp_path)


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("values", [{"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}, {"Columns": 15}, {"Rows": 20}])
def test_pixels_that_are_longer_than_their_header_says_are_refused(tmp_path: Path, modality: str, values: dict[str, int]) -> None:
    paths = write_series(tmp_path, _grey(), modality=modality)
    _change(paths, lambda data: [setattr(data, word, value) for word, value in values.items()] and None)
    with pytest.raises(UnusableInput, match=r"hold more pixels than they say \(rows, columns or bits\)"):
        read_case(tmp_path)


def test_bytes_after_the_pixels_of_some_slices_are_told_and_not_read(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    _change(paths[3:5], lambda data: setattr(data, "PixelData", data.PixelData + bytes(2000)))
    (image,) = read_case(tmp_path).images
    np.testing.assert_array_equal(image.array(), head_hu())
    assert f"2 of {len(paths)} slices hold bytes after their last pixel, which were not read" in image.notes


def test_bits_that_all_pixels_of_a_slice_have_above_the_stored_ones_tell_nothing(tmp_path: Path) -> None:
    drawn = _grey()
    drawn[4] |= 0x5000
    write_series(tmp_path, drawn, modality="MR", extra={"BitsStored": 12, "HighBit": 11})
    np.testing.assert_array_equal(_values(tmp_path), _grey())


def test_bytes_of_padding_after_the_pixels_do_no_harm(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    _change(paths, lambda data: setattr(data, "PixelData", data.PixelData + bytes(6)))
    np.testing.assert_array_equal(_values(tmp_path), head_hu())


@pytest.mark.parametrize("modality", MODALITIES)
def test_numbers_beyond_the_stored_bits_are_refused(tmp_path: Path, modality: str) -> None:
    stored = _grey() * 9  # up to 18,000: 15 bits
    write_series(tmp_path, stored, modality=modality, extra={"BitsStored": 12, "HighBit": 11})
    with pytest.raises(UnusableInput, match=rf"{modality} series 3 holds numbers beyond its stored bits"):
        read_case(tmp_path)


def test_one_bit_above_the_stored_ones_is_an_overlay_and_told_unless_the_header_says_so(tmp_path: Path) -> None:
    drawn = _grey()
    drawn[:, 3, 4] |= 1 << 13
    extra: dict[str, object] = {"BitsStored": 12, "HighBit": 11}
    paths = write_series(tmp_path, drawn, modality="MR", extra=extra)
    told = "pixels use one bit above the stored ones (BitsStored): it was taken for an overlay and left out"
    assert told in read_case(tmp_path).images[0].notes
    np.testing.assert_array_equal(_values(tmp_path), _grey())
    _change(paths, lambda data: data.add_new(0x60000102, "US", 13))
    assert told not in read_case(tmp_path).images[0].notes


def test_one_slice_marked_as_unsigned_among_signed_ones_is_refused(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    _change(paths[4:5], lambda data: setattr(data, "PixelRepresentation", 0))
    with pytest.raises(UnusableInput, match=r"CT series 3 states signed pixels in 11 of its 12 slices only"):
        read_case(tmp_path)


def test_a_mix_of_signed_and_unsigned_slices_is_read_where_the_sign_makes_no_difference(tmp_path: Path) -> None:
    paths = write_series(tmp_path, _grey(), modality="MR")
    _change(paths[4:5], lambda data: setattr(data, "PixelRepresentation", 1))
    np.testing.assert_array_equal(_values(tmp_path), _grey())


def test_a_lookup_table_to_something_else_than_hu_is_no_ct(tmp_path: Path) -> None:
    def table(data: FileDataset) -> None:
        item = Dataset()
        item.LUTDescriptor, item.ModalityLUTType = [4096, 0, 16], "OD"
        item.add_new("LUTData", "OW", np.arange(4096).astype("<u2").tobytes())
        data.ModalityLUTSequence = [item]
        del data.RescaleSlope, data.RescaleIntercept

    _change(write_series(tmp_path, _grey()), table)
    with pytest.raises(UnusableInput, match=r"CT series 3 does not hold HU \(RescaleType or ModalityLUTType OD\)"):
        read_case(tmp_path)


@pytest.mark.parametrize("modality", MODALITIES)
def test_compression_with_loss_is_told(tmp_path: Path, modality: str) -> None:
    write_series(tmp_path, _grey(), modality=modality, extra={"LossyImageCompression": "01"})
    assert "12 slices were compressed with loss (LossyImageCompression): values are not the scanner's" in _notes(tmp_path)


@pytest.mark.parametrize(
    "extra",
    [
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "MIP THIN"]},
        {"ImageType": ["DERIVED", "SECONDARY", "MINIP"]},
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL_VRT"]},
        {"VolumeBasedCalculationTechnique": "MAX_IP"},
        {"VolumeBasedCalculationTechnique": "SURFACE_RENDER"},
    ],
)
def test_a_series_of_projections_is_no_scan_however_large_it_is(tmp_path: Path, extra: dict[str, object]) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path, head_hu((20, 24, 20)), series="slabs", extra={"SeriesNumber": 9, **extra})
    case = read_case(tmp_path)
    assert [image.series_uid for image in case.images] == [uid("ct")]
    assert case.left_out == {"localisers, projections and screen captures": 20}


@pytest.mark.parametrize("kind", [["DERIVED", "SECONDARY", "MPR"], ["ORIGINAL", "PRIMARY", "M", "VOLUME_SIMPLE"]])
def test_reformatted_planes_are_a_scan(tmp_path: Path, kind: list[str]) -> None:
    write_series(tmp_path, head_hu(), extra={"ImageType": kind})
    assert len(read_case(tmp_path).images) == 1


@pytest.mark.parametrize("modality", MODALITIES)
def test_numbers_of_images_tell_that_every_other_or_the_first_slices_are_missing(tmp_path: Path, modality: str) -> None:
    for name, missing, told in (
        ("other", range(1, 12, 2), "its images are numbered by steps of 2"),
        ("first", range(3), "its images are numbered from 4 on"),
    ):
        write_series(tmp_path / name, _grey(), modality=modality, skip=list(missing))
        assert f"{modality} series 3 may be incomplete: {told}" in _notes(tmp_path / name)
    write_series(tmp_path / "whole", _grey(), modality=modality)
    assert not any("incomplete" in note for note in _notes(tmp_path / "whole"))


def test_echoes_that_take_turns_in_their_numbers_are_no_missing_slices(tmp_path: Path) -> None:
    for echo in (1, 2):
        paths = write_series(tmp_path, _grey() + echo, modality="MR", series=f"echo {echo}", extra={"EchoTime": 10.0 * echo})

        def change(data: FileDataset, echo: int = echo) -> None:
            data.SeriesInstanceUID, data.InstanceNumber = uid("both"), 2 * data.InstanceNumber - 2 + echo

        _change(paths, change)
    notes = _notes(tmp_path)
    assert any("slices of another echo time" in note for note in notes)
    assert not any("incomplete" in note for note in notes)


@pytest.mark.parametrize(("stated", "kind"), [("MR", "CT"), ("CT", "MR")])
def test_a_modality_that_is_not_that_of_the_sop_class_is_told(tmp_path: Path, stated: str, kind: str) -> None:
    _change(write_series(tmp_path, head_hu(), modality=kind), lambda data: setattr(data, "Modality", stated))
    assert f"12 files state Modality {stated}, but are {kind} by SOP class: read as the Modality says" in _notes(tmp_path)


@pytest.mark.parametrize(("thickness_mm", "told"), [(3.0, False), (9.0, False), (30.0, True)])
def test_slices_far_thicker_than_they_are_apart_are_told(tmp_path: Path, thickness_mm: float, told: bool) -> None:
    write_series(tmp_path, head_hu(), extra={"SliceThickness": thickness_mm})
    assert any("their positions are likely not in mm" in note for note in _notes(tmp_path)) == told


@pytest.mark.parametrize(
    ("keyword", "other", "count", "told"),
    [
        ("ConvolutionKernel", "B70f", 6, "6 of its 12 slices state another ConvolutionKernel"),
        ("ContrastBolusAgent", "agent", 3, "3 of its 12 slices state another ContrastBolusAgent"),
        ("ImageType", ["DERIVED", "SECONDARY", "OTHER"], 1, "1 of its 12 slices states another ImageType"),
        ("KVP", "80", 4, "4 of its 12 slices state another KVP"),
        ("KVP", "120.0", 4, ""),
    ],
    ids=["kernels in turn", "contrast", "a picture", "voltages", "one voltage"],
)
def test_slices_that_may_be_of_another_scan_are_told(
    tmp_path: Path, keyword: str, other: str | list[str], count: int, told: str
) -> None:
    """They lie like one scan's, so nothing else shows it."""
    paths = write_series(tmp_path, head_hu(), extra={"KVP": "120", "ConvolutionKernel": "B30f"})
    _change(paths[:: len(paths) // count][:count], lambda data: setattr(data, keyword, other))
    assert _notes(tmp_path) == ((f"{told} than the others: they may be of another scan",) if told else ())


@pytest.mark.parametrize(
    ("modality", "made"),
    [("MR", {"ImageType": ["DERIVED", "PRIMARY", "SUBTRACTION"]}), ("PT", {"CorrectedImage": ["DECY"]})],
    ids=["a subtraction", "a PET without correction of attenuation"],
)
def test_the_scan_has_the_plain_name_and_what_was_made_of_it_the_numbered_one(
    tmp_path: Path, modality: str, made: dict[str, object]
) -> None:
    """By series number alone a subtraction would stand in a cohort's tables beside other patients' scans."""
    scan = (head_hu() + 1100).astype(np.uint16)
    for number, (series, extra) in enumerate((("made", made), ("scan", {"CorrectedImage": ["DECY", "ATTN"]})), 1):
        told = {"SeriesNumber": number, "SeriesDescription": "t1", **extra}
        write_series(tmp_path, scan + np.uint16(number), modality=modality, series=series, extra=told)
    first, second = read_case(tmp_path).images
    assert (first.series_uid, second.series_uid) == (uid("scan"), uid("made"))
    assert second.key == f"{first.key}_2"


def test_mosaics_of_many_slices_are_no_slices(tmp_path: Path) -> None:
    write_series(tmp_path, _grey(), modality="MR", series="mr")
    write_series(
        tmp_path, _grey(), modality="MR", series="bold", extra={"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]}
    )
    case = read_case(tmp_path)
    assert [image.series_uid for image in case.images] == [uid("mr")]
    assert any(note.startswith("12 files were skipped: mosaics, which hold all slices") for note in case.notes)


@pytest.mark.parametrize(
    ("tilt_degrees", "drift_mm", "orientation", "told"),
    [
        (15.0, 0.0, (1, 0, 0, 0, 1, 0), True),
        (-15.0, 0.0, (1, 0, 0, 0, 1, 0), True),
        (0.4, 0.0, (1, 0, 0, 0, 1, 0), False),
        (0.0, 0.0, (1, 0, 0, 0, 1, 0), False),
        (15.0, 0.8, (1, 0, 0, 0, 1, 0), False),  # shifted as tilted slices are
        (15.0, 0.0, (1, 0, 0, 0, 0.9659258, -0.2588190), False),  # slices that lie slanted
    ],
)
def test_a_tilt_of_the_gantry_that_the_places_do_not_show_is_told(
    tmp_path: Path, tilt_degrees: float, drift_mm: float, orientation: tuple[float, ...], told: bool
) -> None:
    paths = write_series(tmp_path, head_hu(), orientation=orientation, extra={"GantryDetectorTilt": tilt_degrees})

    def shift(data: FileDataset) -> None:
        x, y, z = (float(value) for value in data.ImagePositionPatient)
        data.ImagePositionPatient = [x, y + drift_mm * (int(data.InstanceNumber) - 1), z]

    _change(paths, shift)
    said = [note for note in _notes(tmp_path) if "state a gantry tilt of" in note]
    assert said == (
        [
            "its headers state a gantry tilt of 15.0 degrees (GantryDetectorTilt), and its slices lie upright: they were"
            " resampled, or their places lost the tilt and what is measured is sheared"
        ]
        if told
        else []
    )

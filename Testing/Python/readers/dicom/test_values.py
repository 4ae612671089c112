"""Image values are what the headers of each slice say: against pydicom's modality LUT, and against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from deface_compare.errors import UnusableInput
from dicom_set import head_hu, write_series
from slice_values import (
    ADDED,
    assert_round_trip,
    change,
    head_grey,
    of_pydicom,
    read,
    rewrite,
    values_in,
    write_back,
)


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize(
    ("slopes", "intercept"),
    [
        ([1.0, *[1.75] * 11], -1024.0),
        ([3.0, *[61.0] * 11], 0.0),
        ([round(0.5 + 0.13 * k, 2) for k in range(12)], -3.25),
        ([1.0] * 12, -1000.0),
        ([-2.0] * 12, 4000.0),
    ],
    ids=["whole in the first slice only", "beyond 32767", "a slope each", "whole", "falling"],
)
def test_each_slice_has_its_own_slope_whatever_the_first_one_has(
    tmp_path: Path, modality: str, slopes: list[float], intercept: float
) -> None:
    paths = write_series(tmp_path / "in", head_grey(), modality=modality, slopes=slopes, intercept=intercept)
    image = read(tmp_path / "in")
    np.testing.assert_allclose(image.array(), of_pydicom(paths), rtol=1e-6, atol=1e-4)  # float32: measured 6e-8
    assert_round_trip(image, tmp_path / "out", max(map(abs, slopes)))


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_picture_marked_monochrome1_keeps_its_values(tmp_path: Path, modality: str, compressed: bool) -> None:
    paths = write_series(tmp_path / "in", head_grey(), modality=modality, extra={"PhotometricInterpretation": "MONOCHROME1"})
    expected = of_pydicom(paths)
    if compressed:
        change(paths, lambda data: data.compress(RLELossless, generate_instance_uid=False))
    image = read(tmp_path / "in")
    np.testing.assert_array_equal(image.array(), expected)
    assert "12 slices are marked MONOCHROME1: the air around the head shows that they are stored as they are" in image.notes
    assert_round_trip(image, tmp_path / "out", 1.0)


@pytest.mark.parametrize(("signed", "bits"), [(False, 16), (True, 16), (False, 12)])
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_negatives_marked_monochrome1_are_inverted_and_told(tmp_path: Path, modality: str, signed: bool, bits: int) -> None:
    grey = head_grey().astype(np.int16 if signed else np.uint16)
    negative = -1 - grey if signed else ((1 << bits) - 1 - grey).astype(np.uint16)
    extra: dict[str, object] = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": bits, "HighBit": bits - 1}
    write_series(tmp_path / "in", negative, modality=modality, extra=extra)
    image = read(tmp_path / "in")
    np.testing.assert_array_equal(image.array(), grey)
    assert any("stored as negatives, and were inverted" in note for note in image.notes)
    assert_round_trip(image, tmp_path / "out", 1.0)


def test_a_monochrome1_picture_without_air_at_its_border_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 4000, (12, 96, 96)).astype(np.uint16)
    write_series(tmp_path, noise, modality="MR", extra={"PhotometricInterpretation": "MONOCHROME1"})
    with pytest.raises(UnusableInput, match=r"MR series 3 is marked MONOCHROME1, and its border does not show"):
        read(tmp_path)


def lookup(first: int, entries: NDArray[np.uint16], vr: str = "US") -> Callable[[Dataset], None]:
    def add(data: Dataset) -> None:
        item = Dataset()
        item.add_new("LUTDescriptor", "SS" if int(data.PixelRepresentation) else "US", [len(entries), first, 16])
        item.ModalityLUTType = "US"
        item.add_new("LUTData", vr, entries.tobytes() if vr == "OW" else entries.tolist())
        data.ModalityLUTSequence = [item]
        del data.RescaleSlope, data.RescaleIntercept

    return add


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_modality_lookup_table_gives_the_values(tmp_path: Path, modality: str, vr: str) -> None:
    entries = (3 * np.arange(1400) + 7).astype(np.uint16)
    paths = write_series(tmp_path / "in", head_grey(), modality=modality)
    change(paths, lookup(5, entries, vr))
    image = read(tmp_path / "in")
    np.testing.assert_array_equal(image.array(), of_pydicom(paths))
    np.testing.assert_array_equal(image.array(), 3.0 * np.maximum(head_grey().astype(float) - 5, 0) + 7)
    assert_round_trip(image, tmp_path / "out", 3.0)


def test_a_lookup_table_of_signed_pixels_begins_below_zero(tmp_path: Path) -> None:
    entries = (2 * np.arange(4096)).astype(np.uint16)
    paths = write_series(tmp_path, head_hu(), modality="MR")
    change(paths, lookup(-1024, entries))
    np.testing.assert_array_equal(values_in(tmp_path), 2 * (head_hu().astype(int) + 1024))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_lookup_table_is_known_in_every_transfer_syntax(tmp_path: Path, syntax: str, vr: str) -> None:
    entries = (3 * np.arange(1400) + 7).astype(np.uint16)
    paths = write_series(tmp_path, head_grey(), modality="MR")
    big = syntax == ExplicitVRBigEndian
    change(paths, lookup(5, entries.byteswap() if vr == "OW" and big else entries, vr))
    for path in paths:
        rewrite(path, syntax)
    np.testing.assert_array_equal(values_in(tmp_path), 3 * np.maximum(head_grey().astype(int) - 5, 0) + 7)


def test_values_stated_twice_are_told(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_grey(), modality="MR")

    def both(data: Dataset) -> None:
        lookup(0, (2 * np.arange(1400)).astype(np.uint16))(data)
        data.RescaleSlope, data.RescaleIntercept = 1, 0

    change(paths, both)
    image = read(tmp_path)
    np.testing.assert_array_equal(image.array(), of_pydicom(paths))
    assert any("state values twice: the modality lookup table was used" in note for note in image.notes)


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("signed", [False, True])
def test_pixels_in_the_upper_bits_are_brought_down(tmp_path: Path, modality: str, signed: bool) -> None:
    stored = head_hu() if signed else (head_hu() + 1024).astype(np.uint16)
    intercept = 0.0 if signed else -1024.0
    extra: dict[str, object] = {"BitsStored": 12, "HighBit": 15}
    write_series(tmp_path / "in", np.left_shift(stored, 4), modality=modality, intercept=intercept, extra=extra)
    image = read(tmp_path / "in")
    np.testing.assert_array_equal(image.array(), head_hu())
    altered = write_back(image, tmp_path / "out")
    for index, path in enumerate(sorted((tmp_path / "out").iterdir())):
        before = np.frombuffer(pydicom.dcmread(image.sources[index]).PixelData, np.uint16)
        after = np.frombuffer(pydicom.dcmread(path).PixelData, np.uint16)
        outside = ~altered[index].ravel()
        np.testing.assert_array_equal(after[outside], before[outside])
    np.testing.assert_array_equal(values_in(tmp_path / "out"), head_hu() + (ADDED * altered).astype(int))


def test_a_high_bit_that_the_pixels_contradict_is_told(tmp_path: Path) -> None:
    write_series(tmp_path, (head_hu() + 1024).astype(np.uint16), intercept=-1024.0, extra={"BitsStored": 12, "HighBit": 15})
    image = read(tmp_path)
    np.testing.assert_array_equal(image.array(), head_hu())
    assert any(note.startswith("HighBit is not one less than BitsStored") for note in image.notes)


def test_pixels_that_follow_no_high_bit_are_refused(tmp_path: Path) -> None:
    stored = (head_hu() + 1024).astype(np.uint16) * 16 + 3
    write_series(tmp_path, stored, intercept=-1024.0, extra={"BitsStored": 12, "HighBit": 15})
    with pytest.raises(UnusableInput, match="CT series 3 states a HighBit that its pixels do not follow"):
        read(tmp_path)


def test_twelve_signed_bits_of_sixteen_keep_their_sign(tmp_path: Path) -> None:
    masked = (head_hu().view(np.uint16) & 0x0FFF).view(np.int16)
    write_series(tmp_path / "in", masked, extra={"BitsStored": 12, "HighBit": 11})
    image = read(tmp_path / "in")
    np.testing.assert_array_equal(image.array(), head_hu())
    np.testing.assert_array_equal(values_in(tmp_path / "in"), head_hu())


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_values_do_not_depend_on_the_transfer_syntax(tmp_path: Path, syntax: str) -> None:
    for path in write_series(tmp_path, head_hu()):
        rewrite(path, syntax)
    np.testing.assert_array_equal(values_in(tmp_path), head_hu())


def test_an_unknown_interpretation_of_the_pixels_is_told(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    change(paths[3:4], lambda data: setattr(data, "PhotometricInterpretation", "MONOCHROOE2"))
    image = read(tmp_path)
    assert "PhotometricInterpretation MONOCHROOE2 is none of a grey picture: taken for MONOCHROME2" in image.notes
    np.testing.assert_array_equal(image.array(), head_hu())


def test_a_slice_without_an_interpretation_of_its_pixels_is_told(tmp_path: Path) -> None:
    change(write_series(tmp_path, head_hu())[3:4], lambda data: delattr(data, "PhotometricInterpretation"))
    assert "slices state no PhotometricInterpretation: taken for MONOCHROME2" in read(tmp_path).notes


def test_numbers_of_colours_are_refused(tmp_path: Path) -> None:
    change(write_series(tmp_path, head_hu()), lambda data: setattr(data, "PhotometricInterpretation", "PALETTE COLOR"))
    with pytest.raises(UnusableInput, match=r"holds numbers of colours \(PALETTE COLOR\), not values of a scan"):
        read(tmp_path)


def test_a_slope_of_zero_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), slopes=[1.0] * 11 + [0.0])
    with pytest.raises(UnusableInput, match=r"has no usable slope \(RescaleSlope 0"):
        read(tmp_path)


def test_a_slope_in_some_slices_only_is_refused(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    change(paths[:5], lambda data: delattr(data, "RescaleIntercept"))
    with pytest.raises(UnusableInput, match="states RescaleIntercept in 7 of its 12 slices only"):
        read(tmp_path)


@pytest.mark.parametrize("kind", ["ED", "Z_EFF", "MGML"])
def test_a_ct_that_holds_something_else_than_hu_is_refused(tmp_path: Path, kind: str) -> None:
    write_series(tmp_path, head_hu(), extra={"RescaleType": kind})
    with pytest.raises(UnusableInput, match=rf"CT series 3 does not hold HU \(RescaleType {kind}\)"):
        read(tmp_path)


def test_colour_pictures_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), extra={"SamplesPerPixel": 3, "PixelData": bytes(24 * 20 * 6)})
    with pytest.raises(UnusableInput, match="is a colour picture, not a slice of a scan"):
        read(tmp_path)

"""Voxels beyond the field of view count as air, whatever number stands for them, and are written back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dicom_set import head_hu, write_series
from slice_values import (
    assert_round_trip,
    change,
    head_grey,
    read,
    rewrite,
    values_in,
)


def padded_head(value: int, kind: type) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
    """A CT head whose voxels beyond a circle hold `value`, and which those are; one voxel of bone holds it, too."""
    hu = head_hu((12, 40, 40)).astype(int)
    y, x = np.mgrid[:40, :40] - 19.5
    beyond = np.broadcast_to(np.hypot(x, y) > 19, hu.shape)
    stored = hu - (0 if kind is np.int16 else -1024)
    stored[beyond] = value
    stored[6, 20, 20] = value
    return stored.astype(kind), beyond


@pytest.mark.parametrize(
    ("value", "kind", "stated"),
    [
        (-2000, np.int16, {"PixelPaddingValue": -2000}),
        (-32768, np.int16, {"PixelPaddingValue": -32768}),
        (4095, np.uint16, {"PixelPaddingValue": 4095}),
        (2000, np.int16, {"PixelPaddingValue": 1990, "PixelPaddingRangeLimit": 2010}),
        (2000, np.int16, {"PixelPaddingValue": 2010, "PixelPaddingRangeLimit": 1990}),
        (0, np.int16, {"PixelPaddingValue": 0}),
    ],
    ids=["GE's", "least", "bright", "a range", "a range backwards", "as bright as water"],
)
def test_padding_is_air_and_is_written_back_as_padding(tmp_path: Path, value: int, kind: type, stated: dict[str, object]) -> None:
    stored, beyond = padded_head(value, kind)
    intercept = 0.0 if kind is np.int16 else -1024.0
    write_series(tmp_path / "in", stored, intercept=intercept, extra=stated)
    image = read(tmp_path / "in")
    assert (image.array()[beyond] == -1000).all()
    assert image.array()[6, 20, 20] == value + intercept
    np.testing.assert_array_equal(image.array()[~beyond], stored[~beyond] + intercept)
    assert any("are padding beyond the field of view" in note for note in image.notes)
    assert_round_trip(image, tmp_path / "out", 1.0)


@pytest.mark.parametrize(
    ("value", "intercept"),
    [(-2000, 0.0), (4095, -1024.0), (0, -1024.0)],
    ids=["stored as HU", "bright", "dark"],
)
def test_padding_around_a_head_cut_along_its_skin_is_air(tmp_path: Path, value: int, intercept: float) -> None:
    hu = head_hu((12, 40, 40)).astype(int)
    beyond = hu < 0
    stored = np.where(beyond, value, hu - int(intercept)).astype(np.int16)
    write_series(tmp_path / "in", stored, intercept=intercept, extra={"PixelPaddingValue": value})
    image = read(tmp_path / "in")
    assert (image.array()[beyond] <= -1000).all()
    np.testing.assert_array_equal(image.array()[~beyond], hu[~beyond])
    assert_round_trip(image, tmp_path / "out", 1.0)


def test_padding_around_a_head_without_its_intercept_is_as_dark_as_its_air(tmp_path: Path) -> None:
    stored, beyond = padded_head(-2000, np.int16)
    stored[~beyond] += 1024
    write_series(tmp_path / "in", stored, intercept=0.0, extra={"PixelPaddingValue": -2000})
    assert (values_in(tmp_path / "in")[beyond] < -900).all()


def test_padding_written_with_the_other_sign_is_known(tmp_path: Path) -> None:
    stored, beyond = padded_head(-2000, np.int16)
    paths = write_series(tmp_path, stored)

    def unsigned(data: Dataset) -> None:
        data.add_new("PixelPaddingValue", "US", 63536)

    change(paths, unsigned)
    assert (values_in(tmp_path)[beyond] == -1000).all()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_padding_is_known_in_every_transfer_syntax(tmp_path: Path, syntax: str) -> None:
    stored, beyond = padded_head(-2000, np.int16)
    extra: dict[str, object] = {"PixelPaddingValue": -2005, "PixelPaddingRangeLimit": -1995}
    for path in write_series(tmp_path, stored, extra=extra):
        rewrite(path, syntax)
    assert (values_in(tmp_path)[beyond] == -1000).all()


@pytest.mark.parametrize("value", [0, 65535])
def test_padding_of_an_mr_is_dark(tmp_path: Path, value: int) -> None:
    grey = head_grey() + np.uint16(3)
    beyond = np.zeros(grey.shape, bool)
    beyond[:, :3] = True
    stored = np.where(beyond, value, grey).astype(np.uint16)
    write_series(tmp_path / "in", stored, modality="MR", extra={"PixelPaddingValue": value})
    image = read(tmp_path / "in")
    assert (image.array()[beyond] == (0 if value == 0 else 3)).all()
    np.testing.assert_array_equal(image.array()[~beyond], grey[~beyond])
    assert_round_trip(image, tmp_path / "out", 1.0)

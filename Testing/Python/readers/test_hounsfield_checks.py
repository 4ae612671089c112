"""A CT whose rescale intercept was applied twice or not at all is told; what only looks a little like one is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.checks import SHIFTED_NOTE
from deface_compare.readers.hounsfield_checks import MAY_BE_TWICE_NOTE, MAY_BE_UNSCALED_NOTE
from dicom_set import write_series

SHAPE = (12, 40, 40)


def head() -> NDArray[np.int16]:
    """Air, soft tissue (20 to 60 HU), a falling histogram of bone, shape (z, y, x)."""
    random = np.random.default_rng(3)
    hu = np.full(SHAPE, -1000, np.int16) + random.integers(-15, 15, SHAPE).astype(np.int16)
    hu[:, 8:-8, 8:-8] = random.integers(20, 60, (SHAPE[0], 24, 24))
    hu[:, 8:10, 8:-8] = random.integers(150, 1300, (SHAPE[0], 2, 24))
    return hu


def ct_notes(folder: Path, stored: NDArray[np.int16], intercept: float = 0.0, **extra: int) -> tuple[str, ...]:
    write_series(folder, stored, intercept=intercept, extra=dict(extra))
    return read_case(folder).images[0].notes


@pytest.mark.parametrize("intercept", [-1024.0, -1000.0])
def test_an_intercept_on_values_that_are_hu_already_is_refused_with_the_likely_cause(tmp_path: Path, intercept: float) -> None:
    write_series(tmp_path, head(), intercept=intercept)
    with pytest.raises(UnusableInput) as refusal:
        read_case(tmp_path)
    assert "air near -2024 and soft tissue near -1000: its rescale intercept was likely applied twice" in str(refusal.value)


def test_a_second_image_with_its_intercept_twice_costs_only_itself(tmp_path: Path) -> None:
    write_series(tmp_path, head(), spacing=(2.0, 2.0, 3.0))
    write_series(tmp_path, head(), series="twice", intercept=-1024.0, spacing=(1.0, 1.0, 3.0), extra={"SeriesNumber": 9})
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT"]
    assert any("applied twice" in note and note.endswith("it was not used") for note in case.notes)


def test_without_air_such_a_ct_is_told(tmp_path: Path) -> None:
    inside = head()[:, 8:-8, 8:-8]
    assert ct_notes(tmp_path, np.ascontiguousarray(inside), -1024.0) == (MAY_BE_TWICE_NOTE,)


def test_an_intercept_that_was_not_applied_is_subtracted_and_told(tmp_path: Path) -> None:
    write_series(tmp_path, (head() + 1024).astype(np.int16))
    image = read_case(tmp_path).images[0]
    assert image.notes == (SHIFTED_NOTE,)
    assert np.array_equal(image.array(), head())


def test_padding_near_minus_1000_does_not_hide_that_no_intercept_was_applied(tmp_path: Path) -> None:
    stored = (head() + 1024).astype(np.int16)
    stored[:, :2] = -1000
    assert ct_notes(tmp_path, stored) == (MAY_BE_UNSCALED_NOTE,)


@pytest.mark.parametrize("kind", ["as it is", "padded", "padded, not told", "no air", "metal", "half of it", "low energy"])
def test_no_right_ct_is_told_to_be_wrong(tmp_path: Path, kind: str) -> None:
    hu = head()
    extra = {}
    if kind.startswith("padded"):
        hu[:, :6] = -2000
        extra = {} if "not" in kind else {"PixelPaddingValue": -2000}
    if kind == "no air":
        hu = np.ascontiguousarray(hu[:, 8:-8, 8:-8])
    if kind == "metal":
        hu[5, 15:20, 15:20] = 3071
    if kind == "half of it":
        hu = np.ascontiguousarray(hu[:, :, :20])
    if kind == "low energy":  # iodine and bone are twice as dense at 40 keV
        hu = np.where(hu > 0, 2 * hu, hu).astype(np.int16)
    notes = ct_notes(tmp_path, hu, **extra)
    assert not [note for note in notes if "intercept" in note or note == SHIFTED_NOTE]


@pytest.mark.parametrize("energy", [0.6, 1.0, 1.6])
def test_a_phantom_of_water_and_plastics_is_taken_as_it_is(tmp_path: Path, energy: float) -> None:
    hu = np.full(SHAPE, -1000, np.int16)
    hu[:, 6:-6, 6:-6] = 0
    for k, insert in enumerate((-100, 120, 340, 990)):  # polyethylene, acrylic, delrin, teflon
        hu[:, 10 + 5 * k : 14 + 5 * k, 12:20] = round(insert * energy)
    assert ct_notes(tmp_path, hu) == ()

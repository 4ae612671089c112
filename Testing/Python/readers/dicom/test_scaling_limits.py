"""Slopes, intercepts and dose scalings that no scan has cost their own image or dose, and say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare.case import MR, CaseImage
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.checks import checked_image, dose_warnings
from dicom_set import head_hu, write_dose, write_series

STORED = (head_hu() + 1100).astype(np.uint16)


def patient(folder: Path, scaling: float = 0.01, **mr: float) -> None:
    """A CT in HU, an MR with another slope or intercept, and a dose."""
    write_series(folder, head_hu())
    write_series(folder, STORED, modality="MR", series="mr", extra={"SeriesDescription": "t1", "SeriesNumber": 4, **mr})
    write_dose(folder / "rd.dcm", np.arange(384, dtype=np.uint16).reshape(6, 8, 8), [4.0 * k for k in range(6)], scaling=scaling)


@pytest.mark.parametrize(
    "mr",
    [
        {"RescaleSlope": 1e300},
        {"RescaleSlope": -1e300},
        {"RescaleSlope": 0.0},
        {"RescaleSlope": 1e-45},
        {"RescaleSlope": 1e38},
        {"RescaleIntercept": 1e300},
        {"RescaleSlope": 0.001, "RescaleIntercept": 1e6},
    ],
    ids=str,
)
def test_a_scaling_that_no_scan_has_costs_its_image_only(tmp_path: Path, mr: dict[str, float]) -> None:
    patient(tmp_path, **mr)
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT"]
    assert case.dose is not None
    (note,) = [note for note in case.notes if "MR series 4" in note]
    assert "has no usable slope (RescaleSlope" in note
    assert note.endswith("it was not used")


@pytest.mark.parametrize("slope", [1e-12, 0.25, 1e6])
def test_unusual_slopes_are_used(tmp_path: Path, slope: float) -> None:
    patient(tmp_path, RescaleSlope=slope)
    values = read_case(tmp_path).image("MR_T1").array()
    assert np.allclose(values, STORED * slope, rtol=2e-7)  # measured 6e-8: float32


def test_a_slope_below_0_is_used_and_told(tmp_path: Path) -> None:
    patient(tmp_path, RescaleSlope=-1.0)
    image = read_case(tmp_path).image("MR_T1")
    assert np.array_equal(image.array(), -STORED.astype(int))
    assert image.notes == (
        "12 slices have a slope below 0 (RescaleSlope), used as the file states it: it makes the air around the head brighter"
        " than the head and is likely wrong",
    )


def test_a_slope_below_0_that_turns_a_stored_negative_is_told_without_doubt(tmp_path: Path) -> None:
    write_series(tmp_path, (2000 - STORED).astype(np.uint16), modality="MR", slopes=-1.0, intercept=2000.0)
    (image,) = read_case(tmp_path).images
    assert np.array_equal(image.array(), STORED)
    assert image.notes == ("12 slices have a slope below 0 (RescaleSlope), used as the file states it",)


@pytest.mark.parametrize(
    ("scaling", "reason"),
    [
        ("0", "dose rd.dcm has a DoseGridScaling of 0 and was not used"),
        ("-0.01", "dose rd.dcm has a DoseGridScaling of -0.01 and was not used"),
        ("", "dose rd.dcm has no DoseGridScaling and was not used"),
        ("1e300", "dose rd.dcm has a DoseGridScaling of 1e300 and was not used"),
        ("1e-300", "dose rd.dcm has a DoseGridScaling of 1e-300 and was not used"),
    ],
)
def test_a_dose_scaling_that_is_none_costs_the_dose_only(tmp_path: Path, scaling: str, reason: str) -> None:
    patient(tmp_path)
    data = pydicom.dcmread(tmp_path / "rd.dcm")
    data.DoseGridScaling = scaling
    data.save_as(tmp_path / "rd.dcm")
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT", "MR_T1"]
    assert (case.dose, case.missing_dose) == (None, reason)
    assert reason in case.notes


@pytest.mark.parametrize(("scaling", "maximum"), [(1e-9, "3.8e-07"), (1e6, "3.8e+08")])
def test_a_dose_that_no_plan_has_is_told(tmp_path: Path, scaling: float, maximum: str) -> None:
    patient(tmp_path, scaling=scaling)
    dose = read_case(tmp_path).dose
    assert dose is not None
    wanted = f"has a maximum of {maximum} Gy, which no plan has: its scaling is likely wrong; all doses are given as the file"
    assert any(wanted in note for note in dose.notes)


@pytest.mark.parametrize("factor", [1e300, 1e-40])
def test_voxels_that_no_scan_has_are_refused_whatever_file_holds_them(factor: float) -> None:
    values = sitk.GetImageFromArray(STORED.astype(np.float64) * factor)
    with pytest.raises(UnusableInput, match="which no scan has: its scaling is likely wrong"):
        checked_image(CaseImage("MR", MR, values, unit="a.u."))


@pytest.mark.parametrize(("largest_gy", "told"), [(0.5, 0), (70.0, 0), (7000.0, 1), (0.001, 1)])
def test_usual_doses_are_not_told(largest_gy: float, told: int) -> None:
    grid = np.zeros((3, 3, 3), np.float32)
    grid[1, 1, 1] = largest_gy
    assert len(dose_warnings(sitk.GetImageFromArray(grid), "Gy")) == told

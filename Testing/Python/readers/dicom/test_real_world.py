"""A mapping to real world values in the headers is used, or told: never passed over in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.case import CaseImage
from deface_compare.export.written.image_slice import SeriesEdit
from deface_compare.geometry.boxes import Patch
from deface_compare.readers import read_case
from dicom_set import head_hu, write_series
from pet_series import FACTOR, LARGEST_BQML, SUV_MAX, pet

SUV_CODE = ("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
DIFFUSION = ("mm2/s", "UCUM", "square millimeter per second")


def mapping(slope: float, unit: tuple[str, str, str] = SUV_CODE, intercept: float = 0.0) -> Dataset:
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 32767
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    item.LUTLabel, item.LUTExplanation, item.MeasurementUnitsCodeSequence = "label", "label", [code]
    return item


def table() -> Dataset:
    item = mapping(1.0)
    del item.RealWorldValueSlope, item.RealWorldValueIntercept
    item.RealWorldValueLUTData = [float(k) for k in range(10)]
    return item


def write_maps(folder: Path, of: Callable[[int], list[Dataset]]) -> None:
    """Give each slice its mappings."""
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        found = of(int(data.InstanceNumber) - 1)
        if found:
            data.RealWorldValueMappingSequence = found
            data.save_as(path)


def again(folder: Path) -> CaseImage:
    return read_case(folder).images[0]


def test_suv_that_the_headers_state_are_those_of_a_pet_without_dose_or_weight(tmp_path: Path) -> None:
    assert pet(tmp_path, weight=0.0).unit == "Bq/ml"
    write_maps(tmp_path, lambda k: [mapping(FACTOR)])
    image = again(tmp_path)
    assert (image.unit, image.array().max()) == ("SUVbw", pytest.approx(SUV_MAX, rel=1e-6))
    assert image.notes == ("SUVbw are those that its headers state (RealWorldValueMapping)",)


def test_suv_that_the_headers_state_as_well_need_no_word(tmp_path: Path) -> None:
    pet(tmp_path)
    write_maps(tmp_path, lambda k: [mapping(FACTOR * 1.001)])
    image = again(tmp_path)
    assert (image.unit, image.notes) == ("SUVbw", ())
    assert image.array().max() == pytest.approx(SUV_MAX, rel=1e-6)


def test_suv_that_the_headers_state_otherwise_are_used_and_told(tmp_path: Path) -> None:
    pet(tmp_path, weight=154.0)
    write_maps(tmp_path, lambda k: [mapping(FACTOR)])
    image = again(tmp_path)
    assert image.array().max() == pytest.approx(SUV_MAX, rel=1e-6)
    assert image.notes == (
        "its headers state SUVbw (RealWorldValueMapping) 0.455 times those by their other values; the stated ones are used",
    )


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (lambda k: [mapping(FACTOR)] if k else [], "is stated in 5 of 6 slices only and was not used"),
        (lambda k: [mapping(FACTOR * (k + 1))], "is no multiple of what slope and intercept give and was not used"),
        (lambda k: [mapping(FACTOR), mapping(2 * FACTOR)], "is no single line and was not used"),
        (lambda k: [table()], "is no single line and was not used"),
        (lambda k: [mapping(float("nan"))], "is no single line and was not used"),
    ],
    ids=["one slice without", "other slopes", "two ranges", "table", "nan"],
)
def test_a_mapping_of_a_pet_that_cannot_be_used_is_told(tmp_path: Path, of: Callable[[int], list[Dataset]], said: str) -> None:
    pet(tmp_path)
    write_maps(tmp_path, of)
    image = again(tmp_path)
    assert image.array().max() == pytest.approx(SUV_MAX, rel=1e-6)
    assert image.notes == (f"its RealWorldValueMapping to SUVbw {said}",)


def test_a_pet_whose_activity_is_mapped_to_other_numbers_is_told(tmp_path: Path) -> None:
    pet(tmp_path)
    write_maps(tmp_path, lambda k: [mapping(2.0, ("Bq/ml", "UCUM", "Becquerels/milliliter"))])
    (note,) = again(tmp_path).notes
    assert note == "its RealWorldValueMapping to Bq/ml states 2 times what slope and intercept give and was not used"
    write_maps(tmp_path, lambda k: [mapping(1.0, ("Bq/ml", "UCUM", "Becquerels/milliliter"))])
    assert again(tmp_path).notes == ()
    assert pytest.approx(float(again(tmp_path).array().max()), rel=1e-6) == LARGEST_BQML * FACTOR


def mr(folder: Path, of: Callable[[int], list[Dataset]], *, scaled: bool) -> CaseImage:
    write_series(folder, (head_hu() + 1100).astype(np.uint16), modality="MR", extra={"SeriesDescription": "t1"})
    if not scaled:
        for path in folder.glob("*.dcm"):
            data = pydicom.dcmread(path)
            del data.RescaleSlope, data.RescaleIntercept
            data.save_as(path)
    write_maps(folder, of)
    return again(folder)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_parametric_map_of_an_mr_says_its_unit(tmp_path: Path, scaled: bool) -> None:
    image = mr(tmp_path, lambda k: [mapping(1e-6, DIFFUSION)], scaled=scaled)
    assert image.unit == "a.u."
    assert np.array_equal(image.array(), head_hu().astype(int) + 1100)
    assert image.notes == ("its headers map it to mm2/s (RealWorldValueMapping): 1e-06 times the values here, in a.u.",)


def test_an_mr_scaled_by_its_mapping_alone_has_comparable_slices_and_is_written_back(tmp_path: Path) -> None:
    slopes = [1 + 0.25 * k for k in range(12)]
    image = mr(tmp_path, lambda k: [mapping(slopes[k], ("1", "UCUM", "no units"), 3.0)], scaled=False)
    assert np.allclose(image.array(), (head_hu() + 1100) * np.array(slopes)[:, None, None] + 3.0, rtol=1e-6)
    assert image.notes == ("its slices are scaled by their RealWorldValueMapping, each by another slope",)
    edited = image.array().copy()
    edited[3:6, 2:8, 2:8] = 703.0
    edit = SeriesEdit(image, Patch((2, 2, 3), edited[3:6, 2:8, 2:8]))
    written = edit.slice(4)
    stored = np.frombuffer(written.data.PixelData, np.uint16).reshape(image.array().shape[1:])
    assert np.abs(stored[written.altered] * slopes[4] + 3.0 - 703.0).max() <= slopes[4] / 2


def test_an_mr_whose_mapping_contradicts_its_slopes_is_told(tmp_path: Path) -> None:
    image = mr(tmp_path, lambda k: [mapping(1.0 + k, ("1", "UCUM", "no units"))], scaled=True)
    assert image.notes == ("its RealWorldValueMapping is no multiple of what slope and intercept give and was not used",)


def test_a_ct_mapped_to_its_own_hounsfield_units_needs_no_word(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    assert again(tmp_path).notes == ()
    write_maps(tmp_path, lambda k: [mapping(1.0, ("[hnsf'U]", "UCUM", "Hounsfield unit"))])
    assert again(tmp_path).notes == ()
    write_maps(tmp_path, lambda k: [mapping(0.5, ("mg/cm3", "UCUM", "iodine"))])
    assert again(tmp_path).notes == ("its headers map it to mg/cm3 (RealWorldValueMapping): 0.5 times the values here, in HU",)

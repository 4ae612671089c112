"""SUV that no patient has are told with the likely unit; what is no SUVbw is not called so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare.case import CaseImage
from deface_compare.readers import read_case
from pet_series import HALF_LIFE_S, SUV_MAX, WEIGHT_KG, pet


def test_a_usual_pet_has_no_warning(tmp_path: Path) -> None:
    image = pet(tmp_path)
    assert (image.unit, image.notes) == ("SUVbw", ())
    assert image.array().max() == pytest.approx(SUV_MAX, rel=1e-6)
    assert pytest.approx(6.63, abs=0.01) == SUV_MAX


@pytest.mark.parametrize(
    ("stated", "factor", "likely"),
    [
        ({"activity": 370.0}, 1e6, "RadionuclideTotalDose is likely in MBq, not Bq"),
        ({"activity": 370e3}, 1e3, "RadionuclideTotalDose is likely in kBq, not Bq"),
        ({"activity": 10.0}, 3.7e7, "RadionuclideTotalDose is likely in mCi, not Bq"),
        ({"activity": 0.37}, 1e9, "RadionuclideTotalDose is likely in GBq, not Bq"),
        ({"weight": 70000.0}, 1e3, "PatientWeight is likely in g, not kg"),
        (
            {"weight": 70000.0, "activity": 370.0},
            1e9,
            "RadionuclideTotalDose is likely in MBq, not Bq and PatientWeight is likely in g, not kg",
        ),
        ({"largest": 24}, 1e-3, "the voxels are likely in kBq/ml, not Bq/ml"),
    ],
    ids=["MBq", "kBq", "mCi", "GBq", "g", "MBq and g", "kBq/ml"],
)
def test_suv_that_no_patient_has_name_the_likely_unit(
    tmp_path: Path, stated: dict[str, float], factor: float, likely: str
) -> None:
    image = pet(tmp_path, **stated)  # type: ignore[arg-type]
    assert image.array().max() == pytest.approx(SUV_MAX * factor, rel=1e-5)  # as the file states them
    (note,) = image.notes
    assert note == (
        f"PET has a maximum of {SUV_MAX * factor:.2g} SUVbw, which no patient has: {likely}; all SUV are given as the file"
        " states them"
    )


def test_a_half_life_in_minutes_is_told_and_gives_no_suv(tmp_path: Path) -> None:
    image = pet(tmp_path, half_life=HALF_LIFE_S / 60)
    assert image.unit == "Bq/ml"
    assert image.notes == (
        "PET stays in Bq/ml: the scan began 33 half-lives after the injection by RadionuclideHalfLife; it is likely in minutes,"
        " not s",
    )


def test_another_nuclides_half_life_is_told(tmp_path: Path) -> None:
    (note,) = pet(tmp_path, nuclide="Gallium-68").notes
    assert note.startswith("RadionuclideHalfLife is 6586.2 s, but gallium-68's is 4062.6 s: SUV are likely wrong")


@pytest.mark.parametrize(
    ("extra", "unit", "said"),
    [
        ({"Units": "GML"}, "SUVbw", ""),
        ({"Units": "GML", "SUVType": "BW"}, "SUVbw", ""),
        ({"Units": "GML", "SUVType": "LBM"}, "a.u.", "PET is in SUV by lean body mass, which is not SUVbw"),
        ({"Units": "GML", "SUVType": "LBMJANMA"}, "a.u.", "PET is in SUV by lean body mass, which is not SUVbw"),
        ({"Units": "CM2ML", "SUVType": "BSA"}, "a.u.", "PET is in SUV by body surface area, which is not SUVbw"),
        ({"Units": "PROPCPS"}, "a.u.", "PET unit PROPCPS cannot be turned into SUVbw"),
        ({"DecayCorrection": "NONE"}, "Bq/ml", "PET stays in Bq/ml: decay correction NONE has no known reference time"),
    ],
)
def test_what_is_no_suv_by_body_weight_is_not_called_so(tmp_path: Path, extra: dict[str, object], unit: str, said: str) -> None:
    image = pet(tmp_path, largest=24, **extra)
    assert image.unit == unit
    assert image.notes == ((said,) if said else ())
    assert image.array().max() == 24


def test_suv_stored_as_such_are_judged_too(tmp_path: Path) -> None:
    (note,) = pet(tmp_path, Units="GML").notes
    assert note.startswith("PET has a maximum of 2.4e+04 SUVbw, which no patient has: its unit is likely another one")


def test_suv_of_image_files_are_judged_too(tmp_path: Path) -> None:
    array = np.zeros((6, 12, 12), np.float32)
    array[2:4, 5:7, 5:7] = 6.6e6
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "pet.nrrd"))
    (tmp_path / "case.json").write_text(json.dumps({"images": {"PET": "pet.nrrd"}, "units": {"PET": "SUVbw"}}))
    (note,) = read_case(tmp_path).images[0].notes
    assert note.startswith("PET has a maximum of 6.6e+06 SUVbw, which no patient has")


def test_negative_uptake_is_told(tmp_path: Path) -> None:
    image = pet(tmp_path, largest=0, RescaleIntercept=-30000.0)
    assert any(note.startswith("PET has negative uptake (down to -8.3 SUVbw)") for note in image.notes)


@pytest.mark.parametrize(("to_suv", "to_bq", "largest"), [(2.5e-4, 0, 24000 * 2.5e-4), (0, 2.0, SUV_MAX * 2)])
def test_philips_counts_become_suv_by_either_private_factor(tmp_path: Path, to_suv: float, to_bq: float, largest: float) -> None:
    pet(tmp_path, Units="CNTS")
    for path in tmp_path.iterdir():
        data = pydicom.dcmread(path)
        block = data.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", str(to_suv))
        block.add_new(0x09, "DS", str(to_bq))
        data.save_as(path)
    image = read_case(tmp_path).images[0]
    assert image.unit == "SUVbw"
    assert image.array().max() == pytest.approx(largest, rel=1e-5)  # float32: measured 4e-8


@pytest.mark.parametrize(
    ("weight", "size", "said"),
    [
        (70.0, 1.75, ""),
        (120.0, 1.65, ""),  # index 44
        (154.0, None, ""),  # 70 kg in lb: without a height nothing tells
        (110.0, 1.7, ""),  # 50 kg in lb: an index of 38 may be
        (
            154.0,
            1.75,
            "PatientWeight 154 kg makes a body mass index of 50.3 at a height of 1.75 m: it is likely in lb",
        ),
        (154.0, 69.0, "PatientSize 69 m is likely in inches; no SUVbw depends on it"),
        (154.0, 175.0, "PatientSize 175 m is likely in cm; no SUVbw depends on it"),
        (70.0, 175.0, "PatientSize 175 m is likely in cm; no SUVbw depends on it"),
        (70.0, 69.0, "PatientSize 69 m is likely in inches; no SUVbw depends on it"),
        (8.0, 69.0, "PatientSize 69 m is likely in cm; no SUVbw depends on it"),  # a baby
        (70.0, 5.75, "PatientSize 5.75 m is likely in feet; no SUVbw depends on it"),
        (330.0, None, "PatientWeight 330 kg is no patient's: it is likely in lb"),
        (70.0, 17.5, "PatientWeight 70 kg and PatientSize 17.5 m make a body mass index of 0.229, which no patient has"),
    ],
)
def test_a_weight_in_pounds_is_noticed_by_the_body_mass_index(
    tmp_path: Path, weight: float, size: float | None, said: str
) -> None:
    image = pet(tmp_path, weight=weight, **({"PatientSize": size} if size else {}))
    assert image.array().max() == pytest.approx(SUV_MAX * weight / WEIGHT_KG, rel=1e-5)
    assert (image.notes[0] if image.notes else "").startswith(said)
    assert bool(image.notes) == bool(said)
    pounds = [note for note in image.notes if "likely in lb" in note]
    assert len(pounds) == ((weight, size) in {(154.0, 1.75), (154.0, 69.0), (154.0, 175.0), (330.0, None)})


@pytest.mark.parametrize(
    "keyword", ["PatientWeight", "RadionuclideTotalDose", "RadionuclideHalfLife", "Units", "DecayCorrection"]
)
def test_slices_that_contradict_one_another_give_no_suv(tmp_path: Path, keyword: str) -> None:
    pet(tmp_path)
    path = sorted(tmp_path.glob("*.dcm"))[3]
    data = pydicom.dcmread(path)
    drug = data.RadiopharmaceuticalInformationSequence[0]
    where = drug if keyword in drug else data
    setattr(where, keyword, {"Units": "CNTS", "DecayCorrection": "ADMIN"}.get(keyword) or float(where[keyword].value) / 2)
    data.save_as(path)
    image = read_case(tmp_path).images[0]
    assert image.unit != "SUVbw"
    assert any("several" in note for note in image.notes)


@pytest.mark.parametrize(("stated", "told"), [(["DECY", "SCAT"], True), (["DECY", "ATTN"], False), ("ATTN", False), ("", False)])
def test_a_pet_without_correction_of_attenuation_is_told(tmp_path: Path, stated: object, told: bool) -> None:
    notes = pet(tmp_path, **({"CorrectedImage": stated} if stated else {})).notes
    assert any("not corrected for attenuation" in note for note in notes) == told
    assert len(notes) == told


def test_a_series_whose_time_was_removed_gives_no_suv(tmp_path: Path) -> None:
    """Midnight made the uptake 14 hours long: SUV 267 times too large by decay."""
    image = pet(tmp_path, SeriesTime="000000", AcquisitionTime="101500", AcquisitionDate="20260102")
    assert image.unit == "Bq/ml"
    assert "PET stays in Bq/ml: SeriesTime lies hours before the times of its slices (AcquisitionTime)" in image.notes


def test_two_radiopharmaceuticals_give_no_suv(tmp_path: Path) -> None:
    pet(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        data = pydicom.dcmread(path)
        data.RadiopharmaceuticalInformationSequence.append(data.RadiopharmaceuticalInformationSequence[0])
        data.save_as(path)
    image = read_case(tmp_path).images[0]
    assert image.unit == "Bq/ml"
    assert "PET stays in Bq/ml: 2 radiopharmaceuticals are described" in image.notes


@pytest.mark.parametrize(("full", "same"), [("20260102091500.00", True), ("20260102091530", True), ("20260102071500", False)])
def test_two_times_of_the_injection_that_differ_give_no_suv(tmp_path: Path, full: str, same: bool) -> None:
    pet(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        data = pydicom.dcmread(path)
        data.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime = full
        data.save_as(path)
    image = read_case(tmp_path).images[0]
    assert (image.unit == "SUVbw") == same
    assert ("PET stays in Bq/ml: two times of the injection are stated that differ" in image.notes) != same


def with_injection(folder: Path, **times: str) -> CaseImage:
    """The PET again, with other statements of when the tracer was injected (and of the scan's time, by lower-case names)."""
    pet(folder)
    for path in folder.glob("*.dcm"):
        data = pydicom.dcmread(path)
        item = data.RadiopharmaceuticalInformationSequence[0]
        del item.RadiopharmaceuticalStartTime
        for keyword, value in times.items():
            setattr(item if keyword.startswith("Radio") else data, keyword, value)
        data.save_as(path)
    return read_case(folder).images[0]


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ({}, "the time of the injection is missing"),
        ({"RadiopharmaceuticalStartTime": ""}, "the time of the injection is missing"),
        ({"RadiopharmaceuticalStartDateTime": "20260102"}, "the time of the injection is missing"),
        ({"RadiopharmaceuticalStartTime": "000000"}, "the time of the injection is midnight: it was likely removed"),
        (
            {"RadiopharmaceuticalStartTime": "000000.00", "SeriesTime": "000000"},
            "the time of the scan is midnight: it was likely removed",
        ),
        ({"RadiopharmaceuticalStartTime": "091500", "SeriesTime": ""}, "the time of the scan is missing"),
        (
            {"RadiopharmaceuticalStartTime": "091500", "AcquisitionTime": "000000"},
            "the time of the scan is midnight: it was likely removed",
        ),
        (
            {"RadiopharmaceuticalStartDateTime": "20260102081500+0000"},
            "the injection states its time zone and the scan does not",
        ),
    ],
)
def test_a_time_that_is_missing_is_no_midnight_and_gives_no_suv(tmp_path: Path, times: dict[str, str], why: str) -> None:
    """Midnight made the uptake ten hours long: SUV 33 times too large, and no limit notices it."""
    image = with_injection(tmp_path, **times)
    assert (image.unit, image.notes) == ("Bq/ml", (f"PET stays in Bq/ml: {why}",))


@pytest.mark.parametrize(
    "times",
    [
        {"RadiopharmaceuticalStartDateTime": "20260102081500.00+0000", "TimezoneOffsetFromUTC": "+0100"},
        {"RadiopharmaceuticalStartDateTime": "20260101234500-0930", "TimezoneOffsetFromUTC": "+0000"},
        {"RadiopharmaceuticalStartDateTime": "20260102091500+0100", "RadiopharmaceuticalStartTime": "091500"},
        {"RadiopharmaceuticalStartTime": "223000", "SeriesTime": "233000", "AcquisitionTime": "000500"},
        {"RadiopharmaceuticalStartTime": "233000", "SeriesTime": "003000", "AcquisitionTime": "003000"},
        {"RadiopharmaceuticalStartTime": "09", "SeriesTime": "10"},
    ],
    ids=["an hour ahead of UTC", "another day in UTC", "one clock", "slices after midnight", "over midnight", "hours alone"],
)
def test_times_are_told_by_one_clock_over_midnight_and_time_zones(tmp_path: Path, times: dict[str, str]) -> None:
    image = with_injection(tmp_path, **times)
    assert (image.unit, image.notes) == ("SUVbw", ())
    assert image.array().max() == pytest.approx(SUV_MAX, rel=1e-6)

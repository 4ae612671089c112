"""Sex and age from DICOM headers and from case.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.demographics import Demographics
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from dicom_set import head_hu, write_series


def told(folder: Path, **extra: object) -> Demographics:
    """Of a CT of 2 January 2026 with these header values."""
    write_series(folder, head_hu(), extra={"StudyDate": "20260102", **extra})
    return read_case(folder).demographics


@pytest.mark.parametrize(
    ("extra", "years"),
    [
        ({"PatientAge": "065Y"}, 65.0),
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "065Y", "PatientBirthDate": "19300102"}, 65.0),  # the birth date may be shifted
        ({"PatientBirthDate": "19860102"}, 40.0),
        ({"PatientBirthDate": "19860102", "PatientAge": ""}, 40.0),
        ({"PatientBirthDate": "19000101"}, None),  # stands for none
        ({"PatientBirthDate": "20300101"}, None),
        ({"PatientAge": "000Y"}, None),
        ({}, None),
    ],
)
def test_the_age_is_the_stated_one_or_that_of_the_dates(tmp_path: Path, extra: dict[str, object], years: float | None) -> None:
    found = told(tmp_path, **extra).age_years
    assert found == (years if years is None else pytest.approx(years, abs=0.01))


@pytest.mark.parametrize(("stated", "sex"), [("F", "F"), ("M", "M"), ("O", ""), ("", "")])
def test_only_female_and_male_are_groups(tmp_path: Path, stated: str, sex: str) -> None:
    assert told(tmp_path, PatientSex=stated).sex == sex


def case_file(folder: Path, **fields: object) -> Path:
    array = np.zeros((8, 8, 8), np.int16)
    array[2:6, 2:6, 2:6] = np.random.default_rng(1).integers(400, 500, (4, 4, 4))
    sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / "mr.nrrd"))
    (folder / "case.json").write_text(json.dumps({"images": {"MR": "mr.nrrd"}, **fields}), encoding="utf-8")
    return folder


def test_a_case_file_tells_them_too(tmp_path: Path) -> None:
    assert read_case(case_file(tmp_path, sex="F", age_years=72.5)).demographics == Demographics("F", 72.5)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sex": "female"}, 'sex must be "F" or "M"'),
        ({"age_years": -3}, "age_years must be a number above 0, at most 120"),
        ({"age_years": "old"}, "age_years must be a number above 0, at most 120"),
        ({"age_years": True}, "age_years must be a number above 0, at most 120"),
    ],
)
def test_what_is_no_sex_or_age_is_refused(tmp_path: Path, fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UnusableInput, match=sentence):
        read_case(case_file(tmp_path, **fields))

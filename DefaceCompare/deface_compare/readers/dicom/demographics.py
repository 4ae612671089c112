"""Sex and age as DICOM headers tell them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from ...demographics import OLDEST_YEARS, Demographics
from .header import Header, naming_file
from .identity import identity_of

AGE = re.compile(r"(\d{3})([DWMY])")
"""An age string (PS3.5 6.2, VR AS)."""
DAYS_A_YEAR = 365.25
IN_A_YEAR = {"D": DAYS_A_YEAR, "W": DAYS_A_YEAR / 7, "M": 12.0, "Y": 1.0}
"""So many of an age string's units are a year."""
DATES = ("AcquisitionDate", "SeriesDate", "StudyDate")
"""When a scan was made, the nearest first."""


def demographics_of(headers: Iterable[Header]) -> Demographics:
    """The first sex and the first age that a patient's headers tell."""
    sex, age_years = "", None
    for header in headers:
        sex = sex or identity_of(header).sex
        age_years = _age_years(header) if age_years is None else age_years
        if sex and age_years is not None:
            break
    return Demographics(sex, age_years)


@naming_file
def _age_years(header: Header) -> float | None:
    """PatientAge, else from the dates of birth and of the scan; 0 stands for none, as in headers that were emptied."""
    stated = AGE.fullmatch(header.text("PatientAge").strip().upper())
    if stated:
        return _plausible(int(stated[1]) / IN_A_YEAR[stated[2]])
    born = _day(identity_of(header).birth_date)
    made = next((day for day in map(_day, map(header.text, DATES)) if day), None)
    return _plausible((made - born).days / DAYS_A_YEAR) if born and made else None


def _plausible(years: float) -> float | None:
    return years if 0 < years <= OLDEST_YEARS else None


def _day(text: str) -> date | None:
    """A DICOM date; None where it is none."""
    digits = re.sub(r"\D", "", text)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None
    except ValueError:
        return None

"""Sex and age of a person, as far as headers tell them: what a re-identification is judged among, never a shared column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

FEMALE, MALE = "F", "M"
"""The values of DICOM's PatientSex that tell a group; ``O`` and none tell no group."""
OLDEST_YEARS = 120.0
"""No header's age above this is one (the longest documented life lasted 122 years)."""


class Demographics(NamedTuple):
    """What is known of a person.

    Parameters
    ----------
    sex : str
        `FEMALE`, `MALE` or ``""``.
    age_years : float or None
        At the time of the scan.
    """

    sex: str = ""
    age_years: float | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Demographics:
        """From the fields of a JSON file; what is no sex or age is not known."""
        sex, age = told.get("sex"), told.get("age_years")
        known = isinstance(age, (int, float)) and not isinstance(age, bool) and 0 < age <= OLDEST_YEARS
        return cls(sex if sex in (FEMALE, MALE) else "", float(age) if known and age is not None else None)


UNKNOWN = Demographics()

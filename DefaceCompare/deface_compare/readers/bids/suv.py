"""PET values of a BIDS data set: Bq/ml to SUV by body weight, from the sidecar's numbers.

SUVbw = activity (Bq/ml) x body weight (g) / injected activity at the time the image is corrected to (Bq). All times of a sidecar
count in seconds from TimeZero (BIDS, PET: time zero).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..dicom.suv import HALF_LIVES_S
from ..suv_checks import HEAVIEST_KG, SUV, StatedForSuv

PER_ML = {"bq/ml": 1.0, "kbq/ml": 1e3, "mbq/ml": 1e6}
"""Units of the voxels in Bq/ml."""
ACTIVITY = {"bq": 1.0, "kbq": 1e3, "mbq": 1e6, "gbq": 1e9, "mci": 3.7e7}
"""Units of the injected activity in Bq."""
ELEMENTS = {
    "f": "fluorine",
    "ga": "gallium",
    "c": "carbon",
    "n": "nitrogen",
    "o": "oxygen",
    "rb": "rubidium",
    "cu": "copper",
    "zr": "zirconium",
    "i": "iodine",
}
"""The elements of PET by their symbols."""
NUCLIDE = re.compile(r"\W*(?:(?P<symbol>[A-Za-z]+)\W*(?P<mass>\d+)|(?P<mass_first>\d+)\W*(?P<symbol_last>[A-Za-z]+))\W*")
WEIGHTS = ("weight", "body_weight", "bodyweight")
"""Columns of participants.tsv that hold a body weight in kg, as data sets call it; BIDS has no name of its own for it."""
NUMBER = (int, float)


@dataclass(frozen=True)
class BidsPetScale:
    """Factor on the values of the file, the unit that results, and what a reader must know."""

    factor: float
    unit: str
    notes: tuple[str, ...] = ()
    stated: StatedForSuv | None = None

    @property
    def weight_kg(self) -> float | None:
        """The body weight that was used; None if none was."""
        return None if self.stated is None else self.stated.weight_kg


class _Lacking(Exception):
    """What an SUV lacks, as the end of a sentence."""


def bids_pet_scale(told: Mapping[str, Any], person: Mapping[str, str]) -> BidsPetScale:
    """Find how a PET becomes SUVbw; else it stays in its own unit, with the reason as a note.

    Parameters
    ----------
    told : mapping
        The image's metadata.
    person : mapping
        The subject's row of participants.tsv.
    """
    units = str(told.get("Units", "")).replace(" ", "")
    if units.casefold() in (SUV.casefold(), "suv", "g/ml"):
        note = () if units.casefold() == SUV.casefold() else (f"its Units are {units}: taken for {SUV}",)
        return BidsPetScale(1.0, SUV, note)
    per_ml = PER_ML.get(units.casefold())
    if per_ml is None:
        return BidsPetScale(1.0, "a.u.", ("its Units are not those of an activity a volume: they stay as they are",))
    try:
        stated, decayed = _stated(told, person)
    except _Lacking as lacking:
        return BidsPetScale(per_ml, "Bq/ml", (f"no SUV: {lacking}",))
    return BidsPetScale(per_ml * stated.weight_kg * 1e3 / (stated.injected_bq * decayed), SUV, (), stated)


def _stated(told: Mapping[str, Any], person: Mapping[str, str]) -> tuple[StatedForSuv, float]:
    """What the sidecar states of dose and weight, and which share of the dose is left at the image's time."""
    if told.get("ImageDecayCorrected") is not True:
        raise _Lacking("ImageDecayCorrected is not true")
    unit = ACTIVITY.get(str(told.get("InjectedRadioactivityUnits", "")).casefold())
    if unit is None:
        raise _Lacking("InjectedRadioactivityUnits names no unit of activity")
    injected_bq = _number(told, "InjectedRadioactivity") * unit
    if injected_bq <= 0:
        raise _Lacking("InjectedRadioactivity is not above 0")
    half_life_s = _half_life_s(str(told.get("TracerRadionuclide", "")))
    delay_s = _number(told, "ImageDecayCorrectionTime") - _number(told, "InjectionStart")
    share = 2.0 ** (-delay_s / half_life_s)
    return StatedForSuv(injected_bq, _weight_kg(told, person)), share


def _number(told: Mapping[str, Any], key: str) -> float:
    value = told.get(key)
    if not isinstance(value, NUMBER) or isinstance(value, bool) or not math.isfinite(value):
        raise _Lacking(f"{key} is no number")
    return float(value)


def _half_life_s(nuclide: str) -> float:
    found = NUCLIDE.fullmatch(nuclide)
    symbol, mass = (
        ((found["symbol"] or found["symbol_last"]).lower(), found["mass"] or found["mass_first"]) if found else ("", "")
    )
    element = ELEMENTS.get(symbol, symbol)
    if (mass, element) not in HALF_LIVES_S:
        raise _Lacking("TracerRadionuclide is no nuclide whose half-life is known")
    return HALF_LIVES_S[mass, element]


def _weight_kg(told: Mapping[str, Any], person: Mapping[str, str]) -> float:
    """The body weight: of the sidecar as dcm2niix writes it (PatientWeight, kg), else of participants.tsv."""
    columns = {key.casefold(): value for key, value in person.items() if key}
    candidates = [told.get("PatientWeight"), *(columns.get(name) for name in WEIGHTS)]
    for value in candidates:
        try:
            weight_kg = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        if 0 < weight_kg <= HEAVIEST_KG:
            return weight_kg
    raise _Lacking("no body weight (column weight in participants.tsv, kg, or PatientWeight in the sidecar)")

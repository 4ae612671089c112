"""PET values: Bq/ml to SUV by body weight (SUVbw).

SUVbw = activity (Bq/ml) x body weight (g) / injected activity at the time the image is corrected to (Bq);
1 ml of tissue weighs 1 g. DICOM PS3.3 C.8.9.1 gives the attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .header import Header, naming

PHILIPS_SUV_FACTOR = (0x7053, 0x1000)
"""Philips' private factor from stored counts to SUVbw."""
LONGEST_DELAY_S = 24 * 3600
"""An uptake time beyond a day is a wrong header, not a scan."""


@dataclass(frozen=True)
class PetScale:
    """Factor on the rescaled stored values, the unit that results, and what a reader must know."""

    factor: float
    unit: str
    notes: tuple[str, ...] = ()


def pet_scale(headers: Sequence[Header]) -> PetScale:
    """Find how a PET series becomes SUVbw; else it stays in its own unit, with the reason as a note.

    Parameters
    ----------
    headers : sequence of Header
        All slices: the scan begins with the earliest.

    Raises
    ------
    UnusableInput
        If an attribute that is needed is damaged.
    """
    with naming(headers[0].path):
        return _scale(headers)


def _scale(headers: Sequence[Header]) -> PetScale:
    header = headers[0]
    units = header.text("Units").upper()
    if units == "GML" and header.text("SUVType").upper() in ("", "BW"):
        return PetScale(1.0, "SUVbw")
    if units == "CNTS" and PHILIPS_SUV_FACTOR in header.dataset:
        return PetScale(float(header.dataset[PHILIPS_SUV_FACTOR].value), "SUVbw")
    if units != "BQML":
        return PetScale(1.0, "a.u.", (f"PET unit {units or 'not stated'} cannot be turned into SUVbw",))
    try:
        activity_bq = _activity_at_reference_bq(headers)
        weight_kg = float(header.dataset.get("PatientWeight") or 0)
        if weight_kg <= 0:
            raise ValueError("PatientWeight is missing")
    except ValueError as error:
        return PetScale(1.0, "Bq/ml", (f"PET stays in Bq/ml: {error}",))
    return PetScale(weight_kg * 1000.0 / activity_bq, "SUVbw")


def _activity_at_reference_bq(headers: Sequence[Header]) -> float:
    """Injected activity, decayed to the time that the image's own decay correction refers to."""
    header = headers[0]
    sequence = header.dataset.get("RadiopharmaceuticalInformationSequence")
    if not sequence:
        raise ValueError("the radiopharmaceutical is not described")
    item = Header(header.path, sequence[0])
    injected_bq = float(item.dataset.get("RadionuclideTotalDose") or 0)
    if injected_bq <= 0:
        raise ValueError("RadionuclideTotalDose is missing")
    correction = header.text("DecayCorrection").upper()
    if correction == "ADMIN":
        return injected_bq
    if correction != "START":
        raise ValueError(f"decay correction {correction or 'not stated'} has no known reference time")
    half_life_s = float(item.dataset.get("RadionuclideHalfLife") or 0)
    if half_life_s <= 0:
        raise ValueError("RadionuclideHalfLife is missing")
    begin = _begin(headers)
    delay_s = (begin - _injection_time(begin, item)).total_seconds()
    if not 0 <= delay_s <= LONGEST_DELAY_S:
        raise ValueError("the injection is not within a day before the scan")
    return float(injected_bq * 2.0 ** (-delay_s / half_life_s))


def _begin(headers: Sequence[Header]) -> datetime:
    """When the scan began: the series' time, or the earliest slice's where the series was written later (a reconstruction)."""
    first = headers[0]
    acquired = [
        _moment(header.text("AcquisitionDate") or header.text("SeriesDate"), header.text("AcquisitionTime"), "the scan")
        for header in headers
        if header.text("AcquisitionTime")
    ]
    if acquired and not first.text("SeriesTime"):
        return min(acquired)
    series = _moment(first.text("SeriesDate") or first.text("AcquisitionDate"), first.text("SeriesTime"), "the scan")
    return min([series, *acquired])


def _injection_time(begin: datetime, item: Header) -> datetime:
    full = item.text("RadiopharmaceuticalStartDateTime")
    if full:
        return _moment(full[:8], full[8:14], "the injection")
    moment = _moment(f"{begin:%Y%m%d}", item.text("RadiopharmaceuticalStartTime"), "the injection")
    # Only a time of day is given: an injection "after" the scan was before midnight of the day before.
    return moment - timedelta(days=1) if moment > begin else moment


def _moment(date: str, time: str, what: str) -> datetime:
    try:
        return datetime.strptime(f"{date}{time.split('.')[0]:0<6}", "%Y%m%d%H%M%S")
    except ValueError as error:
        raise ValueError(f"the time of {what} is missing") from error

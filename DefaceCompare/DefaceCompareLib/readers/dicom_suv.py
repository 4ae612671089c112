"""PET values: Bq/ml to SUV by body weight (SUVbw).

SUVbw = activity (Bq/ml) x body weight (g) / injected activity at the time the image is corrected to (Bq);
1 ml of tissue weighs 1 g. DICOM PS3.3 C.8.9.1 gives the attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .damaged_header import naming_file
from .dicom_scan import Header

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


@naming_file
def pet_scale(header: Header) -> PetScale:
    """Find how this PET series becomes SUVbw; else it stays in its own unit, with the reason as a note."""
    units = header.text("Units").upper()
    if units == "GML" and header.text("SUVType").upper() in ("", "BW"):
        return PetScale(1.0, "SUVbw")
    if units == "CNTS" and PHILIPS_SUV_FACTOR in header.dataset:
        return PetScale(float(header.dataset[PHILIPS_SUV_FACTOR].value), "SUVbw")
    if units != "BQML":
        return PetScale(1.0, "a.u.", (f"PET unit {units or 'not stated'} cannot be turned into SUVbw",))
    try:
        activity_bq = _activity_at_reference_bq(header)
        weight_kg = float(header.dataset.get("PatientWeight") or 0)
        if weight_kg <= 0:
            raise ValueError("PatientWeight is missing")
    except ValueError as error:
        return PetScale(1.0, "Bq/ml", (f"PET stays in Bq/ml: {error}",))
    return PetScale(weight_kg * 1000.0 / activity_bq, "SUVbw")


def _activity_at_reference_bq(header: Header) -> float:
    """Injected activity, decayed to the time that the image's own decay correction refers to."""
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
    delay_s = (_series_time(header) - _injection_time(header, item)).total_seconds()
    if not 0 <= delay_s <= LONGEST_DELAY_S:
        raise ValueError("the injection is not within a day before the scan")
    return float(injected_bq * 2.0 ** (-delay_s / half_life_s))


def _series_time(header: Header) -> datetime:
    date = header.text("SeriesDate") or header.text("AcquisitionDate")
    time = header.text("SeriesTime") or header.text("AcquisitionTime")
    return _moment(date, time, "the scan")


def _injection_time(header: Header, item: Header) -> datetime:
    full = item.text("RadiopharmaceuticalStartDateTime")
    if full:
        return _moment(full[:8], full[8:14], "the injection")
    date = header.text("SeriesDate") or header.text("AcquisitionDate")
    moment = _moment(date, item.text("RadiopharmaceuticalStartTime"), "the injection")
    # Only a time of day is given: an injection "after" the scan was before midnight of the day before.
    return moment - timedelta(days=1) if moment > _series_time(header) else moment


def _moment(date: str, time: str, what: str) -> datetime:
    try:
        return datetime.strptime(f"{date}{time.split('.')[0]:0<6}", "%Y%m%d%H%M%S")
    except ValueError as error:
        raise ValueError(f"the time of {what} is missing") from error

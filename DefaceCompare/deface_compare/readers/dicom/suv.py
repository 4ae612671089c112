"""PET values: Bq/ml to SUV by body weight (SUVbw).

SUVbw = activity (Bq/ml) x body weight (g) / injected activity at the time the image is corrected to (Bq);
1 ml of tissue weighs 1 g. DICOM PS3.3 C.8.9.1 gives the attributes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from pydicom.dataset import Dataset

from ..suv_checks import SUV, StatedForSuv
from .header import Header, naming, value_of
from .real_world import MAPPING, NO_UNITS, SAME, SUV_BY_WEIGHT, real_world

PHILIPS_SUV_FACTOR, PHILIPS_ACTIVITY_FACTOR = (0x7053, 0x1000), (0x7053, 0x1009)
"""Philips' private factors from stored counts to SUVbw and to Bq/ml."""
LONGEST_DELAY_S = 24 * 3600
"""An uptake time beyond a day is a wrong header, not a scan."""
LONGEST_SCAN_S = 6 * 3600
"""A series that began so long before the first of its slices has a time that is none (midnight, where it was removed)."""
SAME_TIME_S = 60
"""Two statements of one injection may differ by so much: some writers round to minutes."""
HALF_A_DAY = timedelta(hours=12)
"""A slice that is so much older than its series was acquired on the day after the series' date, which it does not state."""
ZONE = re.compile(r"[+-]\d{4}")
"""TimezoneOffsetFromUTC, and how a DT ends (PS3.5 6.2)."""
MOST_HALF_LIVES = 15.0
"""After so many, 1/30,000 of the activity is left: nobody scans then."""
HALF_LIVES_S = {
    ("18", "fluorine"): 6586.2,
    ("68", "gallium"): 4062.6,
    ("11", "carbon"): 1221.8,
    ("13", "nitrogen"): 597.9,
    ("15", "oxygen"): 122.24,
    ("82", "rubidium"): 75.45,
    ("64", "copper"): 45721.0,
    ("89", "zirconium"): 282280.0,
    ("124", "iodine"): 360806.0,
}
"""Half-lives of the nuclides of PET, by the words of a code's meaning (``^18^Fluorine``); tables agree within 1 %."""
HALF_LIFE_TOLERANCE = 0.03
"""Headers round half-lives, and tables differ."""
MAPPED_TOLERANCE = 0.01
"""Headers round times of injection and scan to seconds: 0.01 % of an 18-F dose; makers round factors, too."""
ATTENUATION = frozenset({"ATTN"})
"""How CorrectedImage names the correction (PS3.3 C.8.9.1.1.2)."""
OF_ACTIVITY = (
    "RadionuclideTotalDose",
    "RadionuclideHalfLife",
    "RadiopharmaceuticalStartDateTime",
    "RadiopharmaceuticalStartTime",
)
"""What the radiopharmaceutical's description must state alike in all slices."""
SUV_TYPES = {"LBM": "lean body mass", "BSA": "body surface area", "IBW": "ideal body weight"}
"""How SUVType begins where values are no SUVbw (PS3.3 C.8.9.1), in words."""


@dataclass(frozen=True)
class PetScale:
    """Factor on the rescaled stored values, the unit that results, and what a reader must know."""

    factor: float
    unit: str
    notes: tuple[str, ...] = ()
    stated: StatedForSuv | None = None


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
        scale = _by_real_world(headers, _scale(headers))
        return replace(scale, notes=(*scale.notes, *uncorrected(headers)))


def uncorrected(headers: Sequence[Header]) -> tuple[str, ...]:
    """That the values are no activity: a series without correction of attenuation is often stored beside the corrected one."""
    for header in headers:
        with naming(header.path):
            stated = header.dataset.get("CorrectedImage") or []
        words = {word.strip().upper() for word in ([stated] if isinstance(stated, str) else stated)}
        if words and not ATTENUATION & words:
            return ("PET is not corrected for attenuation (CorrectedImage): its values are no uptake, whatever their unit",)
    return ()


def _by_real_world(headers: Sequence[Header], computed: PetScale) -> PetScale:
    """The scale that the headers' own mapping to SUVbw states, where it is another one than the computed."""
    found = real_world(headers, SUV_BY_WEIGHT)
    if not found.unit:
        other = real_world(headers)
        # values that are mapped to the unit in which they are read say nothing new
        known = other.unit.casefold() in (NO_UNITS | {"bq/ml"}) and not other.problem and abs(other.factor - 1) <= SAME
        if not other.unit or known:
            return computed
        why = other.problem or f"states {other.factor:g} times what slope and intercept give"
        return replace(computed, notes=(*computed.notes, f"its {MAPPING} to {other.unit} {why} and was not used"))
    if found.problem:
        return replace(computed, notes=(*computed.notes, f"its {MAPPING} to {SUV} {found.problem} and was not used"))
    if computed.unit != SUV:
        return PetScale(found.factor, SUV, (f"SUVbw are those that its headers state ({MAPPING})",))
    ratio = found.factor / computed.factor
    if abs(ratio - 1) <= MAPPED_TOLERANCE:
        return computed
    told = f"its headers state SUVbw ({MAPPING}) {ratio:.3g} times those by their other values; the stated ones are used"
    return PetScale(found.factor, SUV, (*computed.notes, told), computed.stated)


def _scale(headers: Sequence[Header]) -> PetScale:
    header = headers[0]
    units = header.text("Units").upper()
    if len({one.text("Units").upper() for one in headers}) > 1:
        return PetScale(1.0, "a.u.", ("PET slices state several units and cannot be turned into SUVbw",))
    if units in ("GML", "CM2ML"):
        return _of_suv(header, units)
    to_suv, to_bq = (_private_factor(header, tag) for tag in (PHILIPS_SUV_FACTOR, PHILIPS_ACTIVITY_FACTOR))
    if units == "CNTS" and to_suv:
        return PetScale(to_suv, SUV)
    if units != "BQML" and not (units == "CNTS" and to_bq):
        return PetScale(1.0, "a.u.", (f"PET unit {units or 'not stated'} cannot be turned into SUVbw",))
    bq_per_unit = to_bq if units == "CNTS" else 1.0
    differing = _differing(headers)
    if differing:
        return PetScale(bq_per_unit, "Bq/ml", (f"PET stays in Bq/ml: its slices state several {differing}",))
    try:
        activity_bq = _activity_at_reference_bq(headers)
        weight_kg = float(header.dataset.get("PatientWeight") or 0)
        if weight_kg <= 0:
            raise ValueError("PatientWeight is missing")
    except ValueError as error:
        return PetScale(bq_per_unit, "Bq/ml", (f"PET stays in Bq/ml: {error}",))
    item = header.dataset.RadiopharmaceuticalInformationSequence[0]
    stated = StatedForSuv(float(item.RadionuclideTotalDose), weight_kg, _size_m(header))
    return PetScale(bq_per_unit * weight_kg * 1000.0 / activity_bq, SUV, _half_life_notes(Header(header.path, item)), stated)


def _differing(headers: Sequence[Header]) -> str:
    """What SUV are computed from and slices contradict one another in; ``""`` if they agree."""
    for keyword in ("PatientWeight", "DecayCorrection", *OF_ACTIVITY):
        if len({_stated(header.dataset, keyword) for header in headers}) > 1:
            return keyword
    return ""


def _stated(data: Dataset, keyword: str) -> object:
    """A value as it counts: numbers are numbers however they are written."""
    items = value_of(data, "RadiopharmaceuticalInformationSequence") if keyword in OF_ACTIVITY else [data]
    value = value_of(items[0], keyword) if items else None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value or "").strip().upper()


def _size_m(header: Header) -> float:
    """PatientSize as it is stated; 0 where it is not, or is no number: it only makes the weight plausible."""
    try:
        return float(header.dataset.get("PatientSize") or 0)
    except (TypeError, ValueError):
        return 0.0


def _of_suv(header: Header, units: str) -> PetScale:
    """A series that is stored as SUV: by body weight, or by something else, which is told."""
    kind = header.text("SUVType").upper()
    if units == "GML" and kind in ("", "BW"):
        return PetScale(1.0, SUV)
    by = next((words for begin, words in SUV_TYPES.items() if kind.startswith(begin)), kind or "body surface area")
    return PetScale(1.0, "a.u.", (f"PET is in SUV by {by}, which is not SUVbw",))


def _private_factor(header: Header, tag: tuple[int, int]) -> float:
    """A factor that a private element states; 0 if it states none that can be used."""
    element = header.dataset.get(tag)
    factor = 0.0 if element is None or element.value in (None, "") else float(element.value)
    return factor if math.isfinite(factor) and factor > 0 else 0.0


def _half_life_notes(item: Header) -> tuple[str, ...]:
    """That the half-life is not the nuclide's."""
    codes = item.dataset.get("RadionuclideCodeSequence") or []
    named = str(codes[0].get("CodeMeaning") or "").lower() if codes else ""
    stated = float(item.dataset.get("RadionuclideHalfLife") or 0)
    for (mass, nuclide), half_life_s in HALF_LIVES_S.items():
        if mass in named and nuclide in named and stated and abs(stated - half_life_s) > HALF_LIFE_TOLERANCE * half_life_s:
            return (
                f"RadionuclideHalfLife is {stated:g} s, but {nuclide}-{mass}'s is {half_life_s:g} s: SUV are likely wrong;"
                " they are given as the file states them",
            )
    return ()


def _activity_at_reference_bq(headers: Sequence[Header]) -> float:
    """Injected activity, decayed to the time that the image's own decay correction refers to."""
    header = headers[0]
    sequence = header.dataset.get("RadiopharmaceuticalInformationSequence")
    if not sequence:
        raise ValueError("the radiopharmaceutical is not described")
    if len(sequence) > 1:
        raise ValueError(f"{len(sequence)} radiopharmaceuticals are described")
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
    injected = _injection_time(begin, item, header.text("TimezoneOffsetFromUTC").strip())
    for moment, what in ((begin, "scan"), (injected, "injection")):
        if moment.time() == time(0):
            raise ValueError(f"the time of the {what} is midnight: it was likely removed")
    delay_s = (begin - injected).total_seconds()
    if not 0 <= delay_s <= LONGEST_DELAY_S:
        raise ValueError("the injection is not within a day before the scan")
    if delay_s > MOST_HALF_LIVES * half_life_s:
        likely = "; it is likely in minutes, not s" if delay_s <= MOST_HALF_LIVES * half_life_s * 60 else ""
        raise ValueError(
            f"the scan began {delay_s / half_life_s:.0f} half-lives after the injection by RadionuclideHalfLife{likely}"
        )
    return float(injected_bq * 2.0 ** (-delay_s / half_life_s))


def _begin(headers: Sequence[Header]) -> datetime:
    """When the scan began: the series' time, or the earliest slice's where the series was written later (a reconstruction)."""
    first = headers[0]
    timed = [header for header in headers if header.text("AcquisitionTime")]
    if timed and not first.text("SeriesTime"):
        return min(_acquired(header) for header in timed)
    series = _moment(first.text("SeriesDate") or first.text("AcquisitionDate"), first.text("SeriesTime"), "the scan")
    acquired = [_acquired(header, series) for header in timed]
    if acquired and (min(acquired) - series).total_seconds() > LONGEST_SCAN_S:
        raise ValueError("SeriesTime lies hours before the times of its slices (AcquisitionTime)")
    return min([series, *acquired])


def _acquired(header: Header, series: datetime | None = None) -> datetime:
    """When a slice was acquired; one that states no date, after midnight in a series that began before it, has the next day."""
    stated = header.text("AcquisitionDate")
    moment = _moment(stated or header.text("SeriesDate"), header.text("AcquisitionTime"), "the scan")
    next_day = not stated and series is not None and series - moment > HALF_A_DAY
    return moment + timedelta(days=1) if next_day else moment


def _injection_time(begin: datetime, item: Header, scan_zone: str) -> datetime:
    """When the tracer was injected, by the scan's clock."""
    full, of_day = (item.text(f"RadiopharmaceuticalStart{kind}") for kind in ("DateTime", "Time"))
    if full:
        stated = full.strip()
        digits, zone = (stated[:-5], stated[-5:]) if stated[-5:-4] in ("+", "-") else (stated, "")
        moment = _moment(digits[:8], digits[8:], "the injection")
        if zone and not scan_zone and not of_day:
            raise ValueError("the injection states its time zone and the scan does not")
        if zone and scan_zone:
            moment += _zone(scan_zone) - _zone(zone)
        if of_day and abs((moment - _moment(f"{moment:%Y%m%d}", of_day, "the injection")).total_seconds()) > SAME_TIME_S:
            raise ValueError("two times of the injection are stated that differ")
        return moment
    moment = _moment(f"{begin:%Y%m%d}", of_day, "the injection")
    # Only a time of day is given: an injection "after" the scan was before midnight of the day before.
    return moment - timedelta(days=1) if moment > begin else moment


def _zone(text: str) -> timedelta:
    """How far a clock is ahead of UTC: ``+0100``."""
    if not ZONE.fullmatch(text):
        raise ValueError(f"the time zone {text} is none")
    return (-1 if text[0] == "-" else 1) * timedelta(hours=int(text[1:3]), minutes=int(text[3:]))


def _moment(date: str, of_day: str, what: str) -> datetime:
    """A date (``20260102``) and a time (``10``, ``1015`` or ``101500.25``) as one; an absent time is no midnight."""
    try:
        if not of_day.strip():
            raise ValueError(of_day)
        return datetime.strptime(f"{date}{of_day.split('.')[0]:0<6}", "%Y%m%d%H%M%S")
    except ValueError as error:
        raise ValueError(f"the time of {what} is missing") from error

"""Dates and times moved by one secret of the patient: all differences stay, no value is an original one."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

DAY_MIN = 24 * 60
FEWEST_DAYS, MOST_DAYS = 366, 3652
"""A date moves one to ten years back: none of the shifted ones lies in the future."""
TRIES = 64
"""So many secrets are tried until no shifted value equals an original one (a scan of one slice a minute has such chances)."""
DATE, TIME = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})"), re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(\.\d{1,6})?")
DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?")
MIDNIGHT = re.compile(r"0+(\.0+)?")
"""No time of a day: what tools write for a removed one."""


@dataclass(frozen=True)
class TimeShift:
    """How far dates and times of a patient move.

    Parameters
    ----------
    days : int
    minutes : int
        Of the time of day; no moment of the patient's crosses a midnight by it.
    """

    days: int
    minutes: int

    def shifted(self, text: str, vr: str, zone: str = "") -> str:
        """A DA, TM or DT value moved; empty where it cannot be read.

        Parameters
        ----------
        zone : str
            TimezoneOffsetFromUTC of the object: a moment of another zone is told by that clock; ``""`` if it states none.
        """
        if vr == "DA":
            return self._date(text.strip())
        return self._time(text.strip()) if vr == "TM" else self._date_time(text.strip(), zone.strip())

    def _date(self, text: str) -> str:
        found = DATE.fullmatch(text)
        try:
            moved = date(*(int(part) for part in found.groups())) + timedelta(days=self.days) if found else None
        except (ValueError, OverflowError):
            moved = None
        return f"{moved:%Y%m%d}" if moved and moved.year > 1800 else ""

    def _time(self, text: str) -> str:
        found = TIME.fullmatch(text)
        if not found:
            return ""
        if MIDNIGHT.fullmatch(text.replace(":", "")):
            return text
        hours, minutes, seconds, fraction = found.groups()
        total = (60 * int(hours) + int(minutes or 0) + self.minutes) % DAY_MIN
        return f"{total // 60:02d}{total % 60:02d}{seconds or ''}{fraction or ''}"

    def _date_time(self, text: str, zone: str) -> str:
        local = in_zone(text, zone)
        found = DATE_TIME.fullmatch(local)
        if not found:
            return ""
        day, of_day = self._date(found[1]), found[2] or ""
        return day + self._time(of_day) if day else ""


def in_zone(text: str, zone: str) -> str:
    """A DT value by the clock of a zone, without its own; empty where it states one and the object does not, or it is none."""
    found = DATE_TIME.fullmatch(text.strip())
    if not found or not found[3]:
        return text.strip() if found else ""
    if not re.fullmatch(r"[+-]\d{4}", zone):
        return ""
    away = _minutes(zone) - _minutes(found[3])
    if not away:
        return text.strip()[:-5]
    of_day = found[2] or ""
    if len(of_day) < 4:
        return ""
    moment = datetime.strptime(found[1] + of_day[:4], "%Y%m%d%H%M") + timedelta(minutes=away)
    return f"{moment:%Y%m%d%H%M}{of_day[4:]}"


def _minutes(zone: str) -> int:
    return (-1 if zone[0] == "-" else 1) * (60 * int(zone[1:3]) + int(zone[3:5]))


def time_shift(secret: bytes, person: str, dates: Iterable[str], times: Iterable[str]) -> TimeShift:
    """The shift of one person, the same for the same secret, person and values.

    Parameters
    ----------
    secret : bytes
        Of the output folder.
    person : str
        Who it is: all of a person's cases of a study move alike in days.
    dates, times : iterable of str
        Every date (``YYYYMMDD``) and time of day (``HHMM`` and more) of the person's objects.
    """
    days, clock = set(dates), {text[:6] for text in times if re.match(r"\d{4}", text) and not MIDNIGHT.fullmatch(text)}
    minutes = [60 * int(text[:2]) + int(text[2:4]) for text in clock]
    back, ahead = -min(minutes, default=0), DAY_MIN - 1 - max(minutes, default=DAY_MIN - 1)
    by_days = by_minutes = 0
    for number in range(TRIES):
        by_days = -(FEWEST_DAYS + _drawn(secret, f"days|{person}|{number}") % (MOST_DAYS - FEWEST_DAYS))
        if not {TimeShift(by_days, 0).shifted(text, "DA") for text in days} & days:
            break
    for number in range(TRIES):
        by_minutes = back + _drawn(secret, f"minutes|{person}|{number}") % (ahead - back + 1)
        if not {TimeShift(0, by_minutes).shifted(text, "TM") for text in clock} & clock:
            break
    return TimeShift(by_days, by_minutes)


def _drawn(secret: bytes, words: str) -> int:
    return int.from_bytes(hmac.new(secret, f"time shift|{words}".encode(), sha256).digest()[:8], "big")

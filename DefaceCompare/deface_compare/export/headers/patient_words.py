"""What the headers of one patient's objects hold of names, identifiers, dates and times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from ...output.case_ids import NUMBERED
from ..written.stale_content import CONTOURS
from ..written.uid_map import stored_vr
from .time_shift import DATE, in_zone

IDENTIFIERS = re.compile(r"PatientID|OtherPatientI|AccessionNumber|StudyID|Insurance|AdmissionID|FillerOrder|PlacerOrder")
"""Keywords of what is a number of the patient or of an order."""
NO_NAMES = frozenset({"anonymous", "anonymized", "anonymised", "anon", "unknown", "removed", "none", "patient", "person"})
"""Words that stand where a name was."""
FEWEST_DIGITS = 4
"""Shorter numbers stand anywhere."""


@dataclass(frozen=True)
class PatientWords:
    """What a patient's headers hold.

    Parameters
    ----------
    names : frozenset of str
        Words of names and identifiers, in lower case.
    dates, times : frozenset of str
        ``YYYYMMDD`` and ``HHMM`` or more.
    """

    names: frozenset[str]
    dates: frozenset[str]
    times: frozenset[str]


def patient_words(objects: Iterable[Dataset]) -> PatientWords:
    """Collect them of all objects of one patient."""
    names: set[str] = set()
    dates: set[str] = set()
    times: set[str] = set()
    for data in objects:
        zone = str(data.get("TimezoneOffsetFromUTC") or "").strip()
        for keyword, vr, text in _values(data):
            if vr == "PN" or IDENTIFIERS.search(keyword):
                names.update(_parts(text))
            elif vr == "DA" and (found := DATE.fullmatch(text)):
                dates.add("".join(found.groups()))
            elif vr == "TM":
                times.add(text.replace(":", ""))
            elif vr == "DT" and (local := in_zone(text, zone)):
                dates.add(local[:8])
                times.add(local[8:])
    return PatientWords(frozenset(names), frozenset(dates), frozenset(time for time in times if re.match(r"\d\d", time)))


def _parts(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W_]+", text.casefold()):
        if word not in NO_NAMES and len(word) > (FEWEST_DIGITS - 1 if word.isdigit() else 1):
            yield word


def _values(data: Dataset) -> Iterator[tuple[str, str, str]]:
    """Keyword, VR and text of what may tell a name, an identifier or a moment, sequences included."""
    for tag in list(data.keys()):
        vr, keyword = stored_vr(data, tag), keyword_for_tag(tag)
        if vr == "SQ" and keyword != CONTOURS:
            for item in data[tag].value or []:
                yield from _values(item)
        elif vr in ("PN", "DA", "TM", "DT") or IDENTIFIERS.search(keyword):
            try:
                element = data[tag]
                values = [str(each) for each in element.value] if element.VM > 1 else [str(element.value or "")]
            except Exception:  # pydicom raises many types on damaged values, which leave no trace: they are not kept
                continue
            yield from ((keyword, vr, value.strip()) for value in values if value.strip())


def subject_of(case_id: str, secret: bytes) -> str:
    """What a patient is called in cleaned headers: the case's number, or, where it is called by its own id, a number of ours."""
    if NUMBERED.fullmatch(case_id):
        return case_id
    return f"subject-{int(sha256(secret + case_id.encode()).hexdigest()[:12], 16) % 10**8:08d}"

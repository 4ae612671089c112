"""What of a source's identity is looked for in what was written, collected from every element by its value.

This knows nothing of the profile's table, nor of what the cleaning did: whatever an element is called, its words, numbers, dates,
times and UIDs are collected.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from ...structures.name_words import built_in
from .ordinary_words import code_values, ordinary_words

STRICT = re.compile(
    r"PatientID|OtherPatientI|AccessionNumber|Address|Telephone|BirthName|Insurance|MilitaryRank|StudyID|AdmissionID"
)
"""Attributes, beside those of person names, whose words are looked for even if they are words of the field."""
DEVICES = re.compile(
    r"Station|Serial|Machine|Device|Detector|Gantry|Generator|Calibration|Plate|Cassette|Lens|XRaySource|Installation"
)
"""Attributes that tell which machine it was: they may be kept on purpose."""
STRUCTURES = frozenset({"ROIName", "ROIObservationLabel"})
"""Attributes in which words of the project's table of structure names are ordinary."""
CODES, OLDER_CODE = frozenset({"CodeValue", "LongCodeValue"}), re.compile(r"[A-Z]\d?-[0-9A-F]{4,5}")
"""Attributes that hold codes; those of the standard's context groups, and of the older SNOMED, are of public tables."""
NO_ONE = re.compile(
    r"anon\w*|de|identified|deidentified|unknown|none?|no|noname|patient|person|subject|name|test|removed|hidden|empty|(.)\1+",
    re.I,
)
"""Words that stand where a name was."""
BULK_VRS, NUMBER_VRS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW"}), frozenset({"DS", "IS"})
NUMBERS = re.compile(r"[0-9eE+\-. ]*")
STORED_VALUES = re.compile("LUT|Palette|PixelData|ICCProfile")
"""Binary values that are numbers: letters in them are chance."""
MOST_BULK = 65536
"""Longer binary values are no text."""
PRINTABLE = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")
FEWEST_OF_NAME, FEWEST_LETTERS, FEWEST_MIXED = 3, 4, 5
"""Letters of a part of a name, of another word, and of a mark of letters and digits, that can be told from chance."""
FEWEST_OF_ID, FEWEST_DIGITS, FEWEST_OF_FILE = 5, 6, 8
"""Digits of an identifier, of another number, and of one in the name of a file (which are numbered)."""
FILE = "file name"
MEASURE = re.compile(r"\d{1,3}[a-z]{1,3}|[a-z]\d{1,3}[a-z]?")
"""Numbers with a unit, and the like: ``150mm``, ``b100f``."""
STANDARD_ROOT = "1.2.840.10008."
UIDS = re.compile(r"[0-2](?:\.\d+){4,}")
DATE_LIKE = re.compile(r"(?<!\d)(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4})(?!\d)")
NO_DATES = frozenset({"00000000", "00010101", "18000101", "19000101", "19700101"})
NO_TIMES = frozenset({"000000", "0000", "00"})


@dataclass
class Wanted:
    """What is looked for, each with the keyword of the attribute where it stood first.

    Parameters
    ----------
    words : dict of str to str
        Words and marks, without case and accents.
    common : dict of str to str
        Parts of names and identifiers that are words of the field: only free texts are searched for them.
    numbers : dict of str to str
        Digits, dates in all spellings.
    times : dict of str to str
        ``HHMMSS``.
    uids : dict of str to str
    """

    words: dict[str, str] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.words) + len(self.common) + len(self.numbers) + len(self.times) + len(self.uids)

    def without(self, kept: Iterable[str]) -> None:
        """Do not look for what stands in the written objects on purpose (a case's id, UIDs that are kept)."""
        for text in kept:
            self.uids.pop(text, None)
            for word in (folded(text), *words_in(text)):
                self.words.pop(word, None)
                self.common.pop(word, None)
                self.numbers.pop(word, None)


def folded(text: str) -> str:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_in(text: str) -> list[str]:
    """The words, marks and numbers of a text, folded."""
    return re.findall(r"[^\W_]+", folded(text))


def wanted_of(files: Iterable[Path], root: Path, *, device_kept: bool = False) -> Wanted:
    """Collect what every file of a patient holds: elements at all depths, private ones, file meta, and the names of the files.

    Parameters
    ----------
    root : Path
        The patient's folder: the names below it count, those above it do not.
    device_kept : bool
        Whether what names the machine stays on purpose.
    """
    wanted = Wanted()
    for path in files:
        for part in path.relative_to(root).parts:
            _add_text(wanted, FILE, part, strict=False)
        try:
            data = dcmread(path, force=True)
        except Exception:  # pydicom raises many types on what is no DICOM: such a file has its name only
            continue
        for each in (getattr(data, "file_meta", None), data):
            for keyword, vr, value in values_of(each) if each is not None else ():
                if not (device_kept and DEVICES.search(keyword)):
                    _add(wanted, keyword, vr, value)
        _add_bytes(wanted, "the preamble", bytes(getattr(data, "preamble", None) or b""))
    return wanted


def values_of(data: Dataset) -> Iterator[tuple[str, str, Any]]:
    """Every single value of a data set and its sequences: keyword (or tag), VR, value."""
    for tag in list(data.keys()):
        try:
            element = data[tag]
        except Exception:  # a value that cannot be decoded is looked at as bytes
            stored = data.get_item(tag)
            yield f"({tag.group:04x},{tag.element:04x})", "UN", bytes(getattr(stored, "value", b"") or b"")
            continue
        keyword = element.keyword or f"({tag.group:04x},{tag.element:04x})"
        if element.VR == "SQ":
            for item in element.value or []:
                yield from values_of(item)
        elif keyword != "ContourData" and element.value is not None:
            many = isinstance(element.value, (list, tuple)) or type(element.value).__name__ == "MultiValue"
            yield from ((keyword, element.VR, each) for each in (element.value if many else [element.value]))


def _add(wanted: Wanted, keyword: str, vr: str, value: Any) -> None:
    if isinstance(value, (bytes, bytearray)):
        if len(value) <= MOST_BULK and not STORED_VALUES.search(keyword):
            _add_bytes(wanted, keyword, bytes(value))
        return
    text = str(value).strip()
    if vr == "UI":
        _add_uids(wanted, keyword, text)
    elif vr in ("DA", "DT", "TM"):
        _add_moment(wanted, keyword, vr, text)
    elif vr not in NUMBER_VRS or not NUMBERS.fullmatch(text):
        if isinstance(value, (int, float)):
            return
        _add_text(wanted, keyword, text, strict=vr == "PN" or STRICT.search(keyword) is not None)


def _add_bytes(wanted: Wanted, keyword: str, value: bytes) -> None:
    for run in PRINTABLE.findall(value):
        for codec in ("latin-1", "utf-8"):
            _add_text(wanted, keyword, run.decode(codec, "ignore"), strict=False)


def _add_text(wanted: Wanted, keyword: str, text: str, *, strict: bool) -> None:
    _add_uids(wanted, keyword, text)
    for found in DATE_LIKE.findall(text):
        wanted.numbers.setdefault(found, keyword)
    if keyword in CODES and (text in code_values() or OLDER_CODE.fullmatch(text)):
        return
    known = built_in().known if keyword in STRUCTURES else ()
    for word in words_in(UIDS.sub(" ", text)):
        if word.isdigit():
            if len(word) >= (FEWEST_OF_ID if strict else FEWEST_OF_FILE if keyword == FILE else FEWEST_DIGITS):
                wanted.numbers.setdefault(word, keyword)
        elif not word.isascii() or (len(word) >= _fewest(word, strict) and (strict or not MEASURE.fullmatch(word))):
            _add_word(wanted, keyword, word, strict, known)


def _fewest(word: str, strict: bool) -> int:
    if strict:
        return FEWEST_OF_NAME
    return FEWEST_MIXED if any(letter.isdigit() for letter in word) else FEWEST_LETTERS


def _add_word(wanted: Wanted, keyword: str, word: str, strict: bool, known: Collection[str]) -> None:
    if NO_ONE.fullmatch(word) or (len(word) < 2 and word.isalpha() and word < "\u0250"):
        return
    ordinary = word in ordinary_words() or word in known
    if not ordinary:
        wanted.words.setdefault(word, keyword)
    elif strict:
        wanted.common.setdefault(word, keyword)


def _add_uids(wanted: Wanted, keyword: str, text: str) -> None:
    for uid in UIDS.findall(text):
        if not uid.startswith(STANDARD_ROOT):
            wanted.uids.setdefault(uid, keyword)


def _add_moment(wanted: Wanted, keyword: str, vr: str, text: str) -> None:
    digits = re.sub(r"[^\d.]", "", text.split("+")[0]) if vr != "DA" else re.sub(r"\D", "", text)
    day = digits[:8] if vr != "TM" else ""
    of_day = (digits if vr == "TM" else digits[8:])[:6]
    if len(day) == 8 and day not in NO_DATES:
        for spelled in spellings(day):
            wanted.numbers.setdefault(spelled, keyword)
    if vr == "DT" and len(digits) >= len("YYYYMMDDHHMM"):
        wanted.numbers.setdefault(digits.split(".")[0], keyword)
    if len(of_day) == 6 and of_day not in NO_TIMES:
        wanted.times.setdefault(of_day, keyword)
    if not NUMBERS.fullmatch(text.replace(":", "")):
        _add_text(wanted, keyword, text, strict=False)


def spellings(day: str) -> list[str]:
    """A date (``YYYYMMDD``) as people write it."""
    try:
        known = datetime.strptime(day, "%Y%m%d")
    except ValueError:
        return [day]
    forms = [f"%Y{s}%m{s}%d" for s in ("-", ".", "/", " ", "")]
    forms += [f"%d{s}%m{s}%Y" for s in ("-", ".", "/", " ", "")] + [f"%m{s}%d{s}%Y" for s in ("-", "/", " ", "")]
    forms += ["%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"]
    short = [f"{known.day}{s}{known.month}{s}{known.year}" for s in ("-", ".", "/")]
    return [*(known.strftime(form).casefold() for form in forms), *short]

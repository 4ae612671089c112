"""Cleans the headers of one patient's objects: one cleaner for all of them, so that they agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag

from ..written.stale_content import CONTOUR_DATA, KEPT_PRIVATE
from ..written.uid_map import NEVER_MAPPED, STANDARD_ROOT, stored_vr
from .element_rules import (
    AGE,
    INSIDE,
    MAPPED,
    NUMBERS,
    OLDER,
    OLDEST,
    REMOVE,
    SHIFT,
    TERMS,
    TEXT_VRS,
    WORDS,
    is_optional,
    keyword_of,
    rule_of,
    what_to_do,
)
from .profile import REQUIRED
from .retained import DATES
from .standard_codes import CODE, clean_code
from .time_shift import TimeShift
from .words import cleaned_text

PLACE_HOLDER, OTHER_TERM, NO_DATE, NO_TIME = "REMOVED", "OTHER", "19000101", "000000"
"""What stands where DICOM demands a value (type 1) and none may stay."""
RESCALE_TYPE, UNSPECIFIED = "RescaleType", "US"
DEFINED_TEXTS: Mapping[str, frozenset[str]] = dict.fromkeys(
    (RESCALE_TYPE, "ModalityLUTType"), frozenset({"OD", "HU", UNSPECIFIED, "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"})
)
"""Terms that the standard defines for texts (PS3.3 C.11.1.1.2): they say what stored values mean, and name nobody."""
LABELS: Mapping[str, str] = {
    **{"RTPlanLabel": "PLAN", "StructureSetLabel": "STRUCTURES", "ROIName": "ROI", "ContentLabel": "OBJECT"},
    RESCALE_TYPE: UNSPECIFIED,
}
"""Instead of labels that are required."""
NUMBER_BYTES = re.compile(rb"[0-9eE+\-. \\\x00]*")
CHARACTER_SET = re.compile(r"ISO[_ ](?:2022 )?IR \d{1,3}|GBK|GB18030")
CODE_SEQUENCE = "CodeSequence"
"""How the keywords of sequences of codes end."""
PLACES_COUNT = frozenset({"ImageType", "PatientOrientation", "SpecificCharacterSet"})
"""Attributes of several values of which each has its place."""
FEWEST_OF_ID = 5
"""Digits; shorter identifiers are numbers of slices and structures by chance."""
ROI_NAME, ROI_NUMBER = "ROIName", "ROINumber"


@dataclass
class HeaderCleaner:
    """Cleans data sets in place.

    Parameters
    ----------
    subject : str
        Stands for PatientName and PatientID.
    retained : frozenset of str
        Of `retained.RETAINED`.
    shift : TimeShift
    forbidden : frozenset of str
        Parts of names and identifiers of the patient's objects, in lower case: no text keeps them, even if they are words of
        the field.
    own : frozenset of str
        Texts of the export itself: they stay.
    roi_names : mapping of int to str
        What structures are called, by ROI number.
    """

    subject: str
    retained: frozenset[str]
    shift: TimeShift
    forbidden: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    roi_names: Mapping[int, str] = field(default_factory=dict)

    def clean(self, data: Dataset) -> Counter[str]:
        """Clean one object; return what was taken away or changed, by keyword and counted."""
        done: Counter[str] = Counter()
        zone = str(data.get("TimezoneOffsetFromUTC") or "").strip()
        self._clean(data, zone, done)
        data.PatientName = data.PatientID = self.subject
        data.LongitudinalTemporalInformationModified = "MODIFIED" if DATES in self.retained else "REMOVED"
        return done

    def _clean(self, data: Dataset, zone: str, done: Counter[str]) -> bool:
        """Clean a data set; return whether the code that it is, if it is one, may be told."""
        public = any(part in data for part in CODE) and clean_code(data, self.forbidden)
        for tag in list(data.keys()):
            if tag.is_private:
                if not _is_safe_private(data, tag):
                    del data[tag]
                    done["private element"] += 1
                continue
            keyword = keyword_of(tag)
            vr = stored_vr(data, tag)
            what = what_to_do(keyword, vr, self.retained)
            if self._alter(data, tag, keyword, vr, what, zone, done):
                done[keyword or "unknown attribute"] += 1
        if not public:
            for part in [each for each in CODE if each in data]:
                del data[part]
        return public

    def _alter(self, data: Dataset, tag: BaseTag, keyword: str, vr: str, what: str, zone: str, done: Counter[str]) -> bool:
        """Do it; return whether anything changed."""
        if keyword == CONTOUR_DATA:
            return False  # judged by the export; its digits stay
        if what == REMOVE:
            return _take_away(data, tag, keyword)
        if what == INSIDE:
            return self._clean_items(data, tag, keyword, zone, done)
        if what == MAPPED:
            return _without_foreign_class(data, tag, keyword)
        if what == NUMBERS:
            wrong = _is_no_number(data, tag) or (vr == "IS" and self._is_identifier(data, tag))
            return wrong and _take_away(data, tag, keyword)
        if what == SHIFT:
            return self._replace(data, tag, keyword, vr, lambda text: self.shift.shifted(text, vr, zone))
        if what == WORDS:
            return self._texts(data, tag, keyword, vr)
        if what == TERMS:
            return self._terms(data, tag, keyword, vr)
        if vr == "AS":
            return self._replace(data, tag, keyword, vr, _age)
        return vr in TEXT_VRS and self._replace(data, tag, keyword, vr, self._without_names)

    def _clean_items(self, data: Dataset, tag: BaseTag, keyword: str, zone: str, done: Counter[str]) -> bool:
        """Clean a sequence's items; codes that name nothing public go."""
        items = list(data[tag].value or [])
        kept = []
        for item in items:
            public = self._clean(item, zone, done)
            if len(item) and (public or not keyword.endswith(CODE_SEQUENCE)):
                kept.append(item)
        if len(kept) == len(items):
            return False
        if kept or not is_optional(keyword):
            data[tag].value = DicomSequence(kept)
        else:
            del data[tag]
        return True

    def _texts(self, data: Dataset, tag: BaseTag, keyword: str, vr: str) -> bool:
        if keyword == ROI_NAME:
            number = str(data.get(ROI_NUMBER) or "0")
            name = self.roi_names.get(int(number), f"ROI_{number}")
            return self._replace(data, tag, keyword, vr, lambda text: name)
        if keyword in CODE:
            return False  # judged together
        defined = DEFINED_TEXTS.get(keyword, frozenset())
        return self._replace(data, tag, keyword, vr, lambda text: text if text in defined else self._words(text))

    def _words(self, text: str) -> str:
        """The words of the field; a text of the export itself stays, also where it stands before the source's."""
        if text in self.own:
            return text
        before = next((each for each in self.own if text.startswith(f"{each}; ")), "")
        return before or cleaned_text(text, self.forbidden)

    def _terms(self, data: Dataset, tag: BaseTag, keyword: str, vr: str) -> bool:
        """A value whose words are not all of the field goes as a whole: half a term is none. The standard's terms name nobody."""
        if keyword == "SpecificCharacterSet":
            return self._replace(data, tag, keyword, vr, lambda text: text if CHARACTER_SET.fullmatch(text) else "")
        return self._replace(data, tag, keyword, vr, lambda text: text if _is_term(text) else "")

    def _is_identifier(self, data: Dataset, tag: BaseTag) -> bool:
        """Whether a whole number is a number of the patient's (some writers put one into SeriesNumber, too)."""
        text = str(data[tag].value)
        return len(text) >= FEWEST_OF_ID and text in self.forbidden

    def _without_names(self, text: str) -> str:
        """A text that is kept on purpose, unless a part of a name or identifier of the patient stands in it."""
        plain = text.casefold()
        return "" if any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", plain) for each in self.forbidden) else text

    def _replace(self, data: Dataset, tag: BaseTag, keyword: str, vr: str, new: Any) -> bool:
        """Put another value in the place of each value of an element; one that leaves nothing is taken away."""
        try:
            element = data[tag]
            values = [str(each) for each in element.value] if element.VM > 1 else [str(element.value or "")]
        except Exception:  # pydicom raises many types on damaged values
            return _take_away(data, tag, keyword)
        replaced = [new(each) if each else "" for each in values]
        if replaced == values:
            return False
        if len(replaced) > 1 and keyword not in PLACES_COUNT:
            replaced = [each for each in replaced if each]
        elif keyword == "ImageType":
            replaced = [each or OTHER_TERM for each in replaced]
        if not any(replaced):
            return _take_away(data, tag, keyword)
        element.value = replaced if len(replaced) > 1 else replaced[0]
        return True


def _take_away(data: Dataset, tag: BaseTag, keyword: str) -> bool:
    """Remove an element, empty it, or put a value that tells nothing, as its type allows; return whether that changed it."""
    if is_optional(keyword):
        del data[tag]
        return True
    empty, vr = _is_empty(data, tag), dictionary_VR(tag).split(" or ")[0]
    if rule_of(keyword).type != REQUIRED or vr in ("SQ", "OB", "OW", "UN"):
        if vr == "SQ" and rule_of(keyword).type == REQUIRED:
            del data[tag]
        else:
            data[tag] = DataElement(tag, vr, DicomSequence() if vr == "SQ" else None)
        return not empty
    dummy = {"CS": OTHER_TERM, "DA": NO_DATE, "TM": NO_TIME, "DT": NO_DATE, "DS": "0", "IS": "0"}.get(vr, PLACE_HOLDER)
    data[tag] = DataElement(tag, vr, LABELS.get(keyword, dummy))
    return not empty


def _is_empty(data: Dataset, tag: BaseTag) -> bool:
    stored = data.get_item(tag)
    return stored is None or not stored.value


def _is_no_number(data: Dataset, tag: BaseTag) -> bool:
    """Whether a decimal or whole number's text holds something else."""
    stored = data.get_item(tag)
    if isinstance(stored, RawDataElement):
        return NUMBER_BYTES.fullmatch(stored.value or b"") is None
    value = stored.value if stored is not None else None
    values = value if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]
    return any(NUMBER_BYTES.fullmatch(str(each if each is not None else "").encode()) is None for each in values or [])


def _without_foreign_class(data: Dataset, tag: BaseTag, keyword: str) -> bool:
    """Take out what names a class, scheme or syntax that is not the standard's; UIDs of things are mapped elsewhere."""
    if keyword not in NEVER_MAPPED or not data[tag].value:
        return False
    if str(data[tag].value).startswith(STANDARD_ROOT):
        return False
    return _take_away(data, tag, keyword)


def _is_term(text: str) -> bool:
    return (len(text.strip()) == 1 and text.isascii()) or cleaned_text(text) == text.strip()


def _age(text: str) -> str:
    if not AGE.fullmatch(text):
        return ""
    return OLDER if text.endswith("Y") and int(text[:3]) > OLDEST else text


def _is_safe_private(data: Dataset, tag: BaseTag) -> bool:
    """Whether a private element is one of Philips' factors, and a number; or names their maker."""
    if tag.element < 0x100:
        return str(data[tag].value).strip() in KEPT_PRIVATE.values()
    return (tag.group, tag.element & 0xFF) in KEPT_PRIVATE and not _is_no_number_value(data[tag].value)


def _is_no_number_value(value: object) -> bool:
    try:
        float(value.decode() if isinstance(value, bytes) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
    return False

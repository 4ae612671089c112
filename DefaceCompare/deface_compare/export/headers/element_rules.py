"""What stays of one attribute: by the profile and the chosen options where the table has it, else by what its kind may hold."""

from __future__ import annotations

import re

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.tag import BaseTag

from .profile import CLEAN, KEEP, OPTIONAL, UID, UNKNOWN, Rule, rules
from .retained import CHARACTERISTICS, DATES, DEVICE

REMOVE, SHIFT, WORDS, NUMBERS, TERMS, STAY, MAPPED, INSIDE = (
    "remove",
    "shift",
    "words",
    "numbers",
    "terms",
    "stay",
    "mapped",
    "inside",
)
"""What is done: taken away (or emptied); moved in time; only words of the field stay; only numbers; only terms of the field;
nothing; left to the map of UIDs; a sequence whose items are looked at."""
TIME_VRS, TEXT_VRS = frozenset({"DA", "TM", "DT"}), frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
NUMBER_TEXT_VRS = frozenset({"DS", "IS"})
BINARY_NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT", "US or SS", "US or OW"})
KEPT_BULK = frozenset({"PixelData", "LUTData", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData"}) | {
    "BluePaletteColorLookupTableData"
}
"""Binary values that are pixels, or say what stored values mean."""
AGE = re.compile(r"\d{3}[DWMY]")
OLDEST, OLDER = 89, "090Y"
"""Years; greater ages are so rare that they identify (the limit of HIPAA's safe harbour, 45 CFR 164.514(b)(2)(i)(C))."""
TECHNICAL_TEXTS = frozenset(
    {
        "CodeMeaning",
        "CodeValue",
        "CodingSchemeDesignator",
        "CodingSchemeVersion",
        "Manufacturer",
        "ManufacturerModelName",
        "SoftwareVersions",
        "PositionReferenceIndicator",
        "RescaleType",
        "ContrastBolusRoute",
        "LUTExplanation",
        "LUTLabel",
        "ConvolutionKernel",
        "FilterType",
        "SequenceName",
        "ImagedNucleus",
        "ReceiveCoilName",
        "TransmitCoilName",
        "WindowCenterWidthExplanation",
        "Radiopharmaceutical",
        "RadiopharmaceuticalRoute",
        "AttenuationCorrectionMethod",
        "ScatterCorrectionMethod",
        "ReconstructionMethod",
        "RandomsCorrectionMethod",
        "DetectorLinesOfResponseUsed",
        "SourceIsotopeName",
        "DoseComment",
        "DeidentificationMethod",
        "BeamName",
        "FractionPattern",
        "FrameOfReferenceTransformationComment",
        "ContentDescription",
        "MappingResourceName",
        "PatientAdditionalPosition",
    }
)
"""Texts that table E.1-1 does not list and that say how the object was made: their words of the field stay."""
KEPT_CHARACTERISTICS = frozenset({"PatientAge", "PatientSex", "PatientSize", "PatientWeight", "PregnancyStatus", "SmokingStatus"})
"""Of option 113108; ethnic group and texts on health are left to the profile, which removes them."""


def keyword_of(tag: BaseTag) -> str:
    """The keyword of a standard attribute that is in the table; ``""`` for every other one."""
    keyword = keyword_for_tag(tag) if not tag.is_private else ""
    return keyword if keyword in rules() else ""


def rule_of(keyword: str) -> Rule:
    """The attribute's rule; one that says nothing where the table lacks it."""
    return rules().get(keyword, UNKNOWN)


def what_to_do(keyword: str, vr: str, retained: frozenset[str]) -> str:
    """What is done with an attribute.

    Parameters
    ----------
    keyword : str
        ``""`` for what no table knows.
    vr : str
        As stored.
    retained : frozenset of str
        The chosen options of `retained.RETAINED`.
    """
    rule = rule_of(keyword)
    tag = tag_for_keyword(keyword) if keyword else None
    if tag is None or not _fits(vr, dictionary_VR(tag)):
        return REMOVE
    if rule.basic and not (rule.basic.endswith("U*") or rule.basic == UID):
        return _listed(keyword, vr, rule, retained)
    return _not_listed(keyword, vr, rule)


def _fits(stored: str, standard: str) -> bool:
    """Whether a stored VR is one that the standard gives the attribute: a text where a number belongs is none."""
    return stored == standard or stored in standard.split(" or ")


def _listed(keyword: str, vr: str, rule: Rule, retained: frozenset[str]) -> str:
    if vr in TIME_VRS and rule.dates and DATES in retained and (not rule.device or DEVICE in retained):
        return SHIFT
    if CHARACTERISTICS in retained and rule.characteristics == KEEP and keyword in KEPT_CHARACTERISTICS:
        return TERMS if vr == "CS" else STAY if vr == "AS" else NUMBERS if vr in NUMBER_TEXT_VRS else STAY
    if DEVICE in retained and rule.device == KEEP and vr in TEXT_VRS:
        return STAY
    if rule.descriptors == CLEAN and vr in TEXT_VRS:
        return WORDS
    return REMOVE


def _not_listed(keyword: str, vr: str, rule: Rule) -> str:
    if not rule.type and rule.basic != UID:
        return REMOVE
    if vr == "SQ":
        return INSIDE
    if vr == "UI":
        return MAPPED
    if vr in BINARY_NUMBERS or (keyword in KEPT_BULK and vr not in TEXT_VRS):
        return STAY
    if vr in NUMBER_TEXT_VRS:
        return NUMBERS
    if vr == "CS":
        return TERMS
    return WORDS if keyword in TECHNICAL_TEXTS and vr in TEXT_VRS else REMOVE


def is_optional(keyword: str) -> bool:
    """Whether an object may be without the attribute."""
    return rule_of(keyword).type in ("", OPTIONAL)

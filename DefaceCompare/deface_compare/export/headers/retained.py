"""What a site chooses to keep of the headers beside the basic profile, and the codes that say so."""

from __future__ import annotations

from collections.abc import Collection, Mapping

DATES, CHARACTERISTICS, DEVICE = RETAINED = ("dates", "characteristics", "device")
"""Dates and times, moved by one secret of the patient; sex, age, size and weight; station names and serial numbers."""
DEFAULT_RETAINED = (DATES, CHARACTERISTICS)
"""Without the two no SUV can be computed, and no course of treatment seen."""
NOTHING = "nothing"
"""Word of the command line for no option."""
Code = tuple[str, str, str]
BASIC_PROFILE: Code = ("113100", "DCM", "Basic Application Confidentiality Profile")
CLEAN_DESCRIPTORS: Code = ("113105", "DCM", "Clean Descriptors Option")
RETAIN_UIDS: Code = ("113110", "DCM", "Retain UIDs Option")
OF_OPTION: Mapping[str, Code] = {
    DATES: ("113107", "DCM", "Retain Longitudinal Temporal Information Modified Dates Option"),
    CHARACTERISTICS: ("113108", "DCM", "Retain Patient Characteristics Option"),
    DEVICE: ("113109", "DCM", "Retain Device Identity Option"),
}
"""Codes of PS3.16 CID 7050."""


def codes_of(retained: Collection[str], *, keep_uids: bool) -> list[Code]:
    """The codes of what was done with the headers.

    Parameters
    ----------
    retained : collection of str
        Of `RETAINED`.
    keep_uids : bool
    """
    chosen = [OF_OPTION[option] for option in RETAINED if option in retained]
    kept = [RETAIN_UIDS] if keep_uids else []
    return [BASIC_PROFILE, CLEAN_DESCRIPTORS, *chosen, *kept]

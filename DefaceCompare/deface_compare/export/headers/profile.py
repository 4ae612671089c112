"""What the standard says of each attribute: ``data/header_attributes.csv`` (its first lines state source and edition)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ...data import data_text

TABLE = "header_attributes.csv"
COMMENT = "#"
KEEP, CLEAN = "K", "C"
"""Actions of options: keep; replace by a value of like meaning that identifies nobody."""
UID = "U"
"""Action of the profile: replace by a UID that is the same in all objects."""
REQUIRED, MAY_BE_EMPTY, OPTIONAL = "1", "2", "3"


@dataclass(frozen=True)
class Rule:
    """What becomes of one attribute.

    Parameters
    ----------
    type : str
        `REQUIRED`, `MAY_BE_EMPTY` or `OPTIONAL`, the strictest of the exported kinds of objects; ``""`` if none of them has it.
    basic : str
        The profile's action (``X``, ``Z``, ``D``, ``U`` or a choice of them); ``""`` if table E.1-1 does not list it.
    characteristics, device, dates, descriptors : str
        The actions of the options, ``""`` if an option leaves the profile's.
    """

    type: str = ""
    basic: str = ""
    characteristics: str = ""
    device: str = ""
    dates: str = ""
    descriptors: str = ""


UNKNOWN = Rule()


@cache
def rules() -> Mapping[str, Rule]:
    """The rules by keyword."""
    lines = [line for line in data_text(TABLE).splitlines() if not line.startswith(COMMENT)]
    return {
        row["keyword"]: Rule(row["type"], row["basic"], row["characteristics"], row["device"], row["dates"], row["descriptors"])
        for row in csv.DictReader(lines)
    }

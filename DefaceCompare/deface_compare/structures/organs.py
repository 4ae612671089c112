"""The organs and targets by group: the nine of the headline with the targets, the further ones, a user's own, the unnamed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..data import data_text

GROUPS = (
    "brain",
    "brainstem",
    "mandible",
    "gtv",
    "oral_cavity",
    "optic_chiasm",
    "eye",
    "lens",
    "optic_nerve",
    "parotid",
    "external",
    "ctv",
    "ptv",
)
"""Organ and target groups of the headline, in table order."""
TARGET_GROUPS = ("gtv", "ctv", "ptv")
PAIRED_GROUPS = ("eye", "lens", "optic_nerve", "parotid")
SIDED_GROUPS = (*PAIRED_GROUPS, "mandible")
"""Groups whose names may carry a side (half mandibles are drawn, too)."""
EXCLUDE, OTHER = "exclude", "other"
"""Groups of structures without a standard name: helpers, which are not measured, and everything else, which is."""
EXTERNAL = "external"
HEADLINE_ORGANS = (
    "Brain",
    "Brainstem",
    "Bone_Mandible",
    "Cavity_Oral",
    "OpticChiasm",
    "Eye",
    "Eyes",
    "Lens",
    "OpticNrv",
    "Parotid",
    "Parotids",
)
"""TG-263 names, sides taken off, of the organs of the headline groups: the study's organs, by which methods are compared."""
PAIR, MAY = "pair", "may"
"""How an organ's name carries a side: it must (else nobody knows which of two is meant), or it may."""
SIDE = re.compile(r"_(L|R)$")
TARGET = re.compile(r"^(GTV|CTV|PTV|ITV)")
OUTER = ("External", "BODY", "Body")
"""Names of the outer contour: neither organ nor target."""
PLACE_HOLDER = "structure-"
"""Begins the names under which tables show structures that no table names; each is a thing of its own patient only."""
NOT_MEASURED = (EXTERNAL, EXCLUDE)
"""Groups without rows: a body outline is a picture of the face, not an organ; helpers are cut out of what has its own rows."""


@dataclass(frozen=True)
class FurtherOrgan:
    """One line of ``data/further_organs.csv``: an organ at risk of head, neck or brain beyond the headline's nine.

    Parameters
    ----------
    tg263 : str
        Name without a side, as AAPM TG-263 lists it, or made by its rules where it lists none (`named_by`).
    group : str
    sides : str
        ``pair``, ``may`` or ``""`` (one in the midline).
    both : str
        Name of left and right drawn as one; ``""``: there is none.
    """

    tg263: str
    group: str
    sides: str
    both: str
    named_by: str


@cache
def further_organs() -> Mapping[str, FurtherOrgan]:
    """The further organs by TG-263 name, in table order."""
    return {row["tg263"]: FurtherOrgan(**row) for row in csv.DictReader(data_text("further_organs.csv").splitlines())}


@cache
def further_groups() -> Mapping[str, str]:
    """The groups of the further organs in table order, and how their names carry a side."""
    return {organ.group: organ.sides for organ in further_organs().values()}


def sides_of(group: str) -> str:
    """How a name of this group carries a side; a user's own group may have one."""
    if group in GROUPS:
        return PAIR if group in PAIRED_GROUPS else MAY if group in SIDED_GROUPS else ""
    return further_groups().get(group, MAY)


def place_holder(number: int) -> str:
    """The name that tables show for the structure planned as the `number`-th (planned names may name people)."""
    return f"{PLACE_HOLDER}{number:02d}"


def is_place_holder(name: str) -> bool:
    """Whether a structure has no standard name: it is nobody else's ``structure-07``, so no two patients' are put together."""
    return name.startswith(PLACE_HOLDER)


def is_target(name: str) -> bool:
    """Whether a standard name is that of a GTV, CTV or PTV."""
    return TARGET.match(name) is not None


def is_headline_organ(name: str) -> bool:
    """Whether a standard name, with or without a side, is that of an organ by which methods are compared."""
    return SIDE.sub("", name) in HEADLINE_ORGANS


def is_further(name: str) -> bool:
    """Whether a standard name stands in the second table: neither headline organ nor target nor outer contour."""
    return bool(name) and not is_headline_organ(name) and not is_target(name) and name not in OUTER

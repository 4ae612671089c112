"""Planned structure names that may be shared: words of the field as they are, else the standard name, else a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from pydicom.dataset import Dataset

from ...case import Structure
from ...structures.name_words import built_in, built_in_rows, words_of
from ...structures.names import MAPPED, read_structure_name
from ...structures.organs import is_place_holder
from .words import folded, technical_words

LONG_NUMBER = re.compile(r"\d{5,}")
"""A date or an identifier; doses in cGy have four digits."""
SHORT = 3
"""Single words of so few letters may be initials: they are known by the list of words, not by the table of names."""


def shared_names(data: Dataset, structures: Sequence[Structure], forbidden: Collection[str] = ()) -> dict[int, str]:
    """What each structure of a set is called when it is shared, by ROI number.

    Parameters
    ----------
    data : pydicom.Dataset
        The RTSTRUCT.
    structures : sequence of Structure
        The same as read, in the order of their numbers: which of two drawings has the standard name.
    forbidden : collection of str
        Parts of the patient's identity, in lower case.
    """
    standard = _standard_names(data, structures)
    names: dict[int, str] = {}
    for roi in data.get("StructureSetROISequence") or []:
        number, name = int(roi.ROINumber), str(roi.get("ROIName") or "")
        names[number] = shared_name(name, standard.get(number, ""), number, forbidden)
    return names


def shared_name(name: str, standard: str, number: int, forbidden: Collection[str] = ()) -> str:
    """What one structure is called.

    Parameters
    ----------
    standard : str
        The name under which its numbers stand in the tables; ``""`` or a place holder if it has none.
    """
    if _is_of_the_field(name, forbidden):
        return name
    read = read_structure_name(name)
    usable = read.status == MAPPED and standard and not is_place_holder(standard)
    if usable and _is_of_the_field(read.tg263, forbidden) and read_structure_name(read.tg263).tg263 == read.tg263:
        return read.tg263
    return generic_name(number)


def generic_name(number: int) -> str:
    """The name of a structure of which nothing may be told."""
    return f"ROI_{number}"


def _standard_names(data: Dataset, structures: Sequence[Structure]) -> Mapping[int, str]:
    rois = list(data.get("StructureSetROISequence") or [])
    if len(rois) != len(structures):
        return {}
    return {int(roi.ROINumber): each.standard_name for roi, each in zip(rois, structures, strict=True)}


def _is_of_the_field(name: str, forbidden: Collection[str]) -> bool:
    """Whether all words of a name are of the field, and none is of the patient's identity."""
    known, technical = built_in().known, technical_words() | _standard_words()
    words = [folded(word) for word in words_of(name)]
    letters = [word for word in words if not word.isdigit()]
    if not name or LONG_NUMBER.search(name) or not letters or set(words) & set(forbidden):
        return False
    return all(len(word) == 1 or word in technical or (len(word) > SHORT and word in known) for word in letters)


@cache
def _standard_words() -> frozenset[str]:
    """The words of the table's own standard names (a user's table may name anything)."""
    return frozenset(word for row in built_in_rows() if row["group"] != "word" for word in words_of(row["tg263"]))

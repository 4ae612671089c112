"""A structure set whose structures carry TG-263 names, each name once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..case import Structure
from ..utility.contour_stack import plane_spacing_mm
from ..utility.structure_names import AMBIGUOUS, EXCLUDED, MAPPED, TARGET_GROUPS, UNKNOWN, read_structure_name


def place_holder(number: int) -> str:
    """The name that tables show for the structure planned as the `number`-th (planned names may name people)."""
    return f"structure-{number:02d}"


def named(structure: Structure, number: int) -> Structure:
    """Give a structure its TG-263 name, group and side from its planned name."""
    read = read_structure_name(structure.name)
    if read.status != MAPPED:
        note = {
            EXCLUDED: "a helper structure, not an organ or target",
            AMBIGUOUS: "its name does not say which organ",
            UNKNOWN: "no organ of the comparison",
        }[read.status]
        return replace(structure, standard_name=place_holder(number), group="other", side="", notes=(*structure.notes, note))
    return replace(structure, standard_name=read.tg263, group=read.group, side=read.side)


def unique_names(structures: Sequence[Structure]) -> tuple[tuple[Structure, ...], tuple[str, ...]]:
    """Make TG-263 names unique: further targets are numbered, further drawings of one organ set aside.

    Of two drawings of an organ the one planned under the TG-263 name itself is kept, else the first.

    Returns
    -------
    structures : tuple of Structure
    notes : tuple of str
        One sentence a name that was drawn more than once.
    """
    by_name: dict[str, list[int]] = {}
    for index, structure in enumerate(structures):
        by_name.setdefault(structure.standard_name, []).append(index)
    result = list(with_plane_spacing(structures))
    notes = []
    for name, indices in by_name.items():
        if len(indices) == 1:
            continue
        if structures[indices[0]].group in TARGET_GROUPS:
            _number_targets(result, indices, name, set(by_name))
            continue
        chosen = next((i for i in indices if structures[i].name.casefold() == name.casefold()), indices[0])
        for index in indices:
            if index != chosen:
                result[index] = replace(result[index], standard_name=place_holder(index + 1), group="other", side="")
        notes.append(f"{len(indices)} structures are named {name}; structure {chosen + 1} in planned order was used")
    return tuple(result), tuple(notes)


def _number_targets(result: list[Structure], indices: list[int], name: str, taken: set[str]) -> None:
    number = 1
    for index in indices[1:]:
        number += 1
        while f"{name}_{number}" in taken:
            number += 1
        result[index] = replace(result[index], standard_name=f"{name}_{number}")


def with_plane_spacing(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Tell contours the set's usual plane distance, which a structure drawn in one plane cannot know."""
    known = [s for structure in structures if structure.contours and (s := plane_spacing_mm(structure.contours))]
    if not known:
        return tuple(structures)
    usual = float(np.median(known))
    return tuple(s if s.contours is None else replace(s, plane_spacing_mm=usual) for s in structures)


def structure_notes(structures: Sequence[Structure]) -> tuple[str, ...]:
    """Notes of the compared structures by TG-263 name; the others by count only (their names may name people)."""
    notes = tuple(f"{s.standard_name}: {'; '.join(s.notes)}" for s in structures if s.group != "other" and s.notes)
    others = sum(structure.group == "other" for structure in structures)
    if others:
        notes += (f"{others} of {len(structures)} structures are not among the compared organs and targets and give no rows",)
    return notes

"""A structure set whose structures carry TG-263 names, each name once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..case import Structure, StructureSet
from ..storage.atomic import written_csv
from .contour_findings import contour_findings
from .contours import FARTHEST_SLICES_MM, plane_gaps_mm
from .names import AMBIGUOUS, EXCLUDED, MAPPED, read_structure_name
from .organs import EXCLUDE, OTHER, TARGET_GROUPS, is_place_holder, place_holder

COLUMNS = ("name", "tg263", "group", "side", "status", "row")
"""As ``deface-compare names`` prints, and the name under which the structure stands in the tables."""


def named(structure: Structure, number: int) -> Structure:
    """Give a structure its TG-263 name, group and side from its planned name."""
    read = read_structure_name(structure.name)
    if read.status != MAPPED or not read.tg263:
        note = {
            EXCLUDED: "a helper structure, not an organ or target",
            AMBIGUOUS: "its name does not say which organ",
        }.get(read.status, "its name is no organ's or target's that a table knows")
        group = EXCLUDE if read.status == EXCLUDED else OTHER
        return replace(structure, standard_name=place_holder(number), group=group, side="", notes=(*structure.notes, note))
    return replace(structure, standard_name=read.tg263, group=read.group, side=read.side)


def unique_names(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Make TG-263 names unique: further targets are numbered, further drawings of one organ set aside.

    Of two drawings of an organ the one planned under the TG-263 name itself is kept, else the first that is not empty; its
    `notes` say so. Targets of a group with several prescribed doses are named by theirs (``PTV_5400``: 54 Gy).
    """
    result = list(with_plane_spacing(_named_by_level(structures)))
    for index, structure in enumerate(result):
        if is_place_holder(structure.standard_name):
            result[index] = replace(structure, standard_name=place_holder(index + 1))
    by_name: dict[str, list[int]] = {}
    for index, structure in enumerate(result):
        by_name.setdefault(structure.standard_name, []).append(index)
    for name, indices in by_name.items():
        if len(indices) == 1:
            continue
        if result[indices[0]].group in TARGET_GROUPS:
            _number_targets(result, indices, name, set(by_name))
            continue
        drawn = [index for index in indices if not result[index].problem] or indices
        chosen = next((i for i in drawn if result[i].name.casefold() == name.casefold()), drawn[0])
        for index in indices:
            if index != chosen:
                aside = (*result[index].notes, f"another drawing of {name}")
                result[index] = replace(result[index], standard_name=place_holder(index + 1), group=OTHER, side="", notes=aside)
        note = f"{len(indices)} structures are named {name}; structure {chosen + 1} in planned order was used"
        result[chosen] = replace(result[chosen], notes=(*result[chosen].notes, note))
    return tuple(_with_findings(structure) for structure in result)


def beside(known: Sequence[Structure], others: Sequence[Structure]) -> tuple[Structure, ...]:
    """Structures of another frame of reference, named so that none has the name of a known one.

    A second drawing of an organ there is told as such; a target keeps its kind and gets a number.
    """
    taken = {structure.standard_name for structure in known}
    result: list[Structure] = []
    for index, structure in enumerate(others, len(known)):
        name = structure.standard_name
        if is_place_holder(name):
            structure = replace(structure, standard_name=place_holder(index + 1))
        elif name in taken and structure.group in TARGET_GROUPS:
            number = next(k for k in range(2, len(taken) + 3) if f"{name}_{k}" not in taken)
            structure = replace(structure, standard_name=f"{name}_{number}")
        elif name in taken:
            aside = (*structure.notes, f"another drawing of {name}, in another frame of reference")
            structure = replace(structure, standard_name=place_holder(index + 1), group=OTHER, side="", notes=aside)
        taken.add(structure.standard_name)
        result.append(structure)
    return tuple(result)


def _named_by_level(structures: Sequence[Structure]) -> list[Structure]:
    levels = {
        group: {s.prescription_gy for s in structures if s.group == group and s.prescription_gy is not None}
        for group in TARGET_GROUPS
    }
    return [
        replace(s, standard_name=f"{s.standard_name}_{round(100 * s.prescription_gy)}")
        if s.prescription_gy is not None and len(levels[s.group]) > 1
        else s
        for s in structures
    ]


def _with_findings(structure: Structure) -> Structure:
    """Say what is peculiar about the contours of a structure that gives rows."""
    if not structure.contours or structure.group == EXCLUDE or structure.problem:
        return structure
    findings = contour_findings(structure.contours, structure.plane_spacing_mm)
    return replace(structure, notes=(*structure.notes, *findings)) if findings else structure


def _number_targets(result: list[Structure], indices: list[int], name: str, taken: set[str]) -> None:
    number = 1
    for index in indices[1:]:
        number += 1
        while f"{name}_{number}" in taken:
            number += 1
        result[index] = replace(result[index], standard_name=f"{name}_{number}")


def with_plane_spacing(structures: Sequence[Structure]) -> tuple[Structure, ...]:
    """Tell contours the set's usual plane distance, which a structure drawn in one plane, or in two far apart, cannot know."""
    gaps = [plane_gaps_mm(each.contours) for each in structures if each.contours and not each.problem]
    known = [float(np.median(each)) for each in gaps if len(each) > 1]
    known = known or [float(each[0]) for each in gaps if len(each) and each[0] <= FARTHEST_SLICES_MM]
    if not known:
        return tuple(structures)
    usual = float(np.median(known))
    return tuple(s if s.contours is None else replace(s, plane_spacing_mm=usual) for s in structures)


def structure_notes(structures: Sequence[Structure]) -> tuple[str, ...]:
    """Notes of the structures with a standard name (what is said of the others stands in their rows)."""
    told = ((s, (*s.notes, s.problem) if s.problem else s.notes) for s in structures if s.group not in (OTHER, EXCLUDE))
    return tuple(f"{s.standard_name}: {'; '.join(dict.fromkeys(said))}" for s, said in told if said)


def write_name_list(structure_set: StructureSet, path: Path) -> None:
    """Write every planned name, so that unknown and ambiguous ones can be put into a table of one's own."""
    with written_csv(path) as table:
        table.writerow(COLUMNS)
        for structure in structure_set.structures:
            read = read_structure_name(structure.name)
            table.writerow((structure.name, read.tg263, read.group, read.side, read.status, structure.standard_name))

"""What rows are measured in: one structure, or the union of all GTVs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..case import Structure, StructureSet
from ..errors import NotAvailable
from ..geometry.lattice import Box, Lattice
from ..settings import SLAB
from .mask import mask_in_box, slab_volume_cc, structure_box
from .organs import EXCLUDE, GROUPS, NOT_MEASURED, OTHER, TARGET_GROUPS, further_groups

GTV_UNION = "GTV_all"


@dataclass(frozen=True)
class Region:
    """A named part of the patient made of one or several structures."""

    name: str
    group: str
    structures: tuple[Structure, ...]

    @property
    def target(self) -> bool:
        """Whether this is a GTV, CTV or PTV."""
        return self.group in TARGET_GROUPS

    @property
    def contours(self) -> bool:
        """Whether the end model is that of contours (slab); labelmaps and surfaces are their own surface."""
        return all(structure.contours is not None for structure in self.structures)

    @property
    def prescription_gy(self) -> float | None:
        """The region's own prescribed dose; of a union the highest of its parts, None if one is not known."""
        own = [structure.prescription_gy for structure in self.structures]
        known = [dose_gy for dose_gy in own if dose_gy is not None]
        return max(known) if known and len(known) == len(own) else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how the region was drawn."""
        return tuple(dict.fromkeys(note for structure in self.structures for note in structure.notes))

    def slab_volume_cc(self) -> float | None:
        """Volume of one structure's contours as slabs; None for unions, labelmaps and surfaces: their samples are counted."""
        return slab_volume_cc(self.structures[0]) if len(self.structures) == 1 else None

    def box(self, lattice: Lattice) -> Box:
        """The box of lattice indices around the region; not clipped to the lattice.

        Raises
        ------
        NotAvailable
            If the region is empty.
        """
        boxes = [structure_box(structure, lattice) for structure in self.structures]
        return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)

    def inside(self, lattice: Lattice, box: Box, ends: str = SLAB) -> NDArray[np.bool_]:
        """Which points of a box lie inside, shape (z, y, x); `ends` as in `structure_mask.mask_in_box`.

        Raises
        ------
        NotAvailable
            If the region is empty or its contours are not planar.
        """
        result = mask_in_box(self.structures[0], lattice, box, ends)
        for structure in self.structures[1:]:
            result |= mask_in_box(structure, lattice, box, ends)
        return result


def regions(structure_set: StructureSet) -> tuple[Region, ...]:
    """The regions that give rows: every structure but helpers and body outlines, and all GTVs together if there are several.

    The headline's organs and targets come first, in the order of `organs.GROUPS`, then the further organs, a user's own
    groups, and what has no standard name.
    """
    found: list[Region] = []
    for group in _groups_in_order(structure_set):
        members = structure_set.in_group(group)
        found.extend(Region(structure.standard_name, group, (structure,)) for structure in members)
        drawn = tuple(structure for structure in members if _drawn(structure))
        if group == "gtv" and len(drawn) > 1:
            found.append(Region(GTV_UNION, group, drawn))
    return tuple(found)


def _groups_in_order(structure_set: StructureSet) -> list[str]:
    known = (*GROUPS, *further_groups())
    own = sorted({structure.group for structure in structure_set.structures} - {*known, OTHER, EXCLUDE})
    return [group for group in (*known, *own, OTHER) if group not in NOT_MEASURED]


def _drawn(structure: Structure) -> bool:
    try:
        structure_box(structure, _ANY_LATTICE)
    except NotAvailable:
        return False
    return True


_ANY_LATTICE = Lattice(np.zeros(3), np.ones(3), np.eye(3), (1, 1, 1))

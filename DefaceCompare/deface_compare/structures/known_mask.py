"""Structures on a case's image, found once: every method asks for the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..case import CaseImage, Structure
from ..geometry.boxes import VoxelBox, common_part
from ..geometry.found_once import FoundOnce
from .mask import structure_mask

_KNOWN = FoundOnce()


@dataclass(frozen=True)
class KnownMask:
    """The voxels of an image that lie inside one of some structures; one bit a voxel.

    Parameters
    ----------
    box : VoxelBox
    bits : ndarray of uint8
        Of the voxels of the box, in the order of its array.
    """

    box: VoxelBox
    bits: NDArray[np.uint8]

    def in_box(self, box: VoxelBox) -> NDArray[np.bool_]:
        """Which voxels of a box of the image lie inside, shape (z, y, x)."""
        inside = np.zeros(box.shape, np.bool_)
        common = common_part(self.box, box)
        if common is not None:
            own, there = common
            count = int(np.prod(self.box.shape))
            inside[there] = np.unpackbits(self.bits, count=count).reshape(self.box.shape)[own]
        return inside


def known_mask(structures: Sequence[Structure], image: CaseImage) -> KnownMask | None:
    """Where an image lies inside one of some structures; None if no voxel centre of it does (`structure_mask`)."""
    # the structures are kept beside, so that their ids are no others'
    _, known = _KNOWN.of(image, tuple(map(id, structures)), lambda: (tuple(structures), _found(structures, image)))
    return known


def _found(structures: Sequence[Structure], image: CaseImage) -> KnownMask | None:
    masks = [mask for mask in (structure_mask(structure, image.image) for structure in structures) if mask is not None]
    if not masks:
        return None
    low = np.min([mask.box.offset for mask in masks], axis=0)
    high = np.max([np.add(mask.box.offset, mask.box.size) for mask in masks], axis=0)
    (x, y, z), (width, height, depth) = low.tolist(), (high - low).tolist()
    box = VoxelBox((x, y, z), (width, height, depth))
    inside = np.zeros(box.shape, np.bool_)
    for mask in masks:
        common = common_part(box, mask.box)
        assert common is not None
        inside[common[0]] |= mask.inside
    return KnownMask(box, np.packbits(inside))

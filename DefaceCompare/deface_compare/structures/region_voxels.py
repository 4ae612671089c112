"""A region on an image's own grid: how much of each voxel lies inside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..errors import NotAvailable
from ..geometry.lattice import Box, Lattice
from .region import Region

SMALL_ORGAN_CC = 2.0
"""Below this volume whole voxels are too coarse (a lens is a few voxels): partial volumes are used."""
PARTIAL_FACTOR = 4
"""Sub-voxels per axis for partial volumes (volume of a lens within 0.6 % of the converged value)."""
PARTS = PARTIAL_FACTOR**3
"""Parts of a voxel, each inside a region or not: a byte says how many are, where a share would take four."""
VOXEL_ENGINE, PARTIAL_ENGINE = "builtin", f"builtin-partial-x{PARTIAL_FACTOR}"
NOTABLE_OUTSIDE = 0.001
"""A share outside the image below this is rounding, not a cut structure."""


@dataclass(frozen=True)
class RegionVoxels:
    """A region's voxels in a box of one image.

    Parameters
    ----------
    box : tuple of slices
        (z, y, x) slices of the image's array.
    parts : ndarray of uint8, shape (z, y, x)
        How many of the `PARTS` of each voxel lie inside the region: none or all by voxel centre, or any number for organs under
        2 cc.
    voxel_cc : float
    outside_fraction : float
        Share of the region outside the image.
    engine : str
    """

    box: tuple[slice, slice, slice]
    parts: NDArray[np.uint8]
    voxel_cc: float
    outside_fraction: float
    engine: str

    @cached_property
    def volume_cc(self) -> float:
        """Volume of the region inside the image."""
        return _whole_voxels(self.parts) * self.voxel_cc

    def cc(self, where: NDArray[np.bool_]) -> float:
        """Volume of the region in the chosen voxels of the box."""
        return _whole_voxels(self.parts[where]) * self.voxel_cc

    @property
    def core(self) -> NDArray[np.bool_]:
        """Voxels whose intensities count: at least half inside, or any part of a region that fills no voxel by half."""
        half = self.parts >= PARTS // 2
        return half if half.any() else self.parts > 0


def _whole_voxels(parts: NDArray[np.uint8]) -> float:
    """How many whole voxels these parts make; exact."""
    return int(parts.sum(dtype=np.int64)) / PARTS


def region_voxels(region: Region, image: sitk.Image) -> RegionVoxels:
    """Lay a region on an image's grid.

    Raises
    ------
    NotAvailable
        If the region is empty, or outside the image's field of view.
    """
    lattice = Lattice.of(image)
    box = region.box(lattice)
    if lattice.clip(box) is None:
        return _partial(region, lattice)
    inside = region.inside(lattice, box)
    count = int(np.count_nonzero(inside))
    if count * lattice.voxel_cc < SMALL_ORGAN_CC:
        return _partial(region, lattice)
    return _cut(inside.astype(np.uint8) * np.uint8(PARTS), box, lattice, VOXEL_ENGINE)


def _partial(region: Region, lattice: Lattice) -> RegionVoxels:
    """Partial volumes on sub-voxels; the box is widened to whole voxels."""
    low, high = region.box(lattice)
    box = (low - 1, high + 1)
    fine = lattice.refined(PARTIAL_FACTOR)
    inside = region.inside(fine, (box[0] * PARTIAL_FACTOR, box[1] * PARTIAL_FACTOR))
    depth, height, width = (size // PARTIAL_FACTOR for size in inside.shape)
    cells = inside.reshape(depth, PARTIAL_FACTOR, height, PARTIAL_FACTOR, width, PARTIAL_FACTOR)
    return _cut(cells.sum(axis=(1, 3, 5), dtype=np.uint8), box, lattice, PARTIAL_ENGINE)


def _cut(parts: NDArray[np.uint8], box: Box, lattice: Lattice, engine: str) -> RegionVoxels:
    """Cut to the image and to the voxels that are used."""
    total = _whole_voxels(parts)
    clipped = lattice.clip(box)
    if total == 0:
        raise NotAvailable("the structure is empty")
    if clipped is None:
        raise NotAvailable("the structure lies outside the image's field of view")
    start, stop = clipped[0] - box[0], clipped[1] - box[0]
    parts = parts[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]]
    outside = 1.0 - _whole_voxels(parts) / total
    if not parts.any():
        raise NotAvailable("the structure lies outside the image's field of view")
    slices, whole = [], []
    for axis in range(3):
        where = np.flatnonzero(parts.any(axis=tuple(other for other in range(3) if other != axis)))
        first, last = int(where[0]), int(where[-1]) + 1
        slices.append(slice(first, last))
        offset = int(clipped[0][2 - axis])
        whole.append(slice(first + offset, last + offset))
    return RegionVoxels(
        box=(whole[0], whole[1], whole[2]),
        parts=np.ascontiguousarray(parts[slices[0], slices[1], slices[2]]),
        voxel_cc=lattice.voxel_cc,
        outside_fraction=outside if outside > NOTABLE_OUTSIDE else 0.0,
        engine=engine,
    )

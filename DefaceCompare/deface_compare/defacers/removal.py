"""Removal: an edit that turns a region, given by planes in world coordinates, into air."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Head
from ..case import CaseImage, Dose
from ..errors import MethodFailed
from ..geometry.box_sampling import sample_box, sample_mask
from ..geometry.boxes import Patch, VoxelBox, box_around, box_between, index_to_mm, whole_box
from ..geometry.level_set import sample_at
from ..settings import Settings
from .own_noise import background

TIGHTENING_ROUNDS = 4
"""Rounds of interval propagation; one is exact for a single plane, four settle boxes in oblique images."""

LEAST_MOVE_MM = 2.0
"""Skin nearer than this to what is spared can hardly move, and is not meant to."""


@dataclass(frozen=True)
class Polytope:
    """The points p with ``normals @ p <= limits``: a half-space, a slab, a box.

    Parameters
    ----------
    normals : ndarray, shape (k, 3)
        LPS; any length.
    limits : ndarray, shape (k,)
        mm if the normals have length 1.
    """

    normals: NDArray[np.float64]
    limits: NDArray[np.float64]

    def holds(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points, shape (n, 3), lie inside."""
        return np.all(points_mm @ self.normals.T <= self.limits, axis=1)

    def meets(self, mask: sitk.Image) -> bool:
        """Whether a voxel centre of a mask lies inside."""
        box, inside = self.on(mask)
        return bool(np.any(inside & (sitk.GetArrayViewFromImage(mask)[box.slices] > 0)))

    def on(self, grid: sitk.Image) -> tuple[VoxelBox, NDArray[np.bool_]]:
        """The box of `grid` that the region can meet, and which voxel centres of it lie inside, (z, y, x)."""
        matrix, origin = index_to_mm(grid)
        slopes = self.normals @ matrix
        limits = self.limits - self.normals @ origin
        box = _tightened(slopes, limits, grid)
        inside = np.ones(box.shape, dtype=np.bool_)
        if box.empty:
            return box, inside
        x, y, z = (np.arange(o, o + n, dtype=np.float64) for o, n in zip(box.offset, box.size, strict=True))
        for (along_x, along_y, along_z), limit in zip(slopes, limits, strict=True):
            plane = limit - along_y * y[None, :] - along_z * z[:, None]
            if abs(along_x) * len(x) < 1e-9:  # the plane holds the x axis: one answer a row, as in every unrotated image
                inside &= (plane >= 0.0)[:, :, None]
                continue
            for slab, edge in zip(inside, plane, strict=True):  # slice by slice keeps the working memory small
                slab &= along_x * x[None, :] <= edge[:, None]
        return box, inside


def _tightened(slopes: NDArray[np.float64], limits: NDArray[np.float64], grid: sitk.Image) -> VoxelBox:
    """Index bounds of a polytope: each plane bounds each index given the bounds of the two others."""
    lower = np.zeros(3)
    upper = np.array(grid.GetSize(), dtype=np.float64) - 1.0
    for _ in range(TIGHTENING_ROUNDS):
        for slope, limit in zip(slopes, limits, strict=True):
            least = np.minimum(slope * lower, slope * upper)
            for axis in np.flatnonzero(np.abs(slope) > 1e-12):
                bound = (limit - least.sum() + least[axis]) / slope[axis]
                if slope[axis] > 0:
                    upper[axis] = min(upper[axis], bound)
                else:
                    lower[axis] = max(lower[axis], bound)
            if np.any(lower > upper + 1e-9):
                return VoxelBox((0, 0, 0), (0, 0, 0))
    return box_between(lower, upper, grid)


@dataclass(frozen=True)
class Spared:
    """What a removal leaves: all within `reach_mm` of a mask.

    Parameters
    ----------
    distance : SimpleITK.Image
        float32, mm from the mask at every voxel of a box around it.
    reach_mm : float
    """

    distance: sitk.Image
    reach_mm: float

    @staticmethod
    def around(mask: sitk.Image, reach_mm: float) -> Spared | None:
        """Spare a mask on the working grid and `reach_mm` around it; None if the mask is empty."""
        box = box_around(sitk.GetArrayViewFromImage(mask) > 0)
        if box is None:
            return None
        margin = int(np.ceil((reach_mm + LEAST_MOVE_MM) / min(mask.GetSpacing()))) + 2
        x, y, z = (int(n) for n in box.offset)
        cropped = sitk.ConstantPad(sitk.RegionOfInterest(mask, box.size, (x, y, z)), [margin] * 3, [margin] * 3, 0)
        return Spared(sitk.SignedMaurerDistanceMap(cropped > 0, False, False, True), reach_mm)

    def on(self, grid: sitk.Image, box: VoxelBox) -> NDArray[np.bool_]:
        """Which voxel centres of `box` of `grid` are spared, shape (z, y, x)."""
        return sample_box(self.distance, grid, box, self.reach_mm + 1.0) <= self.reach_mm

    def holds(self, points_mm: NDArray[np.float64], margin_mm: float) -> NDArray[np.bool_]:
        """Which points, shape (n, 3), lie in what is spared or nearer than `margin_mm` to it."""
        far_mm = self.reach_mm + margin_mm
        return sample_at(sitk.GetArrayViewFromImage(self.distance), self.distance, points_mm, far_mm + 1.0) <= far_mm


@dataclass(frozen=True)
class Removal:
    """Everything inside the union of `parts`, but for what is `spared`, becomes background, tissue and air alike."""

    parts: tuple[Polytope, ...]
    warnings: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    spared: Spared | None = None
    logs: Mapping[str, str] = field(default_factory=dict)

    def seen(self, image: CaseImage, patch: Patch) -> Patch:
        """As it is: nothing of a wall is left (see `Edit.seen`)."""
        return patch

    def region(self, grid: sitk.Image) -> tuple[VoxelBox, NDArray[np.bool_]] | None:
        """The smallest box of `grid` that holds the region, and the region in it (z, y, x); None if they don't meet."""
        found = [(box, inside) for box, inside in (part.on(grid) for part in self.parts) if not box.empty]
        if not found:
            return None
        if len(found) == 1:
            box, inside = found[0]
        else:
            low = np.min([b.offset for b, _ in found], axis=0).astype(float)
            high = np.max([np.add(b.offset, b.size) - 1 for b, _ in found], axis=0).astype(float)
            box = box_between(low, high, grid)
            inside = np.zeros(box.shape, dtype=np.bool_)
            for part_box, part_inside in found:
                x, y, z = np.subtract(part_box.offset, box.offset).tolist()
                inside[VoxelBox((x, y, z), part_box.size).slices] |= part_inside
        if self.spared is not None:
            inside &= ~self.spared.on(grid, box)
        tight = box_around(inside)
        return None if tight is None else (box.within(tight), inside[tight.slices])

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        """Fill the region (see `Edit.apply`): own air (``background``), ``zero``, or a seeded permutation of its own values."""
        found = self.region(image.image)
        if found is None or not self._meets_patient(image.image, head, *found):
            raise MethodFailed(f"the region to remove lies outside the patient in image {image.key}")
        box, inside = found
        values = image.array()[box.slices].copy()
        if settings.fill == "permute":
            values[inside] = np.random.default_rng(settings.seed).permutation(values[inside])
        else:
            values[inside] = background(image, box, inside, settings)
        return Patch(box.offset, values)

    def _meets_patient(self, grid: sitk.Image, head: Head, box: VoxelBox, inside: NDArray[np.bool_]) -> bool:
        """Does the region hold patient in this image? Every 4th voxel suffices for a face."""
        step = 4 if min(box.size) >= 16 else 1
        patient = sample_mask(head.outline, grid, box)
        return bool(np.any(inside[::step, ::step, ::step] & patient[::step, ::step, ::step]))

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """The region on `grid`, air included (see `Edit.removed`)."""
        whole = np.zeros(whole_box(grid).shape, dtype=np.bool_)
        found = self.region(grid)
        if found is not None:
            box, inside = found
            whole[box.slices] = inside
        return whole

    def outlined(self, planned: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
        """Cut off at the region (see `Edit.outlined`)."""
        return planned & ~self.removed(grid)

    def intends(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Every skin point inside the region (see `Edit.intends`)."""
        meant: NDArray[np.bool_] = np.any([part.holds(points_mm) for part in self.parts], axis=0)
        return meant if self.spared is None else meant & ~self.spared.holds(points_mm, LEAST_MOVE_MM)

    def follow(self, dose: Dose, head: Head) -> Patch:
        """0 Gy in the region (see `Edit.follow`)."""
        found = self.region(dose.image)
        array = sitk.GetArrayViewFromImage(dose.image)
        if found is None:
            return Patch((0, 0, 0), array[:1, :1, :1].copy())
        box, inside = found
        return Patch(box.offset, np.where(inside, array.dtype.type(0), array[box.slices]))

"""A change of the head's surface: an edit that moves the skin, and rewrites the air before it and a layer under it.

Where it acts and what it leaves there depends on the new skin and on the place in the head, not on the old skin: else the border
of the edit would be a copy of that. Two things follow: air is filled as far before the new skin as the old one may have been, and
tissue is rewritten as deep under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.face_region import FaceRegion
from ..anatomy.head import Head
from ..case import CT, CaseImage, Dose
from ..errors import MethodFailed
from ..geometry.box_sampling import sample_box, sample_planes
from ..geometry.boxes import Patch, VoxelBox, box_around, box_of_points, corners_mm, cropped_to, whole_box
from ..geometry.grids import onto_grid
from ..geometry.level_set import ramp, sample_at
from ..settings import Settings
from .own_noise import background, tissue_noise
from .stored_values import stored
from .surface_voxels import bone_voxels, edge_widths_mm, mixed_values, solid_share, spread

EDGE_UNDER_MM, HAZE_MM, BLENDED_OVER_MM = 2.0, 5.0, 3.0
"""Choices: the old skin's edge reaches so far under it, haze so far before it, and rewritten tissue fades over so much. What a
border of these widths still draws is measured (docs/validation.md)."""
FAR_MM = 99.0
"""Signed distance where a level set is not known: outside, far from the surface."""
SOFT_TISSUE_HU = (-200.0, 200.0)
"""CT values that count as soft tissue when the layer under the skin is sampled: fat to muscle, no bone."""
BONE_UNDER_MM = 4.0
"""Nearer than this under the new skin bone is rewritten, too: it must not show through."""
BRAIN_FADE_MM = 2.0
"""From nothing to whole, an edit grows over this much: a voxel of the working grid."""
BRAIN_GUARD_MM = (4.0, 6.0)
"""Even at the skin nothing changes nearer to the brain: the diagonal of a 2 mm voxel is 3.5 mm."""
LEAST_SHARE = 0.02
"""A voxel of which less than this share would be new stays as it is: between air and soft tissue of a CT, 20 HU."""
LEAST_KNOWN = 1e-3
"""Share of tissue in a blur's reach (three sigma from the skin) below which there is no dose to spread."""
WHOLE_LAYER_SHARE = 0.02
"""Weight of the layer's median where little tissue is near: it takes over some 15 mm outside the skin."""


@dataclass(frozen=True)
class Layer:
    """Which tissue the rewritten layer is made of, and how far the change reaches.

    Parameters
    ----------
    sampled_mm : (float, float)
        Depths under the old skin between which the patient's tissue is sampled.
    outwards_mm, inwards_mm : float
        How far the skin moves at most.
    smoothing_mm : float
        Gaussian sigma of the sampled tissue.
    soft_only : bool
        Sample soft tissue only (CT).
    """

    sampled_mm: tuple[float, float]
    outwards_mm: float
    inwards_mm: float
    smoothing_mm: float
    soft_only: bool

    @property
    def rewritten_mm(self) -> float:
        """Down to this depth under the new skin the layer is rewritten wholly: the old skin's edge lies in it."""
        return self.outwards_mm + EDGE_UNDER_MM

    @property
    def blended_mm(self) -> float:
        """From `rewritten_mm` to this depth it fades into untouched tissue."""
        return self.rewritten_mm + BLENDED_OVER_MM

    @property
    def cleared_mm(self) -> float:
        """So far before the new skin air is filled: the old skin, and the haze before it, lie in it."""
        return self.inwards_mm + HAZE_MM

    def limited(self, new: NDArray[np.float32], old: NDArray[np.float32]) -> NDArray[np.float32]:
        """The new skin (mm from it, negative inside), moved no farther than it may."""
        return np.clip(new, old - np.float32(self.outwards_mm), old + np.float32(self.inwards_mm))


@dataclass(frozen=True)
class SurfaceChange:
    """The old and the new skin, where the change acts, and what the layer is made of.

    Parameters
    ----------
    old, new : SimpleITK.Image
        float32, mm from the skin before and after, negative inside, on one box of the working grid.
    weight : SimpleITK.Image
        float32 on the same box, 0 (untouched) to 1.
    layer : Layer
    region : FaceRegion
    with_ears : bool
        Does the method mean to change the ears, too?
    intended_from_mm : float
        Skin that lies nearer than this to the new surface is not meant to move.
    """

    old: sitk.Image
    new: sitk.Image
    weight: sitk.Image
    layer: Layer
    region: FaceRegion
    with_ears: bool
    intended_from_mm: float = 0.0
    warnings: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)

    def seen(self, image: CaseImage, patch: Patch) -> Patch:
        """As it is: nothing of a wall is left (see `Edit.seen`)."""
        return patch

    def apply(self, image: CaseImage, head: Head, settings: Settings) -> Patch:
        """Move the skin of one image (see `Edit.apply`)."""
        box = self._box(image.image)
        if box.empty:
            raise MethodFailed(f"the face lies outside image {image.key}")
        bone = bone_voxels(image, box) if image.modality == CT else None
        reached, new, weight, edge_mm = self._reached(image.image, box)
        rewritten = ramp(new, -self.layer.blended_mm, -self.layer.rewritten_mm)
        if bone is not None:
            rewritten[(new < -BONE_UNDER_MM) & bone[reached]] = 0.0
        tissue = self._tissue(image, box, reached)
        solid = solid_share(image, tissue, new, edge_mm)
        del bone, new, edge_mm
        empty, layer = solid < 1, weight * rewritten > LEAST_SHARE
        tissue += tissue_noise(image, head, box, spread(layer, reached), settings, reached)
        outside = background(image, box, spread(empty, reached), settings, reached)
        before = image.array()[box.slices][reached].astype(np.float32)
        after = mixed_values(before, tissue, outside, rewritten, solid, weight)
        cleared = empty & (solid == 0) & (weight == 1)
        mixed = (empty | layer) & ~cleared
        del before, rewritten, solid, weight
        values = image.array()[box.slices].copy()
        values[spread(cleared, reached)] = outside[cleared]
        values[spread(mixed, reached)] = stored(after[mixed], image)
        return Patch(box.offset, values)

    def _box(self, grid: sitk.Image) -> VoxelBox:
        """The box of `grid` in which the change can act."""
        acting = box_around(sitk.GetArrayViewFromImage(self.weight) > 0)
        if acting is None:
            return VoxelBox((0, 0, 0), (0, 0, 0))
        return box_of_points(corners_mm(self.weight, acting), grid, self.weight.GetSpacing()[0])

    def _fields(self, grid: sitk.Image, box: VoxelBox) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """New skin and weight at the voxels of `box`."""
        return sample_box(self.new, grid, box, FAR_MM), sample_box(self.weight, grid, box, 0.0)

    def _reached(
        self, grid: sitk.Image, box: VoxelBox
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The voxels of `box` that the change reaches, and, at these only, new skin, weight and width of the skin's edge.

        All that follows is computed for these alone.
        """
        reached = np.zeros(box.shape, np.bool_)
        found = []
        levels = sample_planes(self.new, grid, box, FAR_MM)
        level = next(levels)
        for there, weight in zip(reached, sample_planes(self.weight, grid, box, 0.0), strict=True):
            beyond = next(levels, level)  # the last plane has no next one
            np.greater(weight, LEAST_SHARE, out=there)
            there &= level < self.layer.cleared_mm
            at = np.flatnonzero(there)
            found.append((level.ravel()[at], weight.ravel()[at], edge_widths_mm(level, beyond, at)))
            level = beyond
        new, weights, edge_mm = (np.concatenate(each) for each in zip(*found, strict=True))
        return reached, new, weights, edge_mm

    def _tissue(self, image: CaseImage, box: VoxelBox, at: NDArray[np.bool_]) -> NDArray[np.float32]:
        """What the layer is made of at some voxels of `box`: the patient's own, smoothed along the skin, without noise."""
        values = sitk.GetArrayFromImage(onto_grid(cropped_to(image.image, self.old), self.old, air_level(image)))
        old = sitk.GetArrayViewFromImage(self.old)
        shallow, deep = self.layer.sampled_mm
        sampled = (old <= -shallow) & (old >= -deep) & (values > skin_threshold(image))
        if self.layer.soft_only and image.modality == CT:
            sampled &= (values > SOFT_TISSUE_HU[0]) & (values < SOFT_TISSUE_HU[1])
        if not sampled.any():
            raise MethodFailed(f"image {image.key} shows no tissue under the skin of the face")
        sigma = self.layer.smoothing_mm / self.old.GetSpacing()[0]
        median = float(np.median(values[sampled]))
        near = scipy.ndimage.gaussian_filter(sampled.astype(np.float32), sigma)
        held = scipy.ndimage.gaussian_filter(np.where(sampled, values - median, 0).astype(np.float32), sigma)
        smooth = sitk.GetImageFromArray(median + held / (near + WHOLE_LAYER_SHARE))
        smooth.CopyInformation(self.old)
        planes = sample_planes(smooth, image.image, box, median)
        return np.concatenate([plane[there] for plane, there in zip(planes, at, strict=True)])

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """Where air was filled before the new skin, whether tissue or air stood there (see `Edit.removed`)."""
        whole = np.zeros(whole_box(grid).shape, dtype=np.bool_)
        box = self._box(grid)
        if not box.empty:
            whole[box.slices] = self._filled(*self._fields(grid, box))
        return whole

    def _filled(self, new: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Where air is filled, of the fields of `_fields`."""
        return (new > 0) & (new < self.layer.cleared_mm) & (weight > 0.5)

    def outlined(self, planned: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
        """The new skin where it acts, in and out; the plan's line elsewhere (see `Edit.outlined`)."""
        whole = planned.copy()
        box = self._box(grid)
        if not box.empty:
            new, weight = self._fields(grid, box)
            whole[box.slices] = np.where(weight > 0.5, new < 0, planned[box.slices])
        return whole

    def intends(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Skin of face (and ears, if the method changes them) that is not where the new skin is anyway (see `Edit.intends`)."""
        meant = self.region.face(points_mm)
        if self.with_ears:
            meant |= self.region.ears(points_mm)
        if self.intended_from_mm > 0:
            away = sample_at(sitk.GetArrayViewFromImage(self.new), self.new, points_mm, 0.0)
            meant &= np.abs(away) >= self.intended_from_mm
        return meant

    def follow(self, dose: Dose, head: Head) -> Patch:
        """0 Gy in the filled air; blurred dose, synthetic, in the rewritten layer (see `Edit.follow`).

        Dose that ended at the old skin would draw it.
        """
        box = self._box(dose.image)
        array = sitk.GetArrayViewFromImage(dose.image)
        if box.empty:
            return Patch((0, 0, 0), array[:1, :1, :1].copy())
        values = array[box.slices].copy()
        new, weight = self._fields(dose.image, box)
        sigma = [self.layer.smoothing_mm / spacing for spacing in dose.image.GetSpacing()[::-1]]
        inside = (sample_box(self.old, dose.image, box, FAR_MM) < 0).astype(np.float32)
        held, known = (scipy.ndimage.gaussian_filter(each, sigma, mode="nearest") for each in (values * inside, inside))
        share = weight * ramp(new, -self.layer.blended_mm, -self.layer.rewritten_mm)
        values += (share * (held / np.maximum(known, LEAST_KNOWN) - values)).astype(values.dtype)
        values[self._filled(new, weight)] = 0
        return Patch(box.offset, values)


def kept_from_brain(
    new: NDArray[np.float32], old: NDArray[np.float32], brain_mm: NDArray[np.float32], keep_mm: float
) -> NDArray[np.float32]:
    """The new skin (mm from it, negative inside), moved inwards only as far as the edit is whole (`off_brain`).

    Deeper it would clear a part of each voxel: bone would stand there, soft tissue not.
    """
    return np.minimum(new, np.maximum(old, brain_mm - np.float32(keep_mm + BRAIN_FADE_MM)))


def off_brain(
    old: NDArray[np.float32], new: NDArray[np.float32], brain_mm: NDArray[np.float32], keep_mm: float
) -> NDArray[np.float32]:
    """Share of an edit of what is `brain_mm` from the brain, `old` and `new` mm from the two skins.

    0 near the brain, but 1 outside either skin over it: where the brain lies this near to the skin (temples, high forehead) air
    that comes under the new skin is filled; there, and nowhere else, the edit knows the old skin. 0 in any case where a voxel of
    a coarser grid could be brain: a brain that was laid on a scan without one may reach the skin.
    """
    share = np.maximum(ramp(brain_mm, keep_mm, keep_mm + BRAIN_FADE_MM), ramp(np.maximum(old, new), -2.0, 0.0))
    return share * ramp(brain_mm, *BRAIN_GUARD_MM)

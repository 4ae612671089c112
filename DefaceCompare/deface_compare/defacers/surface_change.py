"""A change of the head's surface: an edit that moves the skin and rewrites a layer under it."""

from __future__ import annotations

import zlib
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
from ..geometry.boxes import Patch, VoxelBox, box_around, box_of_points, corners_mm, cropped_to, sample_box, whole_box
from ..geometry.grids import onto_grid
from ..geometry.level_set import ramp, sample_at
from ..settings import Settings

FAR_MM = 99.0
"""Signed distance where a level set is not known: outside, far from the surface."""
SOFT_TISSUE_HU = (-200.0, 200.0)
"""CT values that count as soft tissue when the layer under the skin is sampled: fat to muscle, no bone."""
EDGE_LIMITS_MM = (1.0, 8.0)
"""The skin's edge is one voxel wide, seen along its normal (narrower ones show as terraces), but within these limits."""
SHALLOW_MM, SHALLOW_EDGES = 4.0, 1.5
"""Air this near under the new skin is filled, but no thinner than this many of the skin's edges (a voxel's width each): a cut
through a sinus must not show as a hole, and a wall thinner than a whole voxel under the edge leaks."""
BRAIN_FADE_MM = 4.0
"""From nothing to whole, an edit grows over this much."""
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
    """Which tissue the rewritten layer is made of, and how deep it reaches; depths in mm under the old skin.

    Parameters
    ----------
    sampled_mm : (float, float)
        Depths between which the patient's tissue is sampled.
    rewritten_mm, blended_mm : float
        Down to the first depth the layer is rewritten wholly, to the second it fades into untouched tissue.
    outside_mm : float
        Air is cleared up to so far outside both skins.
    smoothing_mm : float
        Gaussian sigma of the sampled tissue.
    soft_only : bool
        Sample soft tissue only (CT).
    noise : bool
        Add noise as strong as the patient's.
    """

    sampled_mm: tuple[float, float]
    rewritten_mm: float
    blended_mm: float
    outside_mm: float
    smoothing_mm: float
    soft_only: bool
    noise: bool


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
    blurs_dose : bool
        Policy ``follow``: blur the dose in the layer and spread it into added tissue (synthetic), or only clear it where tissue
        became air.
    intended_from_mm : float
        Skin that lies nearer than this to the new surface is not meant to move.
    """

    old: sitk.Image
    new: sitk.Image
    weight: sitk.Image
    layer: Layer
    region: FaceRegion
    with_ears: bool
    blurs_dose: bool
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
        old, new, weight = self._fields(image.image, box)
        original = image.array()[box.slices]
        before = original.astype(np.float32)
        background = fill_level(image, settings)
        tissue = self._tissue(image, box, settings)
        rewritten = ramp(old, -self.layer.blended_mm, -self.layer.rewritten_mm)
        edge_mm = _edge_mm(new)
        shallow_air = (new > -np.maximum(SHALLOW_MM, SHALLOW_EDGES * edge_mm)) & (before < skin_threshold(image))
        inside = before + np.where(shallow_air, 1.0, rewritten) * (tissue - before)
        air = air_level(image)
        # the edge passes the skin's own isovalue, which lies above the middle in CT, where the new skin is
        at_skin = np.clip((skin_threshold(image) - air) / np.maximum(tissue - air, 1e-6), 0.2, 0.8)
        solid = np.clip(at_skin - new / edge_mm, 0.0, 1.0)
        after = before + weight * (background + solid * (inside - background) - before)
        touched = (weight > LEAST_SHARE) & (np.minimum(old, new) < self.layer.outside_mm)
        touched &= (solid < 1) | (weight * rewritten > LEAST_SHARE) | shallow_air
        values = original.copy()
        values[touched] = rounded(after[touched], values.dtype)
        return Patch(box.offset, values)

    def _box(self, grid: sitk.Image) -> VoxelBox:
        """The box of `grid` in which the change can act."""
        acting = box_around(sitk.GetArrayViewFromImage(self.weight) > 0)
        if acting is None:
            return VoxelBox((0, 0, 0), (0, 0, 0))
        return box_of_points(corners_mm(self.weight, acting), grid, self.weight.GetSpacing()[0])

    def _fields(self, grid: sitk.Image, box: VoxelBox) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Old skin, new skin and weight at the voxels of `box`."""
        return (
            sample_box(self.old, grid, box, FAR_MM),
            sample_box(self.new, grid, box, FAR_MM),
            sample_box(self.weight, grid, box, 0.0),
        )

    def _tissue(self, image: CaseImage, box: VoxelBox, settings: Settings) -> NDArray[np.float32]:
        """What the layer is made of at each voxel of `box`: the patient's own, smoothed along the skin, with or without noise."""
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
        tissue = sample_box(smooth, image.image, box, median)
        if self.layer.noise:
            random = np.random.default_rng([settings.seed, zlib.crc32(image.key.encode())])
            tissue += noise_level(image, box) * random.standard_normal(tissue.shape, dtype=np.float32)
        return tissue

    def removed(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """Where tissue became air, half a voxel of the old skin's edge included (see `Edit.removed`)."""
        whole = np.zeros(whole_box(grid).shape, dtype=np.bool_)
        box = self._box(grid)
        if not box.empty:
            old, new, weight = self._fields(grid, box)
            whole[box.slices] = (old < 0.5 * max(grid.GetSpacing())) & (new > 0) & (weight > 0.5)
        return whole

    def outlined(self, planned: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
        """The new skin where it acts, in and out; the plan's line elsewhere (see `Edit.outlined`)."""
        whole = planned.copy()
        box = self._box(grid)
        if not box.empty:
            _, new, weight = self._fields(grid, box)
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
        """0 Gy where tissue became air; a blurred layer and what it grew by: blurred dose, synthetic (see `Edit.follow`)."""
        box = self._box(dose.image)
        array = sitk.GetArrayViewFromImage(dose.image)
        if box.empty:
            return Patch((0, 0, 0), array[:1, :1, :1].copy())
        values = array[box.slices].copy()
        old, new, weight = self._fields(dose.image, box)
        if self.blurs_dose:
            sigma = [self.layer.smoothing_mm / spacing for spacing in dose.image.GetSpacing()[::-1]]
            inside = (old < 0).astype(np.float32)
            held, known = (scipy.ndimage.gaussian_filter(each, sigma, mode="nearest") for each in (values * inside, inside))
            added = (old >= 0) & (new < 0) & (weight > 0.5)
            share = np.where(added, 1.0, weight * ramp(old, -self.layer.blended_mm, -self.layer.rewritten_mm))
            values += (share * (held / np.maximum(known, LEAST_KNOWN) - values)).astype(values.dtype)
        values[self.removed(dose.image)[box.slices]] = 0
        return Patch(box.offset, values)


def _edge_mm(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Width of the skin's edge at each voxel: what the level set changes by from this voxel to its next along the three axes."""
    width = np.zeros_like(level)
    for axis in range(3):
        last = np.take(level, [-1], axis=axis)
        width += np.abs(np.diff(level, axis=axis, append=last))
    return np.clip(width, *EDGE_LIMITS_MM)


def kept_from_brain(
    new: NDArray[np.float32], old: NDArray[np.float32], brain_mm: NDArray[np.float32], keep_mm: float
) -> NDArray[np.float32]:
    """The new skin (mm from it, negative inside), moved inwards only as far as the edit is whole (`off_brain`).

    Deeper it would clear a part of each voxel: bone would stand there, soft tissue not.
    """
    return np.minimum(new, np.maximum(old, brain_mm - np.float32(keep_mm + BRAIN_FADE_MM)))


def off_brain(old: NDArray[np.float32], brain_mm: NDArray[np.float32], keep_mm: float) -> NDArray[np.float32]:
    """Share of an edit of what is `brain_mm` from the brain and `old` mm from the old skin.

    0 near the brain, but 1 at and outside the skin over it; 0 in any case where a voxel of a coarser grid could be brain: a
    brain that was laid on a scan without one may reach the skin.
    """
    share = np.maximum(ramp(brain_mm, keep_mm, keep_mm + BRAIN_FADE_MM), ramp(old, -2.0, 0.0))
    return share * ramp(brain_mm, *BRAIN_GUARD_MM)


def noise_level(image: CaseImage, box: VoxelBox) -> float:
    """Noise sigma of an image's tissue, from differences of neighbours (median, so that edges don't count)."""
    values = image.array()[box.slices].astype(np.float32)
    tissue = values > skin_threshold(image)
    both = tissue[:, :, 1:] & tissue[:, :, :-1]
    steps = np.diff(values, axis=2)[both]
    return 0.0 if steps.size == 0 else float(1.4826 * np.median(np.abs(steps)) / np.sqrt(2.0))


def fill_level(image: CaseImage, settings: Settings) -> float:
    """What stands outside the new skin: 0 for ``zero``, else the image's background (a shape has nothing to permute)."""
    return 0.0 if settings.fill == "zero" else air_level(image)


def rounded(values: NDArray[np.generic], dtype: np.dtype) -> NDArray[np.generic]:
    """`values` in the stored type of an image: rounded for integers and held inside their range."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max).astype(dtype)
    return values.astype(dtype)

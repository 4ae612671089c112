"""Surface blur: a shell of the facial surface is smoothed in shape and content; deeper voxels stay as they are.

Ancestor: Milchenko & Marcus 2013 (doi 10.1007/s12021-012-9160-3). A shell whose values alone are smoothed keeps its shape
(Ding 2025: four in ten faces still matched), so the shape itself is smoothed here and a seeded, slowly varying displacement
makes sure that flat parts move as well.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..settings import Settings
from .edit import Edit
from .face_region import face_region
from .level_set import distance_outside_mm, grid_points_mm, ramp, without_steps
from .surface_change import Layer, SurfaceChange
from .voxel_box import VoxelBox, boxed

SHAPE_SMOOTHING_MM = 7.0
"""Gaussian sigma of the face's shape: nose and lips shrink, eye sockets fill."""
DISPLACEMENT_MM = 8.0
"""Displacement of the smoothed shape, inwards here and outwards there."""
PATCH_SIZE_MM = 22.0
"""Gaussian sigma of the random field that says which parts go in and which out; patches are some 70 mm across."""
PATCH_STEEPNESS = 0.25
"""In standard deviations of that field: small values make narrow borders between patches."""
SHAPE_WINS_PER_MM = 0.6
"""How strongly smoothing's own direction (averaged over a patch) decides the patch's: the two should not cancel."""
INWARD_LIMIT_MM, OUTWARD_LIMIT_MM = 9.0, 6.0
"""The skin never moves further."""
KEEP_FROM_BRAIN_MM = 10.0
"""Nothing changes this near to the brain mask, which may itself miss 9 mm at the frontal pole (shared MR heads)."""
BORDER_MM = (16.0, 3.0)
"""The change grows from nothing to full between these distances outside the face."""
MARGIN_MM = 30.0
"""Room around the face on the working grid."""
SHELL = Layer(sampled_mm=(1.0, 14.0), rewritten_mm=8.0, blended_mm=12.0, smoothing_mm=6.0, soft_only=False, noise=False)


class SurfaceBlur:
    """Find the smoothed and displaced surface of the face."""

    key = "surface_blur"
    title = "Surface blur (CuratAI-style)"
    reference = "after Milchenko & Marcus 2013, doi 10.1007/s12021-012-9160-3"
    limits = "changes the outer 12 mm of the face from brow to chin; ears and hair line stay"
    licence = "Apache-2.0 (own implementation)"

    def available(self) -> str:
        """It needs nothing beyond the core."""
        return ""

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the new surface (see `Defacer.find_edit`)."""
        region = face_region(head)
        box = face_box(head, MARGIN_MM, with_ears=False)
        old_whole = without_steps(head.skin_distance_mm, head.grid.GetSpacing()[0])
        smooth = ndimage.gaussian_filter(np.clip(old_whole, -20.0, 20.0), SHAPE_SMOOTHING_MM / head.grid.GetSpacing()[0])
        old, smooth = old_whole[box.slices], smooth[box.slices]
        depth = region.depth_mm(grid_points_mm(head.grid, box)).reshape(box.shape)
        weight = ramp(depth, -BORDER_MM[0], -BORDER_MM[1]) * _away_from_brain(head, box)
        outward = weight * _displacement(old, old - smooth, weight, head, settings.seed)
        skin = (np.abs(old) < head.grid.GetSpacing()[0]) & (depth > 0)
        reach = (old - outward < OUTWARD_LIMIT_MM + INWARD_LIMIT_MM) & (old > -SHELL.blended_mm - 2.0)
        return SurfaceChange(
            old=boxed(old, head.grid, box),
            new=boxed((old - outward).astype(np.float32), head.grid, box),
            weight=boxed(np.where(reach, weight, 0).astype(np.float32), head.grid, box),
            layer=SHELL,
            region=region,
            with_ears=False,
            blurs_dose=True,
            parameters={
                "shape_smoothing_mm": SHAPE_SMOOTHING_MM,
                "displacement_mm": DISPLACEMENT_MM,
                "seed": settings.seed,
                "planned_share_over_2_mm": round(float(np.mean(np.abs(outward[skin]) >= 2.0)), 3) if skin.any() else 0.0,
            },
        )


def face_box(head: Head, margin_mm: float, with_ears: bool) -> VoxelBox:
    """The box of the working grid around the face's skin (and the ears'), `margin_mm` wider.

    Raises
    ------
    MethodFailed
        If the scan holds no part of it.
    """
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    index = np.argwhere(outline)
    points = index[:, ::-1] * np.array(head.grid.GetSpacing()) + np.array(head.grid.GetOrigin())
    region = face_region(head)
    chosen = region.face(points) | (region.ears(points) if with_ears else False)
    if not chosen.any():
        raise MethodFailed("the scan holds no part of the face")
    margin = round(margin_mm / head.grid.GetSpacing()[0])
    low = np.maximum(index[chosen].min(axis=0) - margin, 0)[::-1]
    high = np.minimum(index[chosen].max(axis=0) + margin + 1, outline.shape)[::-1]
    x, y, z = low.tolist()
    width, height, depth = (high - low).tolist()
    return VoxelBox((x, y, z), (width, height, depth))


def _away_from_brain(head: Head, box: VoxelBox) -> NDArray[np.float32]:
    """0 near the brain, 1 further away."""
    brain = sitk.GetArrayViewFromImage(head.brain)[box.slices] > 0
    distance = distance_outside_mm(brain, head.grid.GetSpacing()[0])
    return ramp(distance, KEEP_FROM_BRAIN_MM, KEEP_FROM_BRAIN_MM + 4.0)


def _displacement(
    old: NDArray[np.float32], by_smoothing: NDArray[np.float32], weight: NDArray[np.float32], head: Head, seed: int
) -> NDArray[np.float32]:
    """How far the skin moves outwards at each voxel, mm: patches in and out that add no volume in all."""
    spacing_mm = head.grid.GetSpacing()[0]
    sigma = PATCH_SIZE_MM / spacing_mm
    skin = weight * (np.abs(old) < spacing_mm)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(old.shape), sigma)
    shape = ndimage.gaussian_filter(skin * by_smoothing, 0.5 * sigma) / (ndimage.gaussian_filter(skin, 0.5 * sigma) + 1e-3)
    field = noise / noise.std() + SHAPE_WINS_PER_MM * shape
    shift = _balancing_shift(by_smoothing[skin > 0], field[skin > 0], skin[skin > 0])
    return _limited(by_smoothing, field - shift).astype(np.float32)


def _limited(by_smoothing: NDArray[np.float32], field: NDArray[np.floating]) -> NDArray[np.floating]:
    """Smoothing's own movement and the patches' together, mm outwards, within the limits."""
    outward = by_smoothing + DISPLACEMENT_MM * np.tanh(field / PATCH_STEEPNESS)
    return np.clip(outward, -INWARD_LIMIT_MM, OUTWARD_LIMIT_MM)


def _balancing_shift(by_smoothing: NDArray[np.float32], field: NDArray[np.floating], share: NDArray[np.floating]) -> float:
    """The shift of the random field at which as much volume comes as goes (bisection over the skin's voxels)."""
    if field.size == 0:
        return 0.0
    low, high = float(field.min()) - 1.0, float(field.max()) + 1.0
    for _ in range(40):
        shift = 0.5 * (low + high)
        grows = float((_limited(by_smoothing, field - shift) * share).sum()) > 0
        low, high = (shift, high) if grows else (low, shift)
    return shift

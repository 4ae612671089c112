"""Surface blur: a shell of the facial surface is smoothed in shape and content; deeper voxels stay as they are.

Ancestor: Milchenko & Marcus 2013 (doi 10.1007/s12021-012-9160-3). A shell whose values alone are smoothed keeps its shape
(Ding 2025: four in ten faces still matched), so the shape itself is smoothed here, and a seeded, slowly varying displacement
moves the flat parts, too. The new skin is the smoothed one moved along a wave that is longer than any feature: it has no folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.face_region import FaceRegion, face_bounds, face_region
from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..geometry.boxes import VoxelBox, box_between, boxed
from ..geometry.grids import mapped
from ..geometry.level_set import distance_outside_mm, grid_points_mm, ramp
from ..settings import Settings
from .defacing import Defacer
from .edit import Edit
from .surface_change import Layer, SurfaceChange, kept_from_brain, off_brain

SHAPE_SMOOTHING_MM = 10.0
"""Gaussian sigma of the face's shape: nose and lips shrink, eye sockets fill."""
SMOOTHING_SIGMAS = 3.0
"""So many of these sigmas the smoothing reaches: beyond, a Gaussian's tail is a thousandth."""
CLIP_MM = 20.0
"""Distances from the skin are held within this before they are smoothed: what is deeper or further has no say."""
FLATTEST = 0.3
"""A smoothed level set is flatter than a distance; it is divided by its slope, but by no smaller one than this."""
DISPLACEMENT_MM = 8.0
"""Displacement of the smoothed shape: outwards in the upper face, inwards in the lower one (over the brow there is no room to
go inwards), which is also where smoothing itself goes: eye sockets fill, nose tip, lips and chin shrink."""
TURN_MM = 22.0
"""Over some twice this height the displacement turns from outwards to inwards; shorter, and the turn shows as a fold."""
TILT_DEGREES = 25.0
"""The line at which it turns is tilted by up to this (seeded)."""
WAVES, WAVE_MM, WAVE_LENGTH_MM = 3, 4.0, 150.0
"""And wavy: so many seeded plane waves of this amplitude and length."""
BALANCING_ROUNDS = 12
"""Bisections for the height of that line; the last one moves it by 0.05 mm."""
MOVING_MM, LEAST_MOVING_SHARE = 2.0, 0.86
"""Where less than this share of the face's skin would move by so much, the line is lifted: what turns inwards moves more skin.
Whole faces: 0.88 and more. Of a scan that shows mouth and chin only the balanced line runs over the wide cheeks: 0.81."""
LIFTS_MM = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
KEEP_FROM_BRAIN_MM = 10.0
"""Nothing changes this near to the brain mask, which may itself miss 9 mm at the frontal pole (shared MR heads)."""
BORDER_MM = (36.0, 2.0)
"""The change grows from nothing to full between these distances outside the face: shorter, and a ledge shows at the brow."""
FADE_SHARE = 0.05
"""The content of the shell is rewritten wholly where the shape changes by more than this share: by less than 1 mm."""
MARGIN_MM = 44.0
"""Room around the face on the working grid."""
SHELL = Layer(sampled_mm=(1.0, 14.0), outwards_mm=9.0, inwards_mm=11.0, smoothing_mm=6.0, soft_only=True)
ROOM_MM = 5.0
"""The fields reach so much further than the layer: over a voxel of the working grid, so that it ends between voxels."""


class SurfaceBlur(Defacer):
    """Find the smoothed and displaced surface of the face."""

    key = "surface_blur"
    title = "Surface blur (CuratAI-style)"
    reference = "after Milchenko & Marcus 2013, doi 10.1007/s12021-012-9160-3"
    limits = "changes the outer 14 mm under the new face from forehead to chin (skull and jaw less); ears and hair line stay"
    licence = "Apache-2.0 (own implementation)"

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the new surface (see `Defacer.find_edit`)."""
        region = face_region(head)
        box = face_box(head, MARGIN_MM, with_ears=False)
        points = grid_points_mm(head.grid, box)
        depth = region.depth_mm(points).reshape(box.shape)
        shape = _shape(head, box, ramp(depth, -BORDER_MM[0], -BORDER_MM[1]))
        skin = (np.abs(shape.old) < 0.5 * head.grid.GetSpacing()[0]) & (depth > 0)
        new, lifted_mm = shape.displaced(_height_mm(region, points, settings.seed).reshape(box.shape), skin)
        content = ramp(shape.share, 0.0, FADE_SHARE) * off_brain(shape.old, new, shape.brain_mm, KEEP_FROM_BRAIN_MM)
        reach = (new < SHELL.cleared_mm + ROOM_MM) & (new > -SHELL.blended_mm - ROOM_MM)
        return SurfaceChange(
            old=boxed(shape.old, head.grid, box),
            new=boxed(new, head.grid, box),
            weight=boxed(np.where(reach, content, 0).astype(np.float32), head.grid, box),
            layer=SHELL,
            region=region,
            with_ears=False,
            parameters={
                "shape_smoothing_mm": SHAPE_SMOOTHING_MM,
                "displacement_mm": DISPLACEMENT_MM,
                "seed": settings.seed,
                "planned_share_over_2_mm": round(_moving_share(new[skin]), 3),
                "line_lifted_mm": lifted_mm,
            },
        )


@dataclass(frozen=True)
class _Shape:
    """The face's skin before and after smoothing, on one box of the working grid; arrays (z, y, x).

    Parameters
    ----------
    old, smooth : ndarray
        mm from the skin, negative inside.
    share : ndarray
        0 (the old shape stays) to 1.
    brain_mm : ndarray
        mm from the brain mask.
    """

    old: NDArray[np.float32]
    smooth: NDArray[np.float32]
    share: NDArray[np.float32]
    brain_mm: NDArray[np.float32]

    def displaced(self, height_mm: NDArray[np.float64], skin: NDArray[np.bool_]) -> tuple[NDArray[np.float32], float]:
        """The new level set: smoothed, outwards above a line and inwards below it; and by how much that line was lifted, mm.

        The line lies so that no volume is added in all; it is lifted where too little of `skin` would move.
        """
        near = (self.share > 0) & (np.minimum(self.smooth, self.old) < DISPLACEMENT_MM)
        near &= np.maximum(self.smooth, self.old) > -DISPLACEMENT_MM - 1.0
        part = _Shape(self.old[near], self.smooth[near], self.share[near], self.brain_mm[near])
        height = height_mm[near]
        before = _volume(part.old)
        low, high = (float(height.min()), float(height.max())) if height.size else (0.0, 0.0)
        for _ in range(BALANCING_ROUNDS):
            line = 0.5 * (low + high)
            grows = _volume(part._moved(height - line)) > before
            low, high = (line, high) if grows else (low, line)
        balanced = 0.5 * (low + high)
        lifted_mm = self._lift_mm(height_mm - balanced, skin)
        return self._moved(height_mm - balanced - lifted_mm), lifted_mm

    def _lift_mm(self, height_mm: NDArray[np.float64], skin: NDArray[np.bool_]) -> float:
        """The least lift of the line with which enough of the skin moves; that with which most does, if none is enough."""
        part = _Shape(self.old[skin], self.smooth[skin], self.share[skin], self.brain_mm[skin])
        shares = [_moving_share(part._moved(height_mm[skin] - lift)) for lift in LIFTS_MM]
        enough = [lift for lift, share in zip(LIFTS_MM, shares, strict=True) if share >= LEAST_MOVING_SHARE]
        return enough[0] if enough else LIFTS_MM[int(np.argmax(shares))]

    def _moved(self, height_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """The level set for one height of the line; neither deeper than the shell nor near the brain."""
        wanted = self.smooth - np.float32(DISPLACEMENT_MM) * np.tanh(height_mm / TURN_MM).astype(np.float32)
        new = SHELL.limited(self.old + self.share * (wanted - self.old), self.old)
        return kept_from_brain(new, self.old, self.brain_mm, KEEP_FROM_BRAIN_MM)


def _moving_share(new_at_skin: NDArray[np.float32]) -> float:
    """Share of skin voxels that lie `MOVING_MM` or more from the new skin; 0 without any."""
    return float(np.mean(np.abs(new_at_skin) >= MOVING_MM)) if new_at_skin.size else 0.0


def _volume(level: NDArray[np.float32]) -> float:
    """Volume inside a level set, in voxels, part voxels at the edge."""
    return float(np.clip(0.5 - 0.5 * level, 0.0, 1.0).sum())


def _shape(head: Head, box: VoxelBox, share: NDArray[np.float32]) -> _Shape:
    """Smooth the skin of the box."""
    spacing_mm = head.grid.GetSpacing()[0]
    old = head.skin_level_mm
    sigma = SHAPE_SMOOTHING_MM / spacing_mm
    reach = int(SMOOTHING_SIGMAS * sigma + 0.5)  # beyond that no voxel has a say in the box
    low = np.maximum(np.array(box.offset) - reach, 0).astype(float)
    wide = box_between(low, np.add(box.offset, box.size) - 1.0 + reach, head.grid)
    held = np.clip(old[wide.slices], -CLIP_MM, CLIP_MM)
    x, y, z = np.subtract(box.offset, wide.offset).tolist()
    own = VoxelBox((x, y, z), box.size)
    smooth = scipy.ndimage.gaussian_filter(held, sigma, truncate=SMOOTHING_SIGMAS)[own.slices]
    slope = np.sqrt(sum(np.square(along) for along in np.gradient(smooth, spacing_mm)))
    brain = sitk.GetArrayViewFromImage(head.brain)[box.slices] > 0
    brain_mm = np.minimum(distance_outside_mm(brain, spacing_mm), np.float32(1000.0))
    return _Shape(old[box.slices], (smooth / np.maximum(slope, FLATTEST)).astype(np.float32), share, brain_mm)


def _height_mm(region: FaceRegion, points_mm: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """How high points, shape (n, 3), lie over a tilted, wavy line across the face, average-head mm, shape (n,)."""
    random = np.random.default_rng(seed)
    at = mapped(region.to_average, points_mm) - region.marks["nose_tip"]
    tilt = np.radians(random.uniform(-TILT_DEGREES, TILT_DEGREES))
    height = np.cos(tilt) * at[:, 2] + np.sin(tilt) * at[:, 0]
    for _ in range(WAVES):
        along = random.normal(size=3)
        along *= 2.0 * np.pi / (WAVE_LENGTH_MM * np.linalg.norm(along))
        height += WAVE_MM * np.cos(at @ along + random.uniform(0.0, 2.0 * np.pi))
    return height


def face_box(head: Head, margin_mm: float, with_ears: bool) -> VoxelBox:
    """The box of the working grid around the face's skin (and the ears'), `margin_mm` wider.

    Raises
    ------
    MethodFailed
        If the scan holds no part of it.
    """
    bounds = face_bounds(head, with_ears)
    if bounds is None:
        raise MethodFailed("the scan holds no part of the face")
    margin = round(margin_mm / head.grid.GetSpacing()[0])
    low = np.maximum(bounds[0] - margin, 0)[::-1]
    high = np.minimum(bounds[1] + margin + 1, head.grid.GetSize()[::-1])[::-1]
    x, y, z = low.tolist()
    width, height, depth = (high - low).tolist()
    return VoxelBox((x, y, z), (width, height, depth))

"""Skin rebuilt from the border of an edit: an attacker looks where a defaced image has lost its noise.

An edit that clears air to a fixed distance from the old skin, or rewrites tissue to a fixed depth under it, draws that skin:
its border is a copy of it. The attacker knows the method, so the distance too; here several are tried. What he reads is in the
defaced image alone: voxels of one value, and voxels that are calmer than the rest of this scan.
"""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..geometry.boxes import box_of_points, corners_mm
from ..geometry.nearness import LARGEST_REACH, dilated, distance_table, eroded, squared_voxels
from .other_surfaces import box_grid
from .surface import SMOOTHING_MM, FaceBox, SkinLevel, on_box

WINDOW_VOXELS = 3
"""Edge of the cube over which noise is averaged: 27 differences know their mean to about a seventh."""
CALM_SHARE = 0.4
"""A voxel is calm if the noise around it is below this share of what is usual in this scan's air or tissue."""
CLEARED_MM = (2.0, 4.0, 6.0)
"""How far outside the old skin an edit may have cleared air."""
REWRITTEN_MM = (4.0, 8.0, 12.0)
"""How deep under the old skin an edit may have rewritten tissue."""
FEWEST_VOXELS = 1000
"""Fewer calm voxels show no border, fewer noisy ones no noise."""
LEAST_NOISY_SHARE = 0.1
"""Air or tissue of which less than this share is noisy has no noise: the rest are edges."""
FINE_MM = 0.8
"""Finer pixels are joined two by two once their differences are taken."""
LEVELS = tuple(
    [f"air cleared {reach:g} mm before the skin" for reach in CLEARED_MM]
    + [f"tissue rewritten {depth:g} mm under the skin" for depth in REWRITTEN_MM]
)
"""What the attacker takes for granted in each skin that he draws."""

Grey = NDArray[np.float32]


def border_greys(image: sitk.Image, box: FaceBox, level: SkinLevel) -> list[Grey | None]:
    """The skins that an attacker draws from the border of an edit.

    Parameters
    ----------
    image : SimpleITK.Image
        Defaced, LPS mm, in its stored values: noise does not survive resampling.
    box : FaceBox
        Where to draw.
    level : SkinLevel
        From the original: an attacker finds the same.

    Returns
    -------
    list of ndarray of float32, shape (z, y, x) of `box`, or None
        Scaled grey values (-1 outside, 1 inside) for each of `LEVELS`; None where this image shows no such border.
    """
    part = box_of_points(corners_mm(box_grid(box)), image)
    if part.empty:
        return [None] * len(LEVELS)
    fine = max(image.GetSpacing()[:2]) < FINE_MM and min(part.size[:2]) > 1
    grid = sitk.RegionOfInterest(image, [*part.size[:2], 1], part.offset)
    grid = sitk.BinShrink(grid, [2, 2, 1]) if fine else grid
    values, steps = _with_steps(sitk.GetArrayViewFromImage(image)[part.slices], grid.GetSize()[:2], fine=fine)
    noise = ndimage.uniform_filter(steps, WINDOW_VOXELS, mode="nearest")
    noise[_constant(steps)] = 0.0
    tissue = values > level.threshold
    solid = _on_box(tissue, grid, box)
    calm_air, calm_tissue = _calm(noise, ~tissue), _calm(noise, tissue)
    filled = None if calm_air is None else solid | _on_box(calm_air, grid, box)
    untouched = None if calm_tissue is None else solid & ~_on_box(calm_tissue, grid, box)
    return greys_at_distances(filled, untouched, box)


def greys_at_distances(filled: NDArray[np.bool_] | None, untouched: NDArray[np.bool_] | None, box: FaceBox) -> list[Grey | None]:
    """Skins at the distances of `LEVELS` inside one mask and outside another, as `border_greys` returns them.

    Parameters
    ----------
    filled, untouched : ndarray of bool, shape (z, y, x) of `box`, or None
        Tissue with the calm air around it, and tissue that is not calm. Plain tissue for both: what the distances alone draw.
    """
    return [*_shrunk(filled, box), *_grown(untouched, box)]


def _with_steps(stored: NDArray[np.generic], size: tuple[int, int], *, fine: bool) -> tuple[Grey, Grey]:
    """Values and how far the next one in a row lies from each, shape (z, y, x) of this (x, y) size; `fine` pixels are joined.

    Slice by slice: whole copies of a large scan would be the largest thing in memory.
    """
    values, steps = (np.empty((len(stored), *size[::-1]), np.float32) for _ in range(2))
    for number, plane in enumerate(stored):
        value = plane.astype(np.float32)
        step = np.abs(np.diff(value, axis=1, append=value[:, -1:]))
        values[number], steps[number] = (_joined(value), _joined(step)) if fine else (value, step)
    return values, steps


def _joined(plane: Grey) -> Grey:
    """Means of two by two pixels."""
    height, width = (2 * (count // 2) for count in plane.shape)
    even = plane[:height, :width]
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / np.float32(4.0)


def _constant(steps: Grey) -> NDArray[np.bool_]:
    """Where neither the voxel before nor the one after in a row has another value: known to a voxel, a cube's noise is not."""
    same = steps == 0.0
    before = np.zeros_like(same)
    before[:, :, 1:] = same[:, :, :-1]
    return same & before


def _calm(noise: Grey, part: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which voxels of `part` are calmer than it usually is; None without noise, or without enough of them."""
    noisy = noise[part & (noise > 0)]
    if noisy.size < max(FEWEST_VOXELS, LEAST_NOISY_SHARE * np.count_nonzero(part)):
        return None
    calm = dilated(eroded(part & (noise < CALM_SHARE * np.median(noisy))))
    return calm if np.count_nonzero(calm) >= FEWEST_VOXELS else None


def _on_box(mask: NDArray[np.bool_], grid: sitk.Image, box: FaceBox) -> NDArray[np.bool_]:
    """A mask of the image's part, which begins with the slice `grid`, on the face's grid."""
    image = sitk.GetImageFromArray(mask.view(np.uint8))
    image.SetOrigin(grid.GetOrigin())
    image.SetSpacing(grid.GetSpacing())
    image.SetDirection(grid.GetDirection())
    return on_box(image, box, 0.0) > 0.5


def _shrunk(filled: NDArray[np.bool_] | None, box: FaceBox) -> list[Grey | None]:
    """Tissue with the calm air around it, less what may have been cleared."""
    if filled is None:
        return [None] * len(CLEARED_MM)
    inside = _distance_mm(~filled, CLEARED_MM[-1], box)
    return [_grey(inside - np.float32(reach), box) for reach in CLEARED_MM]


def _grown(untouched: NDArray[np.bool_] | None, box: FaceBox) -> list[Grey | None]:
    """Tissue that is not calm, with as much around it as may have been rewritten."""
    if untouched is None:
        return [None] * len(REWRITTEN_MM)
    outside = _distance_mm(untouched, REWRITTEN_MM[-1], box)
    return [_grey(np.float32(depth) - outside, box) for depth in REWRITTEN_MM]


def _distance_mm(mask: NDArray[np.bool_], furthest_mm: float, box: FaceBox) -> Grey:
    """Distance to the nearest true voxel, exact up to a voxel beyond the furthest skin that is drawn."""
    reach = math.ceil(furthest_mm / box.spacing_mm) + 1
    if reach > LARGEST_REACH:
        return ndimage.distance_transform_edt(~mask).astype(np.float32) * np.float32(box.spacing_mm)
    return distance_table(reach, box.spacing_mm)[squared_voxels(mask, reach)]


def _grey(depth_mm: Grey, box: FaceBox) -> Grey:
    """Scaled grey values of a skin that lies where a depth is 0."""
    scaled = np.clip(depth_mm / np.float32(box.spacing_mm), -1.0, 1.0)
    return ndimage.gaussian_filter(scaled, SMOOTHING_MM / box.spacing_mm, mode="nearest", truncate=3.0)

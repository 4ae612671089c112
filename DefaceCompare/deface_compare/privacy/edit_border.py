"""Skin rebuilt from the border of an edit: an attacker looks where a defaced image has lost its noise or its texture.

An edit that clears air to a fixed distance from the old skin, or rewrites tissue to a fixed depth under it, draws that skin:
its border is a copy of it. The attacker knows the method, so the distance too; here several are tried. What he reads is in the
defaced image alone: voxels of one value, and voxels that are calmer than the rest of this scan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..geometry.boxes import box_of_points, boxed
from .surface import SMOOTHING_MM, FaceBox, SkinLevel, resampled

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
REACH_MM = 24.0
"""Distances from a border are not followed farther."""


@dataclass(frozen=True)
class EditBorder:
    """What an image's own noise tells of an edit, on a face's grid.

    Parameters
    ----------
    filled : ndarray of bool, shape (z, y, x), or None
        Tissue together with the calm air around it; None where the air shows no calm part, or has no noise at all.
    untouched : ndarray of bool, shape (z, y, x), or None
        Tissue that is not calm; None likewise.
    """

    filled: NDArray[np.bool_] | None
    untouched: NDArray[np.bool_] | None


def edit_border(image: sitk.Image, box: FaceBox, level: SkinLevel) -> EditBorder:
    """Look for calm air and calm tissue in a defaced image around the face.

    Parameters
    ----------
    image : SimpleITK.Image
        Defaced, LPS mm, in its stored values: what is looked at is lost by resampling.
    box : FaceBox
    level : SkinLevel
    """
    corners = np.array(box.origin_mm) + np.array([[0.0] * 3, np.multiply(np.subtract(box.size, 1), box.spacings_mm)])
    every = np.array([[corners[(n >> axis) & 1][axis] for axis in range(3)] for n in range(8)])
    part = box_of_points(every, image)
    if part.empty:
        return EditBorder(None, None)
    values = sitk.GetArrayViewFromImage(image)[part.slices].astype(np.float32)
    noise = _noise(values)
    tissue = values > level.threshold
    on_box = resampled(boxed(tissue.astype(np.float32), image, part), box, 0.0)
    solid = sitk.GetArrayFromImage(on_box) > 0.5
    calm_air = _calm(noise, ~tissue)
    calm_tissue = _calm(noise, tissue)
    if calm_air is not None:
        calm_air = solid | (sitk.GetArrayFromImage(resampled(boxed(calm_air.astype(np.float32), image, part), box, 0.0)) > 0.5)
    if calm_tissue is not None:
        calm = sitk.GetArrayFromImage(resampled(boxed(calm_tissue.astype(np.float32), image, part), box, 0.0)) > 0.5
        calm_tissue = solid & ~calm
    return EditBorder(calm_air, calm_tissue)


def border_greys(border: EditBorder, box: FaceBox) -> list[NDArray[np.float32]]:
    """The skins that an attacker draws from a border, as scaled grey values (-1 outside, 1 inside) of the face's grid.

    Returns
    -------
    list of ndarray of float32, shape (z, y, x)
        One for each of `CLEARED_MM`, then for each of `REWRITTEN_MM`; nothing inside where there is no border.
    """
    greys = []
    for mask, offsets, sign in ((border.filled, CLEARED_MM, -1.0), (border.untouched, REWRITTEN_MM, 1.0)):
        if mask is None:
            depth, height, width = box.size[::-1]
            greys += [np.full((depth, height, width), -1.0, np.float32)] * len(offsets)
            continue
        distance = _signed_mm(mask, box.spacing_mm)
        for offset in offsets:
            scaled = np.clip((sign * offset - distance) / np.float32(box.spacing_mm), -1.0, 1.0)
            greys.append(ndimage.gaussian_filter(scaled, SMOOTHING_MM / box.spacing_mm, mode="nearest", truncate=3.0))
    return greys


def _noise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean absolute difference of neighbours along the rows, over a cube around each voxel."""
    steps = np.abs(np.diff(values, axis=2, append=values[:, :, -1:]))
    return ndimage.uniform_filter(steps, WINDOW_VOXELS, mode="nearest")


def _calm(noise: NDArray[np.float32], part: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which voxels of `part` are calmer than it usually is; None without noise, or without a calm voxel worth a border."""
    noisy = noise[part & (noise > 0)]
    if noisy.size < FEWEST_VOXELS:
        return None
    calm = part & (noise < CALM_SHARE * np.median(noisy))
    calm = ndimage.binary_opening(calm)
    return calm if np.count_nonzero(calm) >= FEWEST_VOXELS else None


def _signed_mm(mask: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.float32]:
    """Distance from a mask's border, negative inside."""
    outside = ndimage.distance_transform_edt(~mask).astype(np.float32)
    inside = ndimage.distance_transform_edt(mask).astype(np.float32)
    return np.clip((outside - inside) * spacing_mm, -REACH_MM, REACH_MM)

"""The voxels that a moved skin reaches: where its edge lies in them, and what they become. Arrays of these voxels only."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import air_level, skin_threshold
from ..case import CaseImage
from ..geometry.boxes import VoxelBox
from ..geometry.lattice import voxel_cc
from ..geometry.morphology import numbered_parts, part_sizes

EDGE_LIMITS_MM = (1.0, 8.0)
"""The skin's edge is one voxel wide, seen along its normal (narrower ones show as terraces), but within these limits."""
BONE_HU, BONE_CC = 250.0, 10.0
"""Choices, CT: tissue as dense as this that hangs together over so much is taken for skull or jaw and stays under the new skin;
markers and wires on the old skin are smaller."""


def spread(there: NDArray[np.bool_], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of the shape of `among`, of those of its true voxels that are `there`, shape (n,)."""
    mask = np.zeros_like(among)
    mask[among] = there
    return mask


def solid_share(
    image: CaseImage, tissue: NDArray[np.float32], new: NDArray[np.float32], edge_mm: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much of each voxel lies inside the new skin, shape (n,); `new` is used up.

    The skin's edge passes its own isovalue, which lies above the middle in CT, where the new skin is.
    """
    air = air_level(image)
    solid = tissue - air
    np.maximum(solid, 1e-6, out=solid)
    np.divide(skin_threshold(image) - air, solid, out=solid)
    np.clip(solid, 0.2, 0.8, out=solid)
    new /= edge_mm
    solid -= new
    return np.clip(solid, 0.0, 1.0, out=solid)


def mixed_values(
    before: NDArray[np.float32],
    tissue: NDArray[np.float32],
    outside: NDArray[np.generic],
    rewritten: NDArray[np.float32],
    solid: NDArray[np.float32],
    weight: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The new values of voxels, shape (n,), computed in place of `tissue`.

    `before`, turned into `tissue` by the share `rewritten`, is what stands inside the skin; that and what stands outside, by
    the share `solid`, turn what was there by `weight`.
    """
    tissue -= before
    tissue *= rewritten
    tissue += before
    tissue *= solid
    air = 1.0 - solid
    air *= outside.astype(np.float32, copy=False)
    tissue += air
    tissue -= before
    tissue *= weight
    tissue += before
    return tissue


def bone_voxels(image: CaseImage, box: VoxelBox) -> NDArray[np.bool_]:
    """Skull and jaw in a box of a CT, shape (z, y, x)."""
    numbered = numbered_parts(np.greater(image.array()[box.slices], BONE_HU))
    labels = sitk.GetArrayViewFromImage(numbered)
    large = part_sizes(labels) * voxel_cc(image.image) >= BONE_CC
    large[0] = False
    return np.asarray(large[labels])


def edge_widths_mm(level: NDArray[np.float32], beyond: NDArray[np.float32], at: NDArray[np.intp]) -> NDArray[np.float32]:
    """Width of the skin's edge at voxels of a plane: what the level set changes by from them to the next along the three axes.

    Parameters
    ----------
    level, beyond : ndarray of float32, shape (y, x)
        The plane and the next one.
    at : ndarray of int, shape (n,)
        Of the raveled plane.
    """
    flat, here = level.ravel(), level.ravel()[at]
    height, width = level.shape
    edge = np.abs(beyond.ravel()[at] - here)
    for step, goes_on in ((width, at < (height - 1) * width), (1, at % width < width - 1)):
        edge += np.abs(flat[at + np.where(goes_on, step, 0)] - here)
    return np.clip(edge, *EDGE_LIMITS_MM)

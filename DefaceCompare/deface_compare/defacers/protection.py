"""What no method may alter when the user asks for it: targets, or brain and targets, with a margin."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.head import Head
from ..case import Case, Structure
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import Patch, VoxelBox, box_between, whole_box
from ..settings import Settings
from ..structures.mask import structure_mask
from ..structures.organs import TARGET_GROUPS


def targets(case: Case) -> tuple[Structure, ...]:
    """All GTV, CTV and PTV of a case, in planned order."""
    structures = () if case.structure_set is None else case.structure_set.structures
    return tuple(structure for structure in structures if structure.group in TARGET_GROUPS)


def protected_voxels(
    grid: sitk.Image, box: VoxelBox, case: Case, head: Head, settings: Settings, guard_mm: float = 0.0
) -> NDArray[np.bool_] | None:
    """Which voxels of `box` of `grid` must keep their value, shape (z, y, x); None if nothing is protected there.

    Parameters
    ----------
    grid : SimpleITK.Image
    box : VoxelBox
    case, head, settings
        `settings.protect` and `settings.protect_margin_mm` decide.
    guard_mm : float
        Added to the margin (one voxel of the dose grid for doses).
    """
    if settings.protect == "none":
        return None
    margin_mm = settings.protect_margin_mm + guard_mm
    wide = _widened(grid, box, margin_mm + max(grid.GetSpacing()))
    kept = np.zeros(wide.shape, dtype=np.bool_)
    for structure in targets(case):
        found = structure_mask(structure, grid)
        if found is not None:
            kept |= found.whole(grid)[wide.slices]
    if settings.protect == "brain+targets":
        kept |= sample_mask(head.brain, grid, wide)
    if not kept.any():
        return None
    if margin_mm > 0:
        # distances run between voxel centres: half a diagonal more keeps the margin full at the target's true edge
        margin_mm += 0.5 * float(np.linalg.norm(grid.GetSpacing()))
        # that transform takes the axes for square: under gantry tilt a true mm counts as up to this much more
        margin_mm /= float(np.linalg.svd(np.array(grid.GetDirection()).reshape(3, 3), compute_uv=False).min())
        kept = ndimage.distance_transform_edt(~kept, sampling=grid.GetSpacing()[::-1]) <= margin_mm
    x, y, z = np.subtract(box.offset, wide.offset).tolist()
    return np.ascontiguousarray(kept[VoxelBox((x, y, z), box.size).slices])


def with_originals(patch: Patch, image: sitk.Image, kept: NDArray[np.bool_] | None) -> Patch:
    """`patch` with the original values wherever `kept` (z, y, x of the patch) is true."""
    if kept is None:
        return patch
    return Patch(patch.offset, np.where(kept, sitk.GetArrayViewFromImage(image)[patch.box.slices], patch.values))


def _widened(grid: sitk.Image, box: VoxelBox, margin_mm: float) -> VoxelBox:
    """`box` with the margin around it, inside the grid."""
    reach = np.ceil(margin_mm / np.array(grid.GetSpacing())) + 1
    low = np.array(box.offset) - reach
    high = np.array(box.offset) + np.array(box.size) - 1 + reach
    return whole_box(grid) if box.empty else box_between(low, high, grid)

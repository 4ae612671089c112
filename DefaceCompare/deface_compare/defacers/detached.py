"""Pieces that an edit cut off from the head: left in air they show where ears and nose were."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.air import skin_threshold
from ..anatomy.head import Head
from ..case import CT, Case, CaseImage
from ..errors import MethodFailed
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import Patch, VoxelBox, box_around, box_between, box_of_points, common_part, corners_mm
from ..geometry.found_once import FoundOnce
from ..geometry.lattice import voxel_cc
from ..geometry.morphology import numbered_parts, part_sizes
from ..settings import Settings
from ..structures.known_mask import known_mask
from .own_noise import background
from .protection import targets
from .surface_blur import face_box

LARGEST_PIECE_CC = 10.0
"""An ear of 60 x 35 mm, 4 mm thick, has 8 cc; what is larger is a part of the body."""
NEAR_MM = 44.0
"""Pieces are looked for so far around face and ears, as devices are; what reaches further hangs on to the patient there."""
TOUCHING = np.ones((3, 3, 3), dtype=np.bool_)
"""Voxels that share a corner hang together."""
_HUNG = FoundOnce()


def without_detached(case: Case, image: CaseImage, head: Head, settings: Settings, patch: Patch) -> Patch:
    """`patch` that also takes away the pieces which it has cut off from the head.

    On CT tissue is what lies above the skin threshold. In MR and PET bone and air look alike: there it is the filled outline,
    less what the edit made dark.

    Parameters
    ----------
    case : Case
        For its targets: a piece that holds a part of one stays, as does one that holds brain.
    image : CaseImage
    head : Head
    settings : Settings
        `fill` decides what a piece becomes.
    patch : Patch
        An edit of the image.
    """
    box = _box(image, head)
    if box.empty:
        return patch
    values = image.array()[box.slices].copy()
    _lay(patch, Patch(box.offset, values))
    before, after = _tissue(image, head, box, values)
    most_voxels = LARGEST_PIECE_CC / voxel_cc(image.image)
    pieces = _cut_off(after, _known_hung(image, head, before, most_voxels), most_voxels)
    if pieces.any():
        pieces = _free_of(pieces, _kept(case, image, head, box))
    if not pieces.any():
        return patch
    gone = _with_rim(pieces, after)
    values[gone] = background(image, box, gone, settings)
    return _joined(image, patch, Patch(box.offset, values))


def _box(image: CaseImage, head: Head) -> VoxelBox:
    """The box of the image around face and ears."""
    try:
        near = face_box(head, NEAR_MM, with_ears=True)
    except MethodFailed:
        return VoxelBox((0, 0, 0), (0, 0, 0))
    return box_of_points(corners_mm(head.grid, near), image.image, 0.0)


def _tissue(
    image: CaseImage, head: Head, box: VoxelBox, defaced: NDArray[np.generic]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What is tissue before and after the edit, shape (z, y, x) of the box."""
    original, threshold = image.array()[box.slices], skin_threshold(image)
    if image.modality == CT:
        return np.asarray(np.greater(original, threshold)), np.asarray(np.greater(defaced, threshold))
    outline = sample_mask(head.outline, image.image, box)
    dark = original != defaced
    dark &= np.less(defaced, threshold)
    return outline, outline & ~dark


def _cut_off(after: NDArray[np.bool_], hung: NDArray[np.uint8], most_voxels: float) -> NDArray[np.bool_]:
    """Small parts of `after` that hang on nothing, and did before (`hung` as of `_known_hung`)."""
    numbered = numbered_parts(after, corners=True)
    labels = sitk.GetArrayViewFromImage(numbered)
    small = part_sizes(labels) <= most_voxels
    small[0] = False
    small[_at_border(labels)] = False
    if not small.any():
        return np.zeros_like(after)
    at = np.flatnonzero(small[labels])
    there = labels.ravel()[at]
    cut = np.zeros_like(small)
    cut[there[((hung[at >> 3] << (at & 7)) & 128) > 0]] = True
    pieces = np.zeros_like(after)
    pieces.ravel()[at] = cut[there]
    return pieces


def _known_hung(image: CaseImage, head: Head, before: NDArray[np.bool_], most_voxels: float) -> NDArray[np.uint8]:
    """What of the tissue before any edit hangs on something large, or goes on beyond the box: one bit a voxel, in its order.

    The same for all edits of an image: looked for once. The head is kept beside, so that its id is no other one's.
    """
    _, hung = _HUNG.of(image, id(head), lambda: (head, _hung(before, most_voxels)))
    return hung


def _hung(before: NDArray[np.bool_], most_voxels: float) -> NDArray[np.uint8]:
    numbered = numbered_parts(before, corners=True)
    labels = sitk.GetArrayViewFromImage(numbered)
    hung = part_sizes(labels) > most_voxels
    hung[_at_border(labels)] = True
    hung[0] = False
    return np.packbits(hung[labels])


def _with_rim(pieces: NDArray[np.bool_], after: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pieces and the voxels beside them: an edge is partly air and goes with its piece, but not the rim of what stays."""
    gone = pieces.copy()
    around = box_around(pieces, 2)
    if around is not None:
        own, there = pieces[around.slices], after[around.slices]
        rim = ndimage.binary_dilation(own, TOUCHING) & ~ndimage.binary_dilation(there & ~own, TOUCHING)
        gone[around.slices] |= rim
    return gone


def _at_border(labels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The labels that reach a face of the box: what lies beyond may hold them."""
    faces = [np.take(labels, place, axis=axis).ravel() for axis in range(3) for place in (0, -1)]
    return np.unique(np.concatenate(faces))


def _kept(case: Case, image: CaseImage, head: Head, box: VoxelBox) -> NDArray[np.bool_]:
    """Brain and targets in the box: never a piece to be taken away."""
    kept = sample_mask(head.brain, image.image, box)
    planned = case.structure_set
    if planned is not None and planned.frame_of_reference_uid == image.frame_of_reference_uid:
        planned_targets = known_mask(targets(case), image)
        if planned_targets is not None:
            kept |= planned_targets.in_box(box)
    return kept


def _free_of(pieces: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pieces that hold no voxel of `kept`."""
    numbered = numbered_parts(pieces, corners=True)
    labels = sitk.GetArrayViewFromImage(numbered)
    free = np.ones(int(labels.max(initial=0)) + 1, dtype=np.bool_)
    free[np.unique(labels[kept])] = False
    free[0] = False
    return np.asarray(free[labels])


def _lay(patch: Patch, onto: Patch) -> None:
    """Write what `patch` holds of the box of `onto` into its values."""
    common = common_part(patch.box, onto.box)
    if common is not None:
        source, target = common
        onto.values[target] = patch.values[source]


def _joined(image: CaseImage, patch: Patch, more: Patch) -> Patch:
    """One patch around both, the values of `more` where they overlap (it was made from the patched image)."""
    low = np.minimum(patch.offset, more.offset).astype(float)
    high = np.maximum(np.add(patch.offset, patch.box.size), np.add(more.offset, more.box.size)).astype(float) - 1.0
    box = box_between(low, high, image.image)
    both = Patch(box.offset, image.array()[box.slices].copy())
    _lay(patch, both)
    _lay(more, both)
    return both

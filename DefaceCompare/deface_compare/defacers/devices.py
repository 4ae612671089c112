"""Devices near the edited face: a mask shell, bolus or head holder left in air would be a cast of the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import SKIN_HU, air_level, skin_threshold
from ..anatomy.head import Head
from ..case import CT, Case, CaseImage
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import (
    Patch,
    VoxelBox,
    box_around,
    box_between,
    box_of_points,
    boxed,
    corners_mm,
    index_to_mm,
)
from ..geometry.grids import on_grid
from ..geometry.morphology import grown
from ..geometry.nearness import dilated
from ..settings import Settings
from ..structures.known_mask import known_mask
from .edit import Edit
from .own_noise import background, copied

REACH_MM = 40.0
"""Devices this near to the edited face become background."""

BESIDE_VOXELS = 1.5
"""Voxels of the working grid that share a face or an edge with a device may hold a part of it."""

VISIBLE_SHARE = 0.5
"""A device that nowhere reaches this share of the way from air to the skin threshold cannot be seen (plastic in MR, PET)."""

BELOW_CHIN_MM = 80.0
"""The neck: head-and-neck scans and face masks reach about so far."""

NOTABLE_CC = 100.0


def devices_near_edit(image: sitk.Image, patch: Patch, head: Head) -> sitk.Image | None:
    """Mark the device voxels of the working grid within `REACH_MM` of the patient's voxels that `patch` altered.

    Parameters
    ----------
    image : SimpleITK.Image
        The image that `patch` belongs to.
    patch : Patch
    head : Head

    Returns
    -------
    SimpleITK.Image or None
        uint8 on the working grid, one voxel wider than the devices where that is away from the skin; None without any.
    """
    devices = sitk.GetArrayViewFromImage(head.devices) > 0
    if not devices.any():
        return None
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    box = _box_on_grid(image, patch, head.grid)
    if box.empty or not devices[box.slices].any():
        return None
    altered = _altered_on_grid(image, patch, head.grid, box) & outline[box.slices]
    if not altered.any():
        return None
    found = devices_within(devices[box.slices], altered, REACH_MM + max(image.GetSpacing()), head.grid.GetSpacing()[0])
    rim = dilated(found) & ~dilated(outline[box.slices])
    if not found.any():
        return None
    marked = np.zeros(devices.shape, dtype=np.bool_)
    marked[box.slices] = found | rim
    return on_grid(marked, head.grid)


def devices_within(
    devices: NDArray[np.bool_], altered: NDArray[np.bool_], reach_mm: float, spacing_mm: float
) -> NDArray[np.bool_]:
    """The voxels of devices within the reach of altered ones, which is looked at around the devices only."""
    found = np.zeros_like(devices)
    around = box_around(devices, int(reach_mm / spacing_mm) + 1)
    if around is not None:
        part = around.slices
        found[part] = devices[part] & grown(altered[part], reach_mm, spacing_mm)
    return found


def without_devices(
    edit: Edit, case: Case, image: CaseImage, head: Head, settings: Settings, patch: Patch | None, marked: sitk.Image | None
) -> Patch:
    """`patch`, or the edit made again on the image whose marked devices have become background.

    Made again, since a new surface may lie where the device was.

    Parameters
    ----------
    edit : Edit
    case : Case
        For the planned body, which tells a shell that touches the skin from skin more finely than the working grid.
    image : CaseImage
    head : Head
    settings : Settings
    patch : Patch or None
        The edit of the image as it is; None where it is not made yet: an image that shows devices does not need it.
    marked : SimpleITK.Image or None
        From `devices_near_edit`.
    """
    clear = None if marked is None else cleared_of(case, image, marked, settings)
    if clear is None:
        return edit.apply(image, head, settings) if patch is None else patch
    emptied = replace(image, image=clear.whole(image.image))
    copied(emptied, image)
    again = edit.apply(emptied, head, settings)
    low = np.minimum(clear.offset, again.offset).astype(float)
    high = np.maximum(_last(clear), _last(again)).astype(float)
    box = box_between(low, high, image.image)
    values = emptied.array()[box.slices].copy()
    x, y, z = np.subtract(again.offset, box.offset).tolist()
    values[VoxelBox((x, y, z), again.box.size).slices] = again.values
    return Patch(box.offset, values)


def cleared_of(case: Case, image: CaseImage, marked: sitk.Image, settings: Settings) -> Patch | None:
    """The part of the image around its marked devices, with these as background; None if the image does not show them."""
    around = box_around(sitk.GetArrayViewFromImage(marked) > 0)
    if around is None:
        return None
    box = box_of_points(corners_mm(marked, around), image.image, marked.GetSpacing()[0])
    if box.empty:
        return None
    values = image.array()[box.slices].copy()
    device = sample_mask(marked, image.image, box)
    air = air_level(image)
    if not np.any(values[device] > air + VISIBLE_SHARE * (skin_threshold(image) - air)):
        return None
    device |= _outside_body(case, image, marked, box)
    values[device] = background(image, box, device, settings)
    return Patch(box.offset, values)


def _outside_body(case: Case, image: CaseImage, marked: sitk.Image, box: VoxelBox) -> NDArray[np.bool_]:
    """Voxels of a CT's box outside the planned body and next to the marked devices, shape (z, y, x)."""
    nothing = np.zeros(box.shape, dtype=np.bool_)
    planned = case.structure_set
    if image.modality != CT or planned is None or planned.frame_of_reference_uid != image.frame_of_reference_uid:
        return nothing
    for structure in planned.in_group("external"):
        body = known_mask((structure,), image)
        if body is not None:
            beside = on_grid(grown(sitk.GetArrayViewFromImage(marked) > 0, BESIDE_VOXELS, 1.0), marked)
            near = sample_mask(beside, image.image, box)
            return np.asarray(near & ~body.in_box(box))
    return nothing


def _last(patch: Patch) -> NDArray[np.int_]:
    """Index (x, y, z) of the last voxel of a patch."""
    return np.add(patch.offset, patch.values.shape[::-1]) - 1


def _box_on_grid(image: sitk.Image, patch: Patch, grid: sitk.Image) -> VoxelBox:
    """The box of the working grid around a patch, `REACH_MM` wider."""
    return box_of_points(corners_mm(image, patch.box), grid, REACH_MM + max(image.GetSpacing()))


def _altered_on_grid(image: sitk.Image, patch: Patch, grid: sitk.Image, box: VoxelBox) -> NDArray[np.bool_]:
    """Where `patch` altered `image`, by nearest neighbour on `box` of the working grid."""
    altered = boxed(patch.altered(image).view(np.uint8), image, patch.box)
    return sample_mask(altered, grid, box)


def trunk_warning(image: CaseImage, patch: Patch, head: Head) -> str:
    """A sentence if the edit altered more than `NOTABLE_CC` of a CT's tissue over `BELOW_CHIN_MM` below the chin, else ``""``.

    Parameters
    ----------
    image : CaseImage
    patch : Patch
    head : Head
    """
    if image.modality != CT:  # the other images of the frame lose the same
        return ""
    box = patch.box
    altered = patch.altered(image.image)
    altered &= np.greater(image.array()[box.slices], SKIN_HU)
    matrix, origin = index_to_mm(image.image)
    x, y, z = (np.arange(o, o + n, dtype=np.float64) for o, n in zip(box.offset, box.size, strict=True))
    in_plane = origin[2] + matrix[2, 0] * x[None, :] + matrix[2, 1] * y[:, None]
    lowest = head.landmarks_mm["chin"][2] - BELOW_CHIN_MM
    below = sum(
        np.count_nonzero(plane & (in_plane + height < lowest)) for plane, height in zip(altered, matrix[2, 2] * z, strict=True)
    )
    volume_cc = float(below) * abs(float(np.linalg.det(matrix))) / 1000.0
    if volume_cc < NOTABLE_CC:
        return ""
    return f"the edit goes on below the neck: {volume_cc:.0f} cc of image {image.key} over {BELOW_CHIN_MM:g} mm under the chin"

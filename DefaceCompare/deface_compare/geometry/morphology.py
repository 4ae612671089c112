"""Masks grown, filled, measured, and taken apart into connected parts."""

from __future__ import annotations

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from .boxes import box_around
from .nearness import LARGEST_REACH, distance_table, squared_voxels

GAP_MM = 6.0
"""Nostrils, ear canals and noise pits narrower than this are closed before cavities are filled."""

GUESS_STEP = 4
"""Every so many voxels along each axis are looked at to guess which part is the largest; a guess of over half is right."""


def fill_cavities(patient: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.bool_]:
    """Close narrow openings, then fill what no straight path in an axial slice leads out of (sinuses, airways, skull)."""
    reach = GAP_MM / 2
    wide = np.pad(grown(patient, reach, spacing_mm), 1, mode="edge")  # what leaves the scan counts as going on
    closed = shrunk(wide, reach, spacing_mm)[1:-1, 1:-1, 1:-1]
    return without_holes(without_holes(closed | patient, planes=True))


def without_holes(mask: NDArray[np.bool_], *, planes: bool = False) -> NDArray[np.bool_]:
    """A mask with all that no path across voxel faces leads out of, shape (z, y, x).

    Parameters
    ----------
    planes : bool
        Paths stay in their axial plane.
    """
    faces = scipy.ndimage.generate_binary_structure(mask.ndim, 1)
    if planes:
        faces[0], faces[-1] = False, False
    labels, count = scipy.ndimage.label(~mask, faces)
    is_open = np.zeros(count + 1, bool)
    for axis in range(1 if planes else 0, mask.ndim):
        ends = np.moveaxis(labels, axis, 0)
        is_open[ends[0].ravel()] = True
        is_open[ends[-1].ravel()] = True
    is_open[0] = False
    return ~is_open[labels]


def inner_distance_mm(mask: NDArray[np.bool_], spacing_mm: float) -> NDArray[np.float32]:
    """Distance in mm of the voxels in `mask` to the nearest voxel outside it (0 outside), computed in the mask's box."""
    if mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    distance = np.zeros(mask.shape, np.float32)
    around = box_around(mask, 1)
    if around is not None:
        box = around.slices
        outside = sitk.GetImageFromArray((~mask[box]).view(np.uint8))
        signed = sitk.SignedMaurerDistanceMap(outside, insideIsPositive=False, squaredDistance=False, useImageSpacing=False)
        distance[box] = np.maximum(sitk.GetArrayFromImage(signed), 0) * np.float32(spacing_mm)
    return distance


def grown(mask: NDArray[np.bool_], reach_mm: float, spacing_mm: float) -> NDArray[np.bool_]:
    """All voxels within `reach_mm` of the mask, the mask included."""
    wide = np.zeros(mask.shape, bool)
    around = box_around(mask, int(reach_mm / spacing_mm) + 2)
    if around is not None:
        box = around.slices
        reach = max(1, int(reach_mm / spacing_mm) + 1)
        if reach <= LARGEST_REACH:
            near = np.count_nonzero(distance_table(reach, spacing_mm) <= np.float32(reach_mm))  # so many squares, from 0 on
            wide[box] = squared_voxels(mask[box], reach) < near
        else:
            wide[box] = inner_distance_mm(~mask[box], spacing_mm) <= np.float32(reach_mm)
    return wide


def shrunk(mask: NDArray[np.bool_], depth_mm: float, spacing_mm: float) -> NDArray[np.bool_]:
    """The voxels that lie deeper in the mask than `depth_mm`; what lies beyond the array is not asked."""
    deep = np.zeros(mask.shape, bool)
    around = box_around(mask, 1)
    if around is not None:
        box = around.slices
        deep[box] = ~grown(~mask[box], depth_mm, spacing_mm)
    return deep


def largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest face-connected part of a mask; an empty mask as it is."""
    numbered = numbered_parts(mask)
    labels = sitk.GetArrayViewFromImage(numbered)
    sizes = np.bincount(labels[::GUESS_STEP, ::GUESS_STEP, ::GUESS_STEP].ravel())
    sizes[0] = 0
    guess = int(np.argmax(sizes))
    part: NDArray[np.bool_] = labels == guess
    if guess and 2 * np.count_nonzero(part) > np.count_nonzero(mask):
        return part
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest = int(np.argmax(sizes))
    return labels == largest if sizes[largest] else mask


def part_at_first_corner(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The face-connected part of a mask that holds the array's first voxel; that voxel must be of the mask."""
    numbered = numbered_parts(mask)
    labels = sitk.GetArrayViewFromImage(numbered)
    return labels == labels[0, 0, 0]


def open_air(air: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The air that reaches the front, side or top of the box, shape (z, y, x); the rest is a cavity.

    The back and the bottom of the box cut through the head, so that sinuses and the pharynx end there: they open nothing.
    """
    numbered = numbered_parts(air)
    labels = sitk.GetArrayViewFromImage(numbered)
    sides = np.concatenate([side.ravel() for side in (labels[:, 0, :], labels[-1], labels[:, :, 0], labels[:, :, -1])])
    is_open = np.bincount(sides) > 0
    is_open[0] = False
    reached = np.flatnonzero(is_open)
    if len(reached) == 1:
        return labels == reached[0]
    return np.isin(labels, reached)


def numbered_parts(mask: NDArray[np.bool_], *, corners: bool = False) -> sitk.Image:
    """The connected parts of a mask, numbered from 1 in the order of the array, 0 elsewhere.

    An image, since a view of it (`SimpleITK.GetArrayViewFromImage`) needs no copy of four bytes a voxel.

    Parameters
    ----------
    corners : bool
        Voxels that share an edge or a corner hang together, too; else only those that share a face.
    """
    numbering = sitk.ConnectedComponentImageFilter()
    numbering.SetFullyConnected(corners)
    return numbering.Execute(sitk.GetImageFromArray(mask.view(np.uint8)))


def part_sizes(labels: NDArray[np.uint32]) -> NDArray[np.intp]:
    """How many voxels each part has, by its number; 0 is what lies between them.

    Slice by slice: to count them all at once is to copy the array to numbers twice as wide.
    """
    count = int(labels.max(initial=0)) + 1
    sizes = np.zeros(count, np.intp)
    for plane in labels:
        sizes += np.bincount(plane.ravel(), minlength=count)
    return sizes

"""The part of a dose that a segment needs: SlicerRT resamples all of a dose for each segment, seconds for a clinical grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from deface_compare.geometry.boxes import VoxelBox, box_of_points, boxed

REACH_MM = 20.0
"""How far a segment's surface may lie outside its contours (a choice): SlicerRT closes its ends half a contour distance out."""

AIR_VOXELS = 2
"""Around that: no sample of the segment is interpolated from the outermost voxels, so that a corner may hold another value."""


def dose_around(dose_gy: sitk.Image, highest_gy: float, segment: Any) -> sitk.Image:
    """Cut a dose to a segment's box, on the same voxels and with the same highest value: SlicerRT's numbers stay what they were.

    SlicerRT draws the histogram to the highest dose of the volume and reads D- and V-values off it; so a corner voxel, which no
    sample of the segment touches, gets the dose that was cut off.

    Parameters
    ----------
    dose_gy : SimpleITK.Image
        LPS mm.
    highest_gy : float
        Highest value of `dose_gy`.
    segment : vtkSegment
        In RAS mm, without parent transform.

    Returns
    -------
    SimpleITK.Image
        All of `dose_gy` where the segment is empty, does not meet it, or leaves no corner free.
    """
    bounds_mm = np.zeros(6)
    segment.GetBounds(bounds_mm)
    low, high = bounds_mm[::2], bounds_mm[1::2]
    if not (low <= high).all():
        return dose_gy
    lps = np.array([[-1.0, -1.0, 1.0]])
    corners = lps * [[(low, high)[n >> axis & 1][axis] for axis in range(3)] for n in range(8)]
    air_mm = (AIR_VOXELS + 1) * max(dose_gy.GetSpacing())  # one voxel more: a box ends at whole voxels
    inner, box = box_of_points(corners, dose_gy, REACH_MM), box_of_points(corners, dose_gy, REACH_MM + air_mm)
    free = _free_corner(inner, box)
    if inner.empty or free is None:
        return dose_gy
    values = sitk.GetArrayViewFromImage(dose_gy)[box.slices].copy()
    values[free] = highest_gy
    return boxed(values, dose_gy, box)


def _free_corner(inner: VoxelBox, box: VoxelBox) -> tuple[int, int, int] | None:
    """A corner of `box`, as array index, that is at least `AIR_VOXELS` from `inner` along some axis."""
    for axis in range(3):
        before = inner.offset[axis] - box.offset[axis]
        after = box.size[axis] - inner.size[axis] - before
        if max(before, after) > AIR_VOXELS:
            corner = [0, 0, 0]
            corner[2 - axis] = 0 if before > AIR_VOXELS else -1
            return corner[0], corner[1], corner[2]
    return None

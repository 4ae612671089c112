"""Smooth solid shapes as depth fields: mm inside the surface, negative outside; joined with rounded seams."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ...anatomy.head import Point

Field = NDArray[np.float32]
"""Depth in mm on a grid, shape (z, y, x); positive inside."""


class Coordinates:
    """LPS mm of every voxel centre of an axis-aligned grid, as arrays that broadcast to (z, y, x)."""

    def __init__(self, grid: sitk.Image) -> None:
        axes = [o + s * np.arange(n) for o, s, n in zip(grid.GetOrigin(), grid.GetSpacing(), grid.GetSize(), strict=True)]
        self.x = axes[0].astype(np.float32)[None, None, :]
        self.y = axes[1].astype(np.float32)[None, :, None]
        self.z = axes[2].astype(np.float32)[:, None, None]


def ellipsoid(at: Coordinates, centre: Point, radii: Point, pitch_degrees: float = 0.0) -> Field:
    """Depth inside an ellipsoid, first-order exact at its surface; `pitch_degrees` turns its y axis towards z."""
    x, y, z = at.x - centre[0], at.y - centre[1], at.z - centre[2]
    if pitch_degrees:
        cosine, sine = np.cos(np.radians(pitch_degrees)), np.sin(np.radians(pitch_degrees))
        y, z = cosine * y + sine * z, cosine * z - sine * y
    scaled = np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2)
    gradient = np.sqrt((x / radii[0] ** 2) ** 2 + (y / radii[1] ** 2) ** 2 + (z / radii[2] ** 2) ** 2)
    return np.asarray(scaled * (1.0 - scaled) / np.maximum(gradient, 1e-6), dtype=np.float32)


def tube(at: Coordinates, points: Sequence[Point], radii: Sequence[float]) -> Field:
    """Depth inside a chain of round cones through `points`, with the radius given at each point."""
    depth: Field | None = None
    for (start, stop), (first, last) in zip(pairwise(points), pairwise(radii), strict=True):
        axis = np.subtract(stop, start)
        offset = (at.x - start[0], at.y - start[1], at.z - start[2])
        along = np.clip(sum(o * a for o, a in zip(offset, axis, strict=True)) / float(axis @ axis), 0.0, 1.0)
        distance = np.sqrt(sum((o - along * a) ** 2 for o, a in zip(offset, axis, strict=True)))
        piece = np.asarray(first + (last - first) * along - distance, dtype=np.float32)
        depth = piece if depth is None else np.maximum(depth, piece)
    if depth is None:
        raise ValueError("a tube needs at least two points")
    return depth


def joined(first: Field, second: Field, seam_mm: float) -> Field:
    """Union of two solids, the seam rounded over `seam_mm` (polynomial smooth maximum)."""
    blend = np.clip(0.5 + 0.5 * (first - second) / seam_mm, 0.0, 1.0)
    return np.asarray(second + (first - second) * blend + seam_mm * blend * (1.0 - blend), dtype=np.float32)


def cut(first: Field, second: Field, seam_mm: float) -> Field:
    """Intersection of two solids with the edge rounded over `seam_mm`."""
    return -joined(-first, -second, seam_mm)


def depth_of_mask(mask: sitk.Image) -> sitk.Image:
    """Signed distance to the boundary of a uint8 mask in mm, positive inside (float32); 0 midway between voxel centres."""
    inside = sitk.GetArrayViewFromImage(mask) > 0
    spacing = mask.GetSpacing()[::-1]
    half = 0.5 * min(spacing)
    depth = ndimage.distance_transform_edt(inside, spacing) - ndimage.distance_transform_edt(~inside, spacing)
    image = sitk.GetImageFromArray((depth - half * np.sign(depth)).astype(np.float32))
    image.CopyInformation(mask)
    return image

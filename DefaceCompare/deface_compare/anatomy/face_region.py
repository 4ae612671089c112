"""Which part of the skin is the face: from brow to chin, and the ears, told in the average head's frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.found_once import FoundOnce
from ..geometry.grids import mapped
from .head import Head

BROW_ABOVE_EYES_MM = 22.0
"""Upper end of the face over the eyes' centres: the eyebrow with its ridge."""

BELOW_CHIN_MM = 5.0
"""Lower end under the chin landmark."""

BEHIND_EYES_MM = 20.0
"""The face reaches this far behind the eyes' centres: the cheekbone's side."""

EAR_RADIUS_MM = 42.0
"""An ear with its root lies within this distance of the ear landmark."""

EAR_INNER_MM = 14.0
"""An ear's region starts this far towards the middle from the landmark."""


@dataclass(frozen=True)
class FaceRegion:
    """The face and the ears of one head.

    Parameters
    ----------
    to_average : SimpleITK.Transform
        Affine, patient mm to average-head mm: an upright head looking along -y.
    marks : mapping of str to ndarray, shape (3,)
        The landmarks in average-head mm.
    """

    to_average: sitk.Transform
    marks: Mapping[str, NDArray[np.float64]]

    def face(self, points_mm: NDArray[np.float64], margin_mm: float = 0.0) -> NDArray[np.bool_]:
        """Which patient points, shape (n, 3), lie in the space of the face from brow to chin, `margin_mm` wider."""
        return self.depth_mm(points_mm) >= -margin_mm

    def depth_mm(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far inside the borders of the face's space points lie (average-head mm, negative outside), shape (n,)."""
        at = mapped(self.to_average, points_mm)
        eye = 0.5 * (self.marks["eye_left"] + self.marks["eye_right"])
        top = eye[2] + BROW_ABOVE_EYES_MM - at[:, 2]
        bottom = at[:, 2] - (self.marks["chin"][2] - BELOW_CHIN_MM)
        front = eye[1] + BEHIND_EYES_MM - at[:, 1]
        return np.minimum(np.minimum(top, bottom), front)

    def ears(self, points_mm: NDArray[np.float64], margin_mm: float = 0.0) -> NDArray[np.bool_]:
        """Which patient points, shape (n, 3), lie around one of the ears."""
        return self.ear_depth_mm(points_mm) >= -margin_mm

    def ear_depth_mm(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far inside the borders of the nearer ear's space points lie, as `depth_mm`."""
        at = mapped(self.to_average, points_mm)
        depths = []
        for name, side in (("ear_left", 1.0), ("ear_right", -1.0)):
            mark = self.marks[name]
            x, y, z = (at[:, axis] - mark[axis] for axis in range(3))
            away = np.sqrt(x * x + y * y + z * z)  # as numpy's norm along three columns, to the last bit, in a third of its time
            depths.append(np.minimum(EAR_RADIUS_MM - away, side * x + EAR_INNER_MM))
        return np.maximum(depths[0], depths[1])


def face_region(head: Head) -> FaceRegion:
    """The face's and ears' space of a head."""
    names = list(head.landmarks_mm)
    at = mapped(head.average_to_patient, np.array([head.landmarks_mm[name] for name in names]))
    return FaceRegion(head.average_to_patient, dict(zip(names, at, strict=True)))


Bounds = tuple[NDArray[np.intp], NDArray[np.intp]]
"""First and last index of a part of the working grid, both (z, y, x)."""


_KNOWN = FoundOnce()
"""The bounds of each head's face: every method and image asks, and a million voxels are mapped for it."""


def face_bounds(head: Head, with_ears: bool) -> Bounds | None:
    """Where on the working grid the face's voxels lie (and the ears'); None if the scan holds none of them."""
    return _KNOWN.of(head, None, lambda: _find_bounds(head))[with_ears]


def _find_bounds(head: Head) -> tuple[Bounds | None, Bounds | None]:
    """Of the face, and of the face with the ears."""
    region = face_region(head)
    first, slab = _slab(head, region)
    index = np.argwhere(slab) + first
    points = index[:, ::-1] * np.array(head.grid.GetSpacing()) + np.array(head.grid.GetOrigin())
    face = region.face(points)
    return _around(index[face]), _around(index[face | region.ears(points)])


def _slab(head: Head, region: FaceRegion) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The outline between two axial planes of the working grid, below chin and ears and above brow and ears.

    A scan of the trunk has more voxels below than there. First index (z, y, x), and the outline from there on.
    """
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    ears = [region.marks[name][2] for name in ("ear_left", "ear_right")]
    eyes = 0.5 * (region.marks["eye_left"][2] + region.marks["eye_right"][2])
    lowest = min(region.marks["chin"][2] - BELOW_CHIN_MM, min(ears) - EAR_RADIUS_MM)
    highest = max(eyes + BROW_ABOVE_EYES_MM, max(ears) + EAR_RADIUS_MM)
    # heights in the average head: of the first voxel, and how they change by a voxel along x, y and z
    unit = np.array(head.grid.GetOrigin()) + np.vstack([np.zeros(3), np.eye(3)]) * np.array(head.grid.GetSpacing())
    start, *at_next = mapped(region.to_average, unit)[:, 2].tolist()
    x, y, z = (there - start for there in at_next)
    depth, height, width = outline.shape
    across = [start + a + b for a in (0.0, x * (width - 1)) for b in (0.0, y * (height - 1))]
    along = z * np.arange(depth)
    met = np.flatnonzero((along + max(across) >= lowest) & (along + min(across) <= highest))
    if not met.size:
        return np.zeros(3, np.intp), outline[:0]
    return np.array([met[0], 0, 0]), outline[met[0] : met[-1] + 1]


def _around(index: NDArray[np.intp]) -> Bounds | None:
    return (index.min(axis=0), index.max(axis=0)) if len(index) else None

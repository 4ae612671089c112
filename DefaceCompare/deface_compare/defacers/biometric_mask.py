"""Biometric_mask: orthogonal planes around face and ear boxes of a brain template.

Source: the published description and box limits of R package ichseg (its face box holds the lower face only, so eyes and
nose bridge stay: that is the method, and why it protects weakly). Own implementation from that description.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Head
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..geometry.boxes import grid_points
from ..geometry.grids import mapped, nearest_axes
from ..settings import Settings
from .defacing import Defacer
from .edit import Edit
from .removal import Polytope, Removal

FACE_BOX_MM = ((-39.0, 41.0), (-91.0, -44.0), (-71.0, -57.0))
"""Face box in template mm, LPS (x, y, z limits); ichseg's voxel ranges 50:130, 170:217, 1:15 on its 1 mm grid."""
EAR_BOXES_MM = (
    ((81.0, 90.0), (16.0, 66.0), (-71.0, -12.0)),
    ((-89.0, -79.0), (16.0, 66.0), (-71.0, -12.0)),
)
"""Ear boxes, left then right, template mm, LPS; ichseg's voxel ranges 1:10 and 170:180, 60:110, 1:60."""
BRAIN_CLEARANCE_MM = 5.0
"""The inner plane of an ear stays this far from the brain mask, whose own error is 3 mm at the temples (shared MR heads)."""
SAMPLE_STEP_MM = 1.0
"""The boxes are carried over point by point on the template's own 1 mm grid."""


class BiometricMask(Defacer):
    """Find the planes; `variant` is ``""`` (planes along LPS world axes) or ``"ichseg"`` (along the image's voxel axes)."""

    key = "biometric_mask"
    title = "Biometric_mask (ours, from its description)"
    reference = "J. Muschelli, R package ichseg"
    limits = "removes lower face and ears; eyes and nose bridge stay, as in the source"
    licence = "Apache-2.0 (own implementation)"

    def __init__(self, variant: str = "") -> None:
        self.variant = variant

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find face and ear regions (see `Defacer.find_edit`); a face box outside the patient is a failure."""
        axes = plane_axes(image.image) if self.variant == "ichseg" else np.eye(3)
        face = face_planes(head, axes)
        if not face.meets(head.outline):
            raise MethodFailed("the face box of the template lies outside the patient in this scan")
        brain = grid_points(head.brain) @ axes.T if self.variant != "ichseg" else np.empty((0, 3))
        ears = tuple(ear_region(head, axes, box, brain) for box in EAR_BOXES_MM)
        names = {"variant": self.variant or "world axes", "face_top_mm": round(float(face.limits[-1]), 2)}
        return Removal(parts=(face, *ears), parameters=names)


def plane_axes(image: sitk.Image) -> NDArray[np.float64]:
    """Unit directions (rows: leftward, backward, upward; LPS) of the image's own voxel axes."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    chosen = nearest_axes(direction)
    rows = np.array([direction[:, axis] for axis in chosen])
    return rows * np.sign(np.diag(rows))[:, None]


def face_planes(head: Head, axes: NDArray[np.float64]) -> Polytope:
    """Everything below the mean height of the face box, in front of its hindmost point, between its sides."""
    along = _box_in_patient(head, FACE_BOX_MM) @ axes.T
    left, back, up = axes
    return Polytope(
        np.array([left, -left, back, up]),
        np.array([along[:, 0].max(), -along[:, 0].min(), along[:, 1].max(), along[:, 2].mean()]),
    )


def ear_region(
    head: Head, axes: NDArray[np.float64], box_mm: tuple[tuple[float, float], ...], brain: NDArray[np.float64]
) -> Polytope:
    """The height and depth of an ear box, from its innermost point outwards to the border of the image.

    In a turned head the innermost point of a turned box may lie in the brain; the inner plane then moves out of `brain`
    (its points along `axes`, shape (n, 3)). The source has no such guard: its variant passes no points.
    """
    along = _box_in_patient(head, box_mm) @ axes.T
    left, back, up = axes
    side = 1.0 if box_mm[0][0] > 0 else -1.0
    low, high = along.min(axis=0), along.max(axis=0)
    inner_mm = float((side * along[:, 0]).min())
    level = np.all((brain[:, 1:] >= low[1:] - BRAIN_CLEARANCE_MM) & (brain[:, 1:] <= high[1:] + BRAIN_CLEARANCE_MM), axis=1)
    if level.any():
        inner_mm = max(inner_mm, float((side * brain[level, 0]).max()) + BRAIN_CLEARANCE_MM)
    return Polytope(
        np.array([-side * left, back, -back, up, -up]),
        np.array([-inner_mm, high[1], -low[1], high[2], -low[2]]),
    )


def _box_in_patient(head: Head, box_mm: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """The template box as patient points, shape (n, 3), LPS mm."""
    ranges = [np.arange(low, high + 0.5 * SAMPLE_STEP_MM, SAMPLE_STEP_MM) for low, high in box_mm]
    points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    return mapped(head.brain_to_patient.GetInverse(), points)

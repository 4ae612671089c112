"""Heads that the controls empty in part: without a face, and with a known share of the face left."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..anatomy.head_axes import HeadAxes
from .surface import FaceBox

FROM_EARS_MM = 25.0
"""A head without a face is emptied in front of a plane so far in front of the ears: no orbits, no forehead are left."""
PLANTED_BELOW_EYES_MM = 15.0
"""A planted leak keeps the face from so far below the eyes upwards: about its upper half."""
Marks = Mapping[str, tuple[float, float, float]]


def in_front(box: FaceBox, axes: HeadAxes, landmarks_mm: Marks) -> NDArray[np.bool_]:
    """Which voxels of the box lie in front of the plane of `FROM_EARS_MM`, shape (z, y, x)."""
    return _along(box, axes, axes.forward) > _middle_mm(axes, landmarks_mm, "ear")[2] + FROM_EARS_MM


def below_eyes(box: FaceBox, axes: HeadAxes, landmarks_mm: Marks) -> NDArray[np.bool_]:
    """Which voxels of the box lie lower than `PLANTED_BELOW_EYES_MM` under the eyes, shape (z, y, x)."""
    return _along(box, axes, axes.up) < _middle_mm(axes, landmarks_mm, "eye")[1] - PLANTED_BELOW_EYES_MM


def _middle_mm(axes: HeadAxes, landmarks_mm: Marks, pair: str) -> NDArray[np.float64]:
    """The middle of two landmarks as (left, up, forward) mm."""
    return axes.local_mm(0.5 * (np.array(landmarks_mm[f"{pair}_left"]) + np.array(landmarks_mm[f"{pair}_right"])))


def _along(box: FaceBox, axes: HeadAxes, direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each voxel lies along a direction from the centre of the face, mm, shape (z, y, x)."""
    x, y, z = (
        (origin + box.spacing_mm * np.arange(count) - centre) * step
        for origin, count, centre, step in zip(box.origin_mm, box.size, axes.centre_mm, direction, strict=True)
    )
    return z[:, None, None] + y[None, :, None] + x[None, None, :]

"""Which way a head looks: its right, up and forward directions and the centre of its face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry.grids import mapped
from .head import Head

LEFT, UP, FORWARD = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)
"""Patient left, up and anterior of an upright head in LPS."""


@dataclass(frozen=True)
class HeadAxes:
    """Orthonormal directions of a head in patient LPS mm, and the middle of its face.

    Parameters
    ----------
    centre_mm : ndarray, shape (3,)
        Half way between the middle of the eyes and the mouth.
    left, up, forward : ndarray, shape (3,)
        Unit vectors; `forward` is where the face looks, `left` is towards patient left.
    """

    centre_mm: NDArray[np.float64]
    left: NDArray[np.float64]
    up: NDArray[np.float64]
    forward: NDArray[np.float64]

    def local_mm(self, points_mm: NDArray[np.float64] | Sequence[float]) -> NDArray[np.float64]:
        """Points, shape (..., 3) LPS mm, as (left, up, forward) mm from the centre of the face."""
        axes = np.stack([self.left, self.up, self.forward])
        return (np.asarray(points_mm, np.float64) - self.centre_mm) @ axes.T


def head_axes(head: Head) -> HeadAxes:
    """Axes of a head: the average head's, turned as its registration to the patient turns them."""
    to_patient = head.average_to_patient.GetInverse()
    origin = np.array(to_patient.TransformPoint((0.0, 0.0, 0.0)))
    up, forward = (np.array(to_patient.TransformPoint(axis)) - origin for axis in (UP, FORWARD))
    forward = forward / np.linalg.norm(forward)
    up = up - (up @ forward) * forward
    up = up / np.linalg.norm(up)
    marks = {name: np.array(point) for name, point in head.landmarks_mm.items()}
    centre = 0.5 * (0.5 * (marks["eye_left"] + marks["eye_right"]) + marks["mouth"])
    return HeadAxes(centre, np.cross(up, forward), up, forward)


def own_axes(head: Head) -> NDArray[np.float64]:
    """The head's leftward, backward and upward directions, LPS, in the columns of a rotation matrix."""
    linear = mapped(head.average_to_patient, np.eye(3)) - mapped(head.average_to_patient, np.zeros((1, 3)))
    left, _, right = np.linalg.svd(linear.T)
    rotation: NDArray[np.float64] = (left @ right).T
    return rotation

"""Contours as lines: points along them, and which skin they pass by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .moved_skin import MovedSkin

ON_SKIN_MM = 2.0
"""A line this near to skin that was taken away follows it."""
DRAWN_SHARE = 0.1
"""Contours that together follow this share of the skin that was taken away draw the face (exports of 2 sample patients and one
real patient by four methods: at most 0.02)."""
DRAWN_FEATURE_SHARE = 0.4
"""Contours that together follow this share of eyes, nose, mouth or chin draw that feature (the same exports: at most 0.22, eyes
contoured as organs)."""


def followed(contours_mm: Sequence[NDArray[np.float64]], moved: MovedSkin) -> NDArray[np.bool_]:
    """Which points of the moved skin contours, each of shape (n, 3), pass by within `ON_SKIN_MM`; shape (points,)."""
    lines = [dense(contour) for contour in contours_mm if len(contour)]
    if not len(moved) or not lines:
        return np.zeros(len(moved), dtype=np.bool_)
    return near_points(moved.points_mm, np.concatenate(lines), ON_SKIN_MM)


def near_points(points_mm: NDArray[np.float64], others_mm: NDArray[np.float64], reach_mm: float) -> NDArray[np.bool_]:
    """Which points, shape (n, 3), have one of the others, shape (m, 3), within `reach_mm`."""
    if not len(points_mm) or not len(others_mm):
        return np.zeros(len(points_mm), dtype=np.bool_)
    distance, _ = cKDTree(others_mm).query(points_mm, distance_upper_bound=1.01 * reach_mm)
    return np.asarray(distance) <= reach_mm


def draws(drawn: NDArray[np.bool_], moved: MovedSkin) -> bool:
    """Whether so much of the moved skin, or of one feature of it, is drawn that it shows the face."""
    return moved.share(drawn) > DRAWN_SHARE or moved.feature_share(drawn)[1] > DRAWN_FEATURE_SHARE


def dense(contour: NDArray[np.float64], step_mm: float = 1.0) -> NDArray[np.float64]:
    """Points along a closed contour, shape (n, 3), no further apart than about `step_mm`."""
    onward = np.roll(contour, -1, axis=0)
    pieces = np.maximum(1, np.ceil(np.linalg.norm(onward - contour, axis=1) / step_mm).astype(int))
    start = np.repeat(np.arange(len(contour)), pieces)
    share = (np.arange(len(start)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[start]
    return contour[start] + share[:, None] * (onward - contour)[start]

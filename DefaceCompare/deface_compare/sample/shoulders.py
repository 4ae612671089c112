"""Bones and lungs below the neck, drawn between a person's own joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .changed_anatomy import AveragePoints
from .neck import Part, beside
from .template.shapes import Coordinates, Field, ellipsoid, tube

BONE, LUNG = (480.0, 85.0, 0.9), (-830.0, 10.0, 0.4)
"""CT number in HU, template T1 signal and SUV."""
TOP_MM = -185.0
"""All of it lies below this z of the upright person."""
BONE_DEPTH_MM = 5.0
"""Bones lie at least so deep."""


def shoulder_parts(marks_mm: Mapping[str, NDArray[np.float64]]) -> Iterator[Part]:
    """Lungs' tops, clavicles, heads and shafts of the humeri, scapulae: mm of the upright person, from its joints."""
    middle = 0.5 * (marks_mm["l_clavicle"] + marks_mm["r_clavicle"])
    for side, of in ((1.0, "l"), (-1.0, "r")):
        shoulder, scapula = (_relative(marks_mm[f"{of}_{name}"], middle, side) for name in ("shoulder", "scapula"))
        head = shoulder + (-14.0, 0.0, 6.0)
        acromion = head + (-4.0, 4.0, 28.0)
        yield _part([(62.0, 14.0, -78.0), (56.0, 18.0, -40.0)], [46.0, 24.0], middle, side, LUNG)
        yield _part([(20.0, -38.0, -6.0), (52.0, -34.0, 4.0), (0.55 * (52.0 + acromion[0]), -6.0, 16.0), acromion], [6.5] * 4, middle, side, BONE)
        yield _part([acromion, scapula + (0.0, 34.0, -6.0), (62.0, 54.0, -32.0)], [7.0, 6.0, 4.0], middle, side, BONE)
        yield _part([head + (-26.0, 6.0, -6.0), (78.0, 46.0, -110.0)], [9.0, 3.0], middle, side, BONE)
        yield _part([head, head + (2.0, 0.0, -4.0)], [22.0, 20.0], middle, side, BONE)
        yield _part([head + (4.0, 0.0, -10.0), head + (30.0, 4.0, -120.0)], [14.0, 11.0], middle, side, BONE)
        yield _part([(22.0, 34.0, -14.0), (52.0, 36.0, -22.0), (64.0, 8.0, -40.0), (40.0, -30.0, -52.0)], [4.0] * 4, middle, side, BONE)


def _relative(mark_mm: NDArray[np.float64], middle_mm: NDArray[np.float64], side: float) -> NDArray[np.float64]:
    """A mark seen from the middle, on the left side."""
    return np.asarray((mark_mm - middle_mm) * (side, 1.0, 1.0))


def _part(
    points: Sequence[Sequence[float] | NDArray[np.float64]],
    radii: Sequence[float],
    middle_mm: NDArray[np.float64],
    side: float,
    values: tuple[float, float, float],
) -> Part:
    """A tube through points of the left side, seen from the middle."""
    placed = [tuple((np.array(point) * (side, 1.0, 1.0) + middle_mm).tolist()) for point in points]
    return Part(lambda at: tube(at, placed, list(radii)), values)

"""Bones and lungs below the neck, drawn between a person's own joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..anatomy.head import Point
from .neck import Part
from .template.shapes import tube

BONE, LUNG = (480.0, 85.0, 0.9), (-830.0, 10.0, 0.4)
"""CT number in HU, template T1 signal and SUV."""
TOP_MM = -185.0
"""All of it lies below this z of the upright person."""
SHOULDER_MM = 190.0
"""A joint lies so far from the mid-plane in the person for whom the parts are drawn; they grow and shrink with it."""
BONE_DEPTH_MM = 5.0
"""Bones lie at least so deep."""


def shoulder_parts(marks_mm: Mapping[str, NDArray[np.float64]]) -> Iterator[Part]:
    """Lungs' tops, clavicles, heads and shafts of the humeri, scapulae: mm of the upright person, from its joints."""
    middle = 0.5 * (marks_mm["l_clavicle"] + marks_mm["r_clavicle"])
    for side, of in ((1.0, "l"), (-1.0, "r")):
        shoulder, scapula = (_relative(marks_mm[f"{of}_{name}"], middle, side) for name in ("shoulder", "scapula"))
        size = shoulder[0] / SHOULDER_MM
        grown = [(value / size for value in mark) for mark in (shoulder, scapula)]
        (x, y, z), (u, v, w) = grown
        for points, radii, values in _left_parts((x - 14.0, y, z + 6.0), (u, v, w)):
            placed = [moved(middle, side * size * a, size * b, size * c) for a, b, c in points]
            yield Part(partial(tube, points=placed, radii=[size * radius for radius in radii]), values)


def _left_parts(humerus: Point, scapula: Point) -> Iterator[tuple[Sequence[Point], Sequence[float], tuple[float, float, float]]]:
    """Points, radii and values of the tubes of the left side, mm from the middle between the clavicles' joints."""
    acromion = moved(humerus, -4.0, 4.0, 28.0)
    half_way = (0.5 * (52.0 + acromion[0]), -6.0, 16.0)
    yield [(62.0, 14.0, -78.0), (56.0, 18.0, -40.0)], [46.0, 24.0], LUNG
    yield [(20.0, -38.0, -6.0), (52.0, -34.0, 4.0), half_way, acromion], [6.5] * 4, BONE
    yield [acromion, moved(scapula, 0.0, 34.0, -6.0), (62.0, 54.0, -32.0)], [7.0, 6.0, 4.0], BONE
    yield [moved(humerus, -26.0, 6.0, -6.0), (78.0, 46.0, -110.0)], [9.0, 3.0], BONE
    yield [humerus, moved(humerus, 2.0, 0.0, -4.0)], [22.0, 20.0], BONE
    yield [moved(humerus, 4.0, 0.0, -10.0), moved(humerus, 30.0, 4.0, -120.0)], [14.0, 11.0], BONE
    yield [(22.0, 34.0, -14.0), (52.0, 36.0, -22.0), (64.0, 8.0, -40.0), (40.0, -30.0, -52.0)], [4.0] * 4, BONE


def moved(point_mm: Sequence[float] | NDArray[np.float64], x: float, y: float, z: float) -> Point:
    """A point moved by so many mm."""
    return float(point_mm[0]) + x, float(point_mm[1]) + y, float(point_mm[2]) + z


def _relative(mark_mm: NDArray[np.float64], middle_mm: NDArray[np.float64], side: float) -> Point:
    """A mark seen from the middle, on the left side."""
    x, y, z = (mark_mm - middle_mm).tolist()
    return side * x, y, z

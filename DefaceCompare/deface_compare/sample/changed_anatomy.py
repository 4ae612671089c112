"""Surgery, contrast, a tracheal tube: drawn in the average head, so that they deform with the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..anatomy.head import Point
from .difficulty import Difficulty
from .template.shapes import Coordinates, Field, ellipsoid, tube

AIR, FLUID, SCALP, PLASTIC, CONTRAST = (
    (-1000.0, 0.0, 0.0),
    (8.0, 30.0, 0.3),
    (40.0, 60.0, 0.5),
    (150.0, 0.0, 0.0),
    (280.0, 260.0, 1.5),
)
"""CT number in HU, template T1 signal and SUV of what is put in."""
BONE_FROM_HU, FAT_BELOW_HU, AIRWAY_BELOW_HU = 300.0, -20.0, -500.0
"""CT numbers that tell bone, fat and airways of the average head."""


class AveragePoints(Coordinates):
    """Any points of the average head for the solid shapes, shape (3 for x y z, n), mm."""

    def __init__(self, average_mm: NDArray[np.float32]) -> None:
        self.x, self.y, self.z = average_mm


@dataclass(frozen=True)
class Insert:
    """Tissue that replaces what the average head has.

    Parameters
    ----------
    depth : callable
        mm inside it at points of the average head.
    values : (float, float, float)
        Its CT number in HU, template T1 signal and SUV.
    bone_only : bool
        It replaces bone and leaves the rest.
    """

    depth: Callable[[Coordinates], Field]
    values: tuple[float, float, float]
    bone_only: bool = False


def _ellipsoid(centre: Point, radii: Point) -> Callable[[Coordinates], Field]:
    return lambda at: ellipsoid(at, centre, radii)


def _tube(points: Sequence[Point], radius: float) -> Callable[[Coordinates], Field]:
    return lambda at: tube(at, points, [radius] * len(points))


def _vessels() -> list[Callable[[Coordinates], Field]]:
    """The superior sagittal sinus, carotids with their middle cerebral arteries, jugular veins."""
    found = [_tube([(0.0, -52.0, 48.0), (0.0, -25.0, 66.0), (0.0, 20.0, 72.0), (0.0, 62.0, 52.0), (0.0, 84.0, 8.0)], 4.0)]
    for side in (-1.0, 1.0):
        neck = [(side * 26.0, 0.0, -170.0), (side * 24.0, 0.0, -95.0), (side * 14.0, -16.0, -42.0), (side * 13.0, -20.0, -25.0)]
        found.append(_tube([*neck, (side * 42.0, -20.0, -18.0)], 2.5))
        found.append(_tube([(side * 36.0, 8.0, -170.0), (side * 32.0, 12.0, -60.0)], 5.5))
    return found


TRACHEAL_TUBE: list[Point] = [(0.0, -90.0, -150.0), (0.0, -46.0, -157.0), (0.0, -22.0, -161.0), (0.0, -12.0, -180.0)]


OPEN_LIPS_MM = (25.0, -62.0, -130.0)
"""Half width of the open mouth, y of its back (behind the front teeth) and of its front, before the lips."""
BITE_PLANE_MM, BITE_HALF_MM = -104.0, 4.0
"""z of the bite plane in average-head mm and half height of what lies between lips and teeth there: the pose stretches it."""


def _open_mouth(at: Coordinates) -> Field:
    """What parts when the mandible turns: a leaf between the lips and between the teeth, closed at the mouth's corners."""
    width, back, front = OPEN_LIPS_MM
    leaf = BITE_HALF_MM * (1.0 - (at.x / width) ** 2) - np.abs(at.z - BITE_PLANE_MM)
    return np.asarray(np.minimum(leaf, np.minimum(at.y - front, back - at.y)), dtype=np.float32)


def inserts_of(difficulties: Sequence[Difficulty]) -> tuple[Insert, ...]:
    """All that the difficulties change inside the skin; later ones replace earlier ones."""
    found: list[Insert] = []
    if Difficulty.CONTRAST in difficulties:
        found += [Insert(vessel, CONTRAST) for vessel in _vessels()]
    if Difficulty.CRANIECTOMY in difficulties:
        found.append(Insert(_ellipsoid((48.0, -28.0, 42.0), (36.0, 38.0, 36.0)), SCALP, bone_only=True))
        found.append(Insert(_ellipsoid((38.0, -28.0, 34.0), (19.0, 22.0, 17.0)), FLUID))
        found.append(Insert(_ellipsoid((38.0, -40.0, 36.0), (12.0, 9.0, 11.0)), AIR))
    if Difficulty.MAXILLECTOMY in difficulties:
        found.append(Insert(_ellipsoid((26.0, -80.0, -76.0), (16.0, 30.0, 19.0)), AIR))
        found.append(Insert(_tube([(22.0, -72.0, -84.0), (14.0, -66.0, -104.0)], 10.0), AIR))
    if Difficulty.TRACHEOSTOMY in difficulties:
        found.append(Insert(_tube(TRACHEAL_TUBE, 6.5), PLASTIC))
        found.append(Insert(_tube(TRACHEAL_TUBE, 4.5), AIR))
    if Difficulty.MOUTH_OPEN in difficulties:
        found.append(Insert(_open_mouth, AIR))
    return tuple(found)

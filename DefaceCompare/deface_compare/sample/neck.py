"""What the average head's labels leave out below the jaw: glands, larynx, thyroid, vessels, cord, discs; closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..anatomy.head import Point
from .template.labels import SPINE, VERTEBRAE
from .template.shapes import Coordinates, Field, ellipsoid, joined, tube

SUBMANDIBULAR_MM, SUBMANDIBULAR_RADII_MM = (33.0, -44.0, -127.0), (8.5, 15.0, 12.0)
"""Left gland, 6.4 cc (Goncalves 2022, doi 10.1111/odi.13855: 7 to 10 cc)."""
CORD_MM = 5.0
"""Radius of the cervical cord: 10 mm across, as planners contour it."""
LARYNX_MM, LARYNX_RADII_MM = (0.0, -25.0, -166.0), (18.0, 19.0, 24.0)
THYROID_MM, THYROID_RADII_MM = (16.0, -17.0, -196.0), (8.0, 10.0, 17.0)
CAROTID: list[Point] = [(25.0, -2.0, -210.0), (26.0, -4.0, -150.0), (24.0, -2.0, -95.0)]
JUGULAR: list[Point] = [(34.0, 4.0, -210.0), (34.0, 4.0, -150.0), (29.0, 8.0, -92.0)]
HYOID: list[Point] = [(19.0, -24.0, -139.0), (13.0, -38.0, -141.0), (0.0, -44.0, -142.0)]
DISC_EVERY_MM, DISC_MM = 17.0, 4.5
"""Height of a cervical segment and of its disc."""

Form = Callable[[Coordinates], Field]


def mirrored(at: Coordinates, form: Callable[[Coordinates, float], Field]) -> Field:
    """A form and its mirror image; the form gets the side, 1 or -1."""
    return np.maximum(form(at, 1.0), form(at, -1.0))


def beside(points: list[Point], side: float) -> list[Point]:
    """Points of the left side, or their mirror images."""
    return [(side * x, y, z) for x, y, z in points]


def submandibular(at: Coordinates, side: float) -> Field:
    """Depth inside one submandibular gland."""
    x, y, z = SUBMANDIBULAR_MM
    return ellipsoid(at, (side * x, y, z), SUBMANDIBULAR_RADII_MM)


def cord(at: Coordinates) -> Field:
    """Depth inside the spinal cord."""
    return tube(at, SPINE, [CORD_MM] * len(SPINE))


def larynx(at: Coordinates) -> Field:
    """Depth inside the larynx, its airway included."""
    return ellipsoid(at, LARYNX_MM, LARYNX_RADII_MM)


def thyroid(at: Coordinates) -> Field:
    """Depth inside the thyroid: two lobes and the isthmus."""
    x, y, z = THYROID_MM
    lobes = mirrored(at, lambda where, side: ellipsoid(where, (side * x, y, z), THYROID_RADII_MM))
    return joined(lobes, ellipsoid(at, (0.0, y - 12.0, z - 6.0), (16.0, 4.0, 7.0)), 3.0)


def sheath(at: Coordinates, side: float) -> Field:
    """Depth inside the fat around carotid and jugular."""
    return tube(at, beside([(29.0, 1.0, -210.0), (30.0, 0.0, -150.0), (27.0, 4.0, -93.0)], side), [12.0, 11.0, 8.0])


def cartilage(at: Coordinates) -> Field:
    """Depth inside the thyroid cartilage: the front of the larynx's shell."""
    shell = 1.6 - np.abs(larynx(at) - 2.6)
    return np.asarray(np.minimum(shell, -12.0 - at.y), dtype=np.float32)


def discs(at: Coordinates) -> Field:
    """Depth inside the discs between the vertebral bodies."""
    down = VERTEBRAE[0][2] - at.z + 0.0 * at.x + 0.0 * at.y
    apart = np.abs(np.mod(down, DISC_EVERY_MM) - 0.5 * DISC_EVERY_MM)
    layer = np.minimum(0.5 * DISC_MM - apart, down - 0.25 * DISC_EVERY_MM)
    return np.asarray(np.minimum(layer, tube(at, VERTEBRAE, [8.5, 10.5, 11.5])), dtype=np.float32)


@dataclass(frozen=True)
class Part:
    """A part of the neck: depth inside it at points of the average head; its CT number in HU, template T1 signal and SUV."""

    depth: Form
    values: tuple[float, float, float]


PARTS: tuple[Part, ...] = (
    Part(lambda at: mirrored(at, sheath), (-85.0, 170.0, 0.4)),
    Part(lambda at: mirrored(at, lambda a, s: tube(a, beside(JUGULAR, s), [6.0, 6.0, 4.5])), (45.0, 70.0, 1.4)),
    Part(lambda at: mirrored(at, lambda a, s: tube(a, beside(CAROTID, s), [3.8, 3.8, 2.8])), (48.0, 60.0, 1.4)),
    Part(lambda at: mirrored(at, lambda a, s: submandibular(a, s) + np.float32(2.5)), (-80.0, 170.0, 0.4)),
    Part(lambda at: mirrored(at, submandibular), (30.0, 120.0, 1.9)),
    Part(lambda at: mirrored(at, lambda a, s: tube(a, beside(HYOID, s), [2.2, 2.6, 2.6])), (350.0, 80.0, 0.8)),
    Part(lambda at: mirrored(at, lambda a, s: ellipsoid(a, (s * 15.0, -20.0, -98.0), (5.0, 7.0, 11.0))), (50.0, 105.0, 3.6)),
    Part(cartilage, (140.0, 75.0, 0.9)),
    Part(thyroid, (105.0, 125.0, 1.6)),
    Part(discs, (85.0, 70.0, 0.8)),
    Part(cord, (38.0, 125.0, 1.8)),
)
"""From the outermost to the innermost; later ones replace earlier ones."""
NECK_MM = -86.0
"""All parts lie below this z of the average head."""


def with_neck(
    values: NDArray[np.float32], channel: int, at: Coordinates, airway: NDArray[np.bool_], voxel_mm: float
) -> NDArray[np.float32]:
    """Values of a channel on the average head's grid, shape (z, y, x), with the parts of the neck in them; airways stay."""
    low = at.z[:, 0, 0] < NECK_MM
    inner = values[low]
    here = CoordinatesOf(at.x, at.y, at.z[low])
    for part in PARTS:
        share = np.clip(0.5 + part.depth(here) / np.float32(voxel_mm), 0.0, 1.0)
        inner += np.where(airway[low], np.float32(0.0), share) * (np.float32(part.values[channel]) - inner)
    found = values.copy()
    found[low] = inner
    return found


class CoordinatesOf(Coordinates):
    """Coordinates from arrays that broadcast to (z, y, x)."""

    def __init__(self, x: Field, y: Field, z: Field) -> None:
        self.x, self.y, self.z = x, y, z

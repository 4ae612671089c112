"""Neck extension and mouth opening: rigid head and mandible, and smooth tissue between them.

The neck bends at its joints, one small turn each: what lies above a joint's plane turns with the head. The mandible turns about
the condyles; the tissue between the lips and between the teeth stretches, that between the jaw's angle and the spine gives way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.average_head import template_image

Points = NDArray[np.float64]

EXTENSION_DEGREES = (20.0, 40.0)
"""Extension of the neck on head-and-neck couches: chin up, so that the beams pass below the jaw."""
OPENING_DEGREES = (10.0, 18.0)
"""A bite block of 15 to 30 mm between the incisors, 90 mm from the condyles."""
JOINTS = 6
"""C1/C2 to C6/C7; each gives the same share of the extension."""
HIGHEST_JOINT_MM, LOWEST_JOINT_MM = (0.0, 14.0, -100.0), (0.0, 14.0, -188.0)
"""Middle of the uppermost and of the lowest joint in average-head mm, in the vertebral bodies."""
HIGHEST_TILT_DEGREES = 29.0
"""The uppermost joint's plane passes below the chin and below the occiput; the lowest one is level."""
JOINT_MM = 14.0
"""Half width of the tissue that bends at a joint."""
CONDYLES_MM = (2.0, -64.0)
"""y and z of the axis through both condyles in average-head mm."""
BITE_PLANE_MM = 40.0
"""The bite plane lies so far below the condyles."""
BITE_RADIUS_MM = 46.0
"""Behind this distance from the condyles there are no teeth."""
LIPS_DEGREES, CHEEK_DEGREES = 2.5, 10.0
"""Half width, seen from the condyles, of the tissue that stretches: between the teeth, and in the cheeks beside them."""
TEETH_MM = (30.0, 46.0)
"""Distance from the mid-plane up to which the teeth stand, and from which on there is only cheek."""
JAW_BACK_DEGREES, SPINE_DEGREES = (48.0, 72.0), (78.0, 108.0)
"""Angles below straight forward, seen from the condyles, of the back of what turns and of what stays: in the mid-plane (tongue,
pharynx) and at the sides (ramus, mastoid)."""
PHARYNX_MM = (15.0, 38.0)
"""Distance from the mid-plane within which the first of these angles counts, and from which on the second one does."""
JAW_REACH_MM = (132.0, 175.0)
"""Distance from the condyles up to which all turns (the chin) and from which on nothing does (the neck's skin)."""
INVERSION_STEPS = 30
"""Measured: 0.004 mm are left at most, in the nape; elsewhere far less."""


@dataclass(frozen=True)
class Pose:
    """How a patient's head and mandible lie, beside the average head's, all in average-head mm.

    Parameters
    ----------
    extension_degrees : float
        Turn of the head against the trunk, chin up.
    opening_degrees : float
        Turn of the mandible about the condyles.
    """

    extension_degrees: float = 0.0
    opening_degrees: float = 0.0

    def posed(self, average_mm: Points) -> Points:
        """Where points of the average head, shape (n, 3), lie in the pose."""
        return self._bent(self._opened(average_mm, to_pose=True)) + self.shift_mm

    def unposed(self, posed_mm: Points) -> Points:
        """Where points of the pose, shape (n, 3), lie in the average head."""
        return self._opened(self.straightened(posed_mm), to_pose=False)

    def straightened(self, posed_mm: Points) -> Points:
        """Points of the pose with the neck straightened and the mouth left as it is, shape (n, 3)."""
        found = posed_mm - self.shift_mm
        for joint, tilt in reversed(list(self._joints())):
            found = _turned(found, joint, -self._joint_radians() * _above(found, joint, tilt))
        return found

    @cached_property
    def shift_mm(self) -> Points:
        """Move of the whole patient that keeps the back of the head on its rest: the neck rises instead; shape (3,)."""
        skull = _skull()
        bent = self._bent(skull)
        return np.array([0.0, skull[:, 1].max() - bent[:, 1].max(), skull[:, 2].max() - bent[:, 2].max()])

    def _joint_radians(self) -> float:
        return float(np.radians(self.extension_degrees / JOINTS))

    def _joints(self) -> Iterator[tuple[Points, float]]:
        """Middle and tilt in radians of each joint, the uppermost first."""
        for share in np.linspace(0.0, 1.0, JOINTS):
            middle = (1.0 - share) * np.array(HIGHEST_JOINT_MM) + share * np.array(LOWEST_JOINT_MM)
            yield middle, float(np.radians((1.0 - share) * HIGHEST_TILT_DEGREES))

    def _bent(self, points: Points) -> Points:
        """Points with the neck extended, shape (n, 3): the turn depends on where a point ends, which is searched."""
        if not self.extension_degrees:
            return points
        for joint, tilt in self._joints():
            found = points
            for _ in range(INVERSION_STEPS):
                found = _turned(points, joint, self._joint_radians() * _above(found, joint, tilt))
            points = found
        return points

    def _opened(self, points: Points, to_pose: bool) -> Points:
        """Points with the mouth opened, or closed again, shape (n, 3): angles about the condyles change, distances do not."""
        if not self.opening_degrees:
            return points
        y, z = points[:, 1] - CONDYLES_MM[0], points[:, 2] - CONDYLES_MM[1]
        radius, side = np.hypot(y, z), np.abs(points[:, 0])
        angle = np.degrees(np.arctan2(-z, -y))  # 0 straight forward, 90 straight down
        closed, opened = self._angles(radius, side)
        moved = _piecewise(angle, closed, opened) if to_pose else _piecewise(angle, opened, closed)
        found = points.copy()
        found[:, 1] = CONDYLES_MM[0] - radius * np.cos(np.radians(moved))
        found[:, 2] = CONDYLES_MM[1] - radius * np.sin(np.radians(moved))
        return found

    def _angles(self, radius: Points, side: Points) -> tuple[Points, Points]:
        """Degrees at which what stays, stretches, turns and gives way meet, with the mouth closed and open, shape (4, n)."""
        bite = np.degrees(np.arcsin(BITE_PLANE_MM / np.maximum(radius, BITE_RADIUS_MM)))
        half = LIPS_DEGREES + (CHEEK_DEGREES - LIPS_DEGREES) * _smooth_step(side, *TEETH_MM)
        lateral = _smooth_step(side, *PHARYNX_MM)
        back = JAW_BACK_DEGREES[0] + (JAW_BACK_DEGREES[1] - JAW_BACK_DEGREES[0]) * lateral
        spine = SPINE_DEGREES[0] + (SPINE_DEGREES[1] - SPINE_DEGREES[0]) * lateral
        back = np.maximum(back, bite + half + 2.0)
        spine = np.maximum(spine, back + 1.5 * self.opening_degrees)
        turn = self.opening_degrees * (1.0 - _smooth_step(radius, *JAW_REACH_MM))
        return np.stack([bite - half, bite + half, back, spine]), np.stack([bite - half, bite + half + turn, back + turn, spine])


def random_pose(random: np.random.Generator, extended: bool, opened: bool) -> Pose:
    """A pose with a neck as far extended, a mouth as far open as the seeded generator says; both are drawn in any case."""
    extension, opening = (float(random.uniform(*bounds)) for bounds in (EXTENSION_DEGREES, OPENING_DEGREES))
    return Pose(extension if extended else 0.0, opening if opened else 0.0)


@cache
def _skull() -> Points:
    """Points of the average head above the ears, shape (n, 3), mm."""
    labels = template_image("average_labels")
    index = np.argwhere(sitk.GetArrayViewFromImage(labels)[::4, ::4, ::4] > 0)[:, ::-1] * 4
    points = np.array(labels.GetOrigin()) + index * np.array(labels.GetSpacing())
    return np.asarray(points[points[:, 2] > -40.0])


def _turned(points: Points, pivot_mm: Points, radians: Points) -> Points:
    """Points turned about the x axis through a pivot, forward going up, each by its own angle."""
    y, z = points[:, 1] - pivot_mm[1], points[:, 2] - pivot_mm[2]
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.column_stack([points[:, 0], pivot_mm[1] + cosine * y + sine * z, pivot_mm[2] + cosine * z - sine * y])


def _above(points: Points, joint_mm: Points, tilt_radians: float) -> Points:
    """1 above a joint's plane, 0 below it; the plane falls forwards."""
    height = np.cos(tilt_radians) * (points[:, 2] - joint_mm[2]) - np.sin(tilt_radians) * (points[:, 1] - joint_mm[1])
    return _smooth_step(height, -JOINT_MM, JOINT_MM)


def _smooth_step(values: Points, lower: float, upper: float) -> Points:
    share = np.clip((values - lower) / (upper - lower), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


def _piecewise(values: Points, knots: Points, images: Points) -> Points:
    """Linear between each point's own knots, shape (k, n), and the same as before outside of them."""
    found = values.copy()
    for lower, upper, first, last in zip(knots, knots[1:], images, images[1:], strict=False):
        inside = (values > lower) & (values <= upper)
        share = (values - lower) / np.maximum(upper - lower, 1e-9)
        found = np.where(inside, first + share * (last - first), found)
    return found

"""A person's head as a map: where each point of the patient lies in the average head, and how deep below the skin it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .people.figure import Figure, figure_of
from .people.person import Person
from .people.skin import PersonSkin
from .pose import Pose

FIELD_SPACING_MM = 8.0
FIELD_LOWER_MM = (-112.0, -148.0, -192.0)
FIELD_SIZE = (29, 34, 38)
"""Grid of the displacement between the upright person and the average head: it holds the head; beyond, its rim counts."""
LOWEST_ANCHOR_MM = -185.0
"""z of the upright person below which the displacement no longer changes: the average head's neck ends there."""
PITCH_DEGREES, YAW_DEGREES, ROLL_DEGREES = 3.0, 2.0, 1.5
"""Standard deviations of the pose on the couch."""
SHIFT_MM = 3.0
MOST_DEGREES, MOST_MM = 6.0, 7.0
TURNING_POINT_MM = (0.0, 0.0, -35.0)
REST_MM, VERTEX_MM = 104.0, 82.0
"""y of the back of the head on its rest and z of the vertex in patient mm: how a head is put into the scanner."""
HEAD_ABOVE_MM = -90.0
"""The back of the head is its hindmost point above this z of the upright person."""
POSED_NODES = 2
"""Nodes of `PersonHead.average_on` are so many times denser in a posed head: lips that part leave no room for 8 mm."""
INVERSION_STEPS, INVERSION_MM = 40, 0.001
"""A point is followed back until its image lies so near, but not for more steps."""
SMALLEST_DETERMINANT = 0.2
"""Of the map into the average head; people with a smaller one are folded inside and drawn again."""
CHUNK_SLICES = 16
"""Slices that are looked up at a time, to bound the memory."""

Points = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PersonHead:
    """How a patient differs from the average head: average = unposed(u + field(u)), u = matrix @ patient + offset, in mm.

    Parameters
    ----------
    person : Person
    figure : Figure
        The person upright.
    matrix, offset : ndarray, shapes (3, 3) and (3,)
        Place on the couch: patient mm to upright mm, a turn and a shift.
    field : ndarray, shape (z, y, x, 3)
        Displacement in mm on the grid that `FIELD_LOWER_MM`, `FIELD_SPACING_MM` and `FIELD_SIZE` describe; beyond, its rim's.
    pose : Pose or None
        Neck and mandible; None: as in the average head.
    """

    person: Person
    figure: Figure
    matrix: Points
    offset: Points
    field: Points
    pose: Pose | None = None

    @cached_property
    def skin(self) -> PersonSkin:
        """Depth below the upright person's skin."""
        return PersonSkin(self.figure)

    def average_points(self, points_mm: Points) -> Points:
        """Map patient points, shape (n, 3) LPS mm, to the average head."""
        posed = self.posed_points(points_mm)
        return posed if self.pose is None else self.pose.unposed(posed)

    def posed_points(self, points_mm: Points) -> Points:
        """Map patient points, shape (n, 3) LPS mm, to the average head in the patient's pose, shape (n, 3)."""
        return self._moved(points_mm @ self.matrix.T + self.offset)

    def patient_points(self, average_mm: Points) -> Points:
        """Where points of the average head, shape (n, 3), lie in the patient."""
        posed = average_mm if self.pose is None else self.pose.posed(average_mm)
        return np.asarray((self._unmoved(posed) - self.offset) @ self.matrix)

    def upright_points(self, points_mm: Points) -> Points:
        """Where patient points, shape (n, 3), lie in the upright person, out of the patient's pose; shape (n, 3)."""
        if self.pose is None:
            return np.asarray(points_mm @ self.matrix.T + self.offset)
        return self._unmoved(self.average_points(points_mm))

    def placed_points(self, upright_mm: Points) -> Points:
        """Where points of the upright person, shape (n, 3), lie in the patient, in the patient's pose."""
        return self.patient_points(self._moved(upright_mm))

    def _moved(self, upright_mm: Points) -> Points:
        """From the upright person to the average head, shape (n, 3)."""
        index = ((upright_mm - FIELD_LOWER_MM) / FIELD_SPACING_MM)[:, ::-1].T
        moves = [ndimage.map_coordinates(self.field[..., i], index, order=1, mode="nearest") for i in range(3)]
        return np.asarray(upright_mm + np.stack(moves, axis=-1))

    def _unmoved(self, average_mm: Points) -> Points:
        """From the average head to the upright person, shape (n, 3): fixed-point inversion of the points not yet there."""
        found = average_mm.copy()
        left, guess, wanted = np.arange(len(found)), found, average_mm
        for _ in range(INVERSION_STEPS):
            missed = wanted - self._moved(guess)
            guess = guess + missed
            found[left] = guess
            far = np.abs(missed).max(axis=1, initial=0.0) > INVERSION_MM
            if not far.any():
                break
            left, guess, wanted = left[far], guess[far], wanted[far]
        return found

    def average_on(self, grid: sitk.Image) -> Floats:
        """Average-head mm of every voxel centre of a patient grid with identity direction, shape (3 for x y z, z, y, x).

        Mapped at nodes as far apart as those of the displacement field and interpolated linearly between them. The nodes are the
        same for every grid, so a patient's images, contours and dose agree.
        """
        return self._on_nodes(grid, self.average_points)

    def straightened_on(self, grid: sitk.Image) -> Floats:
        """The same with the neck straightened only, an open mouth left open: for what lies in it; same shape."""
        pose = self.pose
        return self._on_nodes(
            grid, lambda points: pose.straightened(self.posed_points(points)) if pose else self.posed_points(points)
        )

    def upright_on(self, grid: sitk.Image) -> Floats:
        """Upright person's mm of every voxel centre of a patient grid with identity direction, shape (3 for x y z, z, y, x)."""
        return self._on_nodes(grid, self.upright_points)

    def skin_on(self, grid: sitk.Image) -> Floats:
        """Depth in mm below the skin at every voxel centre of a patient grid with identity direction, shape (z, y, x)."""
        if self.pose is None:
            return self.skin.resampled(grid, self.matrix, self.offset)
        slices = grid.GetSize()[2]
        parts = (grid[:, :, first : first + CHUNK_SLICES] for first in range(0, slices, CHUNK_SLICES))
        return np.concatenate([self.skin.depth(self._on_nodes(part, self.upright_points)) for part in parts])

    def skin_depth(self, points_mm: Points) -> Floats:
        """Depth in mm below the skin of patient points, shape (n, 3); shape (n,)."""
        return self.skin.depth(np.ascontiguousarray(self.upright_points(points_mm).T, dtype=np.float32))

    def _on_nodes(self, grid: sitk.Image, mapping: Callable[[Points], Points]) -> Floats:
        """A mapping of points, shape (n, 3), at every voxel centre, shape (3, z, y, x), exact at nodes."""
        apart_mm = FIELD_SPACING_MM if self.pose is None else FIELD_SPACING_MM / POSED_NODES
        nodes, places = [], []
        for start, spacing, size in zip(grid.GetOrigin(), grid.GetSpacing(), grid.GetSize(), strict=True):
            place = (start + spacing * np.arange(size)) / apart_mm
            first = np.floor(place[0])
            nodes.append(apart_mm * np.arange(first, np.floor(place[-1]) + 2))
            places.append(place - first)
        z, y, x = np.meshgrid(*nodes[::-1], indexing="ij")
        mapped = mapping(np.column_stack([x.ravel(), y.ravel(), z.ravel()]))
        fine = np.ascontiguousarray(mapped.T, dtype=np.float32).reshape(3, *x.shape)
        for axis, place in zip((3, 2, 1), places, strict=True):
            fine = _between_nodes(fine, axis, place)
        return fine


def _between_nodes(values: NDArray[np.float32], axis: int, places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Linear interpolation along one axis at fractional node numbers."""
    lower = np.floor(places).astype(np.intp)
    shape = [1] * values.ndim
    shape[axis] = -1
    weight = (places - lower).astype(np.float32).reshape(shape)
    first = np.take(values, lower, axis)
    step = np.take(values, lower + 1, axis)
    step -= first
    step *= weight
    step += first
    return step


def person_head(person: Person, random: np.random.Generator, pose: Pose | None = None) -> PersonHead | None:
    """A person on the couch, from a seeded generator; None if the inside would be folded."""
    figure = figure_of(person)
    field = displacement(figure)
    if smallest_determinant(field) < SMALLEST_DETERMINANT:
        return None
    degrees = np.clip(random.standard_normal(3) * (PITCH_DEGREES, ROLL_DEGREES, YAW_DEGREES), -MOST_DEGREES, MOST_DEGREES)
    shift = np.clip(SHIFT_MM * random.standard_normal(3), -MOST_MM, MOST_MM)
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*np.radians(degrees).tolist())
    matrix = np.array(turn.GetMatrix()).reshape(3, 3)
    head = figure.skin_mm[figure.skin_mm[:, 2] > HEAD_ABOVE_MM]
    placed = (head - TURNING_POINT_MM) @ matrix + TURNING_POINT_MM
    onto = np.array([shift[0], REST_MM - placed[:, 1].max(), VERTEX_MM + shift[2] - placed[:, 2].max()])
    return PersonHead(person, figure, matrix, TURNING_POINT_MM - matrix @ (TURNING_POINT_MM + onto), field, pose)


def displacement(figure: Figure) -> Points:
    """From an upright person to the average head in mm, shape (z, y, x, 3), on the field's grid."""
    axes = [lower + FIELD_SPACING_MM * np.arange(size) for lower, size in zip(FIELD_LOWER_MM, FIELD_SIZE, strict=True)]
    last = int(np.searchsorted(axes[2], LOWEST_ANCHOR_MM))
    z, y, x = np.meshgrid(axes[2][last:], axes[1], axes[0], indexing="ij")
    nodes = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    above = (figure.to_average(nodes) - nodes).reshape(*x.shape, 3)
    return np.concatenate([np.repeat(above[:1], last, axis=0), above])


def smallest_determinant(field: Points) -> float:
    """Of the Jacobian of upright + field(upright), over the part of the field that holds a head."""
    inner = field[1:-1, 1:-1, 2:-2]
    gradients = [np.gradient(inner, FIELD_SPACING_MM, axis=2 - axis) for axis in range(3)]
    jacobian = np.stack(gradients, axis=-1) + np.eye(3)
    return float(np.linalg.det(jacobian).min())

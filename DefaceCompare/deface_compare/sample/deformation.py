"""Random heads: smooth, mostly mirror-symmetric deformations of the average head, its size and its pose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .pose import Pose

NOISE_SPACING_MM = 4.0
NOISE_SIZE = (71, 75, 91)
"""Grid of the random numbers behind the displacement field, x symmetric about 0."""
COARSER = 2
FIELD_SPACING_MM = COARSER * NOISE_SPACING_MM
FIELD_LOWER_MM = (-140.0, -164.0, -240.0)
FIELD_SIZE = (36, 38, 46)
"""Grid of the displacement field: every second node of the noise; its smallest bumps are 12 mm wide (standard deviation)."""
SMOOTHING_MM = (12.0, 30.0)
"""Sizes of the random bumps; both scales get the same share."""
AMPLITUDE_MM = 3.0
"""Root mean square length of the displacement; 7 mm looks like monsters."""
SKULL_BUMPS = 0.35
"""Share of the small bumps that is left above the brow."""
ASYMMETRY = 0.25
"""Share of the displacement that is not mirror symmetric (in amplitude)."""
SIZE_SPREAD, ASPECT_SPREAD = 0.03, 0.025
"""Standard deviation of the overall size and of each axis on top of it (stature varies by about 4 % in adults)."""
PITCH_DEGREES, YAW_DEGREES, ROLL_DEGREES = 3.0, 2.0, 1.5
"""Standard deviations of the pose on the couch."""
SHIFT_MM = 4.0
TURNING_POINT_MM = (0.0, 0.0, -35.0)
POSED_NODES = 2
"""Nodes of `RandomHead.average_on` are so many times denser in a posed head: lips that part leave no room for 8 mm."""
INVERSION_STEPS = 20


@dataclass(frozen=True)
class RandomHead:
    """How a patient differs from the average head: average = unposed(u + displacement(u)), u = matrix @ patient + offset, mm.

    Parameters
    ----------
    matrix, offset : ndarray, shapes (3, 3) and (3,)
        Place on the couch and size.
    field : ndarray, shape (z, y, x, 3)
        Displacement in mm on the grid that `FIELD_LOWER_MM`, `FIELD_SPACING_MM` and `FIELD_SIZE` describe.
    pose : Pose or None
        Neck and mandible; None: as in the average head.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    field: NDArray[np.float64]
    pose: Pose | None = None

    def scaled(self, size: float) -> RandomHead:
        """The same head at another size, about the turning point."""
        point = np.array(TURNING_POINT_MM)
        offset = self.offset + self.matrix @ point - self.matrix @ point / size
        return replace(self, matrix=self.matrix / size, offset=offset)

    def transform(self) -> sitk.CompositeTransform:
        """The same as a SimpleITK transform: patient LPS mm to average-head mm (to resample average-head images with).

        Raises
        ------
        ValueError
            If the head is posed: a pose is no SimpleITK transform.
        """
        if self.pose is not None:
            raise ValueError("a posed head has no SimpleITK transform; use average_on")
        pose = sitk.AffineTransform(3)
        pose.SetMatrix(self.matrix.ravel().tolist())
        pose.SetTranslation(self.offset.tolist())
        field = sitk.GetImageFromArray(self.field, isVector=True)
        field.SetSpacing([FIELD_SPACING_MM] * 3)
        field.SetOrigin(FIELD_LOWER_MM)
        # The transform added last is applied first.
        return sitk.CompositeTransform([sitk.DisplacementFieldTransform(field), pose])

    def average_points(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map patient points, shape (n, 3) LPS mm, to the average head; ten times faster than point by point."""
        posed = self.posed_points(points_mm)
        return posed if self.pose is None else self.pose.unposed(posed)

    def posed_points(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map patient points, shape (n, 3) LPS mm, to the average head in the patient's pose, shape (n, 3)."""
        upright = points_mm @ self.matrix.T + self.offset
        index = ((upright - FIELD_LOWER_MM) / FIELD_SPACING_MM)[:, ::-1].T
        moves = [ndimage.map_coordinates(self.field[..., i], index, order=1, output=np.float64) for i in range(3)]
        return np.asarray(upright + np.stack(moves, axis=-1))

    def patient_points(self, average_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points of the average head, shape (n, 3), lie in the patient: fixed-point inversion, well below a millimetre."""
        posed = average_mm if self.pose is None else self.pose.posed(average_mm)
        guess = posed.copy()
        for _ in range(INVERSION_STEPS):
            guess = guess + posed - self.posed_points(guess)
        return guess

    def average_on(self, grid: sitk.Image) -> NDArray[np.float32]:
        """Average-head mm of every voxel centre of a patient grid with identity direction, shape (3 for x y z, z, y, x).

        Mapped at nodes as far apart as those of the displacement field and interpolated linearly between them: measured 0.1 mm
        from `average_points` in the mean, 0.9 mm at most. The nodes are the same for every grid, so a patient's images, contours
        and dose agree.
        """
        return self._on_nodes(grid, self.average_points)

    def straightened_on(self, grid: sitk.Image) -> NDArray[np.float32]:
        """The same with the neck straightened only, an open mouth left open: for what lies in it; same shape."""
        pose = self.pose
        return self._on_nodes(
            grid, lambda points: pose.straightened(self.posed_points(points)) if pose else self.posed_points(points)
        )

    def _on_nodes(self, grid: sitk.Image, mapping: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float32]:
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


def random_head(random: np.random.Generator) -> RandomHead:
    """A random patient, from a seeded generator."""
    degrees = random.standard_normal(3) * (PITCH_DEGREES, ROLL_DEGREES, YAW_DEGREES)
    pitch, roll, yaw = np.radians(degrees).clip(-0.1, 0.1).tolist()
    turn = sitk.Euler3DTransform()
    turn.SetRotation(pitch, roll, yaw)
    scale = (1.0 + SIZE_SPREAD * random.standard_normal()) * (1.0 + ASPECT_SPREAD * random.standard_normal(3))
    matrix = np.diag(1.0 / np.clip(scale, 0.94, 1.06)) @ np.array(turn.GetMatrix()).reshape(3, 3)
    shift = (SHIFT_MM * random.standard_normal(3)).clip(-8.0, 8.0)
    return RandomHead(matrix, np.array(TURNING_POINT_MM) - matrix @ TURNING_POINT_MM + shift, displacement(random))


def calm_skull() -> NDArray[np.float64]:
    """Weight of the small bumps by height: full in the face, less on the skull, which has no dents in life."""
    z = FIELD_LOWER_MM[2] + FIELD_SPACING_MM * np.arange(FIELD_SIZE[2])
    return 1.0 - (1.0 - SKULL_BUMPS) * np.clip((z + 10.0) / 30.0, 0.0, 1.0)


def displacement(random: np.random.Generator) -> NDArray[np.float64]:
    """Random displacement in mm, shape (z, y, x, 3), root mean square length `AMPLITUDE_MM` over the field.

    The mirror at x = 0 flips the x component of the symmetric part.
    """
    total = np.zeros((*FIELD_SIZE[::-1], 3))
    mirror = np.array([-1.0, 1.0, 1.0])
    for size_mm in SMOOTHING_MM:
        smooth = _smooth_field(random.standard_normal((*NOISE_SIZE[::-1], 3)), size_mm / NOISE_SPACING_MM)
        if size_mm == min(SMOOTHING_MM):
            smooth *= calm_skull()[:, None, None, None]
        flipped = smooth[:, :, ::-1] * mirror
        for part, weight in ((smooth + flipped, np.sqrt(1.0 - ASYMMETRY**2)), (smooth - flipped, ASYMMETRY)):
            total += weight * part / np.sqrt(np.mean(np.sum(part**2, axis=-1)))
    return total * (AMPLITUDE_MM / np.sqrt(np.mean(np.sum(total**2, axis=-1))))


def _smooth_field(noise: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian smoothing of noise, shape (z, y, x, 3), kept at the nodes of the field only; periodic, so without edge effects."""
    for axis in range(3):
        along: list[slice] = [slice(None)] * 4
        along[axis] = slice(None, None, COARSER)
        noise = ndimage.gaussian_filter1d(noise, sigma, axis=axis, mode="wrap")[tuple(along)]
    return noise

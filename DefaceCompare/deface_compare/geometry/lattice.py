"""A regular grid of points as numbers only: origin, spacing, direction, size. No voxel is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

ALIGNED_TOLERANCE = 1e-4
"""Direction cosines this close to 0 or 1 count as aligned (0.05 mm over 500 mm)."""

Box = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Lowest and one past the highest index, each (x, y, z)."""


@dataclass(frozen=True)
class Lattice:
    """Points origin + direction @ (spacing * index), LPS mm, index (x, y, z) from 0 to size - 1."""

    origin: NDArray[np.float64]
    spacing: NDArray[np.float64]
    direction: NDArray[np.float64]
    size: tuple[int, int, int]

    @classmethod
    def of(cls, image: sitk.Image) -> Lattice:
        """The grid of an image."""
        x, y, z = image.GetSize()
        return cls(
            np.array(image.GetOrigin()),
            np.array(image.GetSpacing()),
            np.array(image.GetDirection()).reshape(3, 3),
            (int(x), int(y), int(z)),
        )

    def refined(self, factor: int) -> Lattice:
        """Each voxel cut into factor^3 sub-voxels; their centres fill the voxel evenly."""
        spacing = self.spacing / factor
        shift = -0.5 * (factor - 1) * spacing
        x, y, z = self.size
        return Lattice(self.origin + self.direction @ shift, spacing, self.direction, (x * factor, y * factor, z * factor))

    def crop(self, box: Box) -> Lattice:
        """The part between two indices, which may lie outside the grid (the points go on evenly)."""
        low, high = box
        x, y, z = (int(v) for v in high - low)
        return Lattice(self.points(low), self.spacing, self.direction, (x, y, z))

    def points(self, index: NDArray[np.number]) -> NDArray[np.float64]:
        """LPS mm of indices, shape (..., 3)."""
        return np.asarray(self.origin + (np.asarray(index) * self.spacing) @ self.direction.T)

    def indices(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous indices of points, shape (..., 3)."""
        return np.asarray(((points_mm - self.origin) @ np.linalg.inv(self.direction).T) / self.spacing)

    def box_around(self, points_mm: NDArray[np.float64], margin_mm: float = 0.0) -> Box:
        """The box of indices whose points can lie within the extent of `points_mm` widened by a margin; not clipped."""
        index = self.indices(points_mm)
        # the rows of the inverse are longer than 1 under gantry tilt: a mm across slanted axes is more than a mm along them
        margin = margin_mm * np.linalg.norm(np.linalg.inv(self.direction), axis=1) / self.spacing
        low = np.ceil(index.min(axis=0) - margin - 1e-6).astype(np.int64)
        high = np.floor(index.max(axis=0) + margin + 1e-6).astype(np.int64) + 1
        return low, np.maximum(high, low)

    def clip(self, box: Box) -> Box | None:
        """The part of a box inside the grid; None if there is none."""
        low, high = np.maximum(box[0], 0), np.minimum(box[1], self.size)
        return (low, high) if np.all(high > low) else None

    @property
    def aligned(self) -> bool:
        """Whether index axes x, y, z run along LPS x, y, z (in either sense)."""
        return bool(np.allclose(np.abs(self.direction), np.eye(3), atol=ALIGNED_TOLERANCE))

    @property
    def voxel_cc(self) -> float:
        """Volume of one voxel in cc."""
        return float(np.prod(self.spacing) * abs(np.linalg.det(self.direction)) / 1000.0)


def voxel_cc(image: sitk.Image) -> float:
    """Volume of one voxel in cc."""
    slant = abs(float(np.linalg.det(np.array(image.GetDirection()).reshape(3, 3))))  # below 1 under gantry tilt
    return float(np.prod(image.GetSpacing())) * slant / 1000.0

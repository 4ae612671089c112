"""Where an image file's voxels lie: as the file states it, or as ``case.json`` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ...errors import UnusableInput
from ..dicom.header import LEAST_MM, MOST_MM

FIELDS = {"spacing_mm": 3, "origin_mm": 3, "direction": 9}
"""What ``geometry`` of ``case.json`` holds for a file: so many numbers each."""
LIKE = '{"spacing_mm": [1, 1, 3], "origin_mm": [0, 0, 0], "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1]}'
UNIT_TOLERANCE = 0.01
"""How far the length of an axis' direction may be from 1."""
SAME_MM = 0.01
"""Places that differ by less, at the farthest corner, are one: files hold 7 digits."""
HINT = f'save it with its geometry, or state it in case.json ("geometry": {{"CT": {LIKE}}})'


@dataclass(frozen=True)
class Place:
    """Where voxels lie, LPS mm.

    Parameters
    ----------
    spacing_mm, origin_mm : tuple of float
        Distance of neighbouring voxels along each index (x, y, z), and the centre of the first one.
    direction : tuple of float
        3 x 3, row by row; columns are the directions of the indices.
    """

    spacing_mm: tuple[float, ...]
    origin_mm: tuple[float, ...]
    direction: tuple[float, ...]

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.float64]) -> Place:
        """From index (x, y, z, 1) to LPS mm, shape (4, 4)."""
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        direction = matrix[:3, :3] / np.where(lengths > 0, lengths, 1.0)
        return cls(tuple(lengths.tolist()), tuple(matrix[:3, 3].tolist()), tuple(direction.ravel().tolist()))

    @classmethod
    def of_image(cls, image: sitk.Image) -> Place:
        """Of an image as it is."""
        return cls(image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    @property
    def matrix(self) -> NDArray[np.float64]:
        """From index (x, y, z, 1) to LPS mm, shape (4, 4)."""
        found = np.eye(4)
        found[:3, :3] = np.array(self.direction).reshape(3, 3) * np.array(self.spacing_mm)
        found[:3, 3] = self.origin_mm
        return found

    def farthest_mm(self, other: Place, size: Sequence[int]) -> float:
        """How far apart two places put the corners of an image of so many voxels, at most."""
        ends = [(0, length - 1) for length in size]
        corners = np.array([(x, y, z, 1) for x in ends[0] for y in ends[1] for z in ends[2]], dtype=np.float64)
        return float(np.linalg.norm((corners @ (self.matrix - other.matrix).T)[:, :3], axis=1).max())

    def scaled(self, factor: float) -> Place:
        """The same with every length times a factor."""
        spacing_mm, origin_mm = (tuple(factor * value for value in part) for part in (self.spacing_mm, self.origin_mm))
        return Place(spacing_mm, origin_mm, self.direction)

    def put(self, image: sitk.Image) -> None:
        """Give an image this place."""
        image.SetSpacing(self.spacing_mm)
        image.SetOrigin(self.origin_mm)
        image.SetDirection(self.direction)


def stated_place(described: dict[str, Any], where: str) -> Place:
    """The place that ``case.json`` states for a file.

    Raises
    ------
    UnusableInput
        If it is not three spacings, a point and three directions; the sentence begins with `where`.
    """
    numbers = {field: described.get(field) for field in FIELDS}
    right = set(described) == set(FIELDS) and all(
        isinstance(found, list)
        and len(found) == FIELDS[field]
        and all(isinstance(number, int | float) and abs(number) <= sys.float_info.max for number in found)
        for field, found in numbers.items()
    )
    if not right:
        raise UnusableInput(f"{where} must be like {LIKE}")
    place = Place(*(tuple(float(number) for number in described[field]) for field in FIELDS))
    refuse_no_scan(place, where)
    return place


def refuse_no_scan(place: Place, what: str) -> None:
    """Raise `UnusableInput` if no scan's voxels lie so; the sentence begins with `what`."""
    numbers = [*place.spacing_mm, *place.origin_mm, *place.direction]
    axes = np.array(place.direction).reshape(3, 3)
    if not np.isfinite(numbers).all() or np.abs(np.linalg.norm(axes, axis=0) - 1).max() > UNIT_TOLERANCE:
        raise UnusableInput(f"{what} states a place that is none (NaN, or directions that are not of length 1); {HINT}")
    if abs(np.linalg.det(axes)) < UNIT_TOLERANCE:
        raise UnusableInput(f"{what} has voxels whose edges lie in one plane; {HINT}")
    if not all(LEAST_MM <= edge <= MOST_MM for edge in place.spacing_mm):
        edges = " x ".join(f"{edge:.4g}" for edge in place.spacing_mm)
        raise UnusableInput(f"{what} has voxels of {edges} mm, which no scan has: its unit is likely not mm; {HINT}")

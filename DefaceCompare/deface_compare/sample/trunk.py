"""Chest to pelvis below the shoulders, for whole-body scans: simple solids in patient mm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.head import Point
from .images import AIR_HU, CT_NOISE_HU, PET_FWHM_MM
from .person_head import PersonHead
from .template.shapes import Coordinates, Field, ellipsoid
from .template.source import like

WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM = (180, 132, 190), (2.6, 2.6, 5.0)
"""468 x 343 x 950 mm: from above the vertex to the pelvis."""
WHOLE_BODY_MIDDLE_MM = (0.0, 0.0, -378.0)
UNMOVED = (0.0, 0.0, 0.0)
TRUNK_TOP_MM = -300.0
"""z of the trunk's upper end; a person's own surface ends below it."""
SOFT_HU, SOFT_SUV = 30.0, 0.7
ORGANS: tuple[tuple[Point, Point, float, float], ...] = (
    ((-82.0, 10.0, -400.0), (62.0, 78.0, 125.0), -850.0, 0.4),
    ((82.0, 10.0, -400.0), (62.0, 78.0, 125.0), -850.0, 0.4),
    ((25.0, -25.0, -440.0), (45.0, 45.0, 50.0), 40.0, 6.0),
    ((-75.0, 0.0, -580.0), (75.0, 75.0, 60.0), 55.0, 2.5),
    ((0.0, 75.0, -500.0), (20.0, 20.0, 330.0), 350.0, 1.6),
    ((0.0, -20.0, -800.0), (38.0, 35.0, 32.0), 10.0, 45.0),
)
"""Lungs, heart, liver, spine, bladder: centre and radii in patient mm, CT number, SUV."""


class TrunkPoints(Coordinates):
    """The voxel centres of a patient's grid (identity direction), seen from a trunk that is moved by `offset_mm`."""

    def __init__(self, grid: sitk.Image, offset_mm: Sequence[float]) -> None:
        super().__init__(grid)
        self.x, self.y, self.z = (axis - np.float32(by) for axis, by in zip((self.x, self.y, self.z), offset_mm, strict=True))


def trunk_offset_mm(head: PersonHead) -> tuple[float, float, float]:
    """How far a patient's trunk is moved from where these solids are drawn: to below the patient's own shoulders."""
    top = np.array([[0.0, 0.0, TRUNK_TOP_MM]])
    x, y, z = (head.placed_points(top) - top)[0].tolist()
    return x, y, z


def trunk_depth(grid: sitk.Image, offset_mm: Sequence[float] = UNMOVED) -> Field:
    """Distance in mm inside the trunk on a patient's grid (identity direction), shape (z, y, x)."""
    at = TrunkPoints(grid, offset_mm)
    across = np.sqrt((at.x / 185.0) ** 2 + ((at.y - 15.0) / 118.0) ** 2)
    return np.asarray(np.minimum((1.0 - across) * 118.0, TRUNK_TOP_MM - at.z), dtype=np.float32)


def with_trunk(ct: sitk.Image, random: np.random.Generator, offset_mm: Sequence[float] = UNMOVED) -> sitk.Image:
    """A CT (int16, HU) with a trunk in the air below the head."""
    array = sitk.GetArrayFromImage(ct)
    inside, hu, _ = _painted(ct, offset_mm)
    noisy = np.rint(hu + CT_NOISE_HU * random.standard_normal(hu.shape, dtype=np.float32)).astype(np.int16)
    body = inside & (array < -500)
    array[body] = np.clip(noisy[body], -1024, 3071)
    return like(array, ct)


def pet_with_trunk(pet: sitk.Image, random: np.random.Generator, offset_mm: Sequence[float] = UNMOVED) -> sitk.Image:
    """A PET (SUV, float32) with a trunk's uptake added where the head has none."""
    inside, _, suv = _painted(pet, offset_mm)
    sigma = [PET_FWHM_MM / 2.355 / s for s in pet.GetSpacing()[::-1]]
    blurred = ndimage.gaussian_filter(np.where(inside, suv, 0.0).astype(np.float32), sigma)
    noisy = blurred + 0.06 * np.sqrt(blurred + 0.01) * random.standard_normal(blurred.shape, dtype=np.float32)
    return like(np.maximum(np.maximum(noisy, sitk.GetArrayViewFromImage(pet)), 0.0).astype(np.float32), pet)


def _painted(grid: sitk.Image, offset_mm: Sequence[float]) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
    """Where the trunk is, its CT numbers and its uptake."""
    at = TrunkPoints(grid, offset_mm)
    inside = trunk_depth(grid, offset_mm) > 0.0
    hu = np.where(inside, np.float32(SOFT_HU), np.float32(AIR_HU))
    suv = np.where(inside, np.float32(SOFT_SUV), np.float32(0.0))
    for centre, radii, organ_hu, organ_suv in ORGANS:
        organ = (ellipsoid(at, centre, radii) > 0.0) & inside
        hu[organ], suv[organ] = organ_hu, organ_suv
    return inside, hu, suv

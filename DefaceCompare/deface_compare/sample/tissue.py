"""From tissue labels of the average head to CT, MR and PET of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ..anatomy.average_head import template_image
from .changed_anatomy import BONE_FROM_HU, HU, SUV, T1, AveragePoints, Insert
from .deformation import RandomHead
from .template.labels import LABELS
from .template.source import like
from .template.t1 import SKIN_ISOVALUE

HU_OF_LABEL: dict[str, float] = {
    "air": -60.0,
    "airway": -1000.0,
    "skin_fat": -60.0,
    "muscle": 50.0,
    "skull": 850.0,
    "mandible": 1000.0,
    "teeth": 2000.0,
    "brain": 35.0,
    "brainstem": 33.0,
    "csf": 8.0,
    "eye_left": 10.0,
    "eye_right": 10.0,
    "lens_left": 75.0,
    "lens_right": 75.0,
    "optic_nerve_left": 30.0,
    "optic_nerve_right": 30.0,
    "optic_chiasm": 32.0,
    "parotid_left": 15.0,
    "parotid_right": 15.0,
    "oral_cavity": 55.0,
    "spinal_canal": 25.0,
    "vertebra": 450.0,
}
"""CT numbers at 120 kV. The label air takes the value of skin: the skin's edge is drawn from the depth, not from the label."""

SUV_OF_LABEL: dict[str, float] = {
    "air": 0.4,
    "airway": 0.1,
    "skin_fat": 0.4,
    "muscle": 0.8,
    "skull": 0.9,
    "mandible": 0.9,
    "teeth": 0.3,
    "brain": 7.5,
    "brainstem": 5.0,
    "csf": 1.0,
    "eye_left": 0.8,
    "eye_right": 0.8,
    "lens_left": 0.5,
    "lens_right": 0.5,
    "optic_nerve_left": 2.0,
    "optic_nerve_right": 2.0,
    "optic_chiasm": 3.0,
    "parotid_left": 1.9,
    "parotid_right": 1.9,
    "oral_cavity": 1.6,
    "spinal_canal": 1.5,
    "vertebra": 1.1,
}
"""Body-weight SUV of FDG about an hour after injection."""

CT_NOISE_HU = 8.0
AIR_HU = -1000.0
T1_BRAIN = 140.0
"""Template T1 of average brain; what is brighter is white matter, darker grey matter."""
HU_PER_T1 = -0.10
SUV_PER_T1 = -0.035
"""White matter is a little less dense on CT and takes up half as much FDG as grey matter."""
MR_NOISE = 9.0
"""Standard deviation of each of the two MR channels; brain is about 700."""
TUMOUR_SUV, PET_FWHM_MM = 9.0, 6.0
DEPTH_LIMIT_MM = 30.0
AIR_AROUND, NOTHING = -60.0, 0.0
"""CT number (of skin: the edge is drawn from the depth) and signal outside the template."""


Floats = NDArray[np.float32]


@cache
def skin_depth() -> sitk.Image:
    """Depth below the skin of the average head in mm (float32), sub-voxel at the skin."""
    head = template_image("average_head")
    solid = sitk.BinaryFillhole((head > SKIN_ISOVALUE) | (template_image("average_labels") > 0))
    # Of the outside: exact in the head, a voxel rough in the air, where no depth is used. 0 midway between voxel centres.
    outward = sitk.SignedMaurerDistanceMap(solid == 0, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    far = sitk.GetArrayFromImage(outward) - np.float32(0.5 * head.GetSpacing()[0])
    near = (sitk.GetArrayFromImage(head) / (2.0 * SKIN_ISOVALUE) - 0.5) * 4.0
    depth = np.where(far < 2.5, np.clip(near, -2.0, 2.0), far)
    depth = np.where(far < -2.5, far, depth)
    return like(np.clip(depth, -DEPTH_LIMIT_MM, DEPTH_LIMIT_MM).astype(np.float32), head)


@cache
def channels() -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """CT number, T1 signal and SUV of the average head (float32)."""
    head = template_image("average_head")
    labels = sitk.GetArrayFromImage(template_image("average_labels"))
    t1 = sitk.GetArrayFromImage(head).astype(np.float32)
    is_brain = labels == LABELS["brain"]
    texture = np.where(is_brain, np.clip(t1 - T1_BRAIN, -40.0, 40.0), 0.0).astype(np.float32)
    hu = _painted(labels, HU_OF_LABEL) + np.float32(HU_PER_T1) * texture
    suv = _painted(labels, SUV_OF_LABEL) + np.float32(SUV_PER_T1) * texture
    return like(hu, head), like(t1, head), like(suv, head)


def _painted(labels: NDArray[np.uint8], values: dict[str, float]) -> NDArray[np.float32]:
    """The value of each voxel's label."""
    table = np.zeros(256, np.float32)
    for name, number in LABELS.items():
        table[number] = values[name]
    return table[labels]


def sampled(field: sitk.Image, average_mm: Floats, outside: float) -> Floats:
    """A field of the average head at points of it (linear interpolation).

    Parameters
    ----------
    field : SimpleITK.Image
        float32, LPS mm, identity direction.
    average_mm : ndarray, shape (3, ...)
        x, y, z in average-head mm.
    outside : float
        Value outside the field.
    """
    index = np.empty_like(average_mm)
    for axis, (origin, spacing) in enumerate(zip(field.GetOrigin(), field.GetSpacing(), strict=True)):
        np.subtract(average_mm[axis], np.float32(origin), out=index[2 - axis])
        index[2 - axis] /= np.float32(spacing)
    values = sitk.GetArrayViewFromImage(field)
    return np.asarray(ndimage.map_coordinates(values, index, order=1, cval=outside, output=np.float32))


@dataclass(frozen=True)
class PatientTissue:
    """The average head's values on a patient's grid, looked up when asked for; arrays float32 of shape (z, y, x).

    Parameters
    ----------
    grid : SimpleITK.Image
        LPS mm, identity direction.
    near : ndarray of bool, shape (z, y, x)
        Voxels that may hold the head; only these are looked up.
    average_mm : ndarray, shape (3, n)
        Where the n voxels of `near` lie in the average head: x, y, z in mm.
    gtv : SimpleITK.Image
        Depth inside the gross tumour of the average head, float32, mm.
    inserts : tuple of Insert
        What the patient has instead of the average head's tissue.
    """

    grid: sitk.Image
    near: NDArray[np.bool_]
    average_mm: Floats
    gtv: sitk.Image
    inserts: tuple[Insert, ...] = ()

    def value(self, field: sitk.Image, outside: float) -> Floats:
        """A field of the average head in the patient."""
        whole = np.full(self.near.shape, outside, np.float32)
        whole[self.near] = sampled(field, self.average_mm, outside)
        return whole

    @property
    def hu(self) -> Floats:
        """CT in HU."""
        return self.with_inserts(self.value(channels()[0], AIR_AROUND), HU)

    @property
    def t1(self) -> Floats:
        """MR T1, in units of its own."""
        return self.with_inserts(self.value(channels()[1], NOTHING), T1)

    @property
    def suv(self) -> Floats:
        """FDG PET in SUVbw."""
        return self.with_inserts(self.value(channels()[2], NOTHING), SUV)

    def with_inserts(self, values: Floats, channel: int) -> Floats:
        """Values of a channel (`HU`, `T1` or `SUV`) with the inserts in them."""
        if not self.inserts:
            return values
        at, inner = AveragePoints(self.average_mm), values[self.near]
        bone = sampled(channels()[0], self.average_mm, AIR_AROUND) > BONE_FROM_HU
        for insert in self.inserts:
            share = np.clip(0.5 + insert.depth(at) / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)
            share *= bone if insert.bone_only else 1.0
            inner += share * (np.float32(insert.values[channel]) - inner)
        values[self.near] = inner
        return values

    @cached_property
    def depth(self) -> Floats:
        """Depth below the skin in mm."""
        return self.value(skin_depth(), -DEPTH_LIMIT_MM)

    @property
    def tumour(self) -> Floats:
        """Fraction of each voxel that is gross tumour."""
        box = positive_box(self.gtv)
        lower, upper = (np.array(box.TransformIndexToPhysicalPoint(i)) for i in ((0, 0, 0), [n - 1 for n in box.GetSize()]))
        inside = np.ones(self.average_mm.shape[1], bool)
        for axis in range(3):
            inside &= (self.average_mm[axis] > lower[axis]) & (self.average_mm[axis] < upper[axis])
        near = np.zeros(len(inside), np.float32)
        near[inside] = np.clip(0.5 + sampled(box, self.average_mm[:, inside], -DEPTH_LIMIT_MM) / 2.0, 0.0, 1.0)
        whole = np.zeros(self.near.shape, np.float32)
        whole[self.near] = near
        return whole

    @property
    def occupied(self) -> Floats:
        """Fraction of each voxel that lies inside the skin."""
        return np.clip(0.5 + self.depth / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)


def positive_box(field: sitk.Image) -> sitk.Image:
    """The part of a depth field, mm inside, that lies deeper than -2 mm, and one voxel around it."""
    inside = sitk.GetArrayViewFromImage(field) > -2.0
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != 2 - axis)
        where = np.flatnonzero(inside.any(axis=others))
        box.append(slice(max(int(where[0]) - 1, 0), min(int(where[-1]) + 2, field.GetSize()[axis])))
    return field[tuple(box)]


def patient_tissue(head: RandomHead, gtv: sitk.Image, grid: sitk.Image, inserts: tuple[Insert, ...] = ()) -> PatientTissue:
    """Find where the voxels of a patient's grid (LPS mm, identity direction) lie in the average head; rest as in the class."""
    near = near_head(head, grid)
    return PatientTissue(grid, near, head.average_on(grid)[:, near], gtv, inserts)


def near_head(head: RandomHead, grid: sitk.Image) -> NDArray[np.bool_]:
    """Voxels of a grid that may hold the head: a coarse look, grown by two coarse voxels."""
    coarse_mm = 8.0
    extent = np.array(grid.GetSize()) * np.array(grid.GetSpacing())
    coarse = sitk.Image([int(n) for n in np.ceil(extent / coarse_mm) + 1], sitk.sitkUInt8)
    coarse.SetSpacing([coarse_mm] * 3)
    coarse.SetOrigin(grid.GetOrigin())
    found = like((sampled(skin_depth(), head.average_on(coarse), -DEPTH_LIMIT_MM) > -coarse_mm).astype(np.uint8), coarse)
    grown = sitk.BinaryDilate(found, [1, 1, 1])
    return sitk.GetArrayFromImage(sitk.Resample(grown, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0


def ct_image(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """CT in HU (int16) with noise."""
    hu = AIR_HU + tissue.occupied * (tissue.hu + 12.0 * tissue.tumour - AIR_HU)
    hu += CT_NOISE_HU * random.standard_normal(hu.shape, dtype=np.float32)
    return like(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), tissue.grid)


def mr_image(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """T1-like MR (uint16) with coil shading and Rician noise."""
    t1 = tissue.t1
    shading = ndimage.zoom(1.0 + 0.08 * random.standard_normal((3, 3, 3)).astype(np.float32), np.array(t1.shape) / 3.0, order=1)
    signal = 5.0 * t1 * (1.0 - 0.3 * tissue.tumour) * shading
    noise = random.standard_normal((2, *signal.shape), dtype=np.float32) * np.float32(MR_NOISE)
    return like(np.rint(np.hypot(signal + noise[0], noise[1])).astype(np.uint16), tissue.grid)


def pet_suv(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """FDG-like SUV (float32), blurred and noisy."""
    clean = tissue.occupied * (tissue.suv * (1.0 - tissue.tumour) + TUMOUR_SUV * tissue.tumour)
    sigma = [PET_FWHM_MM / 2.355 / s for s in tissue.grid.GetSpacing()[::-1]]
    blurred = ndimage.gaussian_filter(clean, sigma)
    noisy = blurred + 0.06 * np.sqrt(blurred + 0.01) * ndimage.gaussian_filter(random.standard_normal(clean.shape), 0.6)
    return like(np.maximum(noisy, 0.0).astype(np.float32), tissue.grid)

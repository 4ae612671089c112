"""From tissue labels of the average head to CT, MR and PET of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtr

from ..anatomy.average_head import template_image
from .changed_anatomy import AIRWAY_BELOW_HU, BONE_FROM_HU, FAT_BELOW_HU, HU, SUV, T1, AveragePoints, Insert
from .neck import Part, with_neck
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead
from .shoulders import BONE_DEPTH_MM, shoulder_parts
from .shoulders import TOP_MM as SHOULDERS_TOP_MM
from .targets import Target, target_depth
from .template.average_skin import average_skin_depth
from .template.labels import LABELS
from .template.shapes import Coordinates
from .template.source import like

HU_OF_LABEL: dict[str, float] = {
    "air": -95.0,
    "airway": -1000.0,
    "skin_fat": -95.0,
    "muscle": 55.0,
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
"""CT numbers at 120 kV. The label air takes the value of fat: the skin's edge is drawn from the depth, not from the label."""

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
AIR_AROUND, NOTHING = -95.0, 0.0
"""CT number (of fat: the edge is drawn from the depth) and signal outside the template."""
BLUR = 0.55
"""Standard deviation of the skin's edge over the voxel's smallest side: partial volume and the scanner's own blur. A linear ramp
would draw terraces of half a millimetre."""
NEAR_MM = 8.0
"""Voxels so far before the skin are still looked up."""
TEMPLATE_END_MM = -210.0
"""z of the average head below which the neck goes on as it is there."""
OUTSIDE_SHARE = 0.5
"""Share of air from which on a place lies outside the average head's skin: it is filled by its depth."""
FAT_MM, MUSCLE_MM = 7.0, 10.0
"""Such a place is fat up to the first, muscle from the second depth on."""
DERMIS_MM, NO_BONE_MM, NO_AIRWAY_MM = 2.0, 3.0, 4.0
"""Thickness of the skin; less deep there is no bone, and no airway but what the skin itself encloses."""
NECK_TOP_MM, NECK_FAT_MM = -150.0, 12.0
"""Below this z of the average head, fat that the template has deeper than that is muscle."""
AVERAGE_EDGE_MM = 4.0
"""The average head's signal counts from this depth on."""
DRAWN_BELOW_MM = -95.0
"""Below this z the average head's signal is drawn from the labels; above it, it is an average of real heads."""
CSF_T1, CSF_T1_RANGE = 132.0, 30.0
"""Template T1 in the brain below which there is fluid, and the range over which it mixes: ventricles and wide sulci."""
PLANES_SEED, PLANES_MM, PLANES_WIDTH, PLANES_SHARE = 5, 9.0, 0.22, 0.75
"""Fat between muscles: where a smooth random field (its seed and size in mm) is near zero (in standard deviations), and its share."""
FAT, MUSCLE, DERMIS = (-95.0, 175.0, 0.4), (55.0, 95.0, 0.8), (25.0, 150.0, 0.6)
"""CT number in HU, template T1 signal and SUV of what fills such places."""

Floats = NDArray[np.float32]


@cache
def channels() -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """CT number, T1 signal and SUV of the average head (float32)."""
    head = template_image("average_head")
    labels = sitk.GetArrayFromImage(template_image("average_labels"))
    t1 = sitk.GetArrayFromImage(head).astype(np.float32)
    is_brain = labels == LABELS["brain"]
    texture = np.where(is_brain, np.clip(t1 - T1_BRAIN, -40.0, 40.0), 0.0).astype(np.float32)
    water = np.where(is_brain, np.clip((CSF_T1 - t1) / CSF_T1_RANGE, 0.0, 1.0), 0.0).astype(np.float32)
    hu = _painted(labels, HU_OF_LABEL) + np.float32(HU_PER_T1) * texture
    suv = _painted(labels, SUV_OF_LABEL) + np.float32(SUV_PER_T1) * texture
    hu += water * (HU_OF_LABEL["csf"] - hu)
    suv += water * (SUV_OF_LABEL["csf"] - suv)
    t1 = outwards(t1, sitk.GetArrayViewFromImage(average_skin_depth()) < AVERAGE_EDGE_MM)
    at, airway = Coordinates(head), labels == LABELS["airway"]
    planes = muscle_planes(labels)
    hu += planes * (FAT[HU] - hu)
    suv += planes * (FAT[SUV] - suv)
    t1 += np.where(at.z < DRAWN_BELOW_MM, planes, np.float32(0.0)) * (FAT[T1] - t1)
    hu, t1, suv = (with_neck(values, channel, at, airway, head.GetSpacing()[0]) for channel, values in enumerate((hu, t1, suv)))
    return like(hu, head), like(t1, head), like(suv, head)


def outwards(values: Floats, edge: NDArray[np.bool_]) -> Floats:
    """Values with those of the edge replaced by the nearest inner ones: the average head's own skin fades into air."""
    nearest = ndimage.distance_transform_edt(edge, return_distances=False, return_indices=True)
    smooth = ndimage.gaussian_filter(values[tuple(nearest)], 1.0)
    return np.where(edge, smooth, values)


def muscle_planes(labels: NDArray[np.uint8]) -> Floats:
    """Share of fat in the muscle of the average head, shape (z, y, x): thin planes, as between real muscles."""
    random = np.random.default_rng(PLANES_SEED)
    size = PLANES_MM / template_image("average_labels").GetSpacing()[0]
    field = ndimage.gaussian_filter(random.standard_normal(labels.shape, dtype=np.float32), (2.0 * size, size, size))
    planes = np.exp(-((field / (PLANES_WIDTH * field.std())) ** 2))
    return np.asarray(PLANES_SHARE * planes * (labels == LABELS["muscle"]), dtype=np.float32)


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


@cache
def outside_share() -> sitk.Image:
    """1 outside the average head's skin, 0 inside (float32)."""
    labels = template_image("average_labels")
    return like((sitk.GetArrayViewFromImage(labels) == LABELS["air"]).astype(np.float32), labels)


@dataclass(frozen=True)
class PatientTissue:
    """A person's tissues on a patient's grid, looked up when asked for; arrays float32 of shape (z, y, x).

    Parameters
    ----------
    grid : SimpleITK.Image
        LPS mm, identity direction.
    depth : ndarray, shape (z, y, x)
        Depth below the skin in mm.
    near : ndarray of bool, shape (z, y, x)
        Voxels that may hold tissue; only these are looked up.
    average_mm : ndarray, shape (3, n)
        Where the n voxels of `near` lie in the average head: x, y, z in mm.
    gtv : Target
        The gross tumour.
    inserts : tuple of Insert
        What the patient has instead of the average head's tissue.
    low : ndarray of bool, shape (n,)
        Which of the n voxels lie at the shoulders.
    upright_mm : ndarray, shape (3, k)
        Where those k voxels lie in the upright person.
    shoulders : tuple of Part
        Bones and lungs there.
    """

    grid: sitk.Image
    depth: Floats
    near: NDArray[np.bool_]
    average_mm: Floats
    gtv: Target
    inserts: tuple[Insert, ...]
    low: NDArray[np.bool_]
    upright_mm: Floats
    shoulders: tuple[Part, ...]

    def value(self, field: sitk.Image, outside: float) -> Floats:
        """A field of the average head in the patient."""
        return self.whole(sampled(field, self.average_mm, outside), outside)

    def whole(self, near: Floats, outside: float) -> Floats:
        """Values of the voxels of `near`, shape (n,), on the grid."""
        found = np.full(self.near.shape, outside, np.float32)
        found[self.near] = near
        return found

    @property
    def hu(self) -> Floats:
        """CT in HU."""
        return self.whole(self.tissue(channels()[HU], HU), AIR_AROUND)

    @property
    def t1(self) -> Floats:
        """MR T1, in units of its own."""
        return self.whole(self.tissue(channels()[T1], T1), NOTHING)

    @property
    def suv(self) -> Floats:
        """FDG PET in SUVbw."""
        return self.whole(self.tissue(channels()[SUV], SUV), NOTHING)

    def tissue(self, field: sitk.Image, channel: int) -> Floats:
        """Values of a channel (`HU`, `T1` or `SUV`) of the voxels of `near`, shape (n,), from a field of the average head.

        Under the person's own skin lie dermis, fat and muscle wherever the average head ends; then the inserts.
        """
        depth = self.depth[self.near]
        values = sampled(field, self.average_mm, 0.0)
        fat, muscle, dermis = (np.float32(each[channel]) for each in (FAT, MUSCLE, DERMIS))
        strong = np.clip((depth - FAT_MM) / (MUSCLE_MM - FAT_MM), 0.0, 1.0)
        soft = values if channel == T1 else fat  # the signal goes on outwards as it is below the average head's skin
        values = np.where(self._outside, soft + strong * (muscle - soft), values)
        values = np.where((depth < NO_AIRWAY_MM) & self._airway, muscle, values)
        values = np.where((depth < NO_BONE_MM) & self._bone, dermis, values)
        values = np.where(self._deep_neck_fat, muscle, values)
        values += np.clip(1.5 - depth / DERMIS_MM, 0.0, 1.0) * (dermis - values)
        return self._with_inserts(self._with_shoulders(values.astype(np.float32), depth, channel), channel)

    def _with_shoulders(self, values: Floats, depth: Floats, channel: int) -> Floats:
        """Values of a channel of the voxels of `near`, shape (n,), with the bones and lungs of the shoulders in them."""
        if not self.low.any():
            return values
        at, inner, deep = AveragePoints(self.upright_mm), values[self.low], depth[self.low] - np.float32(BONE_DEPTH_MM)
        for part in self.shoulders:
            share = np.clip(0.5 + np.minimum(part.depth(at), deep) / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)
            inner += share * (np.float32(part.values[channel]) - inner)
        values[self.low] = inner
        return values

    @cached_property
    def _average_hu(self) -> Floats:
        return sampled(channels()[HU], self.average_mm, AIR_AROUND)

    @cached_property
    def _outside(self) -> NDArray[np.bool_]:
        return sampled(outside_share(), self.average_mm, 1.0) > OUTSIDE_SHARE

    @property
    def _airway(self) -> NDArray[np.bool_]:
        return self._average_hu < AIRWAY_BELOW_HU

    @property
    def _bone(self) -> NDArray[np.bool_]:
        return self._average_hu > BONE_FROM_HU

    @property
    def _deep_neck_fat(self) -> NDArray[np.bool_]:
        deep = (self.depth[self.near] > NECK_FAT_MM) & (self.average_mm[2] < NECK_TOP_MM)
        return deep & (self._average_hu < FAT_BELOW_HU) & (self._average_hu > AIRWAY_BELOW_HU)

    def _with_inserts(self, values: Floats, channel: int) -> Floats:
        """Values of a channel of the voxels of `near`, shape (n,), with the inserts in them."""
        at = AveragePoints(self.average_mm)
        for insert in self.inserts:
            share = np.clip(0.5 + insert.depth(at) / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)
            share *= self._bone if insert.bone_only else 1.0
            values += share * (np.float32(insert.values[channel]) - values)
        return values

    @property
    def tumour(self) -> Floats:
        """Fraction of each voxel that is gross tumour."""
        box = positive_box(self.gtv.depth)
        lower, upper = (np.array(box.TransformIndexToPhysicalPoint(i)) for i in ((0, 0, 0), [n - 1 for n in box.GetSize()]))
        inside = np.ones(self.average_mm.shape[1], bool)
        for axis in range(3):
            inside &= (self.average_mm[axis] > lower[axis]) & (self.average_mm[axis] < upper[axis])
        near = np.zeros(len(inside), np.float32)
        depth = target_depth(self.gtv, sampled(box, self.average_mm[:, inside], -DEPTH_LIMIT_MM), self.depth[self.near][inside])
        near[inside] = np.clip(0.5 + depth / 2.0, 0.0, 1.0)
        whole = np.zeros(self.near.shape, np.float32)
        whole[self.near] = near
        return whole

    @property
    def occupied(self) -> Floats:
        """Fraction of each voxel that lies inside the skin."""
        return occupied_share(self.depth, self.grid)


def occupied_share(depth: Floats, grid: sitk.Image) -> Floats:
    """Fraction of each voxel that lies inside the skin, from its depth in mm on a grid."""
    return np.asarray(ndtr(depth / np.float32(BLUR * min(grid.GetSpacing()))), dtype=np.float32)


def positive_box(field: sitk.Image) -> sitk.Image:
    """The part of a depth field, mm inside, that lies deeper than -2 mm, and one voxel around it."""
    inside = sitk.GetArrayViewFromImage(field) > -2.0
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != 2 - axis)
        where = np.flatnonzero(inside.any(axis=others))
        box.append(slice(max(int(where[0]) - 1, 0), min(int(where[-1]) + 2, field.GetSize()[axis])))
    return field[tuple(box)]


def patient_tissue(head: PersonHead, gtv: Target, grid: sitk.Image, inserts: tuple[Insert, ...] = ()) -> PatientTissue:
    """Find where the voxels of a patient's grid (LPS mm, identity direction) lie in the average head; rest as in the class."""
    depth = head.skin_on(grid)
    near = depth > -NEAR_MM
    average_mm = head.average_on(grid)[:, near]
    np.maximum(average_mm[2], np.float32(TEMPLATE_END_MM), out=average_mm[2])
    low, upright_mm = np.zeros(average_mm.shape[1], bool), np.empty((3, 0), np.float32)
    if average_mm[2].min(initial=0.0) < SHOULDERS_TOP_MM:
        upright_mm = head.upright_on(grid)[:, near]
        low = upright_mm[2] < SHOULDERS_TOP_MM
        upright_mm = upright_mm[:, low]
    return PatientTissue(grid, depth, near, average_mm, gtv, inserts, low, upright_mm, tuple(shoulder_parts(head.figure.marks_mm)))


def ct_image(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """CT in HU (int16) with noise."""
    hu = AIR_HU + tissue.occupied * (tissue.hu + 12.0 * tissue.tumour - AIR_HU)
    hu += CT_NOISE_HU * random.standard_normal(hu.shape, dtype=np.float32)
    return like(np.rint(np.clip(hu, -1024, 3071)).astype(np.int16), tissue.grid)


def mr_image(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """T1-like MR (uint16) with coil shading and Rician noise."""
    t1 = tissue.t1
    shading = ndimage.zoom(1.0 + 0.08 * random.standard_normal((3, 3, 3)).astype(np.float32), np.array(t1.shape) / 3.0, order=1)
    signal = 5.0 * t1 * tissue.occupied * (1.0 - 0.3 * tissue.tumour) * shading
    noise = random.standard_normal((2, *signal.shape), dtype=np.float32) * np.float32(MR_NOISE)
    return like(np.rint(np.hypot(signal + noise[0], noise[1])).astype(np.uint16), tissue.grid)


def pet_suv(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """FDG-like SUV (float32), blurred and noisy."""
    clean = tissue.occupied * (tissue.suv * (1.0 - tissue.tumour) + TUMOUR_SUV * tissue.tumour)
    sigma = [PET_FWHM_MM / 2.355 / s for s in tissue.grid.GetSpacing()[::-1]]
    blurred = ndimage.gaussian_filter(clean, sigma)
    noisy = blurred + 0.06 * np.sqrt(blurred + 0.01) * ndimage.gaussian_filter(random.standard_normal(clean.shape), 0.6)
    return like(np.maximum(noisy, 0.0).astype(np.float32), tissue.grid)

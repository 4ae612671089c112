"""A person's tissues on a patient's grid, from those of the average head and the person's own skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.special import ndtr

from .average_tissue import SOFT, Floats, Signal, average_signal, outside_share, sampled
from .changed_anatomy import AIRWAY_BELOW_HU, BONE_FROM_HU, FAT_BELOW_HU, AveragePoints, Insert
from .neck import Part
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead
from .shoulders import BONE_DEPTH_MM, shoulder_parts
from .shoulders import TOP_MM as SHOULDERS_TOP_MM
from .targets import Target, target_depth

AIR_AROUND = -95.0
"""CT number outside the template: of fat; the edge is drawn from the depth."""
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

    def signal(self, signal: Signal) -> Floats:
        """A signal inside the skin."""
        return self.whole(self._inner(signal), 0.0)

    def _inner(self, signal: Signal) -> Floats:
        """A signal of the voxels of `near`, shape (n,).

        Under the person's own skin lie dermis, fat and muscle wherever the average head ends; then the shoulders' bones, then the
        inserts.
        """
        depth = self.depth[self.near]
        values = sampled(average_signal(signal), self.average_mm, 0.0)
        fat, muscle, dermis = (np.float32(value) for value in SOFT[signal])
        soft = values if signal is Signal.T1 else fat  # the signal goes on outwards as it is below the average head's skin
        strong = np.clip((depth - FAT_MM) / (MUSCLE_MM - FAT_MM), 0.0, 1.0)
        values = np.where(self._outside, soft + strong * (muscle - soft), values)
        values = np.where((depth < NO_AIRWAY_MM) & self._airway, muscle, values)
        values = np.where((depth < NO_BONE_MM) & self._bone, dermis, values)
        values = np.where(self._deep_neck_fat, muscle, values)
        values += np.clip(1.5 - depth / DERMIS_MM, 0.0, 1.0) * (dermis - values)
        return self._with_inserts(self._with_shoulders(values.astype(np.float32), depth, signal.place), signal.place)

    def _with_shoulders(self, values: Floats, depth: Floats, place: int) -> Floats:
        """Values of the voxels of `near`, shape (n,), with the bones and lungs of the shoulders in them."""
        if not self.low.any():
            return values
        at, inner, deep = AveragePoints(self.upright_mm), values[self.low], depth[self.low] - np.float32(BONE_DEPTH_MM)
        for part in self.shoulders:
            share = np.clip(0.5 + np.minimum(part.depth(at), deep) / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)
            inner += share * (np.float32(part.values[place]) - inner)
        values[self.low] = inner
        return values

    @cached_property
    def _average_hu(self) -> Floats:
        return sampled(average_signal(Signal.HU), self.average_mm, AIR_AROUND)

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

    def _with_inserts(self, values: Floats, place: int) -> Floats:
        """Values of the voxels of `near`, shape (n,), with the inserts in them."""
        at = AveragePoints(self.average_mm)
        for insert in self.inserts:
            share = np.clip(0.5 + insert.depth(at) / np.float32(min(self.grid.GetSpacing())), 0.0, 1.0)
            share *= self._bone if insert.bone_only else 1.0
            values += share * (np.float32(insert.values[place]) - values)
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
    upright = None if head.pose is None else head.upright_on(grid)
    depth = head.skin_on(grid) if upright is None else head.skin.depth(upright)
    near = depth > -NEAR_MM
    average_mm = head.average_on(grid)[:, near]
    np.maximum(average_mm[2], np.float32(TEMPLATE_END_MM), out=average_mm[2])
    low, upright_mm = np.zeros(average_mm.shape[1], bool), np.empty((3, 0), np.float32)
    if average_mm[2].min(initial=0.0) < SHOULDERS_TOP_MM:
        upright_mm = (head.upright_on(grid) if upright is None else upright)[:, near]
        low = upright_mm[2] < SHOULDERS_TOP_MM
        upright_mm = upright_mm[:, low]
    return PatientTissue(
        grid, depth, near, average_mm, gtv, inserts, low, upright_mm, tuple(shoulder_parts(head.figure.marks_mm))
    )

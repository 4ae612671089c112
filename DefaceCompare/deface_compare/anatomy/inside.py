"""A second witness of where a head lies: what is inside it. The outline's fit does not know whether it is right.

The average head's inside is slid over the patient's, everywhere within reach, and compared at each place (normalised
cross-correlation of what both scans show: Padfield 2012, doi 10.1109/TIP.2011.2181402). On CT bone is compared, on MR the
edges of brain, ventricles, skull and orbits; skin, which the fit has used, is left out. A fit that is off by more than a neck's
length still finds the right place here, since nothing is climbed: every place is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CT, MR, CaseImage
from ..data import data_text
from ..geometry.grids import flattened
from ..geometry.morphology import inner_distance_mm
from .average_head import average_head, template_image

STEP_MM = 5.0
"""Grid on which both insides are compared: half an orbit's wall is lost, a skull base is not."""
REACH_MM = (40.0, 60.0, 100.0)
"""How far the average head is slid: left and right, forwards and back, up and down (a fit on the neck was 70 mm off)."""
AGREES_MM = 12.0
"""The outline's fit and the inside agree within this distance (docs/design.md#second-witness)."""
SPEAKS = 0.25
"""Least correlation at the best place from which the inside is believed (docs/design.md#second-witness)."""
LEAST_SHARE = 0.25
"""Of the average head's inside that must lie in the scan at a place, so that a corner of it does not fit by chance."""
BONE_HU = 250.0
BONE_LABELS = ("skull", "mandible", "teeth", "vertebra")
EDGE_MM = 3.0
"""Gaussian sigma of the edges on MR."""
BELOW_SKIN_MM = 8.0
"""MR edges count from so deep on: scalp and skin are the outline's own business."""
BRIGHT_PERCENTILE, BRIGHTEST = 95.0, 1.5
"""Edges are scaled by this percentile, and brighter ones than this are cut: contrast agents and vessels do not lead."""
SMOOTHING_STEPS = 0.7
"""Gaussian sigma of bone, in steps of the grid: necks and jaws differ in pose."""


@dataclass(frozen=True)
class Place:
    """Where the inside of a head lies, seen from where a fit laid the average head.

    Parameters
    ----------
    offset_mm : ndarray, shape (3,)
        In average-head mm (LPS): the fit is right where this is 0; the inside lies so much further left, back and up.
    correlation : float
        At that place; `SPEAKS` or more.
    """

    offset_mm: NDArray[np.float64]
    correlation: float

    @property
    def distance_mm(self) -> float:
        """How far fit and inside are apart."""
        return float(np.linalg.norm(self.offset_mm))

    @property
    def agrees(self) -> bool:
        """Whether they name the same place."""
        return self.distance_mm <= AGREES_MM

    def corrected(self, to_average: sitk.AffineTransform) -> sitk.AffineTransform:
        """The fit, slid to where the inside lies."""
        slide = sitk.AffineTransform(3)
        slide.SetTranslation((-self.offset_mm).tolist())
        return flattened((slide, to_average))


def inside_place(image: CaseImage, outline: sitk.Image, to_average: sitk.AffineTransform) -> Place | None:
    """Look where the inside of a head lies.

    Parameters
    ----------
    image : CaseImage
        CT or MR.
    outline : SimpleITK.Image
        uint8 on the working grid, the filled patient.
    to_average : SimpleITK.AffineTransform
        Patient mm to average-head mm, as the outline's fit laid it.

    Returns
    -------
    Place or None
        None where the inside says nothing: a PET, a phantom, a scan that shows too little of it.
    """
    if image.modality not in (CT, MR):
        return None
    grid = _grid(_reach())
    from_average = to_average.GetInverse()
    seen = _laid(_ones(image.image), grid, from_average) > 0.5
    if image.modality == CT:
        patient = _bone(image, outline, grid, from_average)
    else:
        seen &= _laid(_depth(outline), grid, from_average) > BELOW_SKIN_MM
        patient = _scaled(_laid(_edges(image.image), grid, from_average), seen)
    average, there = _average_inside(image.modality)
    found = _best_shift(patient, seen, average, there)
    return None if found is None or found[1] < SPEAKS else Place(np.array(found[0]), found[1])


def _grid(steps: Sequence[int] = (0, 0, 0)) -> sitk.Image:
    """An empty grid along the average head's axes, wider by so many steps (x, y, z) on each side."""
    template, margin_mm = average_head().image, STEP_MM * np.array(steps)
    low = np.array(template.GetOrigin()) - margin_mm
    extent_mm = np.array(template.GetSize()) * np.array(template.GetSpacing()) + 2 * margin_mm
    grid = sitk.Image(np.ceil(extent_mm / STEP_MM).astype(int).tolist(), sitk.sitkUInt8)
    grid.SetSpacing([STEP_MM] * 3)
    grid.SetOrigin(low.tolist())
    return grid


def _reach() -> list[int]:
    """`REACH_MM` in steps (x, y, z)."""
    return [round(mm / STEP_MM) for mm in REACH_MM]


def _laid(image: sitk.Image, grid: sitk.Image, transform: sitk.Transform) -> NDArray[np.float32]:
    return sitk.GetArrayFromImage(sitk.Resample(image, grid, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32))


def _ones(image: sitk.Image) -> sitk.Image:
    ones = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    ones.CopyInformation(image)
    return ones


def _bone(image: CaseImage, outline: sitk.Image, grid: sitk.Image, from_average: sitk.Transform) -> NDArray[np.float32]:
    """Bone inside the patient; what couch and mask hold of it stays out."""
    share = _shrunk(sitk.Cast(image.image > BONE_HU, sitk.sitkFloat32))
    inside = _laid(outline, grid, from_average) > 0.5
    return scipy.ndimage.gaussian_filter(_laid(share, grid, from_average) * inside, SMOOTHING_STEPS)


def _shrunk(image: sitk.Image) -> sitk.Image:
    """The image in voxels of at most half a step: finer ones cost time and are averaged later anyway."""
    bins = [max(1, int(0.5 * STEP_MM / spacing)) for spacing in image.GetSpacing()]
    return sitk.BinShrink(image, [min(count, size) for count, size in zip(bins, image.GetSize(), strict=True)])


def _edges(image: sitk.Image) -> sitk.Image:
    return sitk.GradientMagnitudeRecursiveGaussian(_shrunk(sitk.Cast(image, sitk.sitkFloat32)), EDGE_MM)


def _depth(outline: sitk.Image) -> sitk.Image:
    depth = sitk.GetImageFromArray(inner_distance_mm(sitk.GetArrayViewFromImage(outline) > 0, outline.GetSpacing()[0]))
    depth.CopyInformation(outline)
    return depth


def _scaled(edges: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.float32]:
    bright = float(np.percentile(edges[there], BRIGHT_PERCENTILE)) if there.any() else 0.0
    return np.clip(edges / bright, 0.0, BRIGHTEST) if bright > 0.0 else np.zeros_like(edges)


@cache
def _average_inside(modality: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The average head's bone or edges on its own grid, and where they are known, shape (z, y, x)."""
    grid, identity = _grid(), sitk.Transform(3, sitk.sitkIdentity)
    if modality == CT:
        template = template_image("average_labels")
        labels = sitk.GetArrayFromImage(template)
        numbers = json.loads(data_text("templates/average_labels.json"))["labels"]
        bone = sitk.GetImageFromArray(np.isin(labels, [numbers[name] for name in BONE_LABELS]).astype(np.float32))
        bone.CopyInformation(template)
        known = _laid(template > 0, grid, identity) > 0.0
        return scipy.ndimage.gaussian_filter(_laid(bone, grid, identity), SMOOTHING_STEPS), known
    known = _laid(_depth(average_head().outline), grid, identity) > BELOW_SKIN_MM
    return _scaled(_laid(_edges(average_head().image), grid, identity), known), known


def _best_shift(
    patient: NDArray[np.float32], seen: NDArray[np.bool_], average: NDArray[np.float32], there: NDArray[np.bool_]
) -> tuple[list[float], float] | None:
    """The place of the average head's inside in the patient's, in mm (x, y, z) from where both grids lie, and the correlation.

    None if nowhere within reach both scans show enough.
    """
    correlation, common = _masked_correlation(patient, seen, average, there)
    reach = _reach()[::-1]
    middle = [size - 1 + far for size, far in zip(average.shape, reach, strict=True)]  # the patient's grid begins as far before
    box = tuple(slice(centre - far, centre + far + 1) for centre, far in zip(middle, reach, strict=True))
    near = np.where(common[box] >= LEAST_SHARE * np.count_nonzero(there), correlation[box], -1.0)
    best = np.unravel_index(int(np.argmax(near)), near.shape)
    if near[best] <= 0.0:
        return None
    steps = [place - far + _vertex(near, best, axis) for axis, (place, far) in enumerate(zip(best, reach, strict=True))]
    return [STEP_MM * float(step) for step in steps[::-1]], float(near[best])


def _vertex(values: NDArray[np.floating], best: tuple[np.intp, ...], axis: int) -> float:
    """How far the vertex of the parabola through a maximum and its neighbours lies from it, in steps (0 at the border)."""
    if not 0 < best[axis] < values.shape[axis] - 1:
        return 0.0
    line = values[tuple(slice(None) if each == axis else place for each, place in enumerate(best))]
    below, middle, above = (float(each) for each in line[best[axis] - 1 : best[axis] + 2])
    bend = below - 2.0 * middle + above
    return 0.5 * (below - above) / bend if below > -1.0 and above > -1.0 and bend < 0.0 else 0.0


def _masked_correlation(
    first: NDArray[np.float32], first_mask: NDArray[np.bool_], second: NDArray[np.float32], second_mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalised cross-correlation of what both masks hold, at every shift, and how many voxels that are."""
    shape = [scipy.fft.next_fast_len(a + b - 1, real=True) for a, b in zip(first.shape, second.shape, strict=True)]
    one, one_mask = (first * first_mask).astype(np.float32), first_mask.astype(np.float32)
    turned = np.flip((second * second_mask).astype(np.float32))
    turned_mask = np.flip(second_mask.astype(np.float32))
    a, a_mask, a_square, b, b_mask, b_square = (
        scipy.fft.rfftn(each, shape) for each in (one, one_mask, one * one, turned, turned_mask, turned * turned)
    )
    common, sum_a, sum_b, product, squares_a, squares_b = (
        scipy.fft.irfftn(each, shape)
        for each in (a_mask * b_mask, a * b_mask, a_mask * b, a * b, a_square * b_mask, a_mask * b_square)
    )
    count = np.maximum(common, 1.0)
    spread = np.sqrt(np.maximum(squares_a - sum_a**2 / count, 0.0) * np.maximum(squares_b - sum_b**2 / count, 0.0))
    return np.where(spread > 1e-3, (product - sum_a * sum_b / count) / np.maximum(spread, 1e-3), 0.0), common

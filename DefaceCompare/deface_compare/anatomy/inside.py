"""A second witness of where a head lies: what is inside it. The outline's fit does not know whether it is right.

The average head's inside is slid over the patient's, everywhere within reach, and compared at each place (normalised
cross-correlation of what both scans show: Padfield 2012, doi 10.1109/TIP.2011.2181402). On CT bone is compared, on MR the
edges of brain, ventricles, skull and orbits; skin, which the fit has used, is left out. A fit that is off by more than a neck's
length still finds the right place here, since nothing is climbed: every place is looked at. It is looked at in several pitches:
a head laid on an extended neck is pitched wrongly, and a wrongly pitched skull fits best where the wrong fit lies.
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
from ..geometry.grids import flattened, on_grid
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
PITCHES_DEGREES = (0.0, -24.0, -12.0, 12.0, 24.0)
"""How the average head is pitched against the fit, the fit's own pitch first."""
CLEARLY = 0.05
"""Another pitch than the fit's is believed from so much more correlation on (docs/design.md#second-witness)."""
PITCH_CENTRE_MM = (0.0, -20.0, -60.0)
"""Middle of the turn in average-head mm."""
FACE = ("eye_left", "eye_right", "nose_tip", "mouth", "chin")
"""Landmarks whose move is the distance between fit and inside."""
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

Spectra = tuple[NDArray[np.complex64], NDArray[np.complex64], NDArray[np.complex64]]


@dataclass(frozen=True)
class Place:
    """Where the inside of a head lies, seen from where a fit laid the average head.

    Parameters
    ----------
    offset_mm : ndarray, shape (3,)
        In average-head mm (LPS): the fit is right where this is 0; the inside lies so much further left, back and up.
    correlation : float
        At that place; `SPEAKS` or more.
    pitch_degrees : float
        The inside is turned by so much about x through `PITCH_CENTRE_MM`, before it is moved.
    """

    offset_mm: NDArray[np.float64]
    correlation: float
    pitch_degrees: float = 0.0

    @property
    def distance_mm(self) -> float:
        """How far fit and inside are apart, at that place of the face where it is most."""
        turn = _turn(self.pitch_degrees)
        face = [average_head().landmarks_mm[name] for name in FACE]
        moves = [np.subtract(turn.TransformPoint(point), point) + self.offset_mm for point in face]
        return float(np.linalg.norm(moves, axis=1).max())

    @property
    def agrees(self) -> bool:
        """Whether they name the same place."""
        return self.distance_mm <= AGREES_MM

    def corrected(self, to_average: sitk.AffineTransform) -> sitk.AffineTransform:
        """The fit, slid and turned to where the inside lies."""
        slide = sitk.AffineTransform(3)
        slide.SetTranslation((-self.offset_mm).tolist())
        return flattened((_turn(-self.pitch_degrees), slide, to_average))


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
    return _best_place(image.modality, patient, seen)


def _best_place(modality: str, patient: NDArray[np.float32], seen: NDArray[np.bool_]) -> Place | None:
    """The place and pitch at which the inside fits best; the fit's own pitch unless another is `CLEARLY` better."""
    spectra = _spectra(patient, seen, patient.shape)
    found: Place | None = None
    for pitch in PITCHES_DEGREES:
        shift = _best_shift(spectra, modality, pitch, patient.shape)
        if shift is not None and (found is None or shift[1] > found.correlation + (0.0 if found.pitch_degrees else CLEARLY)):
            found = Place(np.array(shift[0]), shift[1], pitch)
    return None if found is None or found.correlation < SPEAKS else found


def _turn(pitch_degrees: float) -> sitk.AffineTransform:
    """A turn about x through `PITCH_CENTRE_MM`; of points."""
    turn = sitk.AffineTransform(3)
    turn.SetCenter(PITCH_CENTRE_MM)
    turn.Rotate(1, 2, np.radians(-pitch_degrees))
    return turn


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
def _average_inside(modality: str, pitch_degrees: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The pitched average head's bone or edges on its own grid, and where they are known, shape (z, y, x)."""
    grid, turned = _grid(), _turn(-pitch_degrees)
    if modality == CT:
        bone, labelled = _average_bone()
        known = _laid(labelled, grid, turned) > 0.0
        return scipy.ndimage.gaussian_filter(_laid(bone, grid, turned), SMOOTHING_STEPS), known
    edges, depth = _average_edges()
    known = _laid(depth, grid, turned) > BELOW_SKIN_MM
    return _scaled(_laid(edges, grid, turned), known), known


@cache
def _average_bone() -> tuple[sitk.Image, sitk.Image]:
    """The average head's bone (float32), and where it is labelled at all (uint8)."""
    template = template_image("average_labels")
    numbers = json.loads(data_text("templates/average_labels.json"))["labels"]
    bone = np.isin(sitk.GetArrayViewFromImage(template), [numbers[name] for name in BONE_LABELS])
    return on_grid(bone.astype(np.float32), template), template > 0


@cache
def _average_edges() -> tuple[sitk.Image, sitk.Image]:
    """The average head's edges, and how deep below its skin they lie, mm."""
    return _edges(average_head().image), _depth(average_head().outline)


def _best_shift(
    patient: Spectra, modality: str, pitch_degrees: float, shape: tuple[int, ...]
) -> tuple[list[float], float] | None:
    """The place of the pitched average head's inside in the patient's, in mm (x, y, z) from the fit, and the correlation.

    None if nowhere within reach both scans show enough.
    """
    average, there = _average_inside(modality, pitch_degrees)
    reach = _reach()[::-1]
    # where the average head lies wholly within the wider grid: no sum wraps around
    box = tuple(slice(size - 1, size + 2 * far) for size, far in zip(average.shape, reach, strict=True))
    correlation, common = _masked_correlation(patient, _average_spectra(modality, pitch_degrees, shape), shape, box)
    near = np.where(common >= LEAST_SHARE * np.count_nonzero(there), correlation, -1.0)
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


def _spectra(values: NDArray[np.float32], mask: NDArray[np.bool_], shape: tuple[int, ...]) -> Spectra:
    """Fourier transforms of the masked values, of the mask, and of the values' squares."""
    one, there = (values * mask).astype(np.float32), mask.astype(np.float32)
    first, second, third = (scipy.fft.rfftn(each, _fast(shape)) for each in (one, there, one * one))
    return first, second, third


@cache
def _average_spectra(modality: str, pitch_degrees: float, shape: tuple[int, ...]) -> Spectra:
    """The same of the pitched average head, mirrored; 1 MB each."""
    average, there = _average_inside(modality, pitch_degrees)
    return _spectra(np.flip(average), np.flip(there), shape)


def _fast(shape: tuple[int, ...]) -> list[int]:
    return [scipy.fft.next_fast_len(size, real=True) for size in shape]


def _masked_correlation(
    patient: Spectra, average: Spectra, shape: tuple[int, ...], box: tuple[slice, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalised cross-correlation of what both masks hold, at the shifts of a box, and how many voxels that are."""
    (a, a_mask, a_square), (b, b_mask, b_square) = patient, average
    common, sum_a, sum_b, product, squares_a, squares_b = (
        scipy.fft.irfftn(each, _fast(shape))[box]
        for each in (a_mask * b_mask, a * b_mask, a_mask * b, a * b, a_square * b_mask, a_mask * b_square)
    )
    count = np.maximum(common, 1.0)
    spread = np.sqrt(np.maximum(squares_a - sum_a**2 / count, 0.0) * np.maximum(squares_b - sum_b**2 / count, 0.0))
    return np.where(spread > 1e-3, (product - sum_a * sum_b / count) / np.maximum(spread, 1e-3), 0.0), common

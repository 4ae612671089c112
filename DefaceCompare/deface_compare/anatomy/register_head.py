"""The average head laid on the patient: an affine transform found from outlines, then from intensities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.grids import on_grid
from ..geometry.morphology import grown
from ..geometry.smoothing import smoothed_at
from .average_head import AverageHead, average_head
from .converge_affine import STILL_MM, converge_affine
from .head_top import is_cut_above, steering_mask, upper_centre_mm

COARSE_MM, FINE_MM = 8.0, 4.0
"""Grids of the coarse search (all starts) and of the refinement (best start)."""
SAMPLED_SHARE = {COARSE_MM: 0.5, FINE_MM: 0.2}
"""Share of the voxels that are compared, on a regular lattice (a 2 mm head: 1.5 s instead of 8 s)."""
INTENSITY_SHARE = 0.5
"""The same for intensities, where 0.2 left landmarks 1 mm apart between two lattices."""
SAMPLING_SEED = 1
"""ITK jitters even its regular lattice, by the clock unless it is given a seed."""
PITCHES_DEGREES = (-15.0, 0.0, 15.0)
"""Chin up to chin down, the range of radiotherapy masks and head coils."""
SLIDES_MM = (-70.0, -35.0, 0.0, 35.0, 70.0)
"""Starts along the head's axis for scans that are cut at the vertex, whose height in the head is unknown."""
SCREENED_SHARE = 0.05
"""Share of the voxels by which starts are told apart before any is fitted by more of them (a seventh of the time)."""
HOPELESS_DICE = 0.01
"""A start whose screening overlaps by so much less than the best one's is not fitted: on 73 of 75 cut CT scans the start that
wins in the end was less behind."""
CLEAR_DICE = 0.9
"""Screening is believed only where it finds a place that overlaps so well: on the other two scans it found none, and misled."""
ROUGH_STILL_MM = 1.0
"""On the coarse grid the fit goes on until a round moves no corner of the head's box further; the fine grid ends it."""
LONG_STEP, CAREFUL_STEP = 4.0, 1.0
"""First step of the optimiser, in its scaled parameters (about mm): from far, and near the answer."""
SMALLEST_SCALE, LARGEST_SCALE, MOST_ANISOTROPIC = 0.75, 1.35, 1.25
"""Average-head mm per patient mm: from large adults to small children (measured on 16 heads: 0.84-1.18, ratio up to 1.12)."""
INTENSITY_DICE_LOSS = 0.03
"""Skull and brain may pull the skin apart by no more than this overlap; more means that intensities misled."""
NEAR_VOXELS = 3.5
"""Intensities are compared so far around the outline (a ball of seven voxels' width), so that the skin's edge takes part."""
FLAT_INTENSITY_SHARE = 0.05
"""If the inside varies by less than this share of the contrast to air, intensities say nothing."""


Start = tuple[float, float]
"""Where a search begins: slide in mm and pitch in degrees."""


@dataclass(frozen=True)
class Fit:
    """A transform from patient mm to average-head mm, and how well the outlines overlap."""

    transform: sitk.Similarity3DTransform | sitk.AffineTransform
    dice: float

    @property
    def affine(self) -> sitk.AffineTransform:
        """The transform as an affine one."""
        return as_affine(self.transform)


class HeadSearch:
    """The search for the average head's place in one scan.

    Parameters
    ----------
    values, outline, seen : SimpleITK.Image
        On the working grid: intensities (float32), the filled patient (uint8) and the field of view (uint8).
    """

    def __init__(self, values: sitk.Image, outline: sitk.Image, seen: sitk.Image) -> None:
        self._values, self._outline, self._seen = values, outline, seen
        self._mask = steering_mask(outline, seen)
        self._fine = _Outlines(outline, self._mask, average_head(), FINE_MM)
        self._fits: dict[Start, Fit] = {}
        self._rests: dict[tuple[float, ...], Fit | None] = {}

    def best_coarse_fit(self) -> Fit:
        """The best of `coarse_fits`; or what screening finds, where the outlines' fit comes to rest from there.

        On 12 whole and 79 cut heads fits that come to rest in one place lie up to 57 mm apart before.
        """
        starts = self._starts()
        screened = [self._coarse.fit(self._start(each), 30, SCREENED_SHARE) for each in starts]
        best = max(screened, key=lambda fit: fit.dice)
        if best.dice >= CLEAR_DICE:
            if self._at_rest(best.transform) is not None:
                return best
            if len(starts) > len(PITCHES_DEGREES):
                least = best.dice - HOPELESS_DICE
                starts = [each for each, fit in zip(starts, screened, strict=True) if fit.dice >= least]
        return self._fitted(starts)[0]

    def coarse_fits(self, *, everywhere: bool = False) -> list[Fit]:
        """The fits of the outlines from afar, the best one first.

        Parameters
        ----------
        everywhere : bool
            Start at every height (`SLIDES_MM`), also if the scan does not look cut at the vertex.
        """
        return self._fitted(self._starts(everywhere=everywhere))

    def _starts(self, *, everywhere: bool = False) -> list[Start]:
        slides = SLIDES_MM if everywhere or is_cut_above(self._outline, self._seen) else (0.0,)
        return [(slide, pitch) for slide in slides for pitch in PITCHES_DEGREES]

    def _fitted(self, starts: list[Start]) -> list[Fit]:
        """The fits from some starts, each found once, the best one first."""
        for each in starts:
            if each not in self._fits:
                self._fits[each] = self._coarse.fit(self._start(each), 30)
        return sorted((self._fits[each] for each in starts), key=lambda fit: -fit.dice)

    @cached_property
    def _coarse(self) -> _Outlines:
        return _Outlines(self._outline, self._mask, average_head(), COARSE_MM)

    @cached_property
    def _centres_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Upper centres of the patient's outline and of the average head's."""
        return upper_centre_mm(self._outline), upper_centre_mm(average_head().outline)

    def _start(self, start: Start) -> sitk.Similarity3DTransform:
        """The average head upright over the patient's, slid along the head's axis and pitched."""
        slide_mm, pitch_degrees = start
        patient, average = self._centres_mm
        laid = sitk.Similarity3DTransform()
        laid.SetCenter((patient - [0, 0, 90.0]).tolist())
        laid.SetRotation((1.0, 0.0, 0.0), math.radians(pitch_degrees))
        laid.SetTranslation((average - patient - [0, 0, slide_mm]).tolist())
        return laid

    def overlap(self, transform: sitk.Transform) -> float:
        """Dice overlap of the outlines where both scans look."""
        return self._fine.dice(transform)

    def refined(self, near: sitk.Similarity3DTransform | sitk.AffineTransform) -> Fit:
        """From a place near the answer by outlines, then by intensities."""
        start = self._at_rest(near)
        if start is None:
            start, _ = self._fine.converged(near)
        if not is_plausible(start.transform):
            start = self._fine.fit(near, 40)
        if not _is_flat(self._values, self._outline):
            refined = _intensity_fit(as_affine(start.transform), self._values, self._outline, self._mask, average_head())
            dice = self._fine.dice(refined)
            if is_plausible(refined) and dice > start.dice - INTENSITY_DICE_LOSS:
                start = Fit(refined, dice)
        return Fit(as_affine(start.transform), start.dice)

    def _at_rest(self, near: sitk.Similarity3DTransform | sitk.AffineTransform) -> Fit | None:
        """Where the outlines' fit comes to rest, looked for once; None where it does not, or where no head has that shape."""
        place = tuple(as_affine(near).GetParameters())
        if place not in self._rests:
            rough, _ = self._coarse.converged(near, ROUGH_STILL_MM)
            fit, at_rest = self._fine.converged(rough.transform if is_plausible(rough.transform) else near)
            self._rests[place] = fit if at_rest and is_plausible(fit.transform) else None
        return self._rests[place]


def is_plausible(transform: sitk.Similarity3DTransform | sitk.AffineTransform) -> bool:
    """Human heads are not squeezed, no direction is scaled much more than another, and left stays left."""
    matrix = np.array(as_affine(transform).GetMatrix(), dtype=float).reshape(3, 3)
    scales = np.linalg.svd(matrix, compute_uv=False)
    return bool(
        np.linalg.det(matrix) > 0.0
        and scales.max() / scales.min() <= MOST_ANISOTROPIC
        and SMALLEST_SCALE <= scales.min() <= scales.max() <= LARGEST_SCALE
    )


def coarser(image: sitk.Image, spacing_mm: float, smooth: bool = True) -> sitk.Image:
    """Resample to a coarser isotropic grid; masks by nearest neighbour."""
    steps = [spacing_mm / spacing for spacing in image.GetSpacing()]
    if smooth and all(step.is_integer() for step in steps):  # the coarser voxels' centres are centres of the image's, too
        every_x, every_y, every_z = (slice(None, None, int(step)) for step in steps)
        return smoothed_at(image, 0.5 * spacing_mm, (every_x, every_y, every_z))
    size = [max(1, math.ceil(n * s / spacing_mm)) for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    source = sitk.SmoothingRecursiveGaussian(sitk.Cast(image, sitk.sitkFloat32), 0.5 * spacing_mm) if smooth else image
    how = sitk.sitkLinear if smooth else sitk.sitkNearestNeighbor
    return sitk.Resample(source, size, sitk.Transform(), how, image.GetOrigin(), [spacing_mm] * 3, image.GetDirection(), 0.0)


@cache
def _average_outline(spacing_mm: float) -> sitk.Image:
    """The average head's outline on a coarser grid: the same for every patient."""
    return coarser(average_head().outline, spacing_mm)


@cache
def _average_intensities(spacing_mm: float) -> sitk.Image:
    return coarser(average_head().image, spacing_mm)


def registration(iterations: int, spacing_mm: float) -> sitk.ImageRegistrationMethod:
    """A registration that gives the same transform on every run: one work unit, seeded sampling."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricSamplingStrategy(sitk.ImageRegistrationMethod.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLED_SHARE[spacing_mm], SAMPLING_SEED)
    method.SetNumberOfWorkUnits(1)  # two threads gave different transforms (measured)
    method.SetInterpolator(sitk.sitkLinear)
    method.MetricUseFixedImageGradientFilterOff()
    method.MetricUseMovingImageGradientFilterOff()
    method.SetOptimizerAsRegularStepGradientDescent(LONG_STEP, 0.05, iterations, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    return method


class _Outlines:
    """The two outlines on one grid, smoothed for a mean-squares fit."""

    def __init__(self, outline: sitk.Image, mask: sitk.Image, average: AverageHead, spacing_mm: float) -> None:
        self.spacing_mm = spacing_mm
        self.patient = coarser(outline, spacing_mm)
        self.mask = coarser(mask, spacing_mm, smooth=False)
        self.average = _average_outline(spacing_mm)
        self.steering = average.steering
        self.binary = sitk.GetArrayFromImage(self.patient) > 0.5
        # 0 outside of what may steer, 1 air, 2 head
        self.labels = sitk.Cast(average.steering, sitk.sitkUInt8) * (1 + average.outline)

    def fit(self, start: sitk.Similarity3DTransform | sitk.AffineTransform, iterations: int, share: float | None = None) -> Fit:
        """Improve `start` from afar (its kind of transform is kept), by a `share` of the voxels if not by the usual one."""
        method = registration(iterations, self.spacing_mm)
        if share is not None:
            method.SetMetricSamplingPercentage(share, SAMPLING_SEED)
        method.SetMetricAsMeanSquares()
        method.SetMetricFixedMask(self.mask)
        method.SetMetricMovingMask(self.steering)
        transform = type(start)(start)
        method.SetInitialTransform(transform, inPlace=True)
        try:
            method.Execute(self.patient, self.average)
        except RuntimeError:  # ITK's way to say that the heads no longer overlap: this start leads nowhere
            return Fit(start, 0.0)
        return Fit(transform, self.dice(transform))

    def converged(self, start: sitk.Similarity3DTransform | sitk.AffineTransform, still_mm: float = STILL_MM) -> tuple[Fit, bool]:
        """The affine transform near `start` at which the outlines agree best, to about `still_mm`, and whether it is one.

        ITK's gradient descent stops where its last step leads (landmarks up to 12 mm apart on two grids of one head), and on
        four of nine real heads it fled; this answer is the same to 0.2 mm from any start where it comes to rest.
        """
        found, at_rest = converge_affine(self.patient, self.average, self.mask, self.steering, as_affine(start), still_mm)
        return Fit(found, self.dice(found)), at_rest

    def dice(self, transform: sitk.Transform) -> float:
        """Overlap of the outlines where both scans look."""
        laid = sitk.GetArrayFromImage(sitk.Resample(self.labels, self.patient, transform, sitk.sitkNearestNeighbor, 0))
        both = (laid > 0) & (sitk.GetArrayViewFromImage(self.mask) > 0)
        patient, average = self.binary[both], laid[both] == 2
        total = int(patient.sum() + average.sum())
        return 2.0 * int((patient & average).sum()) / total if total else 0.0


def _intensity_fit(
    start: sitk.AffineTransform, values: sitk.Image, outline: sitk.Image, mask: sitk.Image, average: AverageHead
) -> sitk.AffineTransform:
    """Mattes mutual information inside the head, so that skull and brain, not only skin, find their place."""
    method = registration(40, FINE_MM)
    method.SetMetricSamplingPercentage(INTENSITY_SHARE, SAMPLING_SEED)
    method.SetOptimizerAsRegularStepGradientDescent(CAREFUL_STEP, 0.02, 40, 0.6, 1e-6)
    method.SetMetricAsMattesMutualInformation(32)
    near = grown(sitk.GetArrayViewFromImage(outline) > 0, NEAR_VOXELS, 1.0) & (sitk.GetArrayViewFromImage(mask) > 0)
    method.SetMetricFixedMask(coarser(on_grid(near, outline), FINE_MM, smooth=False))
    method.SetMetricMovingMask(average.steering)
    transform = sitk.AffineTransform(start)
    method.SetInitialTransform(transform, inPlace=True)
    low, high = np.percentile(sitk.GetArrayViewFromImage(values)[sitk.GetArrayViewFromImage(outline) > 0], [1, 99])
    method.Execute(
        coarser(sitk.Clamp(values, sitk.sitkFloat32, float(low), float(high)), FINE_MM),
        _average_intensities(FINE_MM),
    )
    return transform


def _is_flat(values: sitk.Image, outline: sitk.Image) -> bool:
    inside = sitk.GetArrayViewFromImage(values)[sitk.GetArrayViewFromImage(outline) > 0]
    air = float(sitk.GetArrayViewFromImage(values).min())
    low, high = np.percentile(inside, [25, 75])
    return bool(high - low < FLAT_INTENSITY_SHARE * (high - air))


def as_affine(transform: sitk.Similarity3DTransform | sitk.AffineTransform) -> sitk.AffineTransform:
    """A copy as an affine transform, whatever it was."""
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(transform.GetMatrix())
    affine.SetCenter(transform.GetCenter())
    affine.SetTranslation(transform.GetTranslation())
    return affine

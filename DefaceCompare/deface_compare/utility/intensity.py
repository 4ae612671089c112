"""Intensities inside a region before and after defacing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..case import CT
from ..measurement import percent_change
from ..structures.region_voxels import RegionVoxels
from .volume import altered_voxels

LEAST_MEDIAN_HU = 5.0
"""Percent change of a median closer to 0 HU (eye, fluid) says nothing and is not given."""


@dataclass(frozen=True)
class Intensities:
    """Intensities of one region on one image, in the image's unit."""

    median: float
    mean: float
    largest: float


@dataclass(frozen=True)
class IntensityChange:
    """Difference of one region before and after."""

    mean_absolute_difference: float
    altered_percent: float


UNCHANGED = IntensityChange(0.0, 0.0)


def measure_intensities(voxels: RegionVoxels, values: NDArray[np.generic]) -> Intensities:
    """Median, mean and maximum over the region's core voxels; `values` is the box, shape (z, y, x)."""
    inside = values[voxels.core]
    return Intensities(_median(inside), float(inside.astype(np.float64).mean()), float(inside.max()))


def _median(values: NDArray[np.generic]) -> float:
    """The median, the middle of two in double precision; sorted in the values' own type, which is sooner than in that."""
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    low, high = np.partition(values, [middle - 1, middle])[middle - 1 : middle + 1].tolist()
    return 0.5 * (float(low) + float(high))


def measure_change(
    voxels: RegionVoxels, original: NDArray[np.generic], defaced: NDArray[np.generic], modality: str
) -> IntensityChange:
    """Mean absolute difference and share of altered voxels over the region's core voxels."""
    core = voxels.core
    before, after = original[core], defaced[core]
    difference = np.abs(after.astype(np.float64) - before.astype(np.float64))
    altered = altered_voxels(before, after, modality)
    return IntensityChange(float(difference.mean()), 100.0 * float(altered.mean()))


def intensity_percent(modality: str, median: float, original: float, defaced: float) -> float:
    """Percent change; NaN for a CT region whose original median is closer to 0 HU than `LEAST_MEDIAN_HU`."""
    if modality != CT:
        return percent_change(original, defaced)
    return math.nan if abs(median) < LEAST_MEDIAN_HU or not original else 100.0 * (defaced - original) / abs(original)

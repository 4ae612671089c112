"""Air level and skin threshold of an image: where the patient ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..case import CT, PET, CaseImage
from ..errors import UnusableInput
from ..geometry.found_once import FoundOnce

SKIN_HU = -300.0
"""Skin isovalue of CT in HU, midway between air and soft tissue; works on both real CT heads (shared data README)."""
PET_SKIN_PERCENTILE = 95.0
"""Whole-body PET is binarised at this percentile (Bou Hanna 2024, doi 10.1038/s41597-024-03800-4). In a scan of the head
alone that is the brain's surface; then the border between air and any uptake is lower, and an attacker would take that."""
PET_FLOOR_SHARE = 0.01
"""Of the 99th percentile: uptake below it is noise and must not stretch the logarithm."""
MR_SKIN_FRACTION = 0.3
"""MR skin isovalue as a fraction of the median above Otsu's threshold: 44-63 on 12 shared heads, where 50-60 works by eye."""
HISTOGRAM_BINS = 256
MOST_LEVELS = 65_536
"""So many whole numbers 16 bits hold: of each the logarithm is taken once, however many voxels have it."""


_KNOWN = FoundOnce()
"""The grey levels of each image: a million voxels are sorted for one."""


def air_level(image: CaseImage) -> float:
    """The image's own background value: CT air in HU, MR and PET the commonest low value.

    Raises
    ------
    UnusableInput
        If the image is constant or holds NaN.
    """
    return _KNOWN.of(image, "air", lambda: _find_air(image))


def skin_threshold(image: CaseImage) -> float:
    """The isovalue of the skin surface, found on the original image and reused for its defaced versions."""
    if image.modality == CT:
        return SKIN_HU
    return _KNOWN.of(image, "skin", lambda: _find_skin(image))


def _find_air(image: CaseImage) -> float:
    sample = _sample(image)
    low, high = float(sample.min()), float(sample.max())
    if image.modality == CT:
        air = sample[(sample > -1100) & (sample < -800)]
        return float(np.median(air)) if air.size > sample.size // 200 else max(low, -1000.0)
    if image.modality == PET:
        return max(low, 0.0)
    counts, edges = np.histogram(sample, bins=HISTOGRAM_BINS, range=(low, otsu_of_log(sample)))
    return float(edges[int(np.argmax(counts))]) if high > low else low


def _find_skin(image: CaseImage) -> float:
    sample = _sample(image)
    if image.modality == PET:
        bright = float(np.percentile(sample, 99.0)) - float(sample.min())
        return min(float(np.percentile(sample, PET_SKIN_PERCENTILE)), otsu_of_log(sample, PET_FLOOR_SHARE * bright))
    foreground = otsu_of_log(sample)
    return max(foreground, MR_SKIN_FRACTION * float(np.median(sample[sample > foreground])))


def otsu_of_log(values: NDArray[np.floating], floor: float = 1.0) -> float:
    """Otsu's threshold on log(value - minimum + floor): scanner units differ by orders of magnitude."""
    levels, weights = _levels(values)
    counts, edges = np.histogram(np.log(levels - values.min() + floor), bins=HISTOGRAM_BINS, weights=weights)
    centres = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)
    above = below[-1] - below
    weighted = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = below * above * (weighted / below - (weighted[-1] - weighted) / above) ** 2
    return float(np.exp(centres[int(np.nanargmax(spread))]) - floor + values.min())


def _levels(values: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.intp] | None]:
    """The distinct values and how often each comes, where they are whole numbers and few; else the values, each for itself."""
    low, high = values.min(), values.max()
    some = values[:: max(1, len(values) // 1000)]  # where they are no whole numbers, these say it at once
    if high - low > MOST_LEVELS or not all(np.array_equal(each, np.rint(each)) for each in (some, values)):
        return values, None
    counts = np.bincount((values - low).astype(np.intp))
    found = np.flatnonzero(counts)
    return low + found, counts[found]


def _sample(image: CaseImage) -> NDArray[np.float64]:
    """At most about a million voxels on a regular grid, checked to be usable."""
    array = image.array()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UnusableInput(f"image {image.key} holds NaN or infinite voxels; repair or re-export it")
    step = max(1, round((array.size / 1e6) ** (1 / 3)))
    sample = array[::step, ::step, ::step].astype(np.float64).ravel()
    if sample.min() == sample.max() and array.min() == array.max():
        raise UnusableInput(f"image {image.key} is constant ({float(sample[0]):g} everywhere); nothing can be measured on it")
    return sample

"""Values as an image stores them: in its type, on its steps, no lower than it goes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..case import CaseImage

MOST_VALUES, MOST_LEVELS = 200_000, 65_536
"""Voxels looked at for the step between stored values, and distinct values of an image that has one."""
LATTICE_TOLERANCE = 1e-3
"""Of a step: so far a stored value may lie beside its multiples."""
AT_ONCE = 2**18
"""Values that are rounded at once: their numbers in double precision, 2 MB, stay in the processor's cache."""


def stored(values: NDArray[np.floating], image: CaseImage) -> NDArray[np.generic]:
    """`values`, shape (n,), as the image stores them: on its steps, no lower than it goes, in its type."""
    dtype = image.array().dtype
    lowest, step = _lattice(image)
    found = np.empty(values.shape, dtype)
    for first in range(0, len(values), AT_ONCE):
        held = values[first : first + AT_ONCE].astype(np.float64)
        np.maximum(held, lowest, out=held)
        if step > 0:
            held -= lowest
            held /= step
            np.rint(held, out=held)
            held *= step
            held += lowest
        found[first : first + AT_ONCE] = rounded(held, dtype)
    return found


def stored_level(level: float, dtype: np.dtype) -> np.generic:
    """`level` in the stored type of an image: rounded for integers and held inside their range."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return dtype.type(min(max(round(level), limits.min), limits.max))
    return dtype.type(level)


def rounded(values: NDArray[np.generic], dtype: np.dtype) -> NDArray[np.generic]:
    """`values` in the stored type of an image: rounded for integers and held inside their range."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max).astype(dtype)
    return values.astype(dtype)


def _lattice(image: CaseImage) -> tuple[float, float]:
    """The lowest value of an image, and the step between its values; 0 without one."""
    array = image.array()
    lowest = float(array.min())
    if array.dtype.kind in "iu":
        return lowest, 1.0
    levels = np.unique(array.ravel()[:: max(1, array.size // MOST_VALUES)]).astype(np.float64)
    if not 1 < len(levels) <= MOST_LEVELS:
        return lowest, 0.0
    step = float(np.diff(levels).min())
    off = np.abs((levels - lowest) / step - np.rint((levels - lowest) / step))
    return lowest, step if float(off.max()) < LATTICE_TOLERANCE else 0.0

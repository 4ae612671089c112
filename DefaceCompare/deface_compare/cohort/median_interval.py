"""How sure a median is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
ALPHA = 0.05


def median_interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median, patients resampled; values of shape (patients,)."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, values.size, size=(RESAMPLES, values.size))
    low, high = np.quantile(np.median(values[drawn], axis=1), [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)

"""Was the rescale intercept of a CT applied twice, or not at all? Two peaks of a head tell: air, and soft tissue 1000 above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HU_OFFSET = 1024
"""Offset between unsigned stored CT values and HU that scanners commonly use (DICOM RescaleIntercept -1024)."""
AIR_HU = (-1100.0, -800.0)
"""Where air lies in a CT in HU (the shared real heads: about -998)."""
AIR_SHARE = 0.005
"""Least share of voxels that makes an air peak."""
SOFT_HU, SPONGY_HU = (-100.0, 100.0), (-600.0, -400.0)
"""Soft tissue, and values between it and air, of which a head has few."""
BELOW_SOFT_HU = (-400.0, -200.0)
"""Values next to soft tissue that few voxels have; bone's histogram is flat where these lie in a CT that is too low."""
SOFT_TISSUE_SHARE = 0.01
"""Least share of voxels that makes a soft-tissue peak."""
PEAK = 2.0
"""A peak stands so many times above its surroundings."""
DENSE_HU = 1100.0
"""Cortical bone of a dry skull lies above; of a CT that is 1024 too low only enamel and metal do."""
DENSE_SHARE = 0.002
"""Enamel and metal of a head are less (a mouth full of crowns: 5 of 4000 cc)."""
BONE_OF_SOFT = 0.03
"""A head holds so much bone and more of its soft tissue's volume (81 real heads: 0.046 at least)."""
UNSCALED_SOFT_SHARE = 0.05
"""Least share of soft tissue that tells a CT without its intercept although padding lies where air should: bone of one band of
200 HU is less of a head."""

TWICE = (
    "has air near -2024 and soft tissue near -1000: its rescale intercept was likely applied twice; export it again with the"
    " right RescaleIntercept"
)
MAY_BE_TWICE_NOTE = (
    "no soft tissue near 0 in this CT, but near -1000: its rescale intercept may have been applied twice; all HU are given as the"
    " file states them"
)
MAY_BE_UNSCALED_NOTE = (
    "soft tissue near 1024 in this CT: its rescale intercept was likely not applied; all HU are given as the file states them"
)


def share(sample: NDArray[np.float32], low: float, high: float) -> float:
    """Which part of the values lies between two."""
    return float(np.count_nonzero((sample > low) & (sample < high)) / sample.size)


def is_offset(sample: NDArray[np.float32]) -> bool:
    """Air about 0 and a soft-tissue peak about 1040: not a CT in HU whose background was filled with 0.

    In the latter, values about 1024 are bone, whose histogram falls steadily; a soft-tissue peak stands above its surroundings.
    """
    shifted = sample - HU_OFFSET
    return bool(
        share(shifted, *AIR_HU) >= AIR_SHARE
        and np.percentile(sample, 1) > AIR_HU[1] + HU_OFFSET - 300
        and _soft_share(shifted) >= SOFT_TISSUE_SHARE
    )


def intercept_twice(sample: NDArray[np.float32]) -> str:
    """Why a CT must be refused whose intercept was subtracted twice, ``""`` if nothing says so.

    A head whose surroundings are padded with -2000 has soft tissue near 0, too, and is none.
    """
    too_low = _is_too_low(sample) and share(sample + HU_OFFSET, *AIR_HU) >= AIR_SHARE
    return TWICE if too_low else ""


def scale_notes(sample: NDArray[np.float32]) -> tuple[str, ...]:
    """What must be said of a CT that has values near -1000 which may be no air."""
    bone = float(np.count_nonzero(sample > AIR_HU[1]) / sample.size)
    if _is_too_low(sample) and bone >= BONE_OF_SOFT * _soft_share(sample + HU_OFFSET):
        return (MAY_BE_TWICE_NOTE,)
    return (MAY_BE_UNSCALED_NOTE,) if looks_unscaled(sample) else ()


def looks_unscaled(sample: NDArray[np.float32]) -> bool:
    """Whether soft tissue lies near 1024, as where the intercept is missing."""
    return _soft_share(sample - HU_OFFSET) >= UNSCALED_SOFT_SHARE


def _is_too_low(sample: NDArray[np.float32]) -> bool:
    """Whether soft tissue lies where air should, and none near 0."""
    has_soft_tissue = share(sample, *SOFT_HU) > PEAK * share(sample, *BELOW_SOFT_HU)
    dense = float(np.count_nonzero(sample > DENSE_HU) / sample.size)
    return not has_soft_tissue and _soft_share(sample + HU_OFFSET) >= SOFT_TISSUE_SHARE and dense < DENSE_SHARE


def _soft_share(sample: NDArray[np.float32]) -> float:
    """The share of soft tissue where it makes a peak, else 0."""
    soft = share(sample, *SOFT_HU)
    return soft if soft > PEAK * share(sample, *SPONGY_HU) else 0.0

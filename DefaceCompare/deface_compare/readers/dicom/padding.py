"""Voxels beyond the field of view, which a scanner fills with a value of its own (PixelPaddingValue, DICOM PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

from ..hounsfield_checks import AIR_HU, looks_unscaled
from .header import whole_number
from .stored_pixels import limits

AIR = -1000.0
"""HU of voxels that a CT pads."""
SAMPLED_VOXELS = 1_000_000
"""So many voxels without padding tell where soft tissue lies."""


def padded_voxels(data: Dataset, stored: NDArray[np.integer], allocated: NDArray[np.integer]) -> NDArray[np.bool_] | None:
    """Which voxels of a slice hold a padding value, shape (rows, columns); None where the header states none.

    Parameters
    ----------
    stored, allocated : ndarray, shape (rows, columns)
        The stored integers, and those of all allocated bits: some scanners pad with a number beyond the stored bits.
    """
    value = whole_number(data, "PixelPaddingValue")
    if value is None:
        return None
    limit = whole_number(data, "PixelPaddingRangeLimit")
    low, high = sorted(_signed_as_pixels(number, data) for number in (value, value if limit is None else limit))
    least, largest = limits(data)
    judged = stored if low <= largest and high >= least else allocated
    return np.asarray((judged >= low) & (judged <= high))


def _signed_as_pixels(number: int, data: Dataset) -> int:
    """The number with the sign that the pixels have: some scanners write -2000 as 63536."""
    bits = int(data.BitsAllocated)
    least, largest = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if int(data.PixelRepresentation) else (0, (1 << bits) - 1)
    turn = 1 << bits
    return next((each for each in (number, number - turn, number + turn) if least <= each <= largest), number)


def beyond_view(padded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which padded voxels of a slice, shape (rows, columns), are joined to its border: inside, the value is a value."""
    parts, _ = ndimage.label(padded)
    rim = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return np.isin(parts, rim[rim > 0])


def fill_padding(
    values: NDArray[np.generic],
    padded: Mapping[int, NDArray[np.bool_]],
    notes: list[str],
    *,
    is_ct: bool,
    begins_below_zero: bool,
) -> float | None:
    """Give voxels beyond the field of view, in place, the value of air where the padding value is none.

    Parameters
    ----------
    values : ndarray, shape (slices, rows, columns)
    padded : mapping of slice index to ndarray of bool, shape (rows, columns)
        Slices that hold padding.
    begins_below_zero : bool
        Whether the least stored integers stand for values below 0.

    Returns
    -------
    float or None
        The value given; None where there was nothing to fill.
    """
    if not padded:
        return None
    kept = [plane[~padded[k]] if k in padded else plane.ravel() for k, plane in enumerate(values)]
    least = float(min((plane.min() for plane in kept if plane.size), default=0.0))
    in_hounsfield = is_ct and (least < 0 or begins_below_zero or (float(values.min()) < 0 and not _is_unscaled(kept)))
    air = AIR if in_hounsfield else least
    low, high = AIR_HU if in_hounsfield else (min(0.0, least), least)
    filled = 0
    for k, here in padded.items():
        wrong = here & ~((values[k] >= low) & (values[k] <= high))
        if wrong.any():
            wrong &= beyond_view(here)
            values[k][wrong] = air
            filled += int(np.count_nonzero(wrong))
    if not filled:
        return None
    notes.append(
        f"{100 * filled / values.size:.1f} % of the voxels are padding beyond the field of view (PixelPaddingValue):"
        f" they count as air ({air:g})"
    )
    return air


def _is_unscaled(kept: list[NDArray[np.generic]]) -> bool:
    """Whether a CT without values below 0 lacks its intercept: otherwise it was cut along the skin, and holds tissue only."""
    step = max(1, sum(plane.size for plane in kept) // SAMPLED_VOXELS)
    sample = np.concatenate([plane[::step] for plane in kept]).astype(np.float32)
    return bool(sample.size) and looks_unscaled(sample)

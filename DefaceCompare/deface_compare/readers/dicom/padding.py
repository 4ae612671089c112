"""Voxels beyond the field of view, which a scanner fills with a value of its own (PixelPaddingValue, DICOM PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

from .header import whole_number
from .stored_pixels import limits


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

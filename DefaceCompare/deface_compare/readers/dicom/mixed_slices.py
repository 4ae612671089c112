"""Slices that lie like one scan's and state what is not: of several scans, or of a tilted gantry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .header import Header

ONE_A_SERIES = ("ConvolutionKernel", "KVP", "ContrastBolusAgent", "ImageType")
"""What slices of one scan state alike: another one tells of a second reconstruction, acquisition or a picture among them."""


LEAST_STATED_TILT_DEGREES = 1.0
"""A gantry that is tilted by less is upright."""


def untold_tilt(headers: Sequence[Header], normal: NDArray[np.float64], tilt_degrees: float) -> list[str]:
    """That the gantry was tilted and slices lie upright on one another: an export may have lost the tilt.

    Parameters
    ----------
    normal : ndarray, shape (3,)
        Of the slices; tilted slices lie slanted to the table.
    tilt_degrees : float
        By how much the slices are shifted against one another.
    """
    stated = max(abs(header.number("GantryDetectorTilt") or 0.0) for header in headers)
    upright = np.degrees(np.arccos(min(1.0, float(np.abs(normal).max())))) < LEAST_STATED_TILT_DEGREES > tilt_degrees
    if headers[0].text("Modality") != "CT" or stated < LEAST_STATED_TILT_DEGREES or not upright:
        return []
    return [
        f"its headers state a gantry tilt of {stated:.1f} degrees (GantryDetectorTilt), and its slices lie upright: they were"
        " resampled, or their places lost the tilt and what is measured is sheared"
    ]


def mixed_slices(headers: Sequence[Header]) -> list[str]:
    """That slices which lie like one scan's may be of several."""
    notes = []
    for keyword in ONE_A_SERIES:
        stated = Counter(header.number(keyword) or header.text(keyword).strip().casefold() for header in headers)
        if len(stated) > 1:
            few = min(stated.values())
            does = "states" if few == 1 else "state"
            notes.append(
                f"{few} of its {len(headers)} slices {does} another {keyword} than the others: they may be of another scan"
            )
    return notes

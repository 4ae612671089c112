"""Pictures whose stored integers grow where the signal falls: negatives, and slopes below 0. Air around the head tells them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import UnusableInput
from .modality_map import Line
from .padding import beyond_view
from .slice_pixels import NEGATIVE, SlicePixels

LEAST_CONTRAST = 0.05
"""Of the values' standard deviation: a border nearer than this to the mean is neither air nor tissue. An object that fills a
share p of a dark picture lies sqrt(p / (1 - p)) above its border: a brain in the view of a body's PET (1 %)
0.1; 26 real heads (CT, T1, FLAIR; seen from three sides) 0.49 at least."""
CLEAR_CONTRAST = 0.25
"""The same where headers do not say that a picture is a negative: half of what the real heads have."""
RIM_SHARE = 32
"""The border that is taken for air is one of so many rows or columns wide."""


def is_inverted(slices: Sequence[SlicePixels], name: str, notes: list[str]) -> bool:
    """Whether slices marked MONOCHROME1 hold negatives: DICOM says no (it is a matter of display), some exports do.

    Air around the head decides: it is dark.
    """
    negatives = [each for each in slices if each.is_negative]
    if not negatives:
        return False
    contrast = _border_contrast(negatives)
    if abs(contrast) < LEAST_CONTRAST:
        raise UnusableInput(
            f"{name} is marked {NEGATIVE}, and its border does not show whether air is dark; export it as MONOCHROME2"
        )
    how = "as negatives, and were inverted" if contrast > 0 else "as they are"
    notes.append(f"{len(negatives)} slices are marked {NEGATIVE}: the air around the head shows that they are stored {how}")
    return contrast > 0


def tell_slopes_below_zero(slices: Sequence[SlicePixels], notes: list[str]) -> None:
    """Tell of slopes below 0, which few files have, and of air that they make brighter than the head."""
    falling = [each for each in slices if not each.is_negative and isinstance(each.stored_as, Line) and each.stored_as.slope < 0]
    if falling:
        bright = _border_contrast(falling) >= CLEAR_CONTRAST
        wrong = ": it makes the air around the head brighter than the head and is likely wrong" if bright else ""
        notes.append(f"{len(falling)} slices have a slope below 0 (RescaleSlope), used as the file states it{wrong}")


def _border_contrast(slices: Sequence[SlicePixels]) -> float:
    """By how many standard deviations of the values the border of slices lies above their mean."""
    border, everything = (np.concatenate(parts) for parts in zip(*map(_border_and_all, slices), strict=True))
    return float(np.median(border) - everything.mean()) / max(float(everything.std()), np.finfo(float).tiny)


def _border_and_all(each: SlicePixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of a slice's border and of all of it, without padding, thinned."""
    rim = np.zeros(each.stored.shape, bool)
    rows, columns = (max(1, size // RIM_SHARE) for size in each.stored.shape)
    rim[:rows], rim[-rows:], rim[:, :columns], rim[:, -columns:] = True, True, True, True
    kept = np.ones(each.stored.shape, bool) if each.padded is None else ~beyond_view(each.padded)
    values = each.stored_as.values(each.stored)
    return values[rim & kept], values[kept][::4]

"""The upper end of a head in a scan: where it lies, whether the scan ends before it, and what hangs below it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.grids import on_grid

CUT_AREA_MM2 = 4000.0
"""A larger outline than this on the top slice means that the scan is cut there."""
HEAD_HEIGHT_MM = 230.0
"""From the vertex to below the chin; what lies lower (neck, shoulders) does not steer the registration."""


def steering_mask(outline: sitk.Image, seen: sitk.Image) -> sitk.Image:
    """Where the patient may steer: inside the field of view and not lower than a head's height below its top."""
    array = sitk.GetArrayFromImage(seen)
    top = _top_slice(outline)
    lowest = top - round(HEAD_HEIGHT_MM / outline.GetSpacing()[2])
    array[: max(0, lowest)] = 0
    return on_grid(array, outline)


def _top_slice(outline: sitk.Image) -> int:
    return int(np.flatnonzero(sitk.GetArrayViewFromImage(outline).any(axis=(1, 2))).max())


def is_cut_above(outline: sitk.Image, seen: sitk.Image) -> bool:
    """Whether an outline is so large where the field of view ends that the scan must be cut there."""
    array, view = sitk.GetArrayViewFromImage(outline), sitk.GetArrayViewFromImage(seen)
    last = int(np.flatnonzero(view.any(axis=(1, 2))).max())
    return bool(array[last].sum() * outline.GetSpacing()[0] ** 2 > CUT_AREA_MM2)


def upper_centre_mm(outline: sitk.Image) -> NDArray[np.float64]:
    """Centre of the uppermost 120 mm of an outline in x and y, and its top in z (LPS mm)."""
    array = sitk.GetArrayViewFromImage(outline)
    top = _top_slice(outline)
    low = max(0, top - round(120.0 / outline.GetSpacing()[2]))
    _, y, x = np.nonzero(array[low : top + 1])
    return np.array(outline.TransformContinuousIndexToPhysicalPoint((float(x.mean()), float(y.mean()), float(top))))

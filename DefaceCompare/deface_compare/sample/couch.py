"""The couch under a patient, and the cushion under the head."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from .template.source import like

SHELL_MM, THICKNESS_MM, HALF_WIDTH_MM = 2.5, 9.0, 210.0
SHELL_HU, CORE_HU = -250.0, -900.0
"""A carbon couch with a foam core."""
CUSHION_HU, CUSHION_HALF_WIDTH_MM = -960.0, 95.0
"""Foam between the head and the couch, where the shoulders lift the head off it."""
EMPTY_BELOW_HU = -700
GAP_MM = 1.0


def with_couch(ct: sitk.Image, body: NDArray[np.bool_]) -> sitk.Image:
    """A CT (int16, HU, identity direction) with a couch behind the body, shape (z, y, x), where there is nothing but air."""
    array = sitk.GetArrayFromImage(ct)
    x, y = (ct.GetOrigin()[axis] + ct.GetSpacing()[axis] * np.arange(ct.GetSize()[axis]) for axis in (0, 1))
    rows = np.flatnonzero(body.any(axis=(0, 2)))
    below = y - ((y[rows[-1]] if len(rows) else y[-1]) + GAP_MM)
    inside = (below >= 0) & (below <= THICKNESS_MM)
    shell = inside & ((below < SHELL_MM) | (below > THICKNESS_MM - SHELL_MM))
    wide = np.abs(x) <= HALF_WIDTH_MM
    for here, hu in ((inside & ~shell, CORE_HU), (shell, SHELL_HU)):
        where = here[:, None] & wide[None, :]
        array[:, where] = np.where(array[:, where] < EMPTY_BELOW_HU, array[:, where] + int(hu + 1000), array[:, where])
    behind = np.maximum.accumulate(body, axis=1) & (below < 0)[None, :, None] & (np.abs(x) < CUSHION_HALF_WIDTH_MM)[None, None, :]
    array[behind & (array < EMPTY_BELOW_HU)] += np.int16(CUSHION_HU + 1000)
    return like(array, ct)

"""A smooth conformal dose around a target."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .deformation import RandomHead
from .structures import HEAD_AND_NECK, Targets
from .template.source import like
from .tissue import patient_tissue

PRESCRIPTION_GY = {"brain": 60.0, "hn": 70.0}
FRACTIONS = {"brain": 30, "hn": 35}
DOSE_SPACING_MM = {"brain": 3.0, "hn": 2.5}
DOSE_MARGIN_MM = (-5.5, -6.5, -4.25)
"""The dose grid starts this far from the CT's first voxel: its own origin, never on CT voxels."""
PEAK = 1.045
"""Highest dose over prescription."""
PENUMBRA_MM, PENUMBRA_OUTSIDE_MM = 3.0, 8.0
"""Steepness of the fall-off and how far outside the target it has fallen to half."""
BATH, BATH_REACH_MM = 0.30, 45.0
"""Low dose from entering beams: its share of the prescription next to the target, and the distance over which it falls."""
LIMIT_MM = 80.0
"""Distances beyond this are far."""
BUILD_UP_MM = 2.5
"""Depth below the skin over which the dose builds up."""


def dose_grid(ct: sitk.Image, site: str) -> sitk.Image:
    """An empty dose grid that covers the CT's head region with its own spacing and origin."""
    spacing = DOSE_SPACING_MM[site]
    extent = np.array(ct.GetSize()) * np.array(ct.GetSpacing())
    origin = np.array(ct.GetOrigin()) + np.abs(DOSE_MARGIN_MM)
    size = [int(n) for n in np.floor((extent - 2.0 * np.abs(DOSE_MARGIN_MM)) / spacing)]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetOrigin(origin.tolist())
    grid.SetSpacing([spacing] * 3)
    return grid


def conformal_dose(head: RandomHead, targets: Targets, site: str, grid: sitk.Image) -> sitk.Image:
    """Dose in Gy (float32) on `grid`.

    Parameters
    ----------
    head : RandomHead
    targets : Targets
        Head and neck: a boost to the CTV and 80 % of the prescription 10 mm around it.
    site : str
    grid : SimpleITK.Image
        Dose grid, patient LPS mm.
    """
    tissue = patient_tissue(head, targets.gtv, grid)
    depth, skin = tissue.value(targets.ptv, -LIMIT_MM), tissue.depth
    relative = _fall_off(depth, PENUMBRA_OUTSIDE_MM) * PEAK
    if site == HEAD_AND_NECK:
        relative = np.maximum(relative, 0.55 * _fall_off(depth, PENUMBRA_OUTSIDE_MM + 12.0))
    bath = BATH * np.exp(np.minimum(depth, 0.0) / BATH_REACH_MM)
    relative = relative + (1.0 - np.minimum(relative / PEAK, 1.0)) * bath
    body = np.clip(0.55 + skin / (2.0 * BUILD_UP_MM), 0.0, 1.0)
    smooth = ndimage.gaussian_filter(relative * body, 0.4)
    return like((PRESCRIPTION_GY[site] * smooth * (skin > -BUILD_UP_MM)).astype(np.float32), grid)


def _fall_off(depth: NDArray[np.float32], outside_mm: float) -> NDArray[np.float32]:
    """1 inside the target, half `outside_mm` outside it, 0 far away."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(depth + outside_mm, -LIMIT_MM, LIMIT_MM) / PENUMBRA_MM)), dtype=np.float32)

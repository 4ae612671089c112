"""A smooth conformal dose around a target."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .person_head import PersonHead
from .sites import BRAIN, HEAD_AND_NECK
from .targets import Target, Targets, target_depth
from .template.source import like
from .tissue import patient_tissue

PRESCRIPTION_GY = {BRAIN: 60.0, HEAD_AND_NECK: 70.0}
FRACTIONS = {BRAIN: 30, HEAD_AND_NECK: 35}
DOSE_SPACING_MM = {BRAIN: 3.0, HEAD_AND_NECK: 2.5}
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
SKIN_SPARED, BUILD_UP_MM = 0.55, 1.6
"""Missing share of the dose at the skin and the depth over which it builds up: 6 MV from many sides (Bova 1987 and others measure
40 to 60 % at the surface)."""
SCATTER_MM = 2.5
"""Dose is kept so far outside the skin, where voxels hold some of it."""
ELECTIVE_SHARE = 54.0 / 70.0
"""Dose of the elective necks over the prescription."""


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


def conformal_dose(head: PersonHead, targets: Targets, site: str, grid: sitk.Image) -> sitk.Image:
    """Dose in Gy (float32) on `grid`.

    Parameters
    ----------
    head : PersonHead
    targets : Targets
        The elective volumes get `ELECTIVE_SHARE` of the prescription.
    site : str
    grid : SimpleITK.Image
        Dose grid, patient LPS mm.
    """
    tissue = patient_tissue(head, targets.gtv, grid)
    skin = tissue.depth

    def level(target: Target) -> NDArray[np.float32]:
        return _fall_off(target_depth(target, tissue.value(target.depth, -LIMIT_MM), skin), PENUMBRA_OUTSIDE_MM)

    relative = PEAK * level(targets.ptv)
    for target in targets.elective:
        if target.group == "ptv":
            relative = np.maximum(relative, PEAK * ELECTIVE_SHARE * level(target))
    outside = np.minimum(target_depth(targets.ptv, tissue.value(targets.ptv.depth, -LIMIT_MM), skin), 0.0)
    relative = relative + (1.0 - np.minimum(relative / PEAK, 1.0)) * BATH * np.exp(outside / BATH_REACH_MM)
    body = np.where(skin > 0.0, 1.0 - SKIN_SPARED * np.exp(-np.maximum(skin, 0.0) / BUILD_UP_MM), 0.0)
    smooth = ndimage.gaussian_filter(relative * body, 0.4)
    return like((PRESCRIPTION_GY[site] * smooth * (skin > -SCATTER_MM)).astype(np.float32), grid)


def _fall_off(depth: NDArray[np.float32], outside_mm: float) -> NDArray[np.float32]:
    """1 inside the target, half `outside_mm` outside it, 0 far away."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(depth + outside_mm, -LIMIT_MM, LIMIT_MM) / PENUMBRA_MM)), dtype=np.float32)

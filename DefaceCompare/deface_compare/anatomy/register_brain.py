"""The MNI brain laid on the patient's brain: what a brain-registered template box needs."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk

from .average_head import template_image
from .converge_affine import converge_affine
from .register_head import FINE_MM, coarser, is_plausible

LEAST_GAIN = 0.0
"""The refined transform must overlap at least as well as the start; otherwise the start stays."""


@cache
def mni_brain_mask() -> sitk.Image:
    """The ICBM152 brain as a mask (uint8) in MNI mm, LPS."""
    return sitk.Cast(template_image("mni_brain") > 0, sitk.sitkUInt8)


@cache
def _mni_brain(spacing_mm: float) -> sitk.Image:
    return coarser(mni_brain_mask(), spacing_mm)


def register_brain(brain: sitk.Image, seen: sitk.Image, start: sitk.AffineTransform) -> sitk.AffineTransform:
    """Refine `start` so that the MNI brain covers the patient's brain.

    Masks are compared, not intensities, so that CT and MR go the same way.

    Parameters
    ----------
    brain, seen : SimpleITK.Image
        On the working grid: the patient's brain and the field of view (uint8).
    start : SimpleITK.AffineTransform
        Patient mm to MNI mm, from the registration of the whole head.

    Returns
    -------
    SimpleITK.AffineTransform
        Patient mm to MNI mm; `start` itself where the refinement does not overlap better or squeezes the brain.
    """
    view = coarser(seen, FINE_MM, smooth=False)
    refined, _ = converge_affine(coarser(brain, FINE_MM), _mni_brain(FINE_MM), view, None, start)
    gain = brain_overlap(brain, seen, refined) - brain_overlap(brain, seen, start)
    return refined if gain > LEAST_GAIN and is_plausible(refined) else start


def brain_overlap(brain: sitk.Image, seen: sitk.Image, transform: sitk.Transform) -> float:
    """Dice overlap of the patient's brain and the MNI brain inside the field of view."""
    laid = sitk.GetArrayFromImage(sitk.Resample(mni_brain_mask(), brain, transform, sitk.sitkNearestNeighbor, 0)) > 0
    laid &= sitk.GetArrayViewFromImage(seen) > 0
    there = sitk.GetArrayViewFromImage(brain) > 0
    return 2.0 * int(np.count_nonzero(laid & there)) / max(1, int(laid.sum() + there.sum()))

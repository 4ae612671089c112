"""The brain on the working grid, from the image itself with the average head's brain as a guide."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CT
from ..geometry.boxes import box_around
from ..geometry.morphology import grown, largest_part, shrunk, without_holes
from ..geometry.smoothing import smoothed_at

SEARCH_MM = 8.0
"""How far the brain may reach beyond the average head's brain after an affine fit."""
CORE_MM = 10.0
"""This deep inside the average head's brain there is brain in any patient: intensities are learnt there."""
NECK_MM = 4.0
"""Bridges thinner than twice this (optic nerves, veins, dura) are cut between brain and the rest."""
SKIN_MM = 4.0
"""Scalp: never brain."""
BRAIN_HU = (0.0, 90.0)
"""CSF to acute blood and contrast; below lies fat, above bone."""
MR_SHARES = (0.35, 1.7)
"""MR brain against the median of its core: from CSF to white matter; fat is brighter. 0.35 rather than 0.45, so that the outer
CSF of atrophic brains, which drawn brains include, counts too (missed DLMUSE volume 45 instead of 138 cc in the worst head)."""
LEAST_DICE = 0.80
"""Below this agreement with the average head's brain the image-derived mask is not believed (on real heads: from 0.84)."""


def brain_from_image(
    values: sitk.Image, outline: sitk.Image, average_brain: sitk.Image, modality: str
) -> NDArray[np.bool_] | None:
    """Segment the brain by intensity near where the average head's brain lies.

    Parameters
    ----------
    values, outline, average_brain : SimpleITK.Image
        On the working grid: intensities, the filled patient, the average head's brain laid on the patient.
    modality : str
        ``CT`` or ``MR`` (PET shows no brain border).

    Returns
    -------
    ndarray of bool, shape (z, y, x), or None
        None where the image does not show a brain (a phantom, a scan below it).
    """
    spacing_mm = outline.GetSpacing()[0]
    around = box_around(sitk.GetArrayViewFromImage(average_brain) > 0, round((SEARCH_MM + 2 * NECK_MM) / spacing_mm) + 2)
    if around is None:
        return None
    box = around.slices
    calm = sitk.GetArrayFromImage(smoothed_at(values, 0.5 * spacing_mm, box[::-1]))
    patient = sitk.GetArrayViewFromImage(outline)[box] > 0
    inside = _segment(calm, patient, sitk.GetArrayViewFromImage(average_brain)[box] > 0, modality, spacing_mm)
    if inside is None:
        return None
    brain = np.zeros(outline.GetSize()[::-1], bool)
    brain[box] = inside
    return brain


def _segment(
    calm: NDArray[np.floating], patient: NDArray[np.bool_], guide: NDArray[np.bool_], modality: str, spacing_mm: float
) -> NDArray[np.bool_] | None:
    """Grow from where brain must be, by intensity, and keep what agrees with the guide."""
    core = shrunk(guide, CORE_MM, spacing_mm)
    if not core.any() or _is_constant(calm[core]):
        return None
    low, high = _brain_range(calm[core], modality)
    candidate = (calm > low) & (calm < high)
    candidate &= grown(guide, SEARCH_MM, spacing_mm)
    candidate &= shrunk(patient, SKIN_MM, spacing_mm)
    opened = largest_part(shrunk(candidate, NECK_MM, spacing_mm))
    if not opened.any():
        return None
    brain = candidate & grown(opened, NECK_MM + spacing_mm, spacing_mm)
    brain = without_holes(_closed(brain, 2 * NECK_MM, spacing_mm))
    dice = 2.0 * int((brain & guide).sum()) / int(brain.sum() + guide.sum())
    return brain if dice >= LEAST_DICE else None


def _brain_range(core: NDArray[np.floating], modality: str) -> tuple[float, float]:
    if modality == CT:
        return BRAIN_HU
    middle = float(np.median(core))
    return MR_SHARES[0] * middle, MR_SHARES[1] * middle


def _is_constant(core: NDArray[np.floating]) -> bool:
    return bool(np.ptp(core) < 1e-6 * max(1.0, float(np.abs(core).max())))


def _closed(mask: NDArray[np.bool_], radius_mm: float, spacing_mm: float) -> NDArray[np.bool_]:
    """Morphological closing: ventricles and sulci belong to the brain."""
    margin = round(radius_mm / spacing_mm) + 1
    wide = grown(np.pad(mask, margin), radius_mm, spacing_mm)
    inner = tuple(slice(margin, margin + n) for n in mask.shape)
    return shrunk(wide, radius_mm, spacing_mm)[inner] | mask

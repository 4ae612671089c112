"""The patient's external outline, and what in the image is not the patient."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CT, CaseImage
from ..errors import FaceNotFound
from ..geometry.grids import on_grid, onto_grid
from ..geometry.morphology import fill_cavities, grown, largest_part, shrunk
from ..geometry.smoothing import smoothed_at
from .air import air_level, skin_threshold

SHELL_THICKNESS_MM = 5.0
"""Mask shells, couch skins and head holders are thinner than this; facial features are thicker."""

MR_SMOOTHING_MM = 1.2
"""Gaussian sigma that keeps coil noise out of MR and PET outlines (shared data README: isovalue 50-60 after 1.2 mm)."""

GREY_HU = -650.0
"""CT devices outside the patient count from here on: 2.5 mm of plastic fill a third of a voxel, foam does not reach it."""

SMALLEST_HEAD_CC = 300.0
"""Less tissue than this is not a head (a child's head has more than 1000 cc)."""


def outline_on_grid(image: CaseImage, grid: sitk.Image) -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """Find the patient in `image`.

    Parameters
    ----------
    image : CaseImage
    grid : SimpleITK.Image
        The working grid.

    Returns
    -------
    values, outline, devices : SimpleITK.Image
        On `grid`: the image (float32), the filled patient (uint8) and everything else above the skin threshold, on CT above
        `GREY_HU` (uint8).

    Raises
    ------
    FaceNotFound
        If what lies above the skin threshold is too small to be a head.
    """
    values, dense, patient = _solid_on_grid(image, grid)
    spacing_mm = grid.GetSpacing()[0]
    filled = fill_cavities(patient, spacing_mm)
    devices = dense & ~filled
    if image.modality == CT:  # a thin shell in thick slices is grey all over
        grey = sitk.GetArrayViewFromImage(values) > GREY_HU
        devices |= grey & ~grown(filled, 1.5 * spacing_mm, spacing_mm)
    return values, on_grid(filled, grid), on_grid(devices, grid)


def least_outline_on_grid(image: CaseImage, grid: sitk.Image) -> sitk.Image:
    """What the outline of `outline_on_grid` holds at least, uint8: the patient, his cavities not filled; in half the time.

    Raises
    ------
    FaceNotFound
        As `outline_on_grid`.
    """
    return on_grid(_solid_on_grid(image, grid)[2], grid)


def _solid_on_grid(image: CaseImage, grid: sitk.Image) -> tuple[sitk.Image, NDArray[np.bool_], NDArray[np.bool_]]:
    """The image on the grid, all that lies above the skin threshold, and the largest body of it."""
    values = onto_grid(image.image, grid, air_level(image))
    steady = calm(values, image.modality)
    dense = sitk.GetArrayViewFromImage(steady) > skin_threshold(image)
    spacing_mm = grid.GetSpacing()[0]
    patient = _largest_without_shells(dense, spacing_mm, image.modality == CT)
    if patient.sum() * spacing_mm**3 / 1000 < SMALLEST_HEAD_CC:
        raise FaceNotFound(f"image {image.key} shows no head: less than {SMALLEST_HEAD_CC:g} cc above the skin threshold")
    return values, dense, patient


def calm(values: sitk.Image, modality: str) -> sitk.Image:
    """The values in which the skin is looked for: CT as it is, others without coil noise."""
    return values if modality == CT else smoothed_at(values, MR_SMOOTHING_MM, (slice(None),) * 3)


def _largest_without_shells(dense: NDArray[np.bool_], spacing_mm: float, has_shells: bool) -> NDArray[np.bool_]:
    """The largest solid body: thin shells are opened away, then the body's own thin parts (ears, nose) are grown back."""
    if not has_shells:
        return largest_part(dense)
    core = largest_part(shrunk(dense, 0.5 * SHELL_THICKNESS_MM, spacing_mm))
    return largest_part(dense & grown(core, 0.5 * SHELL_THICKNESS_MM + spacing_mm, spacing_mm))

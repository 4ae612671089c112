"""CT, MR and PET of a patient's tissues, with noise and blur like a scanner's."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from .average_tissue import MR_SCALE, Floats, Signal
from .template.source import like
from .tissue import PatientTissue

AIR_HU = -1000.0
CT_NOISE_HU, CT_NOISE_VOXELS = 8.0, 0.6
"""Standard deviation of the noise of a planning CT in soft tissue, and how far it is smooth in the slice."""
CT_LIMITS_HU = (-1024, 3071)
HAIR_MM, HAIR_HU, HAIR_SIGNAL, LOCK_MM = 7.0, 110.0, 90.0, 3.0
"""Thickness of hair, how much it adds to the air on CT and MR where it is densest, and the size of its locks."""
SCALP_ABOVE_MM, SCALP_BEHIND_MM = -45.0, -62.0
"""Hair grows above this z and behind this y of the average head."""
TUMOUR_HU, TUMOUR_SUV = 12.0, 9.0
"""A tumour is a little denser than its surroundings; uptake of its middle."""
TUMOUR_SIGNAL = {Signal.T1: -0.3, Signal.T2: 0.5, Signal.FLAIR: 0.5}
"""Change of its MR signal."""
MR_NOISE = 9.0
"""Standard deviation of each of the two MR channels; brain is about 700 on T1."""
SHADING = 0.08
"""Standard deviation of the coil's shading."""
PET_FWHM_MM, PET_NOISE = 6.0, 0.06
SUBSLICES = 4
"""A thick slice is the mean of so many thin ones."""
OBLIQUE_DEGREES = (14.0, 6.0, 9.0)
"""Turns about x, y and z of oblique slices."""


def ct_image(tissue: PatientTissue, random: np.random.Generator, hair: Floats | None = None) -> sitk.Image:
    """CT in HU (int16) with noise; `hair` as `hair_share` gives it."""
    hu = AIR_HU + tissue.occupied * (tissue.signal(Signal.HU) + TUMOUR_HU * tissue.tumour - AIR_HU)
    if hair is not None:
        hu += HAIR_HU * hair
    noise = ndimage.gaussian_filter(
        random.standard_normal(hu.shape, dtype=np.float32), (0.0, CT_NOISE_VOXELS, CT_NOISE_VOXELS), mode="wrap"
    )
    hu += CT_NOISE_HU / noise.std() * noise
    return like(np.rint(np.clip(hu, *CT_LIMITS_HU)).astype(np.int16), tissue.grid)


def mr_image(tissue: PatientTissue, weighting: Signal, random: np.random.Generator, hair: Floats | None = None) -> sitk.Image:
    """MR (uint16) with coil shading and Rician noise; `hair` as `hair_share` gives it."""
    signal = _mr_signal(tissue, weighting)
    if hair is not None:
        signal += HAIR_SIGNAL * hair
    shading = 1.0 + SHADING * random.standard_normal((3, 3, 3)).astype(np.float32)
    signal *= ndimage.zoom(shading, np.array(signal.shape) / 3.0, order=1)
    return like(_rician(signal, random), tissue.grid)


def thick_mr(tissue: PatientTissue, weighting: Signal, grid: sitk.Image, random: np.random.Generator) -> sitk.Image:
    """MR (uint16) in the thick slices of a grid, from tissue on `thin_slices` of it."""
    width, height, count = grid.GetSize()
    thick = _mr_signal(tissue, weighting).reshape(count, SUBSLICES, height, width).mean(axis=1)
    return like(_rician(thick, random), grid)


def thin_slices(grid: sitk.Image) -> sitk.Image:
    """`SUBSLICES` thin slices for each of a grid's (identity direction)."""
    width, height, count = grid.GetSize()
    thin = sitk.Image([width, height, count * SUBSLICES], sitk.sitkUInt8)
    step = grid.GetSpacing()[2] / SUBSLICES
    thin.SetSpacing([*grid.GetSpacing()[:2], step])
    x, y, z = grid.GetOrigin()
    thin.SetOrigin([x, y, z - 0.5 * (SUBSLICES - 1) * step])
    return thin


def _mr_signal(tissue: PatientTissue, weighting: Signal) -> Floats:
    """Signal without noise, shape (z, y, x)."""
    return np.asarray(
        MR_SCALE * tissue.signal(weighting) * tissue.occupied * (1.0 + TUMOUR_SIGNAL[weighting] * tissue.tumour), dtype=np.float32
    )


def _rician(signal: Floats, random: np.random.Generator) -> NDArray[np.uint16]:
    noise = random.standard_normal((2, *signal.shape), dtype=np.float32) * np.float32(MR_NOISE)
    return np.rint(np.hypot(signal + noise[0], noise[1])).astype(np.uint16)


def hair_share(tissue: PatientTissue, random: np.random.Generator) -> Floats:
    """How much hair there is in each voxel, 0 to 1, shape (z, y, x): locks outside the skin of the scalp."""
    depth = tissue.depth[tissue.near]
    _, y, z = tissue.average_mm
    scalp = (z > SCALP_ABOVE_MM) & (y > SCALP_BEHIND_MM) & (depth < 0.0)
    locks = ndimage.gaussian_filter(
        random.standard_normal(tissue.depth.shape, dtype=np.float32),
        [LOCK_MM / spacing for spacing in tissue.grid.GetSpacing()[::-1]],
    )
    dense = np.clip(0.5 + locks / (2.0 * locks.std()), 0.0, 1.0)[tissue.near]
    return tissue.whole(np.where(scalp, dense * np.clip(1.0 + depth / HAIR_MM, 0.0, 1.0), 0.0).astype(np.float32), 0.0)


def pet_suv(tissue: PatientTissue, random: np.random.Generator) -> sitk.Image:
    """FDG-like SUV (float32), blurred and noisy."""
    tumour = tissue.tumour
    clean = tissue.occupied * (tissue.signal(Signal.SUV) * (1.0 - tumour) + TUMOUR_SUV * tumour)
    sigma = [PET_FWHM_MM / 2.355 / s for s in tissue.grid.GetSpacing()[::-1]]
    blurred = ndimage.gaussian_filter(clean, sigma)
    noisy = blurred + PET_NOISE * np.sqrt(blurred + 0.01) * ndimage.gaussian_filter(random.standard_normal(clean.shape), 0.6)
    return like(np.maximum(noisy, 0.0).astype(np.float32), tissue.grid)


def oblique(image: sitk.Image) -> sitk.Image:
    """An image resampled to slices turned by `OBLIQUE_DEGREES` about its middle."""
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*np.radians(OBLIQUE_DEGREES).tolist())
    direction = np.array(turn.GetMatrix()).reshape(3, 3)
    middle = np.array(image.TransformContinuousIndexToPhysicalPoint([0.5 * (n - 1) for n in image.GetSize()]))
    half = 0.5 * (np.array(image.GetSize()) - 1) * np.array(image.GetSpacing())
    return sitk.Resample(
        image, image.GetSize(), sitk.Transform(), sitk.sitkLinear, (middle - direction @ half).tolist(), image.GetSpacing(),
        direction.ravel().tolist(), 0.0, image.GetPixelID(),
    )  # fmt: skip

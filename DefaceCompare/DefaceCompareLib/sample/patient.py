"""One synthetic patient as values: images, structures, dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.template_source import like
from ..case import Structure
from .deformation import RandomHead, random_head
from .dose import conformal_dose, dose_grid
from .structures import patient_structures, random_targets
from .tissue import ct_image, mr_image, patient_tissue, pet_suv

CT_SIZE, CT_SPACING_MM = (128, 128, 108), (2.0, 2.0, 2.5)
"""256 x 256 x 270 mm: from above the vertex to 25 mm below the chin, which is 235 mm further down."""
MR_SIZE, MR_SPACING_MM = (112, 120, 124), (2.0, 2.0, 2.0)
PET_SPACING_MM = (4.0, 4.0, 4.0)
CT_MIDDLE_MM = (0.0, -12.0, -38.0)
"""Middle of the CT in average-head mm."""
MR_OFFSET_MM = (1.3, -4.7, 4.1)
"""The MR's middle lies here from the CT's: another grid in the same frame of reference."""
COUCH_TOP_MM, COUCH_SHELL_MM, COUCH_THICKNESS_MM, COUCH_HALF_WIDTH_MM = 106.0, 2.5, 9.0, 105.0
COUCH_SHELL_HU, COUCH_CORE_HU = -250.0, -900.0
"""A carbon couch with a foam core behind the head; y of its top in patient mm."""


@dataclass(frozen=True)
class SamplePatient:
    """A synthetic patient.

    `ct` HU int16, `mr` uint16, `pet` SUVbw float32, `dose` Gy float32; all LPS mm in one frame of reference.
    `head` says how the patient differs from the average head.
    """

    number: int
    site: str
    superficial: bool
    ct: sitk.Image
    mr: sitk.Image
    pet: sitk.Image
    dose: sitk.Image
    structures: tuple[Structure, ...]
    head: RandomHead


def sample_patient(
    number: int,
    seed: int,
    site: str,
    superficial: bool = False,
    ct_size: Sequence[int] = CT_SIZE,
    ct_spacing_mm: Sequence[float] = CT_SPACING_MM,
) -> SamplePatient:
    """Make one patient; the same arguments make the same patient.

    Parameters
    ----------
    number : int
        Patient number, from 1.
    seed : int
        Seed of the cohort.
    site : str
        ``brain`` or ``hn``.
    superficial : bool
        Gross tumour in the cheek, close to the skin.
    ct_size, ct_spacing_mm : sequence of 3
        The CT's grid (x, y, z).
    """
    random = np.random.default_rng([seed, number])
    head = random_head(random)
    targets = random_targets(site, superficial, random)
    ct_grid = grid_around(CT_MIDDLE_MM, ct_size, ct_spacing_mm)
    mr_grid = grid_around(np.add(CT_MIDDLE_MM, MR_OFFSET_MM), MR_SIZE, MR_SPACING_MM)
    pet_extent = np.array(CT_SIZE) * np.array(CT_SPACING_MM)
    pet_grid = grid_around(CT_MIDDLE_MM, [int(n) for n in pet_extent / PET_SPACING_MM], PET_SPACING_MM)
    noise = random.spawn(3)
    tissue = patient_tissue(head, targets.gtv, ct_grid)
    ct = ct_image(tissue, noise[0])
    mr = mr_image(patient_tissue(head, targets.gtv, mr_grid), noise[1])
    pet = pet_suv(patient_tissue(head, targets.gtv, pet_grid), noise[2])
    dose = conformal_dose(head, targets, site, dose_grid(ct, site))
    structures = tuple(patient_structures(head, targets, site, ct, like(tissue.depth, ct)))
    return SamplePatient(number, site, superficial, with_couch(ct), mr, pet, dose, structures, head)


def grid_around(middle_mm: Sequence[float] | NDArray[np.float64], size: Sequence[int], spacing_mm: Sequence[float]) -> sitk.Image:
    """An empty grid with identity direction, its middle at `middle_mm`."""
    grid = sitk.Image([int(n) for n in size], sitk.sitkUInt8)
    spacing = np.array(spacing_mm, dtype=np.float64)
    grid.SetSpacing(spacing.tolist())
    grid.SetOrigin((np.array(middle_mm) - 0.5 * spacing * (np.array(size) - 1)).round(3).tolist())
    return grid


def with_couch(ct: sitk.Image) -> sitk.Image:
    """The CT with a couch behind the head, where there is nothing but air."""
    array = sitk.GetArrayFromImage(ct)
    x, y = (ct.GetOrigin()[axis] + ct.GetSpacing()[axis] * np.arange(ct.GetSize()[axis]) for axis in (0, 1))
    below = y - COUCH_TOP_MM
    inside = (below >= 0) & (below <= COUCH_THICKNESS_MM)
    shell = inside & ((below < COUCH_SHELL_MM) | (below > COUCH_THICKNESS_MM - COUCH_SHELL_MM))
    wide = np.abs(x) <= COUCH_HALF_WIDTH_MM
    for rows, hu in ((inside & ~shell, COUCH_CORE_HU), (shell, COUCH_SHELL_HU)):
        where = rows[:, None] & wide[None, :]
        array[:, where] = np.where(array[:, where] < -700, array[:, where] + int(hu + 1000), array[:, where])
    couch = sitk.GetImageFromArray(array)
    couch.CopyInformation(ct)
    return couch

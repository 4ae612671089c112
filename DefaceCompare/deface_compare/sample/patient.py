"""One synthetic patient as values: images, structures, dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import Structure
from ..writers.contours import contours_of_field
from .attachments import Attachment, attachments_of, with_attachments, with_streaks
from .changed_anatomy import inserts_of
from .deformation import RandomHead, random_head
from .difficulty import Difficulty
from .dose import conformal_dose, dose_grid
from .structures import Targets, patient_points, patient_structures, random_targets
from .template.source import like
from .tissue import DEPTH_LIMIT_MM, ct_image, mr_image, patient_tissue, pet_suv
from .trunk import WHOLE_BODY_MIDDLE_MM, WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM, pet_with_trunk, trunk_depth, with_trunk
from .weightings import THICK_SIZE, THICK_SPACING_MM, oblique, thick_mr

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
CHILD_SIZE = 0.8
EYES_AVERAGE_MM = (0.0, -78.0, -33.0)
"""Midway between the eyes' centres in average-head mm: a CT cut at the orbits begins here."""


@dataclass(frozen=True)
class SamplePatient:
    """A synthetic patient.

    `ct` HU int16, `mr` uint16, `pet` SUVbw float32, `dose` Gy float32; all LPS mm in one frame of reference.
    `head` says how the patient differs from the average head; `mr` is T1 unless `mr_weighting` says otherwise; `more_mr` are
    further MR images with their weighting.
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
    difficulties: tuple[Difficulty, ...] = ()
    mr_weighting: str = "T1"
    more_mr: tuple[tuple[str, sitk.Image], ...] = ()


def sample_patient(
    number: int,
    seed: int,
    site: str,
    superficial: bool = False,
    ct_size: Sequence[int] = CT_SIZE,
    ct_spacing_mm: Sequence[float] = CT_SPACING_MM,
    difficulties: Sequence[Difficulty] = (),
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
        The CT's grid (x, y, z); a whole-body scan has its own.
    difficulties : sequence of Difficulty
        What makes this head hard to deface; the same patient otherwise.
    """
    random = np.random.default_rng([seed, number])
    head = random_head(random)
    if Difficulty.CHILD in difficulties:
        head = head.scaled(CHILD_SIZE)
    targets = random_targets(site, superficial, random)
    ct_grid = grid_around(CT_MIDDLE_MM, ct_size, ct_spacing_mm)
    pet_extent = np.array(CT_SIZE) * np.array(CT_SPACING_MM)
    pet_grid = grid_around(CT_MIDDLE_MM, [int(n) for n in pet_extent / PET_SPACING_MM], PET_SPACING_MM)
    planned_grid = ct_grid
    if Difficulty.WHOLE_BODY in difficulties:
        ct_grid = grid_around(WHOLE_BODY_MIDDLE_MM, WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM)
        extent = np.array(WHOLE_BODY_SIZE) * np.array(WHOLE_BODY_SPACING_MM)
        pet_grid = grid_around(WHOLE_BODY_MIDDLE_MM, [int(n) for n in extent / PET_SPACING_MM], PET_SPACING_MM)
    if Difficulty.CUT_AT_ORBITS in difficulties:
        ct_grid = planned_grid = from_eyes_up(ct_grid, head)
    noise = random.spawn(3)
    more = np.random.default_rng([seed, number, 13])
    inserts = inserts_of(difficulties)
    tissue = patient_tissue(head, targets.gtv, ct_grid, inserts)
    attachments = attachments_of(difficulties, head, ct_grid)
    ct = ct_image(tissue, noise[0])
    pet = pet_suv(patient_tissue(head, targets.gtv, pet_grid, inserts), noise[2])
    skin = tissue.depth
    if Difficulty.WHOLE_BODY in difficulties:
        ct, pet, skin = with_trunk(ct, more), pet_with_trunk(pet, more), np.maximum(skin, trunk_depth(ct_grid))
    mr = _mr_images(head, targets, difficulties, noise[1], more)
    dose = conformal_dose(head, targets, site, dose_grid(planned_grid, site))
    structures = [*patient_structures(head, targets, site, ct, like(skin, ct)), *_planned(attachments, ct)]
    ct = with_attachments(ct, attachments, tissue.occupied)
    if Difficulty.DENTAL_STREAKS in difficulties:
        ct = with_streaks(ct, head, more)
    return SamplePatient(
        number,
        site,
        superficial,
        with_couch(ct),
        mr[0][1],
        pet,
        dose,
        tuple(structures),
        head,
        tuple(difficulties),
        mr[0][0],
        tuple(mr[1:]),
    )


def _mr_images(
    head: RandomHead, targets: Targets, difficulties: Sequence[Difficulty], noise: np.random.Generator, more: np.random.Generator
) -> list[tuple[str, sitk.Image]]:
    """Weighting and image of each MR series."""
    inserts = inserts_of(difficulties)
    middle = np.add(CT_MIDDLE_MM, MR_OFFSET_MM)
    if Difficulty.THICK_MR in difficulties:
        grid = grid_around(middle, THICK_SIZE, THICK_SPACING_MM)
        found = [(weighting, thick_mr(weighting, head, targets.gtv, inserts, grid, more)) for weighting in ("T2", "FLAIR")]
    else:
        weighting = "T1 contrast" if Difficulty.CONTRAST in difficulties else "T1"
        grid = grid_around(middle, MR_SIZE, MR_SPACING_MM)
        found = [(weighting, mr_image(patient_tissue(head, targets.gtv, grid, inserts), noise))]
    return [(name, oblique(image)) for name, image in found] if Difficulty.OBLIQUE in difficulties else found


def _planned(attachments: Sequence[Attachment], ct: sitk.Image) -> list[Structure]:
    """Contours of the attachments that a planner draws."""
    return [
        Structure(name=each.name, standard_name=each.name, contours=contours_of_field(like(each.depth, ct), -DEPTH_LIMIT_MM))
        for each in attachments
        if each.planned
    ]


def from_eyes_up(grid: sitk.Image, head: RandomHead) -> sitk.Image:
    """The part of a grid (identity direction) from the slice through the eyes' centres upwards."""
    eyes_z = float(patient_points(head, np.array([EYES_AVERAGE_MM]))[0, 2])
    first = max(0, round((eyes_z - grid.GetOrigin()[2]) / grid.GetSpacing()[2]))
    return grid[:, :, first:]


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

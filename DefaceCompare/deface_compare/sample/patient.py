"""One synthetic patient as values: images, structures, dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from ..anatomy.head import Point
from ..case import Structure
from ..writers.contours import contours_of_field
from .attachments import Attachment, attachments_of, with_attachments, with_streaks
from .changed_anatomy import inserts_of
from .couch import with_couch
from .people.person import random_person
from .person_head import PersonHead, person_head
from .difficulty import Difficulty
from .dose import conformal_dose, dose_grid
from .fields_of_view import cut_field, grid_around, posed_field, shoulder_field
from .pose import random_pose
from .structures import patient_structures
from .targets import BRAIN, HEAD_AND_NECK, Targets, random_targets
from .template.source import like
from .people.skin import DEPTH_LIMIT_MM
from .tissue import ct_image, mr_image, occupied_share, patient_tissue, pet_suv
from .trunk import (
    WHOLE_BODY_MIDDLE_MM,
    WHOLE_BODY_SIZE,
    WHOLE_BODY_SPACING_MM,
    pet_with_trunk,
    trunk_depth,
    trunk_offset_mm,
    with_trunk,
)
from .weightings import THICK_SIZE, THICK_SPACING_MM, oblique, thick_mr

CT_GRIDS: dict[str, tuple[tuple[int, int, int], Point]] = {
    BRAIN: ((128, 128, 108), (2.0, 2.0, 2.5)),
    HEAD_AND_NECK: ((216, 128, 124), (2.0, 2.0, 3.0)),
}
"""Voxels and spacing of the planning CT: from above the vertex to below the chin, or to the shoulders (truncated at the arms)."""
CT_TOP_MM = 97.0
"""z of the uppermost slice."""
MR_SIZE, MR_SPACING_MM = (112, 120, 124), (2.0, 2.0, 2.0)
PET_SPACING_MM = (4.0, 4.0, 4.0)
HEAD_EXTENT_MM = (256.0, 256.0, 270.0)
CT_MIDDLE_MM = (0.0, -12.0, -38.0)
"""Size and middle of what every scan shows of the head, in patient mm."""
MR_OFFSET_MM = (1.3, -4.7, 4.1)
"""The MR's middle lies here from the CT's: another grid in the same frame of reference."""
POSED = {Difficulty.NECK_EXTENDED, Difficulty.MOUTH_OPEN}


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
    head: PersonHead
    difficulties: tuple[Difficulty, ...] = ()
    mr_weighting: str = "T1"
    more_mr: tuple[tuple[str, sitk.Image], ...] = ()


def sample_patient(
    number: int,
    seed: int,
    site: str,
    superficial: bool = False,
    ct_size: Sequence[int] | None = None,
    ct_spacing_mm: Sequence[float] | None = None,
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
    ct_size, ct_spacing_mm : sequence of 3, optional
        The CT's grid (x, y, z), around the head; None: as `CT_GRIDS` says. A whole-body scan has its own.
    difficulties : sequence of Difficulty
        What makes this head hard to deface; the same patient otherwise.
    """
    random = np.random.default_rng([seed, number])
    head = random_patient(random, Difficulty.CHILD in difficulties)
    if not POSED.isdisjoint(difficulties):
        apart = np.random.default_rng([seed, number, 17])
        pose = random_pose(apart, Difficulty.NECK_EXTENDED in difficulties, Difficulty.MOUTH_OPEN in difficulties)
        head = replace(head, pose=pose)
    targets = random_targets(head, site, superficial, random)
    ct_grid, planned_grid, pet_grid = _grids(head, site, difficulties, ct_size, ct_spacing_mm)
    noise = random.spawn(3)
    more = np.random.default_rng([seed, number, 13])
    inserts = inserts_of(difficulties)
    tissue = patient_tissue(head, targets.gtv, ct_grid, inserts)
    attachments = attachments_of(difficulties, head, ct_grid)
    ct = ct_image(tissue, noise[0])
    pet = pet_suv(patient_tissue(head, targets.gtv, pet_grid, inserts), noise[2])
    skin = tissue.depth
    if Difficulty.WHOLE_BODY in difficulties:
        offset = trunk_offset_mm(head)
        ct, pet = with_trunk(ct, more, offset), pet_with_trunk(pet, more, offset)
        skin = np.maximum(skin, trunk_depth(ct_grid, offset))
    mr = _mr_images(head, targets, difficulties, noise[1], more)
    dose = conformal_dose(head, targets, site, dose_grid(planned_grid, site))
    structures = [*patient_structures(head, targets, site, ct, like(skin, ct)), *_planned(attachments, ct)]
    ct = with_attachments(ct, attachments, occupied_share(skin, ct_grid))
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


def random_patient(random: np.random.Generator, child: bool = False) -> PersonHead:
    """A random person on the couch, from a seeded generator; drawn again until the inside fits without a fold."""
    while True:
        head = person_head(random_person(random, child), random)
        if head is not None:
            return head


def _grids(
    head: PersonHead,
    site: str,
    difficulties: Sequence[Difficulty],
    ct_size: Sequence[int] | None,
    ct_spacing_mm: Sequence[float] | None,
) -> tuple[sitk.Image, sitk.Image, sitk.Image]:
    """The grids of the CT, of the part of it that is planned on, and of the PET."""
    ct = planned = posed_field(_planning_grid(site, ct_size, ct_spacing_mm), head)
    pet = posed_field(grid_around(CT_MIDDLE_MM, [int(n) for n in np.array(HEAD_EXTENT_MM) / PET_SPACING_MM], PET_SPACING_MM), head)
    if Difficulty.SHOULDERS in difficulties or (site == HEAD_AND_NECK and ct_size is None):
        ct, pet = shoulder_field(ct, head), shoulder_field(pet, head)
    if Difficulty.WHOLE_BODY in difficulties:
        ct = grid_around(WHOLE_BODY_MIDDLE_MM, WHOLE_BODY_SIZE, WHOLE_BODY_SPACING_MM)
        extent = np.array(WHOLE_BODY_SIZE) * np.array(WHOLE_BODY_SPACING_MM)
        pet = grid_around(WHOLE_BODY_MIDDLE_MM, [int(n) for n in extent / PET_SPACING_MM], PET_SPACING_MM)
    return cut_field(ct, head, difficulties), cut_field(planned, head, difficulties), pet


def _planning_grid(site: str, size: Sequence[int] | None, spacing_mm: Sequence[float] | None) -> sitk.Image:
    """The grid of the planning CT: the site's own, or one of a size around the head."""
    own_size, own_spacing = CT_GRIDS[site]
    if size is not None or spacing_mm is not None:
        return grid_around(CT_MIDDLE_MM, size or CT_GRIDS[BRAIN][0], spacing_mm or CT_GRIDS[BRAIN][1])
    x, y, _ = CT_MIDDLE_MM
    return grid_around((x, y, CT_TOP_MM - 0.5 * own_spacing[2] * (own_size[2] - 1)), own_size, own_spacing)


def _mr_images(
    head: PersonHead, targets: Targets, difficulties: Sequence[Difficulty], noise: np.random.Generator, more: np.random.Generator
) -> list[tuple[str, sitk.Image]]:
    """Weighting and image of each MR series."""
    inserts = inserts_of(difficulties)
    middle = np.add(CT_MIDDLE_MM, MR_OFFSET_MM)
    if Difficulty.THICK_MR in difficulties:
        grid = posed_field(grid_around(middle, THICK_SIZE, THICK_SPACING_MM), head)
        found = [(weighting, thick_mr(weighting, head, targets.gtv, inserts, grid, more)) for weighting in ("T2", "FLAIR")]
    else:
        weighting = "T1 contrast" if Difficulty.CONTRAST in difficulties else "T1"
        grid = posed_field(grid_around(middle, MR_SIZE, MR_SPACING_MM), head)
        found = [(weighting, mr_image(patient_tissue(head, targets.gtv, grid, inserts), noise))]
    return [(name, oblique(image)) for name, image in found] if Difficulty.OBLIQUE in difficulties else found


def _planned(attachments: Sequence[Attachment], ct: sitk.Image) -> list[Structure]:
    """Contours of the attachments that a planner draws."""
    return [
        Structure(name=each.name, standard_name=each.name, contours=contours_of_field(like(each.depth, ct), -DEPTH_LIMIT_MM))
        for each in attachments
        if each.planned
    ]

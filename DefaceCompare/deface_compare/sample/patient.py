"""One synthetic patient as values: images, structures, dose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from ..case import Structure
from ..writers.contours import contours_of_field
from .attachments import Attachment, attachments_of, with_attachments, with_streaks
from .average_tissue import Signal
from .changed_anatomy import inserts_of
from .couch import with_couch
from .difficulty import Difficulty
from .dose import conformal_dose, dose_grid
from .fields_of_view import fields_of_view
from .images import ct_image, hair_share, mr_image, oblique, pet_suv, thick_mr, thin_slices
from .people.person import random_person
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead, person_head
from .pose import random_pose
from .structures import patient_structures
from .targets import Target, random_targets
from .template.source import like
from .tissue import occupied_share, patient_tissue
from .trunk import pet_with_trunk, trunk_depth, trunk_offset_mm, with_trunk

POSED = {Difficulty.NECK_EXTENDED, Difficulty.MOUTH_OPEN}
MR_OF_VISIT = (Signal.T1, Signal.T2, Signal.FLAIR)
"""The MR weighting of the first, second, third visit; then from the beginning."""
POSE_DRAW, LATER_VISITS_DRAW, MORE_DRAW = 17, 23, 13
"""What keeps the random numbers of the parts of a patient apart."""


@dataclass(frozen=True)
class SamplePatient:
    """A synthetic patient.

    `ct` HU int16, `mr` uint16, `pet` SUVbw float32, `dose` Gy float32; all LPS mm in one frame of reference.
    `head` says who it is and how the head differs from the average head; `mr` is of `mr_weighting`; `more_mr` are further MR
    images with their weighting.
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
    visit: int = 1


def sample_patient(
    number: int,
    seed: int,
    site: str,
    superficial: bool = False,
    ct_size: Sequence[int] | None = None,
    ct_spacing_mm: Sequence[float] | None = None,
    difficulties: Sequence[Difficulty] = (),
    visit: int = 1,
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
    visit : int
        From the second on it is the same person on another day: weight, expression, pose, noise, voxels and MR weighting differ.
    """
    random = np.random.default_rng([seed, number])
    head = patient_head(number, seed, difficulties, visit, random)
    targets = random_targets(head, site, superficial, random)
    fields = fields_of_view(head, site, difficulties, ct_size, ct_spacing_mm, visit)
    noise = np.random.default_rng([seed, number, LATER_VISITS_DRAW, visit]).spawn(3)
    more = np.random.default_rng([seed, number, MORE_DRAW, visit])
    inserts = inserts_of(difficulties)
    tissue = patient_tissue(head, targets.gtv, fields.ct, inserts)
    attachments = attachments_of(difficulties, head, fields.ct, tissue.depth)
    hairy = Difficulty.HAIR in difficulties
    ct = ct_image(tissue, noise[0], hair_share(tissue, more) if hairy else None)
    pet = pet_suv(patient_tissue(head, targets.gtv, fields.pet, inserts), noise[2])
    skin = tissue.depth
    if Difficulty.WHOLE_BODY in difficulties:
        offset = trunk_offset_mm(head)
        ct, pet = with_trunk(ct, more, offset), pet_with_trunk(pet, more, offset)
        skin = np.maximum(skin, trunk_depth(fields.ct, offset))
    mr = _mr_images(head, targets.gtv, difficulties, fields.mr, visit, noise[1])
    dose = conformal_dose(head, targets, site, dose_grid(fields.planned, site))
    structures = [*patient_structures(head, targets, site, ct, like(skin, ct)), *_planned(attachments, ct)]
    ct = with_attachments(ct, attachments, occupied_share(skin, fields.ct))
    if Difficulty.DENTAL_STREAKS in difficulties:
        ct = with_streaks(ct, head, more)
    return SamplePatient(
        number=number,
        site=site,
        superficial=superficial,
        ct=with_couch(ct, skin > 0.0),
        mr=mr[0][1],
        pet=pet,
        dose=dose,
        structures=tuple(structures),
        head=head,
        difficulties=tuple(difficulties),
        mr_weighting=mr[0][0],
        more_mr=tuple(mr[1:]),
        visit=visit,
    )


def patient_head(
    number: int, seed: int, difficulties: Sequence[Difficulty], visit: int, random: np.random.Generator
) -> PersonHead:
    """The head of a patient on the day of a visit; `random` is the patient's own generator."""
    head = random_patient(random, Difficulty.CHILD in difficulties)
    if visit > 1:
        day = np.random.default_rng([seed, number, LATER_VISITS_DRAW, visit, POSE_DRAW])
        head = _drawn_until_whole(lambda: person_head(head.person.another_day(day), day))
    if not POSED.isdisjoint(difficulties):
        apart = np.random.default_rng([seed, number, POSE_DRAW, *([visit] if visit > 1 else [])])
        pose = random_pose(apart, Difficulty.NECK_EXTENDED in difficulties, Difficulty.MOUTH_OPEN in difficulties)
        head = replace(head, pose=pose)
    return head


def random_patient(random: np.random.Generator, child: bool = False) -> PersonHead:
    """A random person on the couch, from a seeded generator; drawn again until the inside fits without a fold."""
    return _drawn_until_whole(lambda: person_head(random_person(random, child), random))


def _drawn_until_whole(draw: Callable[[], PersonHead | None]) -> PersonHead:
    """The first head that is not folded inside."""
    while True:
        head = draw()
        if head is not None:
            return head


def _mr_images(
    head: PersonHead,
    gtv: Target,
    difficulties: Sequence[Difficulty],
    grid: sitk.Image,
    visit: int,
    noise: np.random.Generator,
) -> list[tuple[str, sitk.Image]]:
    """Weighting and image of each MR series."""
    inserts = inserts_of(difficulties)
    if Difficulty.THICK_MR in difficulties:
        tissue = patient_tissue(head, gtv, thin_slices(grid), inserts)
        found = [(weighting.value, thick_mr(tissue, weighting, grid, noise)) for weighting in (Signal.T2, Signal.FLAIR)]
    else:
        weighting = MR_OF_VISIT[(visit - 1) % len(MR_OF_VISIT)]
        name = f"{weighting.value} contrast" if Difficulty.CONTRAST in difficulties else weighting.value
        tissue = patient_tissue(head, gtv, grid, inserts)
        hair = hair_share(tissue, noise) if Difficulty.HAIR in difficulties else None
        found = [(name, mr_image(tissue, weighting, noise, hair))]
    return [(name, oblique(image)) for name, image in found] if Difficulty.OBLIQUE in difficulties else found


def _planned(attachments: Sequence[Attachment], ct: sitk.Image) -> list[Structure]:
    """Contours of the attachments that a planner draws."""
    return [
        Structure(name=each.name, standard_name=each.name, contours=contours_of_field(like(each.depth, ct), -DEPTH_LIMIT_MM))
        for each in attachments
        if each.planned
    ]

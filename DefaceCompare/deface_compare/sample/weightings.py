"""T2 and FLAIR of a synthetic patient in thick slices, and oblique slices."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk

from ..anatomy.average_head import template_image
from .changed_anatomy import T1, Insert
from .person_head import PersonHead
from .targets import Target
from .template.labels import LABELS
from .template.source import like
from .tissue import MR_NOISE, NOTHING, patient_tissue

THICK_SIZE, THICK_SPACING_MM = (150, 160, 44), (1.5, 1.5, 5.5)
SUBSLICES = 4
"""A thick slice is the mean of so many thin ones."""
OBLIQUE_DEGREES = (14.0, 6.0, 9.0)
"""Turns about x, y and z of oblique slices."""
T2_OF_LABEL: dict[str, float] = {
    "csf": 1000.0, "eye_left": 950.0, "eye_right": 950.0, "brain": 420.0, "brainstem": 400.0, "optic_nerve_left": 400.0,
    "optic_nerve_right": 400.0, "optic_chiasm": 400.0, "parotid_left": 500.0, "parotid_right": 500.0, "oral_cavity": 350.0,
    "muscle": 180.0, "skin_fat": 620.0, "air": 620.0, "lens_left": 150.0, "lens_right": 150.0, "spinal_canal": 850.0,
    "vertebra": 300.0, "mandible": 220.0, "skull": 90.0,
}  # fmt: skip
"""T2-weighted signal (arbitrary units); labels that are not here give none."""
FLAIR_OF_LABEL: dict[str, float] = {
    **T2_OF_LABEL, "csf": 90.0, "eye_left": 120.0, "eye_right": 120.0, "brain": 560.0, "brainstem": 540.0, "spinal_canal": 150.0,
}  # fmt: skip
"""The same with nulled fluid."""
WEIGHTINGS = {"T2": T2_OF_LABEL, "FLAIR": FLAIR_OF_LABEL}


@cache
def signal_of(weighting: str) -> sitk.Image:
    """Signal of the average head (float32): by label, grey and white matter told apart by its T1."""
    labels = sitk.GetArrayFromImage(template_image("average_labels"))
    table = np.zeros(256, np.float32)
    for name, value in WEIGHTINGS[weighting].items():
        table[LABELS[name]] = value
    t1 = sitk.GetArrayFromImage(template_image("average_head")).astype(np.float32)
    texture = np.where(labels == LABELS["brain"], np.clip(140.0 - t1, -40.0, 40.0) * 2.0, 0.0)
    return like((table[labels] + texture).astype(np.float32), template_image("average_head"))


def thick_mr(
    weighting: str,
    head: PersonHead,
    gtv: Target,
    inserts: tuple[Insert, ...],
    grid: sitk.Image,
    random: np.random.Generator,
) -> sitk.Image:
    """A ``T2`` or ``FLAIR`` image (uint16) in thick slices.

    Parameters
    ----------
    weighting : str
    head : PersonHead
    gtv : Target
    inserts : tuple of Insert
        With the T1 signal that they have.
    grid : SimpleITK.Image
        The thick slices: LPS mm, identity direction.
    random : numpy.random.Generator
    """
    width, height, count = grid.GetSize()
    thin = sitk.Image([width, height, count * SUBSLICES], sitk.sitkUInt8)
    step = grid.GetSpacing()[2] / SUBSLICES
    thin.SetSpacing([*grid.GetSpacing()[:2], step])
    x, y, z = grid.GetOrigin()
    thin.SetOrigin([x, y, z - 0.5 * (SUBSLICES - 1) * step])
    tissue = patient_tissue(head, gtv, thin, inserts)
    signal = tissue.whole(tissue.tissue(signal_of(weighting), T1), NOTHING)
    signal *= tissue.occupied * (1.0 + 0.5 * tissue.tumour)
    thick = signal.reshape(count, SUBSLICES, height, width).mean(axis=1)
    noise = random.standard_normal((2, *thick.shape), dtype=np.float32) * np.float32(MR_NOISE)
    return like(np.rint(np.hypot(thick + noise[0], noise[1])).astype(np.uint16), grid)


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

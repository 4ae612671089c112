"""The organs of a synthetic patient: depth fields in the average head, and what planners call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import SimpleITK as sitk

from ..anatomy.average_head import template_image
from ..anatomy.head import Point
from .neck import (
    LARYNX_MM,
    LARYNX_RADII_MM,
    SUBMANDIBULAR_MM,
    SUBMANDIBULAR_RADII_MM,
    Form,
    cord,
    larynx,
    submandibular,
    thyroid,
)
from .sites import BRAIN
from .template.labels import LABELS, SPINE, small_organ
from .template.shapes import Coordinates, depth_of_mask
from .template.source import like

CLOSED_FORMS = ("eye", "lens", "optic_nerve", "optic_chiasm")
"""Groups whose shape is a formula, see `small_organ`."""


@dataclass(frozen=True)
class Organ:
    """One organ: its labels in the average head and what planners call it."""

    standard_name: str
    labels: tuple[str, ...]
    english: str
    french: str
    group: str


ORGANS = (
    Organ("Brain", ("brain", "brainstem"), "Brain", "Cerveau", "brain"),
    Organ("Brainstem", ("brainstem",), "Brainstem", "Tronc", "brainstem"),
    Organ("Bone_Mandible", ("mandible",), "Mandible", "Mandibule", "mandible"),
    Organ("Cavity_Oral", ("oral_cavity",), "Oral Cavity", "Cavite buccale", "oral_cavity"),
    Organ("OpticChiasm", ("optic_chiasm",), "Chiasm", "Chiasma", "optic_chiasm"),
    Organ("Eye_L", ("eye_left", "lens_left"), "Eye L", "Oeil G", "eye"),
    Organ("Eye_R", ("eye_right", "lens_right"), "Eye R", "Oeil D", "eye"),
    Organ("Lens_L", ("lens_left",), "Lens L", "Cristallin G", "lens"),
    Organ("Lens_R", ("lens_right",), "Lens R", "Cristallin D", "lens"),
    Organ("OpticNrv_L", ("optic_nerve_left",), "Optic Nerve L", "Nerf optique G", "optic_nerve"),
    Organ("OpticNrv_R", ("optic_nerve_right",), "Optic Nerve R", "Nerf optique D", "optic_nerve"),
    Organ("Parotid_L", ("parotid_left",), "Parotid L", "Parotide G", "parotid"),
    Organ("Parotid_R", ("parotid_right",), "Parotid R", "Parotide D", "parotid"),
)
BRAIN_ORGAN = ORGANS[0]
NECK_ORGANS = (
    Organ("Glnd_Submand_L", (), "Submandibular L", "Sous-maxillaire G", "submandibular"),
    Organ("Glnd_Submand_R", (), "Submandibular R", "Sous-maxillaire D", "submandibular"),
    Organ("SpinalCord", (), "Spinal Cord", "Moelle", "spinal_cord"),
    Organ("Larynx", (), "Larynx", "Larynx", "larynx"),
    Organ("Glnd_Thyroid", (), "Thyroid", "Thyroide", "thyroid"),
)
"""Contoured for head-and-neck patients only."""
NECK_FORMS: Mapping[str, tuple[Form, Point, Point]] = {
    "Glnd_Submand_L": (lambda at: submandibular(at, 1.0), SUBMANDIBULAR_MM, SUBMANDIBULAR_RADII_MM),
    "Glnd_Submand_R": (lambda at: submandibular(at, -1.0), (-SUBMANDIBULAR_MM[0], *SUBMANDIBULAR_MM[1:]), SUBMANDIBULAR_RADII_MM),
    "SpinalCord": (cord, (0.0, 30.0, 0.5 * (SPINE[0][2] + SPINE[-1][2])), (8.0, 12.0, 0.5 * (SPINE[0][2] - SPINE[-1][2]))),
    "Larynx": (larynx, LARYNX_MM, LARYNX_RADII_MM),
    "Glnd_Thyroid": (thyroid, (0.0, -21.0, -196.0), (26.0, 18.0, 18.0)),
}
"""Depth inside each in the average head; middle and half sides of its box in mm."""
BOX_MARGIN_MM = 12.0


def organs_of(site: str) -> tuple[Organ, ...]:
    """The organs that planners contour at a site."""
    return ORGANS if site == BRAIN else ORGANS + NECK_ORGANS


def planned_name(organ: Organ, site: str) -> str:
    """English names at the brain site, French ones at the head-and-neck site."""
    return organ.english if site == BRAIN else organ.french


@cache
def organ_depth(organ: Organ) -> sitk.Image:
    """Depth inside an organ of the average head in mm, cropped to its box and 12 mm around it (float32)."""
    if organ.standard_name in NECK_FORMS:
        return neck_organ_depth(organ)
    if organ.group in CLOSED_FORMS:
        return closed_form_depth(organ)
    labels = template_image("average_labels")
    inside = np.isin(sitk.GetArrayViewFromImage(labels), [LABELS[name] for name in organ.labels])
    return cropped_depth(like(inside.astype(np.uint8), labels))


def closed_form_depth(organ: Organ) -> sitk.Image:
    """Depth inside an organ that the average head draws as a closed form, on a 1 mm grid: too small for its 2 mm labels."""
    labels = template_image("average_labels")
    number = LABELS[organ.labels[0]]
    where = np.argwhere(sitk.GetArrayViewFromImage(labels) == number)[:, ::-1]
    lower, upper = (np.array(labels.GetOrigin()) + end * np.array(labels.GetSpacing()) for end in (where.min(0), where.max(0)))
    grid = sitk.Image([int(n) for n in upper - lower + 25], sitk.sitkUInt8)
    grid.SetOrigin((lower - 12.0).tolist())
    return like(small_organ(Coordinates(grid), organ.labels[0]), grid)


def neck_organ_depth(organ: Organ) -> sitk.Image:
    """Depth inside an organ of the neck on a 1 mm grid."""
    form, middle, half = NECK_FORMS[organ.standard_name]
    grid = sitk.Image([int(2.0 * (side + BOX_MARGIN_MM)) + 1 for side in half], sitk.sitkUInt8)
    grid.SetOrigin([centre - side - BOX_MARGIN_MM for centre, side in zip(middle, half, strict=True)])
    return like(form(Coordinates(grid)), grid)


def cropped_depth(mask: sitk.Image) -> sitk.Image:
    """Signed distance of a mask in its box and 12 mm around it, lightly smoothed."""
    where = np.nonzero(sitk.GetArrayViewFromImage(mask))
    lower = [max(int(axis.min()) - 6, 0) for axis in where[::-1]]
    upper = [min(int(axis.max()) + 7, n) for axis, n in zip(where[::-1], mask.GetSize(), strict=True)]
    box = mask[lower[0] : upper[0], lower[1] : upper[1], lower[2] : upper[2]]
    return sitk.Cast(sitk.SmoothingRecursiveGaussian(depth_of_mask(box), 0.8), sitk.sitkFloat32)

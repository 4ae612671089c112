"""Organs and targets of the average head as depth fields, and their planned names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.average_head import template_image
from ..anatomy.head import Point
from ..case import Structure
from ..writers.contours import contours_of_field
from .deformation import RandomHead
from .template.labels import LABELS, small_organ
from .template.shapes import Coordinates, depth_of_mask, ellipsoid, joined
from .template.source import like
from .tissue import DEPTH_LIMIT_MM, positive_box, sampled, skin_depth

BRAIN, HEAD_AND_NECK = "brain", "hn"
SITES = (BRAIN, HEAD_AND_NECK)
CTV_MARGIN_MM = {BRAIN: 10.0, HEAD_AND_NECK: 6.0}
PTV_MARGIN_MM = 4.0
SKIN_SPARING_MM = 4.0
"""CTV and PTV stay this far below the skin, as planners crop them."""
CLOSED_FORMS = ("eye", "lens", "optic_nerve", "optic_chiasm")
"""Groups whose shape is a formula, see `small_organ`."""
FINE_MM = 1.0
"""In-plane grid on which organs smaller than `SMALL_CC` are contoured."""
SMALL_CC = 40.0
BOX_POINTS = 5
"""Points along each edge of an organ's box that are followed into a posed patient."""


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


def planned_name(organ: Organ, site: str) -> str:
    """English names at the brain site, French ones at the head-and-neck site."""
    return organ.english if site == BRAIN else organ.french


@cache
def organ_depth(organ: Organ) -> sitk.Image:
    """Depth inside an organ of the average head in mm, cropped to its box and 12 mm around it (float32)."""
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


def cropped_depth(mask: sitk.Image) -> sitk.Image:
    """Signed distance of a mask in its box and 12 mm around it, lightly smoothed."""
    where = np.nonzero(sitk.GetArrayViewFromImage(mask))
    lower = [max(int(axis.min()) - 6, 0) for axis in where[::-1]]
    upper = [min(int(axis.max()) + 7, n) for axis, n in zip(where[::-1], mask.GetSize(), strict=True)]
    box = mask[lower[0] : upper[0], lower[1] : upper[1], lower[2] : upper[2]]
    return sitk.Cast(sitk.SmoothingRecursiveGaussian(depth_of_mask(box), 0.8), sitk.sitkFloat32)


@dataclass(frozen=True)
class Targets:
    """Depth fields of the three target volumes in the average head (float32, mm)."""

    gtv: sitk.Image
    ctv: sitk.Image
    ptv: sitk.Image


def random_targets(site: str, superficial: bool, random: np.random.Generator) -> Targets:
    """Gross tumour as two merged ellipsoids at a random place of the site, with its margins.

    Parameters
    ----------
    site : str
        `BRAIN`: in one hemisphere; `HEAD_AND_NECK`: at the base of the tongue, or, if `superficial`, in the cheek.
    superficial : bool
        The gross tumour reaches to 1.5 mm below the skin.
    random : numpy.random.Generator
        Seeded.
    """
    grid = template_image("average_labels")
    at = Coordinates(grid)
    centre, radius = _place(site, superficial, random)
    radii: list[Point] = []
    for _ in range(2):
        stretch = radius * (1.0 + 0.2 * random.uniform(-1.0, 1.0, 3))
        radii.append((float(stretch[0]), float(stretch[1]), float(stretch[2])))
    second = np.array(centre) + random.uniform(-0.6, 0.6, 3) * radius
    gross = joined(ellipsoid(at, centre, radii[0]), ellipsoid(at, (second[0], second[1], second[2]), radii[1]), 4.0)
    depth = skin_depth()
    skin = sitk.GetArrayViewFromImage(depth)
    gtv = np.minimum(gross, skin - 1.5)
    sparing = min(SKIN_SPARING_MM, 3.0) if superficial else SKIN_SPARING_MM
    ctv = np.minimum(gross + CTV_MARGIN_MM[site], skin - sparing)
    if site == BRAIN:
        ctv = np.minimum(ctv, _whole(organ_depth(ORGANS[0]), grid))
    ptv = np.minimum(gross + CTV_MARGIN_MM[site] + PTV_MARGIN_MM, skin - sparing)
    ctv = np.minimum(ctv, ptv)
    return Targets(*(like(field.astype(np.float32), grid) for field in (gtv, ctv, ptv)))


def _place(site: str, superficial: bool, random: np.random.Generator) -> tuple[Point, float]:
    """Centre in average-head mm and radius in mm of the gross tumour."""
    side = float(random.choice([-1.0, 1.0]))
    jitter = random.uniform(-1.0, 1.0, 3)
    if site == BRAIN:
        return (side * (32.0 + 6.0 * jitter[0]), 10.0 + 28.0 * jitter[1], 18.0 + 14.0 * jitter[2]), 15.0
    if superficial:
        return (side * 47.0, -58.0 + 3.0 * jitter[1], -96.0 + 3.0 * jitter[2]), 13.0
    return (side * (10.0 + 4.0 * jitter[0]), -22.0 + 3.0 * jitter[1], -104.0 + 6.0 * jitter[2]), 14.0


def _whole(field: sitk.Image, grid: sitk.Image) -> NDArray[np.float32]:
    """A cropped depth field on the whole template grid."""
    return sitk.GetArrayFromImage(sitk.Resample(field, grid, sitk.Transform(), sitk.sitkLinear, -DEPTH_LIMIT_MM))


def patient_structures(head: RandomHead, targets: Targets, site: str, ct: sitk.Image, skin: sitk.Image) -> list[Structure]:
    """Every structure of a patient as contours on the CT's slices.

    Parameters
    ----------
    head : RandomHead
    targets : Targets
    site : str
    ct : SimpleITK.Image
        Contours lie in its slices.
    skin : SimpleITK.Image
        Depth below the patient's skin on the CT's grid, float32, mm.

    Returns
    -------
    list of Structure
        BODY and targets first, then the organs.
    """
    body = contours_of_field(skin, -DEPTH_LIMIT_MM)
    found = [Structure(name="BODY", standard_name="External", group="external", contours=body)]
    for name, field in (("GTV", targets.gtv), ("CTV", targets.ctv), ("PTV", targets.ptv)):
        found.append(_structure(name, name, name.lower(), field, head, ct))
    for organ in ORGANS:
        found.append(_structure(planned_name(organ, site), organ.standard_name, organ.group, organ_depth(organ), head, ct))
    return [structure for structure in found if structure.contours]


def _structure(name: str, standard: str, group: str, field: sitk.Image, head: RandomHead, ct: sitk.Image) -> Structure:
    """One structure: its field sampled where the patient has it, then contoured."""
    grid = contour_grid(field, head, ct)
    depth = like(sampled(field, head.average_on(grid), -DEPTH_LIMIT_MM), grid)
    return Structure(name=name, standard_name=standard, group=group, contours=contours_of_field(depth, -DEPTH_LIMIT_MM))


def contour_grid(field: sitk.Image, head: RandomHead, ct: sitk.Image) -> sitk.Image:
    """The part of the CT's slices where a field of the average head is positive; finer in-plane for small organs."""
    box = positive_box(field)
    volume_cc = np.count_nonzero(sitk.GetArrayViewFromImage(box) > -2.0) * float(np.prod(field.GetSpacing())) / 1000.0
    ends = np.array([box.TransformIndexToPhysicalPoint(index) for index in ((0, 0, 0), [n - 1 for n in box.GetSize()])])
    along = (
        ends.T if head.pose is None else np.linspace(ends[0], ends[1], BOX_POINTS).T
    )  # a bent box is widest between its corners
    corners = np.array(np.meshgrid(*along)).reshape(3, -1).T
    patient = head.patient_points(corners)
    lower, upper = patient.min(axis=0) - 10.0, patient.max(axis=0) + 10.0
    origin, spacing, size = np.array(ct.GetOrigin()), np.array(ct.GetSpacing()), np.array(ct.GetSize())
    first = np.clip(np.floor((lower - origin) / spacing), 0, size - 1)
    last = np.clip(np.ceil((upper - origin) / spacing), 0, size - 1)
    start, extent = origin + first * spacing, (last - first) * spacing
    if volume_cc < SMALL_CC:
        spacing = np.array([min(FINE_MM, spacing[0]), min(FINE_MM, spacing[1]), spacing[2]])
    grid = sitk.Image([int(n) for n in np.floor(extent / spacing + 1e-6) + 1], sitk.sitkUInt8)
    grid.SetOrigin(start.tolist())
    grid.SetSpacing(spacing.tolist())
    return grid

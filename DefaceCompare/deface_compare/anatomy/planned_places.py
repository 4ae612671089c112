"""A witness of where a head lies that a planner has drawn: the middles of planned organs."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import Case, CaseImage, Structure
from ..data import data_text
from ..geometry.lattice import Lattice
from ..structures.mask import structure_mask
from .average_head import template_image
from .inside import Place

ORGANS: dict[str, tuple[tuple[str, ...], tuple[float, float, float]]] = {
    "Eye_L": (("eye_left", "lens_left"), (0.0, 0.0, 0.0)),
    "Eye_R": (("eye_right", "lens_right"), (0.0, 0.0, 0.0)),
    "Brainstem": (("brainstem",), (0.0, -1.0, -1.0)),
    "OpticChiasm": (("optic_chiasm",), (0.0, 0.0, 0.0)),
    "Bone_Mandible": (("mandible",), (0.0, -4.0, 9.0)),
    "Cavity_Oral": (("oral_cavity",), (0.0, 0.0, 0.0)),
    "Parotid_L": (("parotid_left",), (3.0, -10.0, 4.0)),
    "Parotid_R": (("parotid_right",), (-3.0, -10.0, 4.0)),
}
"""Labels of the average head by TG-263 name, and how far planners' middles lie from the average head's (mm, LPS), measured on
head-and-neck patients (docs/design.md#planned-places); 0 where none were at hand."""
FEWEST_ORGANS = 2
"""One organ may be misnamed, or cut."""


def planned_place(case: Case, image: CaseImage, to_average: sitk.AffineTransform) -> Place | None:
    """Look where the planned organs say that the head lies.

    Parameters
    ----------
    case : Case
    image : CaseImage
        In whose frame of reference the organs must be drawn; those that end where it ends do not count.
    to_average : SimpleITK.AffineTransform
        Patient mm to average-head mm, as a fit laid it.

    Returns
    -------
    Place or None
        The median over the organs, each axis by itself; its correlation is 1. None where fewer than `FEWEST_ORGANS` are drawn.
    """
    structures = case.structure_set
    if structures is None or structures.frame_of_reference_uid != image.frame_of_reference_uid:
        return None
    offsets = []
    for structure in structures.structures:
        if structure.standard_name in ORGANS:
            middle = _middle_mm(structure, image.image)
            if middle is not None:
                at = np.array(to_average.TransformPoint(middle.tolist()))
                offsets.append(at - _expected_mm(structure.standard_name))
    if len(offsets) < FEWEST_ORGANS:
        return None
    return Place(np.median(np.array(offsets), axis=0), 1.0)


def _middle_mm(structure: Structure, image: sitk.Image) -> NDArray[np.float64] | None:
    """The middle of a structure in LPS mm; None if it is empty or reaches the image's border."""
    mask = structure_mask(structure, image)
    if mask is None:
        return None
    box = mask.box
    if min(box.offset) == 0 or any(a + b >= c for a, b, c in zip(box.offset, box.size, image.GetSize(), strict=True)):
        return None
    index = np.argwhere(mask.inside)[:, ::-1].mean(axis=0) + np.array(box.offset)
    return np.asarray(Lattice.of(image).points(index), np.float64)


@cache
def _expected_mm(name: str) -> NDArray[np.float64]:
    """Where the middle of an organ lies in average-head mm."""
    labels, planners_mm = ORGANS[name]
    numbers = json.loads(data_text("templates/average_labels.json"))["labels"]
    template = template_image("average_labels")
    here = np.isin(sitk.GetArrayViewFromImage(template), [numbers[label] for label in labels])
    index = np.argwhere(here)[:, ::-1].mean(axis=0)
    return np.asarray(Lattice.of(template).points(index), np.float64) + np.array(planners_mm)

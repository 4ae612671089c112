"""A synthetic patient's structures as contours on the CT's slices."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..case import Structure
from ..writers.contours import contours_of_field
from .average_tissue import sampled
from .organs import organ_depth, organs_of, planned_name
from .people.skin import DEPTH_LIMIT_MM
from .person_head import PersonHead
from .targets import Target, Targets, target_depth
from .template.source import like
from .tissue import positive_box

FINE_MM = 1.0
"""In-plane grid on which organs smaller than `SMALL_CC` are contoured."""
SMALL_CC = 40.0
BOX_POINTS = 5
"""Points along each edge of an organ's box that are followed into a posed patient."""


def patient_structures(head: PersonHead, targets: Targets, site: str, ct: sitk.Image, skin: sitk.Image) -> list[Structure]:
    """Every structure of a patient as contours on the CT's slices.

    Parameters
    ----------
    head : PersonHead
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
    found += [_target(target, head, ct) for target in targets.all]
    found += [
        _structure(planned_name(organ, site), organ.standard_name, organ.group, organ_depth(organ), head, ct)
        for organ in organs_of(site)
    ]
    return [structure for structure in found if structure.contours]


def _target(target: Target, head: PersonHead, ct: sitk.Image) -> Structure:
    """One target, cropped below the skin."""
    grid = contour_grid(target.depth, head, ct)
    depth = target_depth(target, sampled(target.depth, head.average_on(grid), -DEPTH_LIMIT_MM), head.skin_on(grid))
    contours = contours_of_field(like(depth, grid), -DEPTH_LIMIT_MM)
    return Structure(name=target.name, standard_name=target.name, group=target.group, contours=contours)


def _structure(name: str, standard: str, group: str, field: sitk.Image, head: PersonHead, ct: sitk.Image) -> Structure:
    """One organ: its field sampled where the patient has it, then contoured."""
    grid = contour_grid(field, head, ct)
    depth = like(sampled(field, head.average_on(grid), -DEPTH_LIMIT_MM), grid)
    return Structure(name=name, standard_name=standard, group=group, contours=contours_of_field(depth, -DEPTH_LIMIT_MM))


def contour_grid(field: sitk.Image, head: PersonHead, ct: sitk.Image) -> sitk.Image:
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

"""Average face: the face's surface is replaced by an average one, made of the patient's own tissue values.

In the style of mri_reface (Schwarz et al. 2021, doi 10.1016/j.neuroimage.2021.117845); its code is closed, this is our own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.average_head import average_head
from ..anatomy.head import Head
from ..anatomy.skin_level import mask_level_mm
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..settings import Settings
from .edit import Edit
from .face_region import FaceRegion, face_region, mapped
from .level_set import distance_outside_mm, grid_points_mm, ramp, sample_at
from .outline_fit import CONTROL_SPACING_MM, OutlineFit, fit_outline
from .surface_blur import face_box
from .surface_change import FAR_MM, Layer, SurfaceChange
from .voxel_box import VoxelBox, box_around, boxed, corners_mm, margin_in_view_mm

KEEP_FROM_BRAIN_MM = 8.0
"""Nothing changes this near to the brain."""
FACE_LEFT_OUT_MM = 12.0
"""The fit doesn't look at the face, nor this far around it."""
BORDER_MM = (22.0, 3.0)
"""Outside the face, old and average surface blend between these distances, so that no step remains."""
MARGIN_MM = 36.0
"""Room around the face on the working grid."""
LARGEST_CHANGE_MM = 25.0
"""A surface that would move further is not a face laid over a face."""
UNDER_CHIN_MM = 14.0
"""So far below the average's chin the replacement stays whole: a lower chin of the patient's must not stand out of the neck."""
BELOW_TEMPLATE_MM = 4.0
"""Skin nearer than this to the border of the scan or of the average head takes no part in the fit."""
ALIKE_MM = 2.0
"""Where the average lies nearer than this to the patient's skin, a replacement moves nothing and means to move nothing."""
LEAST_MOVING_SHARE = 0.25
"""If less of the face would move, the average is no disguise for this patient: then the gate asks for the whole face."""
LAYER = Layer(sampled_mm=(5.0, 15.0), rewritten_mm=2.0, blended_mm=4.5, smoothing_mm=6.0, soft_only=True, noise=True)


class AverageFace:
    """Lay the average head over the patient's skull and take its face."""

    key = "average_face"
    title = "Average face (mri_reface-style)"
    reference = "in the style of Schwarz et al. 2021, doi 10.1016/j.neuroimage.2021.117845"
    limits = "replaces face and ears; what lies under the chin stays; where patient and average agree nothing moves"
    licence = "Apache-2.0 (own implementation); average head: see data/templates/NOTICE.txt"

    def available(self) -> str:
        """It needs nothing beyond the core."""
        return ""

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the average face's surface in the patient (see `Defacer.find_edit`)."""
        region = face_region(head)
        box = face_box(head, MARGIN_MM, with_ears=True)
        fit = fit_average_head(image, head, box)
        old = head.skin_level_mm[box.slices]
        at = fit.average_points(head.grid, box)
        level, scale = average_level(), _scale(head.average_to_patient)
        average = (sample_at(level, average_head().outline, at, FAR_MM).reshape(box.shape) / scale).astype(np.float32)
        weight = _weight(head, region, box)
        change = np.clip(average - old, -LARGEST_CHANGE_MM, LARGEST_CHANGE_MM)
        new = old + weight * change
        outermost = float(np.max(new[(old < 0) & (weight > 0)], initial=0.0))
        acting = np.where((new < outermost + 6.0) & (np.minimum(old, new) > -LARGEST_CHANGE_MM), ramp(weight, 0.0, 0.3), 0.0)
        if not np.any(acting[np.abs(old) < head.grid.GetSpacing()[0]] > 0):
            raise MethodFailed("the average face does not meet the patient's skin in this scan")
        moving = _moving_share(head, region, box, old, new)
        return SurfaceChange(
            old=boxed(old, head.grid, box),
            new=boxed(new.astype(np.float32), head.grid, box),
            weight=boxed(acting.astype(np.float32), head.grid, box),
            layer=LAYER,
            region=region,
            with_ears=True,
            blurs_dose=False,
            intended_from_mm=ALIKE_MM if moving >= LEAST_MOVING_SHARE else 0.0,
            warnings=_warnings(head, moving),
            parameters={
                "fit_residual_mm": round(fit.residual_mm, 2),
                "planned_share_over_2_mm": round(moving, 3),
                "keep_from_brain_mm": KEEP_FROM_BRAIN_MM,
                "seed": settings.seed,
            },
        )


def fit_average_head(image: CaseImage, head: Head, box: VoxelBox, spacing_mm: float = CONTROL_SPACING_MM) -> OutlineFit:
    """Fit the average head to the patient's skin, face and ears left out.

    Parameters
    ----------
    image : CaseImage
        The image that `head` was found in; skin at the border of its field of view takes no part.
    head : Head
    box : VoxelBox
        The part of the working grid that the fit must cover.
    spacing_mm : float
        Of the spline's control points.
    """
    region, old = face_region(head), head.skin_level_mm
    index = np.argwhere(np.abs(old) < 0.75 * head.grid.GetSpacing()[0])
    points = index[:, ::-1] * np.array(head.grid.GetSpacing()) + np.array(head.grid.GetOrigin())
    in_view = margin_in_view_mm(image.image, points) > BELOW_TEMPLATE_MM
    index, points = index[in_view], points[in_view]
    average = average_head()
    steering = sitk.GetArrayFromImage(average.steering).astype(np.float32)
    at = mapped(head.average_to_patient, points)
    use = (sample_at(steering, average.outline, at, 0.0) > 0.5) & ~region.face(points, FACE_LEFT_OUT_MM) & ~region.ears(points)
    if int(use.sum()) < 500:
        raise MethodFailed("too little of the skull's skin lies in the scan to lay the average head over it")
    levels = old[tuple(index[use].T)].astype(np.float64)
    corners = np.concatenate([points[use], corners_mm(head.grid, box)])
    extent = np.array([corners.min(axis=0), corners.max(axis=0)])
    return fit_outline(points[use], levels, extent, head.average_to_patient, average_level(), average.outline, spacing_mm)


@cache
def average_level() -> NDArray[np.float32]:
    """Signed distance from the average head's skin on its own grid, mm."""
    return mask_level_mm(average_head().outline)


def _scale(affine: sitk.Transform) -> float:
    """Average-head mm per patient mm."""
    unit = mapped(affine, np.eye(3)) - mapped(affine, np.zeros((1, 3)))
    return float(abs(np.linalg.det(unit)) ** (1 / 3))


def _weight(head: Head, region: FaceRegion, box: VoxelBox) -> NDArray[np.float32]:
    """1 in face (and under the average's chin, where the patient's own may be) and ears, 0 away from them and near the brain."""
    points = grid_points_mm(head.grid, box)
    lowered = replace(region, marks={**region.marks, "chin": region.marks["chin"] - [0.0, 0.0, UNDER_CHIN_MM]})
    depth = np.maximum(lowered.depth_mm(points), region.ear_depth_mm(points)).reshape(box.shape)
    brain = sitk.GetArrayViewFromImage(head.brain)[box.slices] > 0
    distance = distance_outside_mm(brain, head.grid.GetSpacing()[0])
    return ramp(depth, -BORDER_MM[0], -BORDER_MM[1]) * ramp(distance, KEEP_FROM_BRAIN_MM, KEEP_FROM_BRAIN_MM + 4.0)


def _moving_share(head: Head, region: FaceRegion, box: VoxelBox, old: NDArray[np.float32], new: NDArray[np.float32]) -> float:
    """Share of the face's skin from brow to chin that the average surface moves by `ALIKE_MM` or more."""
    skin = np.abs(old) < 0.5 * head.grid.GetSpacing()[0]
    face = skin & (region.depth_mm(grid_points_mm(head.grid, box)) >= 0).reshape(box.shape)
    return float(np.mean(np.abs(new - old)[face] >= ALIKE_MM)) if face.any() else 0.0


def _warnings(head: Head, moving: float) -> tuple[str, ...]:
    """What stays of the patient."""
    alike = f"{100 * (1 - moving):.0f} % of the face lies within {ALIKE_MM:g} mm of the average and does not move"
    outline = box_around(sitk.GetArrayViewFromImage(head.outline) > 0)
    lowest = 0 if outline is None else outline.offset[2]
    lowest_mm = head.grid.GetOrigin()[2] + lowest * head.grid.GetSpacing()[2]
    if lowest_mm < head.landmarks_mm["chin"][2] - BORDER_MM[0]:
        return alike, "what lies below the chin (neck, shoulders) is the patient's own; the average face ends there"
    return (alike,)

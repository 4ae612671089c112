"""Average face: the face's surface is replaced by an average one, made of the patient's own tissue values.

In the style of mri_reface (Schwarz et al. 2021, doi 10.1016/j.neuroimage.2021.117845); its code is closed, this is our own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.average_head import average_head, average_outside_mm
from ..anatomy.face_region import FaceRegion, face_region
from ..anatomy.head import Head
from ..anatomy.outline_fit import OutlineFit, fit_outline
from ..case import Case, CaseImage
from ..errors import MethodFailed
from ..geometry.boxes import VoxelBox, box_around, boxed, corners_mm, index_to_mm, margin_in_view_mm
from ..geometry.grids import mapped
from ..geometry.level_set import distance_outside_mm, grid_points_mm, ramp, sample_at, smoothed_level_mm
from ..settings import Settings
from .defacing import Defacer
from .edit import Edit
from .surface_blur import ROOM_MM, face_box
from .surface_change import FAR_MM, Layer, SurfaceChange, kept_from_brain, off_brain

KEEP_FROM_BRAIN_MM = 8.0
"""Nothing changes this near to the brain."""
FACE_LEFT_OUT_MM = 12.0
"""The fit doesn't look at the face, nor this far around it."""
BORDER_MM = (22.0, 3.0)
"""Outside the face, old and average surface blend between these distances, so that no step remains."""
MARGIN_MM = 36.0
"""Room around the face on the working grid."""
UNDER_CHIN_MM = 14.0
"""So far below the average's chin the replacement stays whole: a lower chin of the patient's must not stand out of the neck."""
BELOW_TEMPLATE_MM = 4.0
"""Skin nearer than this to the border of the scan or of the average head takes no part in the fit."""
SKIN_VOXELS = 0.75
"""Voxels of the working grid nearer than this to the skin are skin."""
FEWEST_POINTS = 500
"""Less skin than this (about 20 cm2) does not hold an average head."""
LEFT_OVER_MM, LARGEST_LEFT_OVER_MM = 6.0, 8.0
"""Gaussian sigma of what the spline leaves between the two skins (less than a feature's width away from the face), and how much
of it counts: hair, a collar, a tube shall not pull."""
LEFT_OVER_SHARE = 0.01
"""Of the smoothed skin voxels (0.2 on a whole sheet of skin): below it there is too little skin near to follow."""
ALIKE_MM = 2.0
"""Where the average lies nearer than this to the patient's skin, a replacement moves nothing and means to move nothing."""
LEAST_MOVING_SHARE = 0.25
"""If less of the face would move, the average is no disguise for this patient: then the gate asks for the whole face."""
LAYER = Layer(sampled_mm=(5.0, 15.0), outwards_mm=10.0, inwards_mm=25.0, smoothing_mm=6.0, soft_only=True)
FADE_SHARE = 0.05
"""The content is rewritten wholly where the surface is replaced by more than this share."""


class AverageFace(Defacer):
    """Lay the average head over the patient's skull and take its face."""

    key = "average_face"
    title = "Average face (mri_reface-style)"
    reference = "in the style of Schwarz et al. 2021, doi 10.1016/j.neuroimage.2021.117845"
    limits = "replaces face and ears; what lies under the chin stays; where patient and average agree nothing moves"
    licence = "Apache-2.0 (own implementation); average head: see data/templates/NOTICE.txt"

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the average face's surface in the patient (see `Defacer.find_edit`)."""
        region = face_region(head)
        box = face_box(head, MARGIN_MM, with_ears=True)
        average, fit = average_skin(image, head, box)
        old = head.skin_level_mm[box.slices]
        brain = sitk.GetArrayViewFromImage(head.brain)[box.slices] > 0
        brain_mm = np.minimum(distance_outside_mm(brain, head.grid.GetSpacing()[0]), np.float32(1000.0))
        weight = _weight(head, region, box)
        new = kept_from_brain(old + weight * (LAYER.limited(average, old) - old), old, brain_mm, KEEP_FROM_BRAIN_MM)
        reach = (new < LAYER.cleared_mm + ROOM_MM) & (new > -LAYER.blended_mm - ROOM_MM)
        acting = np.where(reach, ramp(weight, 0.0, FADE_SHARE) * off_brain(old, new, brain_mm, KEEP_FROM_BRAIN_MM), 0.0)
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
            intended_from_mm=ALIKE_MM if moving >= LEAST_MOVING_SHARE else 0.0,
            warnings=_warnings(head, moving),
            parameters={
                "fit_residual_mm": round(fit.residual_mm, 2),
                "planned_share_over_2_mm": round(moving, 3),
                "keep_from_brain_mm": KEEP_FROM_BRAIN_MM,
                "seed": settings.seed,
            },
        )


def average_skin(image: CaseImage, head: Head, box: VoxelBox) -> tuple[NDArray[np.float32], OutlineFit]:
    """Lay the average head's skin over the patient's: a stiff spline, then, where no face is, along the skin's normal.

    The spline follows the shape of a skull; what it leaves between the two skins away from the face is taken out smoothly, so
    that no step remains where the average face ends. Into the face that correction fades within some `LEFT_OVER_MM`.

    Parameters
    ----------
    image : CaseImage
        The image that `head` was found in; skin at the border of its field of view takes no part.
    head : Head
    box : VoxelBox
        The part of the working grid that is asked for.

    Returns
    -------
    level : ndarray of float32, shape (z, y, x) of `box`
        mm from the average head's skin, negative inside.
    fit : OutlineFit
    """
    index, points = _skin_off_the_face(image, head)
    levels = head.skin_level_mm[tuple(index.T)].astype(np.float64)
    scale = _scale(head.average_to_patient)
    beyond, beyond_levels = _average_beyond_the_scan(image, head)
    held = np.concatenate([points, beyond])
    corners = np.concatenate([held, corners_mm(head.grid, box)])
    extent = np.array([corners.min(axis=0), corners.max(axis=0)])
    fit = fit_outline(
        held,
        np.concatenate([levels, beyond_levels / scale]),
        extent,
        head.average_to_patient,
        average_level(),
        average_head().outline,
    )
    places = fit.average_places(head.grid, box, average_head().outline)
    level = scipy.ndimage.map_coordinates(average_level(), places, np.float64, order=1, mode="constant", cval=FAR_MM) / scale
    left_over = sample_at(average_level(), average_head().outline, fit.at(points), 0.0) / scale - levels
    return (level - _spread(left_over, index, box, head)).astype(np.float32), fit


def _skin_off_the_face(image: CaseImage, head: Head) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Voxels at the patient's skin by which the average head is laid: index (z, y, x) and LPS mm, both of shape (n, 3)."""
    region, spacing = face_region(head), np.array(head.grid.GetSpacing())
    index = np.argwhere(np.abs(head.skin_level_mm) < SKIN_VOXELS * spacing[0])
    points = index[:, ::-1] * spacing + np.array(head.grid.GetOrigin())
    in_view = _in_view_mm(image, head, points) > BELOW_TEMPLATE_MM
    index, points = index[in_view], points[in_view]
    use = _holds_the_spline(head, region, points)
    if int(use.sum()) < FEWEST_POINTS:
        raise MethodFailed("too little of the skull's skin lies in the scan to lay the average head over it")
    return index[use], points[use]


def _average_beyond_the_scan(image: CaseImage, head: Head) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The average head's own skin where the scan has ended: LPS mm of shape (n, 3), and average-head mm from the skin, (n,).

    Without it nothing before the ears holds the spline of a scan that ends at the brow: its face lay up to 20 mm too deep.
    """
    outline, level = average_head().outline, average_level()
    index = np.argwhere(np.abs(level) < SKIN_VOXELS * outline.GetSpacing()[0])
    at = index[:, ::-1] * np.array(outline.GetSpacing()) + np.array(outline.GetOrigin())
    points = mapped(head.average_to_patient.GetInverse(), at)
    use = (_in_view_mm(image, head, points) < 0.0) & _holds_the_spline(head, face_region(head), points)
    every = max(1, round((head.grid.GetSpacing()[0] / outline.GetSpacing()[0]) ** 2))  # as dense as the patient's skin
    return points[use][::every], level[tuple(index[use].T)].astype(np.float64)[::every]


def _in_view_mm(image: CaseImage, head: Head, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far inside the scan points lie: the image's field of view, and the working grid, which ends where values do."""
    return np.minimum(margin_in_view_mm(image.image, points), margin_in_view_mm(head.grid, points))


def _holds_the_spline(head: Head, region: FaceRegion, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points, shape (n, 3), are of the skull: no neck, no face, no ear."""
    average = average_head()
    steering = sitk.GetArrayFromImage(average.steering).astype(np.float32)
    at = mapped(head.average_to_patient, points)
    skull: NDArray[np.bool_] = sample_at(steering, average.outline, at, 0.0) > 0.5
    return skull & ~region.face(points, FACE_LEFT_OUT_MM) & ~region.ears(points)


def _spread(left_over: NDArray[np.float64], index: NDArray[np.intp], box: VoxelBox, head: Head) -> NDArray[np.float64]:
    """What is left over at skin voxels, mm, smoothly spread over the box; 0 far from them."""
    there = index - [place.start for place in box.slices]
    inside = np.all((there >= 0) & (there < box.shape), axis=1)
    places = tuple(there[inside].T)
    known, held = np.zeros(box.shape), np.zeros(box.shape)
    known[places] = 1.0
    held[places] = np.clip(left_over[inside], -LARGEST_LEFT_OVER_MM, LARGEST_LEFT_OVER_MM)
    sigma = LEFT_OVER_MM / head.grid.GetSpacing()[0]
    known, held = (scipy.ndimage.gaussian_filter(each, sigma, truncate=3.0) for each in (known, held))
    spread: NDArray[np.float64] = held / (known + LEFT_OVER_SHARE)
    return spread


@cache
def average_level() -> NDArray[np.float32]:
    """Signed distance from the average head's skin on its own grid, mm."""
    return smoothed_level_mm(average_outside_mm())


def _scale(affine: sitk.Transform) -> float:
    """Average-head mm per patient mm."""
    unit = mapped(affine, np.eye(3)) - mapped(affine, np.zeros((1, 3)))
    return float(abs(np.linalg.det(unit)) ** (1 / 3))


def _weight(head: Head, region: FaceRegion, box: VoxelBox) -> NDArray[np.float32]:
    """1 in face (and under the average's chin, where the patient's own may be) and ears, 0 away from them."""
    points = grid_points_mm(head.grid, box)
    lowered = replace(region, marks={**region.marks, "chin": region.marks["chin"] - [0.0, 0.0, UNDER_CHIN_MM]})
    depth = np.maximum(lowered.depth_mm(points), region.ear_depth_mm(points)).reshape(box.shape)
    return ramp(depth, -BORDER_MM[0], -BORDER_MM[1])


def _moving_share(head: Head, region: FaceRegion, box: VoxelBox, old: NDArray[np.float32], new: NDArray[np.float32]) -> float:
    """Share of the face's skin from brow to chin that the average surface moves by `ALIKE_MM` or more."""
    skin = np.argwhere(np.abs(old) < 0.5 * head.grid.GetSpacing()[0])
    matrix, origin = index_to_mm(head.grid)
    face = tuple(skin[region.face((skin[:, ::-1] + box.offset) @ matrix.T + origin)].T)
    return float(np.mean(np.abs(new - old)[face] >= ALIKE_MM)) if len(face[0]) else 0.0


def _warnings(head: Head, moving: float) -> tuple[str, ...]:
    """What stays of the patient."""
    alike = f"{100 * (1 - moving):.0f} % of the face lies within {ALIKE_MM:g} mm of the average and does not move"
    outline = box_around(sitk.GetArrayViewFromImage(head.outline) > 0)
    lowest = 0 if outline is None else outline.offset[2]
    lowest_mm = head.grid.GetOrigin()[2] + lowest * head.grid.GetSpacing()[2]
    if lowest_mm < head.landmarks_mm["chin"][2] - BORDER_MM[0]:
        return alike, "what lies below the chin (neck, shoulders) is the patient's own; the average face ends there"
    return (alike,)

"""Find the head in one image: outline, brain, pose, landmarks, and how much of the face the scan holds."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CT, Case, CaseImage
from ..errors import FaceNotFound, NoFaceInScan
from ..geometry.grids import field_of_view, flattened, mapped, on_grid
from ..settings import Settings
from ..structures.mask import structure_mask
from ..words import DEFACED_BEFORE
from .air import skin_threshold
from .attached_devices import Patient, without_planned_devices, without_standing_out
from .average_head import AverageHead, average_head
from .brain import brain_from_image
from .cut_face import CUT_SHARE, cut_share
from .face_region import FaceRegion
from .head import Head, Point
from .outline import calm, outline_on_grid
from .place_head import place_by_inside, place_head
from .register_brain import register_brain
from .register_head import HeadSearch
from .scan_ends import measured_scan
from .skin_level import skin_level
from .working_grid import head_grid

HALVES = {"upper": ("nasion", "eye_left", "eye_right"), "lower": ("mouth", "chin")}
"""Landmarks that must lie in the scan for the upper and the lower half of the face."""
FACE_MARGIN_MM = 10.0
"""How uncertain the registered landmarks are (the average head's chin is not the patient's): this much may be cut."""
SOLID_SHARE = 0.9
"""Share of the brain's place that must be tissue: resection cavities and air cells are small, lungs are not."""
SMALL_HEAD_RATIO = 1.12
"""Average head over patient from which the user is warned (15 real adults: 0.97-1.05; a head of 0.8 of the average: 1.25)."""
WHOLE_BRAIN_SHARE = 0.92
"""Of the average head's brain, laid on the patient, that a planned brain covers: measured 0.976-0.989, and 0.86 where it was
drawn on a CT that ends at the eyes."""
PLANNED, IMAGE, AVERAGE = "planned structure", "image", "average head"
"""Where a brain mask comes from."""


def find_head(case: Case, image: CaseImage, settings: Settings) -> Head:
    """Find the head in `image`.

    Parameters
    ----------
    case : Case
        For the planned brain, if there is one in the image's frame of reference.
    image : CaseImage
        The image to search; its whole frame of reference shares the result.
    settings : Settings
        `brain_source` decides which brain methods steer by.

    Raises
    ------
    FaceNotFound
        If the image shows no head, or it is not certain that its head shows a face.
    NoFaceInScan
        If two witnesses place the head, and no part of its face lies in the image.
    """
    average = average_head()
    image = measured_scan(image)
    grid = head_grid(image)
    values, filled, others = outline_on_grid(image, grid)
    patient = without_planned_devices(case, image, Patient(filled, others))
    outline = patient.outline
    seen = field_of_view(image.image, grid)
    search = HeadSearch(values, outline, seen)
    try:
        placed = place_head(case, image, search, outline)
    except FaceNotFound:
        laid = place_by_inside(case, image, search, outline)
        if laid is not None:
            _refuse_cut(image, average, laid, outline, seen)
        raise
    to_average = placed.fit.affine
    patient = without_standing_out(image, patient, average, to_average)
    outline = patient.outline
    landmarks = _landmarks(average, to_average)
    region = _region(average, to_average)
    if placed.witnesses:
        _refuse_cut(image, average, to_average, outline, seen)
    extent = face_extent(region, landmarks, outline, seen)
    if extent == "none":
        error = NoFaceInScan if placed.witnesses else FaceNotFound
        raise error(f"image {image.key} holds no face between brow and chin")
    _refuse_hollow(image, values, outline, average, to_average)
    brains = _brains(case, image, settings, values, outline, seen, average, to_average)
    source, brain = brains[0]
    return Head(
        image_key=image.key,
        outline=outline,
        devices=patient.devices,
        brain=brain,
        brain_source=source,
        brain_independent=brains[1][1] if len(brains) > 1 and brains[1][0] != AVERAGE else None,
        average_to_patient=to_average,
        brain_to_patient=_to_mni(average, to_average, source, brain, seen),
        landmarks_mm=landmarks,
        face_extent=extent,
        notes=(
            f"brain from {source}",
            f"overlap with the average head {placed.fit.dice:.3f}",
            *placed.notes,
            *_small(to_average),
            *patient.notes,
        ),
        witnesses=placed.witnesses,
        skin=skin_level(calm(values, image.modality), outline, skin_threshold(image)),
    )


def _region(average: AverageHead, to_average: sitk.Transform) -> FaceRegion:
    return FaceRegion(to_average, {name: np.array(point) for name, point in average.landmarks_mm.items()})


def _refuse_cut(
    image: CaseImage, average: AverageHead, to_average: sitk.Transform, outline: sitk.Image, seen: sitk.Image
) -> None:
    """Refuse a head whose face was cut away before the scan came here."""
    body = sitk.Resample(average.outline, outline, to_average, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    cut = cut_share(_region(average, to_average), body, outline, seen)
    if cut >= CUT_SHARE:
        raise NoFaceInScan(f"{DEFACED_BEFORE} (image {image.key} lacks {cut:.0%} of its face inside its field of view)")


def _refuse_hollow(
    image: CaseImage, values: sitk.Image, outline: sitk.Image, average: AverageHead, to_average: sitk.Transform
) -> None:
    """Refuse a body whose inside is air where a head has its brain (a thorax, a bare skull)."""
    laid = sitk.GetArrayFromImage(sitk.Resample(average.brain, outline, to_average, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8))
    there = sitk.GetArrayViewFromImage(values)[(laid > 0) & (sitk.GetArrayViewFromImage(outline) > 0)]
    if image.modality == CT and there.size and (there > skin_threshold(image)).mean() < SOLID_SHARE:
        raise FaceNotFound(f"image {image.key} shows no head: there is air where the brain would lie (a thorax, a bare skull?)")


def _brains(
    case: Case,
    image: CaseImage,
    settings: Settings,
    values: sitk.Image,
    outline: sitk.Image,
    seen: sitk.Image,
    average: AverageHead,
    to_average: sitk.Transform,
) -> list[tuple[str, sitk.Image]]:
    """All brain masks there are, the one to steer by first."""
    laid = sitk.Resample(average.brain, outline, to_average, sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    found: list[tuple[str, sitk.Image]] = []
    segmented = brain_from_image(values, outline, laid, image.modality)
    if segmented is not None:
        found.append((IMAGE, on_grid(segmented, outline)))
    planned = _planned_brain(case, image, outline)
    if planned is not None:
        wanted = settings.brain_source == "structures" and _is_whole(planned, laid, seen)
        place = 0 if wanted else len(found)
        found.insert(place, (PLANNED, planned))
    if not found or (settings.brain_source == "image" and found[0][0] == PLANNED):
        found.insert(0, (AVERAGE, laid & (outline > 0)))
    return found


def _planned_brain(case: Case, image: CaseImage, grid: sitk.Image) -> sitk.Image | None:
    """The planned brain on the grid, if it was drawn in this frame of reference."""
    structures = case.structure_set
    if structures is None or structures.frame_of_reference_uid != image.frame_of_reference_uid:
        return None
    for structure in structures.in_group("brain"):
        mask = structure_mask(structure, grid)
        if mask is not None and mask.inside.any():
            return on_grid(mask.whole(grid), grid)
    return None


def _small(to_average: sitk.AffineTransform) -> tuple[str, ...]:
    """A warning for heads far smaller than an adult's."""
    ratio = float(np.linalg.det(np.array(to_average.GetMatrix()).reshape(3, 3))) ** (1 / 3)
    if ratio < SMALL_HEAD_RATIO:
        return ()
    return (f"adult template: the average head is an adult's and {ratio:.2f} times as large as this one (a child?)",)


def _is_whole(planned: sitk.Image, laid: sitk.Image, seen: sitk.Image) -> bool:
    """Was the whole brain of this scan drawn (not only what another one, cut at the orbits, holds)?"""
    place = (sitk.GetArrayViewFromImage(laid) > 0) & (sitk.GetArrayViewFromImage(seen) > 0)
    return bool((sitk.GetArrayViewFromImage(planned)[place] > 0).mean() >= WHOLE_BRAIN_SHARE)


def _landmarks(average: AverageHead, to_average: sitk.AffineTransform) -> dict[str, Point]:
    to_patient = to_average.GetInverse()
    return {name: tuple(to_patient.TransformPoint(point)) for name, point in average.landmarks_mm.items()}


def face_extent(region: FaceRegion, landmarks_mm: dict[str, Point], outline: sitk.Image, seen: sitk.Image) -> str:
    """How much of the face lies in the scan: ``full``, ``upper``, ``lower`` or ``none``.

    A landmark counts if the field of view reaches it, give or take `FACE_MARGIN_MM`, and there is tissue around it. A scan that
    shows neither half whole is of the half to which most of what it shows of the face belongs.
    """
    half = {name: all(_is_seen(landmarks_mm[key], outline, seen) for key in keys) for name, keys in HALVES.items()}
    if half["upper"] and half["lower"]:
        return "full"
    if any(half.values()):
        return next(name for name, there in half.items() if there)
    shown = _face_in_view(region, outline, seen)
    if len(shown) == 0:
        return "none"
    return "upper" if float(np.median(shown[:, 2])) > region.marks["nose_tip"][2] else "lower"


def _face_in_view(region: FaceRegion, outline: sitk.Image, seen: sitk.Image) -> NDArray[np.float64]:
    """Average-head mm of the patient's voxels between brow and chin, give or take `FACE_MARGIN_MM`, shape (n, 3)."""
    inside = (sitk.GetArrayViewFromImage(outline) > 0) & (sitk.GetArrayViewFromImage(seen) > 0)
    points_mm = np.argwhere(inside)[:, ::-1] * np.array(outline.GetSpacing()) + np.array(outline.GetOrigin())
    return mapped(region.to_average, points_mm[region.face(points_mm, FACE_MARGIN_MM)])


def _is_seen(point_mm: Point, outline: sitk.Image, seen: sitk.Image) -> bool:
    index = np.array(outline.TransformPhysicalPointToContinuousIndex(point_mm))
    reach = FACE_MARGIN_MM / outline.GetSpacing()[0]
    low, high = np.floor(index - reach).astype(int), np.ceil(index + reach).astype(int) + 1
    if (high <= 0).any() or (low >= outline.GetSize()).any():
        return False
    box = tuple(slice(max(0, a), b) for a, b in zip(low[::-1], high[::-1], strict=True))
    return bool(sitk.GetArrayViewFromImage(seen)[box].any() and sitk.GetArrayViewFromImage(outline)[box].any())


def _to_mni(
    average: AverageHead, to_average: sitk.AffineTransform, source: str, brain: sitk.Image, seen: sitk.Image
) -> sitk.Transform:
    """Patient mm to MNI mm: by way of the average head, then refined on the patient's own brain, if the scan shows one."""
    start = flattened((average.to_mni, to_average))
    return start if source == AVERAGE else register_brain(brain, seen, start)

"""What lies beyond the image that the edit was made on: no edit was verified there, so nothing that draws the head leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.head import Head
from ..geometry.boxes import Patch, VoxelBox, box_around, grid_points, margin_in_view_mm
from ..output.finished_case import FinishedCase
from ..privacy.surface import face_box
from .dose_outline import LEAST_SHARE_OF_MAXIMUM

BEYOND_MM = 0.3
"""Points further outside an image's outermost voxels than this lie beyond it; contours are rounded to tenths of millimetres."""
LEAST_DOSE_CC = 1.0
"""So much of the head's dose beyond the image is refused: a nose holds some 10 cc."""
MM3_A_CC = 1000.0


def is_beyond(image: sitk.Image, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points, shape (n, 3) LPS mm, lie beyond the field of view of an image."""
    return margin_in_view_mm(image, points_mm) < -BEYOND_MM


def dose_beyond(image: sitk.Image, dose: sitk.Image) -> NDArray[np.bool_]:
    """Which voxels of a dose grid have dose and lie beyond an image, shape (z, y, x)."""
    there = sitk.GetArrayViewFromImage(dose) > 0
    mask = sitk.GetImageFromArray(there.astype(np.uint8))
    mask.CopyInformation(dose)
    beyond = np.zeros_like(there)
    beyond[there] = is_beyond(image, grid_points(mask))
    return beyond


def without_dose_beyond(finished: FinishedCase) -> FinishedCase:
    """The same case, its edited dose 0 Gy beyond the judged image; a dose that is kept stays as it is."""
    dose, patch = finished.case.dose, finished.dose_patch
    if dose is None or patch is None:
        return finished
    edited = patch.whole(dose.image)
    beyond = dose_beyond(finished.judged.image, edited)
    if not beyond.any():
        return finished
    values = sitk.GetArrayFromImage(edited)
    values[beyond] = 0
    box = box_around(values != sitk.GetArrayViewFromImage(dose.image)) or VoxelBox((0, 0, 0), (1, 1, 1))
    return replace(finished, dose_patch=Patch(box.offset, np.ascontiguousarray(values[box.slices])))


def dose_beyond_risk(finished: FinishedCase, head: Head) -> str:
    """Why a dose that reaches beyond the judged image may draw the head; empty if it does not."""
    dose, image = finished.case.dose, finished.judged
    if dose is None:
        return ""
    grid = dose.image if finished.dose_patch is None else finished.dose_patch.whole(dose.image)
    values = sitk.GetArrayViewFromImage(grid)
    there = dose_beyond(image.image, grid) & (values >= LEAST_SHARE_OF_MAXIMUM * float(values.max()))
    mask = sitk.GetImageFromArray(there.astype(np.uint8))
    mask.CopyInformation(grid)
    points = grid_points(mask)
    box = face_box(head)
    low = np.array(box.origin_mm)
    of_head = points[np.all((points >= low) & (points <= low + np.multiply(box.size, box.spacing_mm)), axis=1)]
    if len(of_head) * float(np.prod(grid.GetSpacing())) < LEAST_DOSE_CC * MM3_A_CC:
        return ""
    reach = float(-margin_in_view_mm(image.image, of_head).min())
    return f"the dose of the head reaches {reach:.0f} mm beyond image {image.key}, where nothing was defaced"


def structures_beyond(finished: FinishedCase, image: sitk.Image) -> set[str]:
    """Planned names of the structures whose contours reach beyond an image: their DVH changes where the dose there is cut."""
    structures = finished.case.structure_set
    return {
        each.name
        for each in (structures.structures if structures else ())
        if any(is_beyond(image, polygon).any() for polygon in each.contours or ())
    }

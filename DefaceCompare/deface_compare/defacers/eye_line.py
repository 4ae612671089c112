"""Eye line: what lies above the eyes' lowest slice and in front of their middle becomes air; mouth and jaw stay.

In the style of the McGill method (arXiv 2508.13914: slices above the lowest eye slice, pixels anterior to the eye mid-point,
from the eye contours of the structure set). Own implementation from that description.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy

from ..anatomy.head import Head
from ..case import Case, CaseImage, Structure
from ..errors import MethodFailed
from ..geometry.boxes import grid_points
from ..settings import Settings
from .defacing import Defacer
from .edit import Edit
from .removal import Polytope, Removal, Spared

EYE_RADIUS_MM = 12.0
"""Radius of an adult eyeball (axial length 24 mm): from a landmark at its centre to its lowest slice."""
BRAIN_CLEARANCE_MM = 9.0
"""The frontal pole reaches in front of the eyes' middle: the removal stays this far from the brain mask, which may itself miss
some mm there. Without a guard (`variant=plain`; the source tells of none) 11 of 12 shared MR heads lose brain, with 8 mm two do
(1 and 2 voxels), with 9 mm none."""
PLANE_TOLERANCE_MM = 0.01
"""The slice on which the lowest eye contour was drawn goes, too, whatever the last digit of its position."""


class EyeLine(Defacer):
    """Find the two planes; `variant` is ``""`` (the brain is spared) or ``"plain"`` (nothing is)."""

    key = "eye_line"
    title = "Eye line (McGill-style)"
    reference = "in the style of arXiv 2508.13914"
    limits = "removes eyes, brow and forehead; nose tip, mouth, jaw and ears stay"
    licence = "Apache-2.0 (own implementation)"

    def __init__(self, variant: str = "") -> None:
        self.variant = variant

    def find_edit(self, case: Case, image: CaseImage, head: Head, settings: Settings) -> Edit:
        """Find the region over the eyes (see `Defacer.find_edit`): planned eyes, or else the head's own landmarks."""
        eyes = planned_eyes(case, image)
        lowest_mm, middle_mm = _line_of_structures(eyes) if eyes else _line_of_landmarks(head)
        planes = Polytope(
            np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
            np.array([PLANE_TOLERANCE_MM - lowest_mm, middle_mm + PLANE_TOLERANCE_MM]),
        )
        if not planes.meets(head.outline):
            raise MethodFailed("the region over the eyes lies outside the patient in this scan")
        return Removal(
            parts=(planes,),
            spared=None if self.variant == "plain" else Spared.around(head.brain, BRAIN_CLEARANCE_MM),
            warnings=() if eyes else ("the eyes were placed by the average head: no eye is planned in this frame of reference",),
            parameters={
                "variant": self.variant or "brain spared",
                "eyes_from": "structure set" if eyes else "average head",
                "lowest_eye_slice_mm": round(lowest_mm, 2),
                "eye_middle_mm": round(middle_mm, 2),
            },
        )


def planned_eyes(case: Case, image: CaseImage) -> tuple[Structure, ...]:
    """The eyes of the structure set, if it lies in the image's frame of reference."""
    structures = case.structure_set
    if structures is None or structures.frame_of_reference_uid != image.frame_of_reference_uid:
        return ()
    return tuple(eye for eye in structures.in_group("eye") if len(structure_points(eye)))


def _line_of_structures(eyes: tuple[Structure, ...]) -> tuple[float, float]:
    """Height of the lowest eye slice and depth of the eyes' middle, LPS z and y mm."""
    boxes = np.array([[points.min(axis=0), points.max(axis=0)] for points in map(structure_points, eyes)])
    return float(boxes[:, 0, 2].min()), float(boxes[:, :, 1].mean())


def _line_of_landmarks(head: Head) -> tuple[float, float]:
    """The same from the eyes' centres on the registered average head."""
    centres = np.array([head.landmarks_mm["eye_left"], head.landmarks_mm["eye_right"]])
    return float(centres[:, 2].min()) - EYE_RADIUS_MM, float(centres[:, 1].mean())


def structure_points(structure: Structure) -> NDArray[np.float64]:
    """Points that span a structure, shape (n, 3), LPS mm: contour or surface points, or a labelmap's voxel centres."""
    if structure.contours is not None:
        return np.concatenate([*structure.contours, np.empty((0, 3))])
    if structure.labelmap is not None:
        return grid_points(structure.labelmap)
    points = None if structure.surface is None else structure.surface.GetPoints()
    return np.empty((0, 3)) if points is None else vtk_to_numpy(points.GetData()).astype(np.float64)

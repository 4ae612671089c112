"""What a scene holds of a compared patient: defaced volumes, segments by the names of rows, centres of structures."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import Structure

from .report import METHOD_ATTRIBUTE, ORIGINAL_ROLE
from .structures import LPS_TO_RAS


def defaced_volumes(scene: Any, original: Any) -> dict[str, Any]:
    """The defaced versions of a volume by method key, the latest of each."""
    found: dict[str, Any] = {}
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLScalarVolumeNode")
        if node.GetNodeReferenceID(ORIGINAL_ROLE) == original.GetID():
            found[node.GetAttribute(METHOD_ATTRIBUTE)] = node
    return found


def standard_names(planned: list[str]) -> list[str]:
    """The names that rows give structures planned under these names, in the same order."""
    from deface_compare.structures.naming import named, unique_names  # brings pydicom, which opening the panel need not wait for

    empty = [named(Structure(name=name, standard_name=name, contours=()), number) for number, name in enumerate(planned, 1)]
    return [structure.standard_name for structure in unique_names(empty)]


def segments_by_standard_name(segmentation: Any) -> dict[str, Any]:
    """The segments of a segmentation node by the name that rows give them."""
    segments = segmentation.GetSegmentation()
    found = [segments.GetNthSegment(index) for index in range(segments.GetNumberOfSegments())]
    return dict(zip(standard_names([segment.GetName() for segment in found]), found, strict=True))


def centre_of_segment(segment: Any) -> NDArray[np.float64] | None:
    """The middle of a segment's bounds, RAS mm; None where it is empty."""
    bounds = np.zeros(6)
    segment.GetBounds(bounds)
    low, high = bounds[::2], bounds[1::2]
    return 0.5 * (low + high) if (low <= high).all() else None


def centre_of_structure(structure: Structure) -> NDArray[np.float64] | None:
    """The middle of a structure's bounds, RAS mm; None where it is empty."""
    if structure.contours:
        points = np.concatenate(structure.contours)
        low, high = points.min(axis=0), points.max(axis=0)
    elif structure.surface is not None and structure.surface.GetNumberOfPoints():
        bounds = np.array(structure.surface.GetBounds())
        low, high = bounds[::2], bounds[1::2]
    elif structure.labelmap is not None:
        return _centre_of_labelmap(structure.labelmap)
    else:
        return None
    return 0.5 * (low + high) * LPS_TO_RAS


def _centre_of_labelmap(labelmap: sitk.Image) -> NDArray[np.float64] | None:
    found = np.argwhere(sitk.GetArrayFromImage(labelmap))
    if not len(found):
        return None
    middle = 0.5 * (found.min(axis=0) + found.max(axis=0))[::-1]
    return np.array(labelmap.TransformContinuousIndexToPhysicalPoint(middle.tolist())) * LPS_TO_RAS

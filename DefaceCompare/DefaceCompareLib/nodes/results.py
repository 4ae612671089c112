"""What a scene holds of earlier comparisons: rows from its table nodes, defaced volumes, centres of structures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import Structure
from deface_compare.cohort.reidentification.percentile import Percentile
from deface_compare.measurement import COLUMNS, Measurement

from .report import METHOD_ATTRIBUTE, ORIGINAL_ROLE, STRUCTURES_ATTRIBUTE, VERSION_ATTRIBUTE
from .structures import LPS_TO_RAS

PERCENTILES_ATTRIBUTE = "DefaceCompare.Percentiles"
"""Of a privacy table: method key to percent and number of other heads, as JSON."""


def rows_of_table(node: Any) -> list[Measurement]:
    """The measurements that a table node of `report_nodes.add_table` holds; none of any other table."""
    table = node.GetTable()
    columns = [table.GetColumnByName(name) for name in COLUMNS] if table is not None else [None]
    if None in columns:
        return []
    read = [[column.GetValue(row) for row in range(table.GetNumberOfRows())] for column in columns if column is not None]
    return [Measurement(*values) for values in zip(*read, strict=True)]


def keep_percentiles(table: Any, found: Mapping[str, Percentile]) -> None:
    """Write the percentiles of a run at its privacy table, so that they come back with a saved scene."""
    told = {method: [each.percent, each.heads] for method, each in found.items()}
    table.SetAttribute(PERCENTILES_ATTRIBUTE, json.dumps(told))


def latest_percentiles(scene: Any) -> dict[str, Percentile]:
    """The percentiles by method of the scene's latest run, if it has any."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    tables = [scene.GetNthNodeByClass(index, "vtkMRMLTableNode") for index in range(count)]
    privacy = [table for table in tables if any(row.domain == "privacy" for row in rows_of_table(table)[:1])]
    told = json.loads(privacy[-1].GetAttribute(PERCENTILES_ATTRIBUTE) or "{}") if privacy else {}
    return {method: Percentile(percent, heads) for method, (percent, heads) in told.items()}


def latest_structures(scene: Any) -> str:
    """How many structures the scene's latest run measured, in one sentence; ``""`` if it has none."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    tables = [scene.GetNthNodeByClass(index, "vtkMRMLTableNode") for index in range(count)]
    told = [table.GetAttribute(STRUCTURES_ATTRIBUTE) for table in tables]
    return next((sentence for sentence in reversed(told) if sentence is not None), "")


def runs_of_scene(scene: Any) -> list[list[Measurement]]:
    """The rows of every comparison whose tables a scene holds (a saved scene's too), the latest last.

    Tables follow each other in the order in which they were made; a domain that comes again for the same case and engine
    belongs to another run.
    """
    runs: list[list[Measurement]] = []
    seen: set[tuple[str, str, str]] = set()
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLTableNode")
        rows = rows_of_table(node) if node.GetAttribute(VERSION_ATTRIBUTE) is not None else []
        about = {(row.case, row.domain, row.engine) for row in rows}
        if not rows:
            continue
        if not runs or about & seen or rows[0].case != runs[-1][0].case:
            runs.append([])
            seen = set()
        runs[-1] += rows
        seen |= about
    return runs


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

"""A synthetic patient as Slicer nodes: for the module's own test and for trying the panel without patient data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

from ..sample.patient import SamplePatient
from .case_folder import DOSE_ATTRIBUTE, PLANAR_CONTOUR, SYNTHETIC_ATTRIBUTE
from .volumes import add_volume

LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class SampleNodes:
    """The nodes of one synthetic patient."""

    ct: Any
    mr: Any
    segmentation: Any
    dose: Any


def sample_to_nodes(patient: SamplePatient, scene: Any) -> SampleNodes:
    """Add a synthetic patient to the scene, as SlicerRT would load it: contours as contours, the dose marked as one.

    Parameters
    ----------
    patient : SamplePatient
    scene : vtkMRMLScene

    Returns
    -------
    SampleNodes
    """
    ct = add_volume(scene, patient.ct, f"Synthetic {patient.number} CT")
    mr = add_volume(scene, patient.mr, f"Synthetic {patient.number} MR")
    dose = add_volume(scene, patient.dose, f"Synthetic {patient.number} dose")
    for node in (ct, mr, dose):
        node.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    dose.SetAttribute(DOSE_ATTRIBUTE, "1")
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"Synthetic {patient.number} structures")
    segments = segmentation.GetSegmentation()
    segments.SetSourceRepresentationName(PLANAR_CONTOUR)
    for structure in patient.structures:
        segment = slicer.vtkSegment()
        segment.SetName(structure.name)
        segment.AddRepresentation(PLANAR_CONTOUR, polygons(structure.contours or ()))
        segments.AddSegment(segment, structure.name)
    return SampleNodes(ct, mr, segmentation, dose)


def polygons(contours: Iterable[NDArray[np.float64]]) -> vtkPolyData:
    """Closed polygons as SlicerRT keeps planar contours: one line cell a contour that ends at its first point, RAS mm.

    Parameters
    ----------
    contours : iterable of (n, 3) arrays
        LPS mm, without repeating the first point.

    Returns
    -------
    vtkPolyData
    """
    points, lines = vtkPoints(), vtkCellArray()
    points.SetDataTypeToDouble()
    for contour in contours:
        corners = [points.InsertNextPoint(point) for point in contour * LPS_TO_RAS]
        lines.InsertNextCell(len(corners) + 1)
        for corner in (*corners, corners[0]):
            lines.InsertCellPoint(corner)
    drawn = vtkPolyData()
    drawn.SetPoints(points)
    drawn.SetLines(lines)
    return drawn

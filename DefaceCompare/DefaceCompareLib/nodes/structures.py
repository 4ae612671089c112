"""A case's structures as a segmentation node, each in the form in which it was read: contours stay contours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from deface_compare.case import Structure
from deface_compare.errors import UnusableInput

from .case_folder import CLOSED_SURFACE, LABELMAP, PLANAR_CONTOUR
from .structure_colours import colour_in_turn
from .surface_turns import Later, SurfaceTurns
from .volumes import image_data, index_to_ras

NOT_DRAWN = (
    "The structures are contours, which Slicer draws only with SlicerRT (Extensions Manager); they are measured all the same."
)

LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


def add_structures(scene: Any, structures: Iterable[Structure], name: str) -> Any:
    """Add structures to the scene as one segmentation, in their order; segments are called as planned, as SlicerRT loads them.

    Parameters
    ----------
    scene : vtkMRMLScene
    structures : iterable of Structure
        All of one form: a segmentation has one source representation.
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLSegmentationNode

    Raises
    ------
    UnusableInput
        If the structures are of different forms.
    """
    listed = list(structures)
    source = _one_source(listed)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()  # before the segments: a display that comes later, as the Data module's, shows all in grey
    _fill(node, listed, source)
    return node


def replace_structures(node: Any, structures: Iterable[Structure], name: str) -> None:
    """Give a segmentation in the scene other structures and another name; nothing of what it held is left.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        With a display node.
    structures : iterable of Structure
        All of one form.
    name : str

    Raises
    ------
    UnusableInput
        If the structures are of different forms; the segmentation is then as it was.
    """
    listed = list(structures)
    source = _one_source(listed)
    node.SetName(name)
    node.GetSegmentation().RemoveAllSegments()
    _fill(node, listed, source)


def _one_source(structures: Sequence[Structure]) -> str:
    sources = {source_of(structure) for structure in structures}
    if len(sources) != 1:
        raise UnusableInput(
            f"The structures come as {' and '.join(sorted(sources)) or 'nothing'}: one segmentation holds one form."
        )
    (source,) = sources
    return source


def _fill(node: Any, structures: Sequence[Structure], source: str) -> None:
    segments = node.GetSegmentation()
    segments.SetSourceRepresentationName(source)
    for number, structure in enumerate(structures):
        segment = slicer.vtkSegment()
        segment.SetName(structure.name)
        segment.SetColor(*colour_in_turn(number))
        segment.AddRepresentation(source, _representation(structure))
        segments.AddSegment(segment, segments.GenerateUniqueSegmentID(structure.name))


def why_not_drawn(structures: Iterable[Structure]) -> str:
    """Why Slicer would not draw structures, in one sentence; empty: it would, or there are none.

    Parameters
    ----------
    structures : iterable of Structure
    """
    listed = list(structures)
    if not listed:
        return ""
    try:
        source = _one_source(listed)
    except UnusableInput as error:
        return str(error)
    return "" if source == CLOSED_SURFACE or _becomes_surface(source) else NOT_DRAWN


def show_surfaces(segmentation: Any, later: Later | None = None) -> str:
    """Make closed surfaces of a segmentation and draw them as lines in slices: contours themselves are not drawn by Slicer.

    The source stays what it is; it alone is written and measured.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        With a display node.
    later : callable, optional
        Calls what it is given when Slicer has had time for something else: surfaces of contours are then made one by one.

    Returns
    -------
    str
        Why its structures are not drawn, in one sentence; empty: they are.
    """
    segments = segmentation.GetSegmentation()
    source = segments.GetSourceRepresentationName()
    if source != CLOSED_SURFACE and not _becomes_surface(source):
        return NOT_DRAWN
    if later is not None and source == PLANAR_CONTOUR:
        SurfaceTurns(segmentation, later)
    elif not segmentation.CreateClosedSurfaceRepresentation():
        return NOT_DRAWN
    display = segmentation.GetDisplayNode()
    display.SetPreferredDisplayRepresentationName2D(CLOSED_SURFACE)
    display.SetPreferredDisplayRepresentationName3D(CLOSED_SURFACE)
    display.SetVisibility2DFill(False)  # the outline of the body, filled, tints the whole image
    return ""


def _becomes_surface(source: str) -> bool:
    """Whether this Slicer has a rule from a representation to surfaces (for contours it comes with SlicerRT)."""
    paths = slicer.vtkSegmentationConversionPaths()
    converter = slicer.vtkSegmentationConverter()
    converter.GetPossibleConversions(source, CLOSED_SURFACE, paths)
    return bool(paths.GetNumberOfPaths())


def source_of(structure: Structure) -> str:
    """The name of the representation that keeps a structure as it is."""
    if structure.contours is not None:
        return PLANAR_CONTOUR
    return CLOSED_SURFACE if structure.surface is not None else LABELMAP


def _representation(structure: Structure) -> Any:
    if structure.contours is not None:
        return polygons(structure.contours)
    return _in_ras(structure.surface) if structure.surface is not None else _labelmap(structure.labelmap)


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
    listed = [np.asarray(contour, np.float64).reshape(-1, 3) for contour in contours]
    starts = np.cumsum([0, *map(len, listed)])
    closed = [np.append(np.arange(start, start + len(each)), start) for start, each in zip(starts, listed, strict=False)]
    points, lines = vtkPoints(), vtkCellArray()
    points.SetData(numpy_to_vtk(np.concatenate([np.empty((0, 3)), *listed]) * LPS_TO_RAS, deep=True))
    lines.SetData(
        numpy_to_vtkIdTypeArray(np.cumsum([0, *map(len, closed)]).astype(np.int64), deep=True),
        numpy_to_vtkIdTypeArray(np.concatenate([np.empty(0, np.int64), *closed]).astype(np.int64), deep=True),
    )
    drawn = vtkPolyData()
    drawn.SetPoints(points)
    drawn.SetLines(lines)
    return drawn


def _in_ras(surface: Any) -> vtkPolyData:
    """A surface of LPS mm in RAS mm (a half turn: which side is outside stays)."""
    turn = vtkTransform()
    turn.Scale(*LPS_TO_RAS)
    turned = vtkTransformPolyDataFilter()
    turned.SetInputData(surface)
    turned.SetTransform(turn)
    turned.Update()
    return turned.GetOutput()


def _labelmap(image: sitk.Image | None) -> Any:
    """A mask as vtkOrientedImageData."""
    assert image is not None
    data = slicer.vtkOrientedImageData()
    data.ShallowCopy(image_data(sitk.Cast(image > 0, sitk.sitkUInt8)))
    data.SetImageToWorldMatrix(index_to_ras(image))
    return data

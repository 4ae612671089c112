"""Structures stored as polygons: SlicerRT's planar contours (``.seg.vtm``, ``.vtp``), points in RAS mm."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from ...case import Structure
from ...errors import UnusableInput
from ...storage.native_names import native_name
from ...structures.naming import named

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
LEAST_POINTS = 3
"""A polygon with fewer points has no area."""
COPY_MM = 0.01
"""Contours whose points agree to this are one contour written twice (DICOM exports round to 0.01 mm)."""


def read_contours(path: Path) -> list[Structure]:
    """Read a ``.vtm`` collection, one ``.vtp`` or a folder of ``.vtp`` files.

    Raises
    ------
    UnusableInput
        If a file is missing or is not VTK polygonal data.
    """
    if path.is_dir():
        files = sorted(path.glob("*.vtp"), key=lambda file: (len(file.stem), file.stem))
    elif path.suffix.lower() == ".vtm":
        files = _files_of_collection(path)
    else:
        files = [path]
    structures: list[Structure] = []
    for file in files:
        structures.append(_read_polygons(file, len(structures) + 1))
    if not structures:
        raise UnusableInput(f"{path.name} names no contour file (.vtp)")
    return structures


def _files_of_collection(path: Path) -> list[Path]:
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise UnusableInput(f"{path.name} is not a VTK collection (.vtm); save the segmentation again") from error
    return [path.parent / element.attrib["file"] for element in root.iter("DataSet") if "file" in element.attrib]


def _read_polygons(path: Path, number: int) -> Structure:
    if not path.is_file():
        raise UnusableInput(f"contour file {path.name} is missing; copy the whole folder beside the .vtm file")
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(native_name(path))
    if not reader.CanReadFile(native_name(path)):
        raise UnusableInput(f"{path.name} is not VTK polygonal data (.vtp)")
    reader.Update()
    data = reader.GetOutput()
    name_array = data.GetFieldData().GetAbstractArray("Segment_Name")
    name = str(name_array.GetValue(0)) if name_array is not None and name_array.GetNumberOfValues() else path.stem
    if data.GetNumberOfLines() == 0 and data.GetNumberOfPolys() + data.GetNumberOfStrips() > 0:
        return named(Structure(name=name, standard_name="", surface=_in_lps(data)), number)
    polygons, short = _polygons(data)
    notes: tuple[str, ...] = (
        (f"{short} contour{'s' * (short > 1)} with fewer than {LEAST_POINTS} points skipped",) if short else ()
    )
    polygons, copies = without_copies(polygons)
    notes += copies
    problem = "" if polygons else "; ".join(("the structure has no closed contours", *notes))
    if any(not np.isfinite(polygon).all() for polygon in polygons):
        problem = "its contours have coordinates that are no numbers (NaN or infinite)"
    return named(Structure(name=name, standard_name="", contours=tuple(polygons), notes=notes, problem=problem), number)


def _polygons(data: vtkPolyData) -> tuple[list[NDArray[np.float64]], int]:
    if data.GetNumberOfPoints() == 0:
        return [], 0
    points = vtk_to_numpy(data.GetPoints().GetData()).astype(np.float64) * RAS_TO_LPS
    lines = data.GetLines()
    offsets = vtk_to_numpy(lines.GetOffsetsArray())
    connectivity = vtk_to_numpy(lines.GetConnectivityArray())
    polygons, short = [], 0
    for start, stop in pairwise(offsets):
        polygon = closed_polygon(points[connectivity[start:stop]])
        if len(polygon) < LEAST_POINTS:
            short += 1
        else:
            polygons.append(polygon)
    return polygons, short


def closed_polygon(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop a last point that repeats the first: polygons are closed without it."""
    return points[:-1] if len(points) > 1 and np.array_equal(points[0], points[-1]) else points


def without_copies(contours: list[NDArray[np.float64]]) -> tuple[list[NDArray[np.float64]], tuple[str, ...]]:
    """Contours without those that are drawn a second time, and a note: by even-odd a contour and its copy would cancel.

    The same points to `COPY_MM` make a copy, whichever comes first and whichever way round.
    """
    kept: dict[bytes, NDArray[np.float64]] = {}
    for contour in contours:
        points = np.rint(contour / COPY_MM) + 0.0  # no minus zero
        kept.setdefault(points[np.lexsort(points.T)].tobytes(), contour)
    count = len(contours) - len(kept)
    note = f"{count} contour{'s are' if count > 1 else ' is'} drawn twice in the same place; one of each counts"
    return (list(kept.values()), (note,)) if count else (contours, ())


def _in_lps(surface: vtkPolyData) -> vtkPolyData:
    flipped = vtkPolyData()
    flipped.DeepCopy(surface)
    points = vtkPoints()
    points.SetDataTypeToDouble()
    for point in vtk_to_numpy(surface.GetPoints().GetData()) * RAS_TO_LPS:
        points.InsertNextPoint(point)
    flipped.SetPoints(points)
    return flipped

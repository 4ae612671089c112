"""What one process has read for another, as files: one a part, whole or not there."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

PATIENT, IMAGE, SKIN, LEVEL, ALTERED, REFUSED = "patient", "image", "skin", "level", "altered", "refused"
"""Kinds of parts: structures and dose, voxels, a surface, the isovalue of all surfaces, the flat indices of altered voxels, why
there is nothing."""


@dataclass(frozen=True)
class Part:
    """One of them.

    Parameters
    ----------
    kind : str
    key : str
        Of an image, a skin and altered voxels: whose.
    content : object
    """

    kind: str
    key: str
    content: Any


class _Pickler(pickle.Pickler):
    """Writes surfaces, too: VTK's objects do not pickle themselves in every version that Slicer comes with."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, vtkPolyData):
            normals = value.GetPointData().GetNormals()
            points = value.GetPoints()
            return _surface, (
                vtk_to_numpy(points.GetData()) if points is not None else np.empty((0, 3), np.float32),
                vtk_to_numpy(value.GetPolys().GetOffsetsArray()),
                vtk_to_numpy(value.GetPolys().GetConnectivityArray()),
                vtk_to_numpy(normals) if normals is not None else None,
            )
        return NotImplemented


def _surface(
    points_mm: NDArray[Any], offsets: NDArray[Any], connectivity: NDArray[Any], normals: NDArray[Any] | None
) -> vtkPolyData:
    points, cells, surface = vtkPoints(), vtkCellArray(), vtkPolyData()
    points.SetData(numpy_to_vtk(points_mm, deep=True))
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets.astype(np.int64), deep=True),
        numpy_to_vtkIdTypeArray(connectivity.astype(np.int64), deep=True),
    )
    surface.SetPoints(points)
    surface.SetPolys(cells)
    if normals is not None:
        array = numpy_to_vtk(normals, deep=True)
        array.SetName("Normals")
        surface.GetPointData().SetNormals(array)
    return surface


def write_part(file: Path, content: object) -> None:
    """Write anything that the other process shall have."""
    growing = file.with_suffix(".growing")
    with growing.open("wb") as stream:
        _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(content)
    growing.replace(file)


def read_part(file: Path) -> Any:
    """Read what `write_part` wrote, in a private folder of ours, and remove it."""
    with file.open("rb") as stream:
        content = pickle.load(stream)
    file.unlink()
    return content

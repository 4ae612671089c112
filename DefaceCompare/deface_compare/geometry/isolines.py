"""Lines of one value in a picture, as polylines: borders of masks, isodoses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges2D, vtkStripper

MASK_BORDER = 0.5
"""Level of a mask's border: half way between a pixel inside and one outside."""


def isolines(values: NDArray, level: float) -> list[NDArray[np.float64]]:
    """Where a picture crosses a level.

    Parameters
    ----------
    values : ndarray, shape (height, width)

    Returns
    -------
    list of ndarray, shape (points, 2)
        Column and row of each point, in pixels from the middle of the first one.
    """
    height, width = values.shape
    padded = np.full((height + 2, width + 2), float(min(values.min(), level - 1.0)), np.float32)
    padded[1:-1, 1:-1] = values
    picture = vtkImageData()
    picture.SetDimensions(width + 2, height + 2, 1)
    picture.SetOrigin(-1.0, -1.0, 0.0)
    picture.GetPointData().SetScalars(numpy_to_vtk(padded.ravel(), deep=True))
    edges = vtkFlyingEdges2D()
    edges.SetInputData(picture)
    edges.SetValue(0, level)
    joined = vtkStripper()
    joined.SetInputConnection(edges.GetOutputPort())
    joined.JoinContiguousSegmentsOn()
    joined.SetMaximumLength(padded.size)
    joined.Update()
    found = joined.GetOutput()
    if not found.GetNumberOfLines():
        return []
    points = vtk_to_numpy(found.GetPoints().GetData())[:, :2].astype(np.float64)
    cells = vtk_to_numpy(found.GetLines().GetConnectivityArray())
    ends = vtk_to_numpy(found.GetLines().GetOffsetsArray())
    return [points[cells[begin:end]] for begin, end in pairwise(ends)]

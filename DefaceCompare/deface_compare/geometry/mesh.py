"""Triangle surfaces: made from voxels, their points, distances to them."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkGenericCell, vtkImageData, vtkPolyData, vtkStaticCellLocator
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D


def flying_edges(values: NDArray[np.float32], grid: sitk.Image, isovalue: float) -> vtkPolyData:
    """Flying edges of an array that is one voxel wider than `grid` on every side."""
    image = vtkImageData()
    depth, height, width = values.shape
    image.SetDimensions(width, height, depth)
    image.SetSpacing(grid.GetSpacing())
    image.SetOrigin([o - s for o, s in zip(grid.GetOrigin(), grid.GetSpacing(), strict=True)])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(values).ravel(), deep=True))
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, isovalue)
    contour.ComputeNormalsOff()
    contour.ComputeScalarsOff()
    contour.Update()
    return contour.GetOutput()


def points_of(surface: vtkPolyData) -> NDArray[np.float64]:
    """The surface's points, shape (n, 3), LPS mm."""
    if surface.GetNumberOfPoints() == 0:
        return np.empty((0, 3))
    return vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64)


def distances_mm(points_mm: NDArray[np.float64], surface: vtkPolyData) -> NDArray[np.float64]:
    """Distance of each point, shape (n, 3), to the nearest place on `surface`; infinite if it is empty."""
    if surface.GetNumberOfCells() == 0:
        return np.full(len(points_mm), np.inf)
    locator = vtkStaticCellLocator()
    locator.SetDataSet(surface)
    locator.BuildLocator()
    nearest, cell, cell_id, part, squared = [0.0, 0.0, 0.0], vtkGenericCell(), mutable(0), mutable(0), mutable(0.0)
    found = np.empty(len(points_mm))
    for k, point in enumerate(points_mm):
        locator.FindClosestPoint(point, nearest, cell, cell_id, part, squared)  # type: ignore[call-overload]  # out-parameters
        found[k] = float(squared)  # type: ignore[arg-type]
    return np.sqrt(found)

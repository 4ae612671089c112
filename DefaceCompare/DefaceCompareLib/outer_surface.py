"""The outside surface of a head in an image, and how far its points are from another surface."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkGenericCell, vtkImageData, vtkPolyData, vtkStaticCellLocator
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

from .anatomy.working_grid import onto_grid
from .defacers.voxel_box import cropped_to

SMOOTHING_MM = 1.2
"""Gaussian sigma before meshing: coil noise goes, the surface is located between voxels."""
OPENING_VOXELS = 2
"""Nostrils, ear canals and pits narrower than twice this are closed; what lies behind is not outside."""


def calm_values(image: sitk.Image, grid: sitk.Image, air: float) -> NDArray[np.float32]:
    """An image on `grid`, smoothed by `SMOOTHING_MM`; `air` where it ends; shape (z, y, x)."""
    values = sitk.GetArrayFromImage(onto_grid(cropped_to(image, grid), grid, air))
    # five taps along each axis on a 2 mm grid: a sixth of the recursive filter's time
    return ndimage.gaussian_filter(values, [SMOOTHING_MM / spacing for spacing in grid.GetSpacing()[::-1]], mode="nearest")


def outer_surface(
    calm: NDArray[np.float32], isovalue: float, air: float, grid: sitk.Image, devices: NDArray[np.bool_]
) -> vtkPolyData:
    """The outside skin of an image, in LPS mm.

    Parameters
    ----------
    calm : ndarray of float32, shape (z, y, x) of `grid`
        `calm_values` of an original or defaced image.
    isovalue, air : float
        Skin threshold and air level of the original, in the image's unit.
    grid : SimpleITK.Image
        Where to look, about 2 mm, along LPS axes.
    devices : ndarray of bool, shape (z, y, x) of `grid`
        Voxels that are not the patient's.

    Returns
    -------
    vtkPolyData
        Triangles; empty if nothing exceeds the isovalue.
    """
    values = np.pad(calm, 1, constant_values=air)
    inner = values[1:-1, 1:-1, 1:-1]
    inner[devices] = air
    tissue = inner > isovalue
    solid = _without_cavities(tissue)
    inner[solid & ~tissue] = isovalue + (isovalue - air)  # cavities become as solid as air was empty
    inner[~solid & tissue] = air  # specks beside the head
    return _mesh(values, grid, isovalue)


def _without_cavities(tissue: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part, and all that air outside cannot reach through an opening wider than the closing."""
    labels, count = ndimage.label(tissue)
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:])) if count > 1 else tissue
    reach = OPENING_VOXELS
    padded = np.pad(largest, reach + 1)
    grown = ndimage.binary_dilation(padded, iterations=reach)
    outside_labels, _ = ndimage.label(~grown)
    outside = ndimage.binary_dilation(outside_labels == outside_labels[0, 0, 0], iterations=reach)
    inner = slice(reach + 1, -(reach + 1))
    return ~outside[inner, inner, inner] | largest


def _mesh(values: NDArray[np.float32], grid: sitk.Image, isovalue: float) -> vtkPolyData:
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

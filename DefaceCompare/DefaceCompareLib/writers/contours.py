"""Closed planar contours of a depth field, slice by slice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges2D, vtkStripper

MINIMUM_AREA_MM2 = 2.0
"""Smaller polygons are crumbs of interpolation."""


def contours_of_field(field: sitk.Image, outside: float = -100.0) -> tuple[NDArray[np.float64], ...]:
    """Polygons where a field crosses 0 in each slice, sub-voxel by linear interpolation.

    Parameters
    ----------
    field : SimpleITK.Image
        Positive inside; LPS mm, identity direction; polygons lie in its slices.
    outside : float
        Value assumed around the field, so that polygons close.

    Returns
    -------
    tuple of ndarray, shape (n, 3)
        LPS mm, without repeating the first point; several in one slice combine by even-odd.
    """
    array = sitk.GetArrayFromImage(field).astype(np.float32)
    origin, spacing = np.array(field.GetOrigin()), np.array(field.GetSpacing())
    polygons: list[NDArray[np.float64]] = []
    for index, plane in enumerate(array):
        if plane.max() > 0:
            level = origin[2] + index * spacing[2]
            polygons += _polygons(np.pad(plane, 1, constant_values=outside), origin[:2] - spacing[:2], spacing[:2], level)
    return tuple(polygons)


def _polygons(
    plane: NDArray[np.float32], origin: NDArray[np.float64], spacing: NDArray[np.float64], level: float
) -> list[NDArray[np.float64]]:
    """The zero lines of one padded slice, shape (y, x), at z = `level`."""
    image = vtkImageData()
    image.SetDimensions(plane.shape[1], plane.shape[0], 1)
    image.SetOrigin(float(origin[0]), float(origin[1]), 0.0)
    image.SetSpacing(float(spacing[0]), float(spacing[1]), 1.0)
    values = numpy_to_vtk(np.ascontiguousarray(plane).ravel(), deep=True)
    image.GetPointData().SetScalars(values)
    edges = vtkFlyingEdges2D()
    edges.SetInputData(image)
    edges.SetValue(0, 0.0)
    strips = vtkStripper()
    strips.SetInputConnection(edges.GetOutputPort())
    strips.JoinContiguousSegmentsOn()
    strips.SetMaximumLength(100000)
    strips.Update()
    found = strips.GetOutput()
    if found.GetNumberOfLines() == 0:
        return []
    points = vtk_to_numpy(found.GetPoints().GetData()).astype(np.float64)
    offsets = vtk_to_numpy(found.GetLines().GetOffsetsArray())
    ids = vtk_to_numpy(found.GetLines().GetConnectivityArray())
    lines = [points[ids[start:stop]] for start, stop in pairwise(offsets)]
    rings = [line[:-1] for line in lines if len(line) > 3 and np.allclose(line[0], line[-1])]
    return [np.column_stack([ring[:, :2], np.full(len(ring), level)]) for ring in rings if _area(ring) >= MINIMUM_AREA_MM2]


def _area(ring: NDArray[np.float64]) -> float:
    """Area of a polygon in mm2."""
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))

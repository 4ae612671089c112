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
    array = np.pad(sitk.GetArrayViewFromImage(field).astype(np.float32), ((0, 0), (1, 1), (1, 1)), constant_values=outside)
    lines = _ZeroLines(array.shape[1:])
    spacing = np.array(field.GetSpacing())
    corner = np.array(field.GetOrigin()) - (spacing[0], spacing[1], 0.0)
    polygons: list[NDArray[np.float64]] = []
    for index in np.flatnonzero(array.max(axis=(1, 2)) > 0).tolist():
        for ring in lines.rings(array[index]):
            polygon = np.full((len(ring), 3), corner[2] + index * spacing[2])
            polygon[:, :2] = corner[:2] + ring * spacing[:2]
            if _area(polygon) >= MINIMUM_AREA_MM2:
                polygons.append(polygon)
    return tuple(polygons)


class _ZeroLines:
    """Finds the zero lines of planes of one shape (y, x); the filters are set up once."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.image = vtkImageData()
        self.image.SetDimensions(shape[1], shape[0], 1)
        self.edges = vtkFlyingEdges2D()
        self.edges.SetInputData(self.image)
        self.edges.SetValue(0, 0.0)
        self.strips = vtkStripper()
        self.strips.SetInputConnection(self.edges.GetOutputPort())
        self.strips.JoinContiguousSegmentsOn()
        self.strips.SetMaximumLength(100000)

    def rings(self, plane: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """Closed lines of one plane in voxels, each of shape (n, 2) for x and y, without repeating the first point."""
        self.image.GetPointData().SetScalars(numpy_to_vtk(plane.ravel()))
        self.image.Modified()
        self.strips.Update()
        found = self.strips.GetOutput()
        if found.GetNumberOfLines() == 0:
            return []
        points = vtk_to_numpy(found.GetPoints().GetData())[:, :2].astype(np.float64)
        offsets = vtk_to_numpy(found.GetLines().GetOffsetsArray()).tolist()
        ids = vtk_to_numpy(found.GetLines().GetConnectivityArray())
        pieces = [ids[start:stop] for start, stop in pairwise(offsets)]
        return [points[piece[:-1]] for piece in pieces if len(piece) > 3 and piece[0] == piece[-1]]


def _area(ring: NDArray[np.float64]) -> float:
    """Area of a polygon in mm2."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return 0.5 * abs(float(np.dot(x[1:-1], y[2:]) - np.dot(y[1:-1], x[2:])))

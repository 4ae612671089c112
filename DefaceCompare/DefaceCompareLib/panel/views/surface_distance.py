"""How far each point of a skin lies from another skin: for the colour on the screen, not a number of the tables."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

NEAR_MM = 4.0
"""So near the other skin's nearest point stands for a plane, not for itself: points of a skin lie up to 2 mm apart."""


def distance_from_skin(points_mm: NDArray[np.float64], skin: vtkPolyData) -> NDArray[np.float32]:
    """The distance of points from a skin, mm; exactly 0 where it has the same point.

    Parameters
    ----------
    points_mm : ndarray of shape (n, 3)
        RAS mm.
    skin : vtkPolyData
        With point normals, RAS mm; not empty.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    others_mm = vtk_to_numpy(skin.GetPoints().GetData()).astype(np.float64)
    normals = vtk_to_numpy(skin.GetPointData().GetNormals()).astype(np.float64)
    found = scipy.spatial.cKDTree(others_mm).query(points_mm)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    near = np.flatnonzero((distance > 0.0) & (distance < NEAR_MM))
    from_plane = np.abs(((points_mm[near] - others_mm[nearest[near]]) * normals[nearest[near]]).sum(axis=1))
    distance[near] = np.minimum(distance[near], from_plane)
    return np.asarray(distance, dtype=np.float32)

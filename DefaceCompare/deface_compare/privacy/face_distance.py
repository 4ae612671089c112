"""How far the face's surface moved, in mm; needs no recognition model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.head import Point
from ..anatomy.head_axes import HeadAxes
from ..errors import NotAvailable
from ..geometry.mesh import distances_mm

BROW_ABOVE_EYES_MM = 20.0
"""The face region begins this far above the middle of the eyes."""
HALF_WIDTH_MM = 60.0
"""The face region reaches this far to both sides of the mid-line."""
DEPTH_BEHIND_EYES_MM = 10.0
"""The face region ends this far behind the eyes' centres."""
FACING_FORWARD = 0.2
"""Least cosine between surface normal and gaze inside the face region: leaves out the walls of nostrils and mouth."""
MOST_POINTS = 800
"""The region's points are thinned to about this many."""
ALIGNED_SHARE = 0.5
"""The alignment rests on this share of the surface outside the face: the part that lies closest to start with, so that what
a method removed there (ears, temples) does not pull the head out of place."""
MOST_ITERATIONS, ALIGNED_MM, LEAST_GAIN_MM = 30, 0.01, 0.001
"""The alignment is refined this often, or until the part it rests on is this close, or comes no closer than by this."""


def face_surface_distance_mm(
    original: vtkPolyData, defaced: vtkPolyData, axes: HeadAxes, landmarks_mm: Mapping[str, Point]
) -> float:
    """Mean distance of the original face (brow to chin) to the defaced surface, after a rigid alignment of the rest.

    Parameters
    ----------
    original, defaced : vtkPolyData
        Surfaces from `surface.face_surface`, LPS mm.
    axes : HeadAxes
    landmarks_mm : mapping of str to (x, y, z)
        The original head's.

    Raises
    ------
    NotAvailable
        If the original surface has no face region, or the defaced one is empty.
    """
    if defaced.GetNumberOfCells() == 0:
        raise NotAvailable("the defaced image has no surface")
    points = vtk_to_numpy(original.GetPoints().GetData()).astype(np.float64)
    face = face_points(original, axes, landmarks_mm)
    if not face.any():
        raise NotAvailable("the original's surface has no points between brow and chin")
    rest = _thinned(points[~face])
    moved = _aligned(_thinned(points[face]), rest, defaced) if len(rest) else _thinned(points[face])
    return float(distances_mm(moved, defaced).mean())


def face_points(surface: vtkPolyData, axes: HeadAxes, landmarks_mm: Mapping[str, Point]) -> NDArray[np.bool_]:
    """Which points of a surface are face: brow to chin, cheek to cheek, looking forward; shape (points,)."""
    local = axes.local_mm(vtk_to_numpy(surface.GetPoints().GetData()))
    normals = vtk_to_numpy(surface.GetPointData().GetNormals())
    eyes = axes.local_mm(0.5 * (np.array(landmarks_mm["eye_left"]) + np.array(landmarks_mm["eye_right"])))
    chin = axes.local_mm(landmarks_mm["chin"])
    between = (local[:, 1] <= eyes[1] + BROW_ABOVE_EYES_MM) & (local[:, 1] >= chin[1])
    in_front = (np.abs(local[:, 0]) <= HALF_WIDTH_MM) & (local[:, 2] >= eyes[2] - DEPTH_BEHIND_EYES_MM)
    return between & in_front & (normals @ axes.forward >= FACING_FORWARD)


def _thinned(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    return points_mm[:: max(1, len(points_mm) // MOST_POINTS)]


def _aligned(face: NDArray[np.float64], rest: NDArray[np.float64], defaced: vtkPolyData) -> NDArray[np.float64]:
    """The face's points after the rigid movement that brings the rest of the head onto the defaced surface.

    Iterative closest points, point to plane, each time on the closest share of the rest (trimmed).

    References
    ----------
    Chen and Medioni, Object modelling by registration of multiple range images, Image and Vision Computing 10(3), 1992,
    doi 10.1016/0262-8856(92)90066-C; trimming: Chetverikov et al., ICPR 2002, doi 10.1109/ICPR.2002.1047997.
    """
    vertices = vtk_to_numpy(defaced.GetPoints().GetData()).astype(np.float64)
    normals = vtk_to_numpy(defaced.GetPointData().GetNormals()).astype(np.float64)
    tree = cKDTree(vertices)
    before_mm = np.inf
    for _ in range(MOST_ITERATIONS):
        distances, nearest = (np.asarray(each) for each in tree.query(rest))
        anchor = np.argsort(distances, kind="stable")[: max(6, int(ALIGNED_SHARE * len(rest)))]
        now_mm = float(distances[anchor].mean())
        if now_mm < ALIGNED_MM or before_mm - now_mm < LEAST_GAIN_MM:
            break
        before_mm = now_mm
        step = _step_to_planes(rest[anchor], vertices[nearest[anchor]], normals[nearest[anchor]])
        face, rest = step(face), step(rest)
    return face


def _step_to_planes(
    points: NDArray[np.float64], targets: NDArray[np.float64], normals: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """The small rigid movement that best brings points, shape (n, 3), onto the planes through targets."""
    pivot = points.mean(axis=0)
    equations = np.hstack([np.cross(points - pivot, normals), normals])
    heights = ((targets - points) * normals).sum(axis=1)
    solution = np.linalg.lstsq(equations, heights, rcond=1e-6)[0]
    rotation, shift = Rotation.from_rotvec(solution[:3]).as_matrix(), solution[3:]
    return lambda moved: (moved - pivot) @ rotation.T + pivot + shift

"""Which vertices of the mean head lie where in the average head: the mean head laid on the average skin, step by step."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from vtkmodules.util.numpy_support import vtk_to_numpy

from ...geometry.mesh import iso_surface, points_of, vertex_normals
from ..people.spline import BiharmonicSpline
from .average_skin import average_skin_depth

Points = NDArray[np.float64]

STEPS = (
    (30.0, 25.0),
    (20.0, 20.0),
    (12.0, 15.0),
    (8.0, 12.0),
    (5.0, 10.0),
    (3.0, 8.0),
    (2.0, 8.0),
    (1.5, 6.0),
    (1.0, 6.0),
    (1.0, 6.0),
)
"""Ridge of the spline in mm, and how far the nearest skin may be, in each step."""
USED = 700
"""Vertices that steer a step, drawn at random."""
NEIGHBOURS, SAME_WAY = 12, 0.5
"""The nearest point of the skin is the nearest of so many that faces the same way (cosine)."""
ANCHORS = 400
LAST_MM = 6.0
LANDMARK_RIDGE_MM = 5.0


def laid_on_average(
    vertices_mm: Points, triangles: NDArray[np.int64], free: NDArray[np.int64], landmarks: tuple[Points, Points], seed: int = 0
) -> tuple[NDArray[np.int64], Points]:
    """Find anchors.

    Parameters
    ----------
    vertices_mm : ndarray, shape (n, 3)
        The mean head.
    triangles : ndarray of int, shape (t, 3)
    free : ndarray of int
        Vertices that may become anchors: skin seen from outside, no ears, no lids.
    landmarks : (ndarray, ndarray), shapes (k, 3) and (k, 3)
        Places of the mean head, and where they lie in the average head.
    seed : int

    Returns
    -------
    anchors : ndarray of int, shape (ANCHORS,)
    places_mm : ndarray, shape (ANCHORS, 3)
        Where they lie in the average head; mirror symmetric.
    """
    random = np.random.default_rng(seed)
    skin_mm, skin_normals = average_surface()
    tree = cKDTree(skin_mm)
    normals = vertex_normals(vertices_mm, triangles)[free]
    own, known = landmarks
    fit = BiharmonicSpline.fitted(own, known, LANDMARK_RIDGE_MM)
    for ridge_mm, reach_mm in STEPS:
        distance, nearest = (np.asarray(found) for found in tree.query(fit(vertices_mm[free]), k=NEIGHBOURS))
        facing = np.einsum("nkc,nc->nk", skin_normals[nearest], normals) > SAME_WAY
        distance = np.where(facing, distance, np.inf)
        best = distance.argmin(axis=1)
        usable = np.flatnonzero(distance.min(axis=1) < reach_mm)
        chosen = random.choice(usable, min(USED, len(usable)), replace=False)
        targets = skin_mm[nearest[chosen, best[chosen]]]
        fit = BiharmonicSpline.fitted(
            np.concatenate([own, vertices_mm[free[chosen]]]), np.concatenate([known, targets]), ridge_mm
        )
    places = fit(vertices_mm[free])
    near = np.asarray(tree.query(places)[0]) < LAST_MM
    free, places = free[near], places[near]
    mirror = np.array([-1.0, 1.0, 1.0])
    twin_distance, twin = (np.asarray(found) for found in cKDTree(vertices_mm[free]).query(vertices_mm[free] * mirror))
    mirrored = 0.5 * (places + places[twin] * mirror)
    places = np.where((twin_distance < 0.05)[:, None], mirrored, places)
    spread = farthest_first(vertices_mm[free], ANCHORS)
    return free[spread], places[spread]


def average_surface() -> tuple[Points, Points]:
    """Vertices and outward normals of the average head's skin, shapes (n, 3) and (n, 3), mm."""
    depth = average_skin_depth()
    surface = iso_surface(sitk.GetArrayViewFromImage(depth), 0.0, depth.GetOrigin(), depth.GetSpacing(), normals=True)
    return points_of(surface), vtk_to_numpy(surface.GetPointData().GetNormals()).astype(np.float64)  # towards lower values: air


def farthest_first(points_mm: Points, count: int) -> NDArray[np.int64]:
    """Points, shape (n, 3), that are spread evenly: each the farthest from those before it; the foremost is the first."""
    chosen = [int(points_mm[:, 1].argmin())]
    distance = np.linalg.norm(points_mm - points_mm[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points_mm - points_mm[chosen[-1]], axis=1))
    return np.array(chosen)

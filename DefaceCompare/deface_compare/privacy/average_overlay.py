"""A stronger attacker's guess: the average face laid over what a method left of the patient, where the method changed it."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals

from ..anatomy.average_head import AverageHead, average_head
from ..anatomy.head import Head
from ..anatomy.outline_fit import OutlineFit, fit_outline
from ..case import CaseImage
from ..defacers.average_face import average_level
from ..errors import NotAvailable
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import Patch, box_of_points, corners_mm, index_to_mm, margin_in_view_mm
from ..geometry.grids import mapped
from ..geometry.level_set import sample_at
from ..geometry.morphology import grown
from .surface import SkinLevel, box_of_landmarks, face_surface

NEAR_EDIT_MM = 6.0
"""Skin nearer than this to an altered voxel is no longer the patient's own: it neither steers the fit nor stays uncovered."""
BELOW_CHIN_MM = 25.0
"""The average head's neck from here on is left out: pose and shape of a neck say nothing of the face."""
FARTHEST_MM = 15.0
"""Average skin that the pose lays farther than this from the patient's skin has no counterpart there (hair, collar)."""
FEWEST_POINTS = 300
"""Points of skin that the fit needs."""
MOST_POINTS = 700
"""Points of skin that take part, at equal steps: 0.6 s a method. With twice as many the guess of a missing face moves by 2 to
3 mm on average, which is as sure as a skull makes it."""
CONTROL_SPACING_MM = 90.0
"""Spacing of the spline's control points: a whole face is missing, so that only the skull's shape is there to follow."""
NOTHING_ALTERED = "no altered skin to lay the average face over"
VIEW_MARGIN_MM = 4.0
"""Skin nearer than this to the border of the scan takes no part in the fit."""


def average_overlay(image: CaseImage, head: Head, patch: Patch) -> vtkPolyData:
    """The average face, deformed to the skin that a method left unaltered.

    The attacker is granted the head's pose and which voxels were altered; a real one would have to find both. Where skin is
    unaltered nothing is drawn: the patient's own is better.

    Parameters
    ----------
    image : CaseImage
        The original.
    head : Head
        Of the image's frame of reference.
    patch : Patch
        What the method changed in `image`.

    Returns
    -------
    vtkPolyData
        Triangles with point normals, LPS mm; to be drawn together with the defaced surface.

    Raises
    ------
    NotAvailable
        If too little skin is left to fit the average head to, or nothing near the skin was altered.
    """
    changed = _near_edit(image, head, patch)
    if not changed.any():
        raise NotAvailable(NOTHING_ALTERED)
    average = average_head()
    mesh, triangles = _average_mesh()
    fit = _fit(image, head, average, changed)
    points = fit.at(mesh)
    kept = sample_at(changed, head.grid, points, 0.0) > 0.5
    faces = triangles[kept[triangles].all(axis=1)]
    if not len(faces):
        raise NotAvailable(NOTHING_ALTERED)
    return _surface(points, faces)


def _near_edit(image: CaseImage, head: Head, patch: Patch) -> NDArray[np.float32]:
    """1 near altered voxels on the head's grid, shape (z, y, x)."""
    box = sitk.GetImageFromArray(patch.altered(image.image).astype(np.uint8))
    box.SetSpacing(image.image.GetSpacing())
    box.SetDirection(image.image.GetDirection())
    box.SetOrigin(image.image.TransformIndexToPhysicalPoint(patch.offset))
    spacing_mm = head.grid.GetSpacing()[0]
    altered = np.zeros(head.grid.GetSize()[::-1], bool)
    there = box_of_points(corners_mm(box), head.grid, spacing_mm + max(box.GetSpacing()))
    if not there.empty:
        altered[there.slices] = sample_mask(box, head.grid, there)
    voxels = round(NEAR_EDIT_MM / spacing_mm) + 0.5  # a ball as wide as an odd number of voxels
    return grown(altered, voxels * spacing_mm, spacing_mm).astype(np.float32)


@cache
def _average_mesh() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Vertices (n, 3), mm, and triangles (m, 3) of the average face's skin, without the neck."""
    average = average_head()
    box = box_of_landmarks(average.landmarks_mm).coarse()  # the average head's voxels are no finer
    surface = face_surface(average.image, box, SkinLevel(average.skin_isovalue, 0.0))
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64)
    triangles = vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    above = points[:, 2] >= average.landmarks_mm["chin"][2] - BELOW_CHIN_MM
    return points, triangles[above[triangles].all(axis=1)]


@cache
def _average_skin() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voxels at the average head's skin, neck left out: centres (n, 3), mm, and signed distances from the skin (n,)."""
    average = average_head()
    distance = average_level()
    steering = sitk.GetArrayFromImage(average.steering) > 0
    at_skin = (np.abs(distance) < 0.75 * average.outline.GetSpacing()[0]) & steering
    matrix, origin = index_to_mm(average.outline)
    points = np.argwhere(at_skin)[:, ::-1].astype(np.float64) @ matrix.T + origin
    return points, distance[at_skin].astype(np.float64)


def _fit(image: CaseImage, head: Head, average: AverageHead, changed: NDArray[np.float32]) -> OutlineFit:
    """Deform the average head onto the unaltered skin; maps average mm to patient mm."""
    pose = head.average_to_patient.GetInverse()
    points, levels = _average_skin()
    at = mapped(pose, points)
    skin = head.skin_level_mm
    use = sample_at(changed, head.grid, at, 1.0) == 0.0
    use &= np.abs(sample_at(skin, head.grid, at, np.inf)) < FARTHEST_MM
    use &= np.minimum(margin_in_view_mm(image.image, at), margin_in_view_mm(head.grid, at)) > VIEW_MARGIN_MM
    if int(use.sum()) < FEWEST_POINTS:
        raise NotAvailable("too little unaltered skin to lay the average face over")
    corners = np.concatenate([points, _average_mesh()[0]])
    extent = np.array([corners.min(axis=0), corners.max(axis=0)])
    some = np.flatnonzero(use)[:: max(1, int(use.sum()) // MOST_POINTS)]
    return fit_outline(points[some], levels[some], extent, pose, skin, head.grid, CONTROL_SPACING_MM)


def _surface(points: NDArray[np.float64], triangles: NDArray[np.intp]) -> vtkPolyData:
    """Triangles with normals."""
    places = vtkPoints()
    places.SetData(numpy_to_vtk(points.astype(np.float32), deep=True))
    cells = vtkCellArray()
    offsets = np.arange(0, triangles.size + 1, 3)
    cells.SetData(numpy_to_vtkIdTypeArray(offsets, deep=True), numpy_to_vtkIdTypeArray(triangles.ravel(), deep=True))
    mesh = vtkPolyData()
    mesh.SetPoints(places)
    mesh.SetPolys(cells)
    normals = vtkPolyDataNormals()
    normals.SetInputData(mesh)
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()

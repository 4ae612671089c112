"""The surface of a face as an attacker would draw it from a scan: front half of the head, sinuses closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkPolyDataNormals, vtkWindowedSincPolyDataFilter

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.head import Head
from ..case import CaseImage
from ..errors import NotAvailable

GRID_MM = 1.7
"""Spacing of the grid on which the surface is built; gives 80 000 to 150 000 triangles for the front half of a head."""
SMOOTHING_MM = 1.0
"""Sigma of the Gaussian before meshing."""
DEVICE_MARGIN_MM = 6.0
"""What lies farther outside the patient's outline than this (along an axis) is no patient: couch, holder, mask shell."""
MARGIN_SIDE_MM, MARGIN_FRONT_MM, MARGIN_ABOVE_MM, MARGIN_BELOW_MM = 115.0, 40.0, 20.0, 45.0
"""The box around the face: half width from its middle, and margins in front of the nose, above the vertex, below the chin."""
SINC_ITERATIONS, SINC_PASS_BAND = 12, 0.1
"""Windowed-sinc smoothing of the mesh (vtkWindowedSincPolyDataFilter)."""
FEWEST_VOXELS = 5000
"""Fewer voxels of tissue than this (17 cc) in the box make no head."""


@dataclass(frozen=True)
class SkinLevel:
    """Grey values found on the original and reused for every version of it: the skin's isovalue and the air below it."""

    threshold: float
    air: float


@dataclass(frozen=True)
class FaceBox:
    """The grid of a face: origin (x, y, z) LPS mm of its first voxel, and its size in voxels (x, y, z) of `GRID_MM`."""

    origin_mm: tuple[float, float, float]
    size: tuple[int, int, int]


def skin_level(image: CaseImage) -> SkinLevel:
    """The skin's isovalue and air level of an original image (UnusableInput if it is constant or holds NaN)."""
    return SkinLevel(skin_threshold(image), air_level(image))


def face_box(head: Head) -> FaceBox:
    """The box that holds the front half of the head, ears included, in LPS axes."""
    marks = {name: np.array(point) for name, point in head.landmarks_mm.items()}
    middle = 0.5 * (marks["eye_left"] + marks["eye_right"])
    everything = np.stack(list(marks.values()))
    low = np.array([middle[0] - MARGIN_SIDE_MM, everything[:, 1].min() - MARGIN_FRONT_MM, marks["chin"][2] - MARGIN_BELOW_MM])
    back = 0.5 * (marks["ear_left"][1] + marks["ear_right"][1])
    high = np.array([middle[0] + MARGIN_SIDE_MM, back, marks["vertex"][2] + MARGIN_ABOVE_MM])
    size = np.ceil((high - low) / GRID_MM).astype(int) + 1
    return FaceBox((float(low[0]), float(low[1]), float(low[2])), (int(size[0]), int(size[1]), int(size[2])))


def outline_on_box(head: Head, box: FaceBox) -> NDArray[np.bool_]:
    """The patient's outline, grown by `DEVICE_MARGIN_MM`, on the face's grid; shape (z, y, x)."""
    inside = sitk.GetArrayFromImage(_resampled(sitk.Cast(head.outline, sitk.sitkFloat32), box, 0.0)) >= 0.5
    return ndimage.binary_dilation(inside, iterations=round(DEVICE_MARGIN_MM / GRID_MM))


def face_surface(
    image: sitk.Image,
    box: FaceBox,
    level: SkinLevel,
    within: NDArray[np.bool_] | None = None,
    noise: NDArray[np.float32] | None = None,
) -> vtkPolyData:
    """Draw the skin of the front half of a head.

    Parameters
    ----------
    image : SimpleITK.Image
        Original or defaced.
    box : FaceBox
        From the original, the same for all its versions.
    level : SkinLevel
        From the original, the same for all its versions.
    within : ndarray of bool, shape (z, y, x), optional
        Of an original: where the patient is (`outline_on_box`). A defaced image is drawn as an attacker would, without it.
    noise : ndarray of float32, shape (z, y, x), optional
        Added to the voxels, in units of the contrast between air and skin threshold.

    Returns
    -------
    vtkPolyData
        Triangles with point normals, LPS mm.

    Raises
    ------
    NotAvailable
        If nothing in the box exceeds the threshold.
    """
    grey = _grey_values(image, box, level, within, noise)
    tissue = largest_component(grey > 0.0)
    if np.count_nonzero(tissue) < FEWEST_VOXELS:
        raise NotAvailable("no skin surface: hardly any voxel of the head exceeds the skin threshold")
    outside = open_air(~tissue)
    grey[~tissue & ~outside] = 1.0  # cavities, above the threshold: a cut through a sinus is then a plain surface
    grey[outside & (grey > 0.0)] = -1.0  # specks of noise and devices that are not part of the head
    return _mesh(grey, box)


def _grey_values(
    image: sitk.Image, box: FaceBox, level: SkinLevel, within: NDArray[np.bool_] | None, noise: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """The image on the face's grid, scaled so that air is -1, skin threshold 0, and brighter than 1 is 1."""
    contrast = max(level.threshold - level.air, np.finfo(np.float32).tiny)
    scaled = sitk.GetArrayFromImage(_resampled(image, box, level.air))
    scaled -= np.float32(level.threshold)
    scaled /= np.float32(contrast)
    if noise is not None:
        scaled += noise
    np.clip(scaled, -1.0, 1.0, out=scaled)
    if within is not None:
        scaled[~within] = -1.0
    return ndimage.gaussian_filter(scaled, SMOOTHING_MM / GRID_MM, mode="nearest", truncate=3.0)


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest face-connected part of a mask."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == int(np.argmax(sizes))


def open_air(air: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The air that reaches the front, side or top of the box, shape (z, y, x); the rest is a cavity.

    The back and the bottom of the box cut through the head, so that sinuses and the pharynx end there: they open nothing.
    """
    labels, count = ndimage.label(air)
    sides = (labels[:, 0, :], labels[-1], labels[:, :, 0], labels[:, :, -1])
    reached = np.zeros(count + 1, bool)
    for side in sides:
        reached[side.ravel()] = True
    reached[0] = False
    return reached[labels]


def _resampled(image: sitk.Image, box: FaceBox, outside: float) -> sitk.Image:
    spacing = (GRID_MM, GRID_MM, GRID_MM)
    direction = np.eye(3).ravel().tolist()
    identity = sitk.Transform(3, sitk.sitkIdentity)
    return sitk.Resample(image, box.size, identity, sitk.sitkLinear, box.origin_mm, spacing, direction, outside, sitk.sitkFloat32)


def _mesh(grey: NDArray[np.float32], box: FaceBox) -> vtkPolyData:
    """Iso-surface at 0, smoothed, with normals."""
    picture = vtkImageData()
    picture.SetDimensions(*box.size)
    picture.SetOrigin(*box.origin_mm)
    picture.SetSpacing(GRID_MM, GRID_MM, GRID_MM)
    picture.GetPointData().SetScalars(numpy_to_vtk(grey.ravel()))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(picture)
    edges.SetValue(0, 0.0)
    edges.ComputeNormalsOff()
    edges.ComputeScalarsOff()
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(edges.GetOutputPort())
    smooth.SetNumberOfIterations(SINC_ITERATIONS)
    smooth.SetPassBand(SINC_PASS_BAND)
    smooth.BoundarySmoothingOff()
    smooth.NormalizeCoordinatesOn()
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.Update()
    return normals.GetOutput()

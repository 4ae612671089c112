"""The surface of a face as an attacker would draw it from a scan: front half of the head, sinuses closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals, vtkWindowedSincPolyDataFilter

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.head import Head, Point
from ..case import CT, CaseImage
from ..errors import NotAvailable
from ..geometry.box_sampling import sample_box
from ..geometry.boxes import VoxelBox
from ..geometry.found_once import FoundOnce
from ..geometry.mesh import iso_surface
from ..geometry.morphology import largest_part, open_air
from ..geometry.nearness import dilated

GRID_MM = 1.7
"""Spacing of the grid on which the surface is built; gives 80 000 to 150 000 triangles for the front half of a head."""

COARSE_GRID_MM = 2.5
"""The same for what is itself no finer: PET, dose grids, outer contours."""

SMOOTHING_MM = 1.0
"""Sigma of the Gaussian before meshing."""

DEVICE_MARGIN_MM = 6.0
"""What lies farther outside the patient's outline than this (along an axis) is no patient: couch, holder, mask shell."""

MARGIN_SIDE_MM, MARGIN_FRONT_MM, MARGIN_ABOVE_MM, MARGIN_BELOW_MM = 115.0, 40.0, 20.0, 45.0
"""The box around the face: half width from its middle, and margins in front of the nose, above the vertex, below the chin."""

SINC_ITERATIONS, SINC_PASS_BAND = 12, 0.1
"""Windowed-sinc smoothing of the mesh (vtkWindowedSincPolyDataFilter)."""

LEAST_TISSUE_MM3 = 17000.0
"""Less tissue than this in the box makes no head."""

ATTACKER_HU = (-700.0, 0.0, 200.0)
"""CT: other thresholds that an attacker may draw at: thin haze on the skin, muscle, bone (docs/design.md#attacker-thresholds)."""

ATTACKER_CONTRASTS = (-0.5, 0.5)
"""MR and PET: half the skin's contrast above air, and one and a half times it."""

_OUTLINES = FoundOnce()
"""Of a head on its images' grids: the original is drawn, and its control."""


@dataclass(frozen=True)
class SkinLevel:
    """Grey values found on the original and reused for every version of it: the skin's isovalue and the air below it.

    Parameters
    ----------
    threshold, air : float
        In the image's unit.
    others : tuple of float
        Other isovalues that an attacker may draw at, in the image's unit.
    """

    threshold: float
    air: float
    others: tuple[float, ...] = ()

    def scaled(self, value: float) -> float:
        """An isovalue where air is -1 and the skin's threshold 0."""
        return (value - self.threshold) / self.contrast

    @property
    def contrast(self) -> float:
        """From air to the skin's threshold."""
        return max(self.threshold - self.air, float(np.finfo(np.float32).tiny))


@dataclass(frozen=True)
class FaceBox:
    """The grid of a face: origin (x, y, z) LPS mm of its first voxel, and its size in voxels (x, y, z) of `spacing_mm`."""

    origin_mm: tuple[float, float, float]
    size: tuple[int, int, int]
    spacing_mm: float = GRID_MM

    @property
    def spacings_mm(self) -> tuple[float, float, float]:
        """The same in x, y and z."""
        return (self.spacing_mm,) * 3

    def coarse(self) -> FaceBox:
        """The same box in voxels of `COARSE_GRID_MM`."""
        step = COARSE_GRID_MM / self.spacing_mm
        width, height, depth = (int(np.ceil((count - 1) / step)) + 1 for count in self.size)
        return FaceBox(self.origin_mm, (width, height, depth), COARSE_GRID_MM)


def skin_level(image: CaseImage) -> SkinLevel:
    """The skin's isovalue and air level of an original image (UnusableInput if it is constant or holds NaN)."""
    threshold, air = skin_threshold(image), air_level(image)
    scaled = (threshold + share * (threshold - air) for share in ATTACKER_CONTRASTS)
    return SkinLevel(threshold, air, ATTACKER_HU if image.modality == CT else tuple(scaled))


def face_box(head: Head) -> FaceBox:
    """The box that holds the front half of the head, ears included, in LPS axes."""
    return box_of_landmarks(head.landmarks_mm)


def image_box(head: Head, image: sitk.Image) -> FaceBox:
    """The box of `face_box`, its voxels no finer than the image's finest spacing is worth."""
    box = face_box(head)
    return box.coarse() if min(image.GetSpacing()) >= COARSE_GRID_MM else box


def box_of_landmarks(landmarks_mm: Mapping[str, Point]) -> FaceBox:
    """The box around the landmarks of a head (names as in `Head.landmarks_mm`)."""
    marks = {name: np.array(point) for name, point in landmarks_mm.items()}
    middle = 0.5 * (marks["eye_left"] + marks["eye_right"])
    everything = np.stack(list(marks.values()))
    low = np.array([middle[0] - MARGIN_SIDE_MM, everything[:, 1].min() - MARGIN_FRONT_MM, marks["chin"][2] - MARGIN_BELOW_MM])
    back = 0.5 * (marks["ear_left"][1] + marks["ear_right"][1])
    high = np.array([middle[0] + MARGIN_SIDE_MM, back, marks["vertex"][2] + MARGIN_ABOVE_MM])
    size = np.ceil((high - low) / GRID_MM).astype(int) + 1
    return FaceBox((float(low[0]), float(low[1]), float(low[2])), (int(size[0]), int(size[1]), int(size[2])))


def outline_on_box(head: Head, box: FaceBox) -> NDArray[np.bool_]:
    """The patient's outline, grown by `DEVICE_MARGIN_MM`, on the face's grid; shape (z, y, x). Not to be changed."""
    return _OUTLINES.of(head, box, lambda: _outline_on_box(head, box))


def _outline_on_box(head: Head, box: FaceBox) -> NDArray[np.bool_]:
    inside = on_box(head.outline, box, 0.0) >= 0.5
    return dilated(inside, round(DEVICE_MARGIN_MM / box.spacing_mm))


def face_surface(
    image: sitk.Image,
    box: FaceBox,
    level: SkinLevel,
    within: NDArray[np.bool_] | None = None,
    noise: NDArray[np.float32] | None = None,
) -> vtkPolyData:
    """Draw the skin of the front half of a head: `surface_at` 0 of its `grey_values`, with their parameters.

    Raises
    ------
    NotAvailable
        If nothing in the box exceeds the threshold.
    """
    return surface_at(grey_values(image, box, level, within, noise), box)


def grey_values(
    image: sitk.Image,
    box: FaceBox,
    level: SkinLevel,
    within: NDArray[np.bool_] | None = None,
    noise: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """The image on the face's grid, smoothed and scaled so that air is -1, skin threshold 0, and brighter than 1 is 1.

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
    ndarray of float32, shape (z, y, x)
    """
    scaled = on_box(image, box, level.air)
    scaled -= np.float32(level.threshold)
    scaled /= np.float32(level.contrast)
    if noise is not None:
        scaled += noise
    np.clip(scaled, -1.0, 1.0, out=scaled)
    if within is not None:
        scaled[~within] = -1.0
    return scipy.ndimage.gaussian_filter(scaled, SMOOTHING_MM / box.spacing_mm, mode="nearest", truncate=3.0)


def surface_at(grey: NDArray[np.float32], box: FaceBox, isovalue: float = 0.0, *, quick: bool = False) -> vtkPolyData:
    """Draw an iso-surface of scaled grey values: the largest part, cavities closed.

    Parameters
    ----------
    grey : ndarray of float32, shape (z, y, x)
        From `grey_values`; not changed.
    isovalue : float
        Scaled; 0 is the skin.
    quick : bool
        The mesh as it is, shaded by the grey values' slope: half the time, hardly another picture.

    Returns
    -------
    vtkPolyData
        Triangles with point normals, LPS mm.

    Raises
    ------
    NotAvailable
        If nothing in the box exceeds the threshold.
    """
    bright = grey > isovalue
    window = _window(bright)
    bright = bright[window]
    tissue = largest_part(bright)
    if np.count_nonzero(tissue) * box.spacing_mm**3 < LEAST_TISSUE_MM3:
        raise NotAvailable("no skin surface: hardly any voxel of the head exceeds the skin threshold")
    outside = open_air(~tissue)
    solid = grey[window].copy()
    np.putmask(solid, ~(tissue | outside), 1.0)  # cavities, above the threshold: a cut through a sinus is then a plain surface
    np.putmask(solid, outside & bright, -1.0)  # specks of noise and devices that are not part of the head
    return _mesh(solid, box, window, isovalue, quick=quick)


def _window(bright: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """The part of a face's grid, shape (z, y, x), that bounds what is bright; back and bottom of the box stay.

    Two empty planes are left around it: slopes of grey values, and with them the surface and its shading, are as in the whole.
    """
    z, y, x = (np.flatnonzero(np.any(bright, axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    if not x.size:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    return slice(0, z[-1] + 3), slice(max(y[0] - 2, 0), bright.shape[1]), slice(max(x[0] - 2, 0), x[-1] + 3)


def on_box(image: sitk.Image, box: FaceBox, outside: float) -> NDArray[np.float32]:
    """An image on the face's grid (linear), shape (z, y, x); `outside` where it ends."""
    first = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    first.SetOrigin(box.origin_mm)
    first.SetSpacing(box.spacings_mm)
    return sample_box(image, first, VoxelBox((0, 0, 0), box.size), outside)


def _mesh(
    grey: NDArray[np.float32], box: FaceBox, window: tuple[slice, slice, slice], isovalue: float, *, quick: bool
) -> vtkPolyData:
    """Iso-surface with normals, smoothed unless it is to be `quick`; `grey` is what lies in `window` of the box."""
    z, y, x = (int(side.start) for side in window)
    surface = iso_surface(grey, isovalue, box.origin_mm, box.spacings_mm, (x, y, z), normals=quick)
    if quick:
        return surface
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputData(surface)
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

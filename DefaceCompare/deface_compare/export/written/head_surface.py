"""The outer surface of a defaced head: what lies outside it, by how much, and where the method changed something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from ...anatomy.air import air_level, skin_threshold
from ...case import CaseImage
from ...geometry.boxes import Patch, corners_mm
from ...geometry.grids import onto_grid
from ...geometry.morphology import fill_cavities, grown, largest_part
from ...geometry.nearness import distance_table, squared_voxels
from ..beyond_image import is_beyond

GRID_MM = 2.0
"""Spacing of the grid on which the surface is judged: planning CTs have 1 mm in plane and 1 to 3 mm slices."""
NEAR_MM = 40.0
"""How far from the edit devices and contours can still draw the face (docs/design.md#device-reach)."""
ZONE_MARGIN_MM = 3.0
"""The changed part of the head, grown by this, is where the outline is drawn anew: a smoothed edge lies beside its voxels."""
SKIN_SMOOTHING_MM = 0.8
REACH = 5
"""Voxels of the grid: so far outside the surface distances are told, 10 mm. What is asked is whether a place lies 3 mm outside
(`structure_clip.OUTSIDE_MM`), and none of a place's eight neighbours is told short unless all lie further out than that."""


@dataclass(frozen=True)
class HeadSurface:
    """A defaced head around its edit, on an even grid along LPS axes.

    Parameters
    ----------
    origin_mm : ndarray, shape (3,)
        LPS mm of the first voxel.
    inside : ndarray of float32, shape (z, y, x)
        Positive inside the new surface (cavities are inside), zero on it; between -1 and 1.
    outside_mm : ndarray of float32, shape (z, y, x)
        Distance outside the new surface; 0 inside, further out than `REACH` one voxel more than that.
    zone : ndarray of bool, shape (z, y, x)
        Where the method changed something, and a little around.
    near : ndarray of bool, shape (z, y, x)
        Within `NEAR_MM` of that.
    view : SimpleITK.Image
        The image itself: where it ends nothing is known of the head.
    """

    origin_mm: NDArray[np.float64]
    inside: NDArray[np.float32]
    outside_mm: NDArray[np.float32]
    zone: NDArray[np.bool_]
    near: NDArray[np.bool_]
    view: sitk.Image

    def index(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous grid index, shape (3, n) in (z, y, x) order, of points (n, 3)."""
        return ((points_mm - self.origin_mm) / GRID_MM).T[::-1]

    def outside_mm_at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Millimetres outside the new surface at points (n, 3), linear; 0 inside and beyond the grid."""
        return ndimage.map_coordinates(self.outside_mm, self.index(points_mm), order=1, cval=0.0)

    def is_beyond(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 3) lie beyond the image."""
        return is_beyond(self.view, points_mm)

    def in_zone(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 3) lie where the method changed something."""
        return _nearest(self.zone, self.index(points_mm))

    def is_near(self, points_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 3) lie within `NEAR_MM` of the edit."""
        return _nearest(self.near, self.index(points_mm))


def head_surface(image: CaseImage, patch: Patch, defaced: sitk.Image) -> HeadSurface:
    """Find the surface of a defaced image around its edit.

    Parameters
    ----------
    image : CaseImage
        The original: its air level and skin threshold hold for both.
    patch : Patch
        Where it was changed.
    defaced : SimpleITK.Image
        The defaced image on the same grid.
    """
    grid = _grid(image.image, patch)
    zone = grown(_changed(image, patch, grid), ZONE_MARGIN_MM, GRID_MM)
    _, before = _field_and_solid(image.image, image, grid)
    field, after = _field_and_solid(defaced, image, grid)
    # an airway that the edit opened is still inside where nothing was changed
    solid = largest_part(after | (before & ~zone))
    field[solid & (field < 0) & ~after] = 1.0
    field[~solid] = np.minimum(field[~solid], 0.0)
    return HeadSurface(
        origin_mm=np.array(grid.GetOrigin()),
        inside=field,
        outside_mm=outside_mm(solid),
        zone=zone,
        near=grown(zone, NEAR_MM - ZONE_MARGIN_MM, GRID_MM),
        view=image.image,
    )


def _field_and_solid(version: sitk.Image, image: CaseImage, grid: sitk.Image) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Signed grey values of an image on the grid, cavities filled and specks emptied, and what is solid."""
    air, threshold = air_level(image), skin_threshold(image)
    calm = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(onto_grid(version, grid, air), SKIN_SMOOTHING_MM))
    field = np.clip((calm - np.float32(threshold)) / np.float32(max(threshold - air, np.finfo(np.float32).tiny)), -1, 1)
    tissue = field > 0
    solid = fill_cavities(largest_part(tissue), GRID_MM)
    field[solid & ~tissue] = 1.0
    field[~solid & tissue] = -1.0
    return field, solid


def outside_mm(solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far outside what is solid each voxel of the grid lies, as far as `REACH`."""
    table = distance_table(REACH, GRID_MM)
    return np.minimum(table, np.float32((REACH + 1) * GRID_MM))[squared_voxels(solid, REACH)]


def _grid(image: sitk.Image, patch: Patch) -> sitk.Image:
    """An empty grid along LPS axes around the patch, wide enough for all that is near."""
    corners = corners_mm(image, patch.box)
    low, high = corners.min(axis=0) - NEAR_MM - GRID_MM, corners.max(axis=0) + NEAR_MM + GRID_MM
    size = np.ceil((high - low) / GRID_MM).astype(int) + 1
    grid = sitk.Image(size.tolist(), sitk.sitkUInt8)
    grid.SetOrigin(low.tolist())
    grid.SetSpacing([GRID_MM] * 3)
    return grid


def _changed(image: CaseImage, patch: Patch, grid: sitk.Image) -> NDArray[np.bool_]:
    altered = sitk.GetImageFromArray(patch.altered(image.image).astype(np.float32))
    altered.SetSpacing(image.image.GetSpacing())
    altered.SetDirection(image.image.GetDirection())
    altered.SetOrigin(image.image.TransformIndexToPhysicalPoint(patch.offset))
    return sitk.GetArrayFromImage(onto_grid(altered, grid, 0.0)) > 0


def _nearest(mask: NDArray[np.bool_], index: NDArray[np.float64]) -> NDArray[np.bool_]:
    rounded = np.rint(index).astype(int)
    held = np.all((rounded >= 0) & (rounded < np.array(mask.shape)[:, None]), axis=0)
    result = np.zeros(index.shape[1], bool)
    result[held] = mask[tuple(rounded[:, held])]
    return result

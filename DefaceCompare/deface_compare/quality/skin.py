"""The outside skin of a head in an image, before and after an edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.face_features import face_features
from ..anatomy.face_region import face_region
from ..anatomy.head import Head
from ..case import PET, CaseImage
from ..geometry.boxes import Patch, VoxelBox, box_around, box_for_grid, box_of_points, corners_mm, cropped_to, margin_in_view_mm
from ..geometry.found_once import FoundOnce
from ..geometry.grids import onto_grid
from ..geometry.mesh import iso_surface, points_of
from ..geometry.morphology import grown, largest_part, part_at_first_corner
from ..geometry.nearness import dilated

SMOOTHING_MM = 1.2
"""Gaussian sigma before meshing: coil noise goes, the surface is located between voxels."""

OPENING_VOXELS = 2
"""Nostrils, ear canals and pits narrower than twice this are closed; what lies behind is not outside."""

SKIN_BAND_MM = 8.0
"""An outside surface point this near to the head's outline is skin; others are devices, hair or image noise."""

FEWEST_POINTS = 50
"""Fewer skin points (about 2 cm²) are no surface to judge by."""

PATCH_REACH_MM, SMOOTHING_REACH_MM = 8.0, 10.0
"""A patch changes smoothed values a voxel and this much beyond its box, which in turn depend on so much more: over five sigma."""

_NEAR = FoundOnce()
"""Where a head's skin is near: every image of its frame asks."""

MOST_POINTS = 10_000
"""About so many points of the outside surface are judged, evenly thinned: distances cost the most of the gate."""


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
    outside = [origin - spacing for origin, spacing in zip(grid.GetOrigin(), grid.GetSpacing(), strict=True)]
    return iso_surface(values, isovalue, outside, grid.GetSpacing())


def _without_cavities(tissue: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part, and all that air outside cannot reach through an opening wider than the closing."""
    largest = largest_part(tissue)
    reach = OPENING_VOXELS
    padded = np.pad(largest, reach + 1)
    grown = dilated(padded, reach)
    outside = dilated(part_at_first_corner(~grown), reach)
    inner = slice(reach + 1, -(reach + 1))
    return ~outside[inner, inner, inner] | largest


@dataclass(frozen=True, eq=False)
class OriginalSkin:
    """The outside skin of an original image, and how it was found.

    Parameters
    ----------
    points_mm : ndarray, shape (n, 3)
        Skin points, LPS mm.
    face : ndarray of bool, shape (n,)
        Those from brow to chin.
    features : mapping of str to ndarray of bool, shape (n,)
        Those of each feature of the face.
    isovalue, air : float
        The original's skin threshold and air level.
    grid : SimpleITK.Image
        The box of the working grid around the head.
    calm : ndarray of float32, shape (z, y, x) of `grid`
        The original, smoothed: a defaced image differs from it only near its patch.
    devices : ndarray of bool, shape (z, y, x) of `grid`
    head : Head
        The head that the skin is of.
    """

    points_mm: NDArray[np.float64]
    face: NDArray[np.bool_]
    features: Mapping[str, NDArray[np.bool_]]
    isovalue: float
    air: float
    grid: sitk.Image
    calm: NDArray[np.float32]
    devices: NDArray[np.bool_]
    head: Head


def original_skin(image: CaseImage, head: Head) -> OriginalSkin:
    """Mesh the skin of an original image on the working grid and keep what is skin."""
    box = _head_box(head)
    grid = sitk.RegionOfInterest(head.grid, box.size, box.offset)
    devices = sitk.GetArrayViewFromImage(head.devices)[box.slices] > 0
    isovalue, air = skin_threshold(image), air_level(image)
    calm = calm_values(image.image, grid, air)
    everywhere = points_of(outer_surface(calm, isovalue, air, grid, devices))
    points = _skin_points(everywhere[:: max(1, len(everywhere) // MOST_POINTS)], image, head)
    region = face_region(head)
    return OriginalSkin(points, region.face(points), face_features(region, points), isovalue, air, grid, calm, devices, head)


def calm_defaced(image: CaseImage, skin: OriginalSkin, patch: Patch) -> NDArray[np.float32]:
    """The defaced image, smoothed, on the skin's grid: computed anew where the patch reaches, shape (z, y, x)."""
    corners = corners_mm(image.image, patch.box)
    reach_mm = max(image.image.GetSpacing()) + PATCH_REACH_MM
    inner = box_of_points(corners, skin.grid, reach_mm)
    if inner.empty:
        return skin.calm
    outer = box_of_points(corners, skin.grid, reach_mm + SMOOTHING_REACH_MM)
    grid = sitk.RegionOfInterest(skin.grid, outer.size, outer.offset)
    anew = calm_values(patch.part(image.image, box_for_grid(image.image, grid)), grid, skin.air)
    offset = np.subtract(inner.offset, outer.offset).tolist()
    calm = skin.calm.copy()
    calm[inner.slices] = anew[VoxelBox((offset[0], offset[1], offset[2]), inner.size).slices]
    return calm


def _head_box(head: Head) -> VoxelBox:
    """The box of the working grid around the patient, 10 mm wider."""
    margin = round(10.0 / head.grid.GetSpacing()[0])
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    found = box_around(outline) or VoxelBox((0, 0, 0), head.grid.GetSize())
    low = np.maximum(np.array(found.offset) - margin, 0)
    high = np.minimum(np.array(found.offset) + np.array(found.size) + margin, head.grid.GetSize())
    x, y, z = low.tolist()
    width, height, depth = (high - low).tolist()
    return VoxelBox((x, y, z), (width, height, depth))


def _skin_points(points_mm: NDArray[np.float64], image: CaseImage, head: Head) -> NDArray[np.float64]:
    """Those surface points that are skin: near the outline (PET: in or near it), and not where the image ends."""
    if len(points_mm) == 0:
        return points_mm
    grid = head.grid
    near = _at(_NEAR.of(head, image.modality == PET, lambda: near_skin(head, or_inside=image.modality == PET)), points_mm, grid)
    inside_view = margin_in_view_mm(image.image, points_mm)
    border_mm = 2.0 * grid.GetSpacing()[0]
    first = np.array(grid.GetOrigin())
    last = first + np.array(grid.GetSize()) * grid.GetSpacing()[0]
    inside_grid = np.min(np.minimum(points_mm - first, last - points_mm), axis=1)
    return points_mm[near & (inside_view > border_mm) & (inside_grid > border_mm)]


def near_skin(head: Head, *, or_inside: bool) -> NDArray[np.bool_]:
    """Which voxels of the working grid lie within `SKIN_BAND_MM` of the outline's border voxels (or anywhere in the outline)."""
    outline = sitk.GetArrayViewFromImage(head.outline) > 0
    border = outline if or_inside else outline & dilated(~outline, corners=True)
    return grown(border, SKIN_BAND_MM, head.grid.GetSpacing()[0])


def _at(values: NDArray[np.bool_], points_mm: NDArray[np.float64], grid: sitk.Image) -> NDArray[np.bool_]:
    """The value of the nearest voxel to each point."""
    index = np.rint((points_mm - grid.GetOrigin()) / grid.GetSpacing()).astype(int)
    x, y, z = np.clip(index, 0, np.array(grid.GetSize()) - 1).T
    return values[z, y, x]

"""Depth below a person's skin, on grids: fine for the head, coarser for the shoulders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from ...geometry.mesh import surface_of, vertex_normals, voxels_inside
from ..template.shapes import Coordinates
from ..template.source import like
from .basis import head_basis
from .figure import Figure

Points = NDArray[np.float64]
Field = NDArray[np.float32]

DEPTH_LIMIT_MM = 30.0
"""Depths beyond this are cut off."""
HEAD_LOWER_MM, HEAD_UPPER_MM, HEAD_SPACING_MM = (-129.0, -165.0, -222.0), (129.0, 141.0, 114.0), 1.5
SHOULDERS_LOWER_MM, SHOULDERS_UPPER_MM, SHOULDERS_SPACING_MM = (-270.0, -150.0, -342.0), (270.0, 164.0, -170.0), 2.0
"""Boxes of the two grids, in mm of the upright person."""
END_MM = 30.0
"""So far above its end the mesh's cut through the chest has no influence on the depth that matters."""
SEAM_MM = -196.0
"""Below this z the shoulders' grid counts, and beside the head's box: there both see the skin around."""
BAND_MM = 2.5
"""So near to the skin its depth is the distance from the tangent planes of the nearest vertices."""
OUTER = 1.2
"""Vertices within so many voxels of the voxels' own boundary lie on the outer skin, not in a fold."""
PLANES, NEAREST_MM, APART_MM = 3, 5.0, 1.3
"""So many planes; the nearest vertex may be so far away, and the plane's distance so far from the voxels' own."""


@dataclass(frozen=True)
class PersonSkin:
    """Depth below the skin of a figure in mm: whatever its closed surface or its eyes enclose; upright LPS mm of the figure."""

    figure: Figure

    @cached_property
    def head(self) -> sitk.Image:
        """Of the head, float32."""
        return self._depth(_grid(HEAD_LOWER_MM, HEAD_UPPER_MM, HEAD_SPACING_MM))

    @cached_property
    def shoulders(self) -> sitk.Image:
        """Of neck and shoulders, float32; made when it is asked for. Below the mesh's end the body goes on as it is there."""
        depth = self._depth(_grid(SHOULDERS_LOWER_MM, SHOULDERS_UPPER_MM, SHOULDERS_SPACING_MM))
        end_mm = float(self.figure.skin_mm[-head_basis().skin.fans :, 2].min()) + END_MM
        last = int(np.clip((end_mm - SHOULDERS_LOWER_MM[2]) / SHOULDERS_SPACING_MM, 0, depth.GetSize()[2] - 1))
        array = sitk.GetArrayFromImage(depth)
        array[:last] = array[last]
        return like(array, depth)

    def depth(self, upright_mm: Field) -> Field:
        """Depth at points, shape (3 for x y z, ...) in upright mm."""
        found = _sampled(self.head, upright_mm)
        low = _at_shoulders(upright_mm[0], upright_mm[2])
        if low.any():
            found[low] = _sampled(self.shoulders, upright_mm[:, low])
        return found

    def resampled(self, grid: sitk.Image, matrix: Points, offset: Points) -> Field:
        """Depth at the voxel centres of a grid (identity direction), shape (z, y, x); upright mm = matrix @ its mm + offset."""
        place = sitk.AffineTransform(3)
        place.SetMatrix(matrix.ravel().tolist())
        place.SetTranslation(offset.tolist())
        found = sitk.GetArrayFromImage(sitk.Resample(self.head, grid, place, sitk.sitkLinear, -DEPTH_LIMIT_MM))
        at = Coordinates(grid)
        x, z = (matrix[axis, 0] * at.x + matrix[axis, 1] * at.y + matrix[axis, 2] * at.z + offset[axis] for axis in (0, 2))
        low = _at_shoulders(x, z)
        if low.any():
            below = sitk.Resample(self.shoulders, grid, place, sitk.sitkLinear, -DEPTH_LIMIT_MM)
            found[low] = sitk.GetArrayViewFromImage(below)[low]
        return found

    def _depth(self, grid: sitk.Image) -> sitk.Image:
        """Depth on a grid (isotropic): of voxels, and near the skin of the surface's tangent planes."""
        figure, spacing = self.figure, grid.GetSpacing()[0]
        place = grid.GetOrigin(), grid.GetSpacing(), grid.GetSize()
        solid = voxels_inside(surface_of(figure.solid_mm, head_basis().solid.triangles), *place)
        solid |= voxels_inside(surface_of(figure.eyes_mm, head_basis().eyes.triangles), *place)
        image = sitk.GetImageFromArray(solid.astype(np.uint8))
        image.CopyInformation(grid)
        image = sitk.RelabelComponent(sitk.ConnectedComponent(image)) == 1
        rough = sitk.SignedMaurerDistanceMap(image, insideIsPositive=True, squaredDistance=False, useImageSpacing=True)
        depth = sitk.GetArrayFromImage(rough) + np.float32(0.5 * spacing)
        lower = np.array(grid.GetOrigin())
        vertices, normals = self._planes()
        at_vertices = ndimage.map_coordinates(
            depth, ((vertices - lower) / spacing)[:, ::-1].T, order=1, mode="constant", cval=1e3
        )
        outer = np.abs(at_vertices) < OUTER * spacing
        band = np.nonzero(np.abs(depth) < BAND_MM)
        points = np.column_stack(band[::-1]) * spacing + lower
        exact, distance = planes_depth(points, vertices[outer], normals[outer])
        trusted = (distance < max(NEAREST_MM, spacing)) & (np.abs(exact - depth[band]) < max(APART_MM, spacing))
        depth[tuple(axis[trusted] for axis in band)] = exact[trusted]
        return like(np.clip(depth, -DEPTH_LIMIT_MM, DEPTH_LIMIT_MM), grid)

    def _planes(self) -> tuple[Points, Points]:
        """Vertices and outward normals of skin and eyes without the middles of the fans, shapes (n, 3) and (n, 3)."""
        parts = ((self.figure.skin_mm, head_basis().skin), (self.figure.eyes_mm, head_basis().eyes))
        kept = [slice(0, len(points) - part.fans) for points, part in parts]
        normals = [vertex_normals(points, part.triangles)[own] for (points, part), own in zip(parts, kept, strict=True)]
        return np.concatenate([points[own] for (points, _), own in zip(parts, kept, strict=True)]), np.concatenate(normals)


def planes_depth(points_mm: Points, vertices_mm: Points, normals: Points) -> tuple[Points, Points]:
    """Depth of points, shape (n, 3), below the planes of the nearest vertices, and how far the nearest is; shapes (n,)."""
    distance, nearest = (np.asarray(found) for found in cKDTree(vertices_mm).query(points_mm, k=PLANES))
    weight = 1.0 / np.maximum(distance, 0.05) ** 2
    depths = np.einsum("nki,nki->nk", vertices_mm[nearest] - points_mm[:, None], normals[nearest])
    return (weight * depths).sum(axis=1) / weight.sum(axis=1), distance[:, 0]


def _at_shoulders(x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where the shoulders' grid counts, by upright mm."""
    beside = (np.abs(x) > HEAD_UPPER_MM[0] - HEAD_SPACING_MM) & (z < SHOULDERS_UPPER_MM[2])
    return np.asarray(beside | (z < SEAM_MM))


def _sampled(field: sitk.Image, points_mm: Field) -> Field:
    index = np.empty_like(points_mm)
    for axis, (origin, spacing) in enumerate(zip(field.GetOrigin(), field.GetSpacing(), strict=True)):
        index[2 - axis] = (points_mm[axis] - np.float32(origin)) / np.float32(spacing)
    values = sitk.GetArrayViewFromImage(field)
    return np.asarray(ndimage.map_coordinates(values, index, order=1, cval=-DEPTH_LIMIT_MM, output=np.float32))


def _grid(lower_mm: tuple[float, ...], upper_mm: tuple[float, ...], spacing_mm: float) -> sitk.Image:
    size = [round((upper - lower) / spacing_mm) + 1 for lower, upper in zip(lower_mm, upper_mm, strict=True)]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([spacing_mm] * 3)
    grid.SetOrigin(lower_mm)
    return grid

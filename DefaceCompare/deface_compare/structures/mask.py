"""A structure as voxels of any grid: contours, labelmap or surface in, a cropped mask out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..case import Structure
from ..errors import NotAvailable
from ..geometry.boxes import VoxelBox, box_at
from ..geometry.lattice import Box, Lattice
from ..geometry.mesh import voxels_inside
from ..settings import SLAB, SURFACE
from .contour_surface import Layer, layer_of, layers, passages
from .contours import ContourStack, Raster, fill, stack_contours, turned_slices


@dataclass(frozen=True)
class StructureMask:
    """The voxels of a grid whose centres lie inside a structure.

    Parameters
    ----------
    offset : (int, int, int)
        Index (x, y, z) of the box's first voxel.
    inside : ndarray of bool, shape (z, y, x)
        The box; every face of it holds at least one voxel of the structure.
    """

    offset: tuple[int, int, int]
    inside: NDArray[np.bool_]

    @property
    def box(self) -> VoxelBox:
        """The box, as a part of the grid."""
        return box_at(self.offset, self.inside)

    def whole(self, grid: sitk.Image) -> NDArray[np.bool_]:
        """The mask on the whole grid, shape (z, y, x)."""
        width, height, depth = grid.GetSize()
        result = np.zeros((depth, height, width), dtype=bool)
        result[self.box.slices] = self.inside
        return result


def structure_mask(structure: Structure, grid: sitk.Image) -> StructureMask | None:
    """Find the voxels of `grid` whose centres lie inside a structure.

    Contours count as slabs (each plane up to half way to the next), a labelmap as its voxels, a surface as its inside.

    Returns
    -------
    StructureMask or None
        None if no voxel centre of the grid lies inside (also if the structure is empty).
    """
    lattice = Lattice.of(grid)
    try:
        around = structure_box(structure, lattice)
    except NotAvailable:
        return None
    box = lattice.clip(around)
    return None if box is None else _tight(mask_in_box(structure, lattice, box), box[0])


def structure_box(structure: Structure, lattice: Lattice) -> Box:
    """The box of lattice indices that can lie inside a structure; not clipped to the lattice.

    Raises
    ------
    NotAvailable
        If the structure is empty, or cannot be used for the reason that it carries.
    """
    if structure.problem:
        raise NotAvailable(structure.problem)
    if structure.contours is not None:
        return lattice.box_around(_stack(structure).corners_mm())
    if structure.labelmap is not None:
        own = Lattice.of(structure.labelmap)
        size = np.array(own.size)
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * size - 0.5
        return lattice.box_around(own.points(corners))
    surface = _surface(structure)
    return lattice.box_around(vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64))


def mask_in_box(structure: Structure, lattice: Lattice, box: Box, ends: str = SLAB) -> NDArray[np.bool_]:
    """Which points of a box of the lattice lie inside a structure, shape (z, y, x) of the box.

    Parameters
    ----------
    ends : str
        How contours become a body: ``slab`` (each plane up to half way to the next) or ``surface`` (planes joined by a
        surface that tapers to caps). Labelmaps and surfaces are their own surface.

    Raises
    ------
    NotAvailable
        If the structure is empty or its contours are not planar.
    """
    part = lattice.crop(box)
    if structure.contours is not None:
        stack = _stack(structure)
        aligned = stack.axial and part.aligned
        if ends == SURFACE:
            return _joined_axial(stack, part) if aligned else _joined_oblique(stack, part)
        return _inside_axial(stack, part) if aligned else _inside_oblique(stack, part)
    if structure.labelmap is not None:
        return _inside_labelmap(structure.labelmap, part)
    return _inside_surface(_surface(structure), part)


def slab_volume_cc(structure: Structure) -> float | None:
    """Volume of contours as slabs, from their areas; None for labelmaps and surfaces.

    Raises
    ------
    NotAvailable
        If the structure is empty or its contours are not planar.
    """
    return None if structure.contours is None else _stack(structure).volume_cc


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Contours as a key of the cache: the same only if they are the very same object."""

    contours: tuple[NDArray[np.float64], ...]
    spacing_mm: float | None

    def __hash__(self) -> int:
        return hash((id(self.contours), self.spacing_mm))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Drawn) and self.contours is other.contours and self.spacing_mm == other.spacing_mm


def _stack(structure: Structure) -> ContourStack:
    return _cached_stack(_Drawn(structure.contours or (), structure.plane_spacing_mm))


@lru_cache(maxsize=128)
def _cached_stack(drawn: _Drawn) -> ContourStack:
    return stack_contours(drawn.contours, drawn.spacing_mm)


def _surface(structure: Structure) -> vtkPolyData:
    if structure.surface is None or structure.surface.GetNumberOfPoints() == 0:
        raise NotAvailable("the structure is empty")
    return structure.surface


def _inside_axial(stack: ContourStack, part: Lattice) -> NDArray[np.bool_]:
    """Scanline at the voxel centres of each slice; slices in one slab share it."""
    nx, ny, nz = part.size
    inside = np.zeros((nz, ny, nx), dtype=bool)
    steps = np.diag(part.direction) * part.spacing
    plane = stack.plane_of(part.origin[2] + steps[2] * np.arange(nz))
    filled: dict[int, NDArray[np.bool_]] = {}
    for k in np.flatnonzero(plane >= 0):
        index = int(plane[k])
        if index not in filled:
            start = (float(part.origin[0]), float(part.origin[1]))
            filled = {index: fill(stack.polygons[index], start, (float(steps[0]), float(steps[1])), (nx, ny))}
        inside[k] = filled[index]
    return inside


def _joined_axial(stack: ContourStack, part: Lattice) -> NDArray[np.bool_]:
    """Points of each slice against the surface that joins the contours."""
    nx, ny, nz = part.size
    inside = np.zeros((nz, ny, nx), dtype=bool)
    steps = np.diag(part.direction) * part.spacing
    along = part.origin[2] + steps[2] * np.arange(nz)
    found = layers(stack)
    layer = layer_of(found, along)
    used = sorted(set(layer[layer >= 0].tolist()))
    start, step = (float(part.origin[0]), float(part.origin[1])), (float(steps[0]), float(steps[1]))
    for index, passage in zip(used, passages(stack, [found[i] for i in used], start, step, (nx, ny)), strict=True):
        for k in np.flatnonzero(layer == index):
            inside[k] = passage.inside(_height(found[index], float(along[k])))
    return inside


def _height(layer: Layer, along_mm: float) -> float:
    return (along_mm - layer.lower_mm) / (layer.upper_mm - layer.lower_mm)


def _inside_oblique(stack: ContourStack, part: Lattice) -> NDArray[np.bool_]:
    """Look each voxel centre up in a fine raster of its contour plane."""
    grid = Raster.over(stack, part)
    start, step = (float(grid.start[0]), float(grid.start[1])), (grid.step, grid.step)
    raster = np.stack([fill(plane, start, step, grid.count) for plane in stack.polygons])
    nx, ny, nz = part.size
    inside = np.zeros((nz, ny, nx), dtype=bool)
    for k, turned in enumerate(turned_slices(stack, part)):
        over, row, column = grid.look_up(turned)
        plane = stack.plane_of(turned[..., 2])
        valid = over & (plane >= 0)
        inside[k][valid] = raster[plane[valid], row[valid], column[valid]]
    return inside


def _joined_oblique(stack: ContourStack, part: Lattice) -> NDArray[np.bool_]:
    """Look each voxel centre up in a fine raster of the heights at which the joining surface is passed."""
    grid = Raster.over(stack, part)
    start, step = (float(grid.start[0]), float(grid.start[1])), (grid.step, grid.step)
    found = layers(stack)
    both = list(passages(stack, found, start, step, grid.count))
    leaves, enters = (np.stack([getattr(passage, end) for passage in both]) for end in ("leaves", "enters"))
    lower = np.array([layer.lower_mm for layer in found])
    thickness = np.array([layer.upper_mm - layer.lower_mm for layer in found])
    nx, ny, nz = part.size
    inside = np.zeros((nz, ny, nx), dtype=bool)
    for k, turned in enumerate(turned_slices(stack, part)):
        over, row, column = grid.look_up(turned)
        layer = layer_of(found, turned[..., 2])
        valid = over & (layer >= 0)
        where = (layer[valid], row[valid], column[valid])
        height = (turned[..., 2][valid] - lower[where[0]]) / thickness[where[0]]
        inside[k][valid] = (height < leaves[where]) | (height >= enters[where])
    return inside


def _inside_labelmap(labelmap: sitk.Image, part: Lattice) -> NDArray[np.bool_]:
    resample = sitk.ResampleImageFilter()
    resample.SetSize(part.size)
    resample.SetOutputOrigin(part.origin.tolist())
    resample.SetOutputSpacing(part.spacing.tolist())
    resample.SetOutputDirection(part.direction.ravel().tolist())
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    resample.SetDefaultPixelValue(0)
    # A view would outlive the temporary image; this is a copy.
    return np.asarray(sitk.GetArrayFromImage(resample.Execute(labelmap)) != 0)


def _inside_surface(surface: vtkPolyData, part: Lattice) -> NDArray[np.bool_]:
    """Stencil of the surface, turned into the lattice's own axes (a stencil knows no direction)."""
    turned = vtkPolyData()
    turned.DeepCopy(surface)
    points = vtkPoints()
    to_axes = np.linalg.inv(part.direction)  # no transpose: gantry tilt slants an axis
    own_axes = vtk_to_numpy(surface.GetPoints().GetData()).astype(np.float64) @ to_axes.T
    points.SetData(numpy_to_vtk(np.ascontiguousarray(own_axes), deep=True))
    turned.SetPoints(points)
    return voxels_inside(turned, (to_axes @ part.origin).tolist(), part.spacing.tolist(), part.size)


def _tight(inside: NDArray[np.bool_], low: NDArray[np.int64]) -> StructureMask | None:
    """Crop to the voxels that are inside."""
    if not inside.any():
        return None
    slices = []
    for axis in range(3):
        where = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        slices.append(slice(int(where[0]), int(where[-1]) + 1))
    z, y, x = slices
    return StructureMask(
        (int(low[0]) + x.start, int(low[1]) + y.start, int(low[2]) + z.start), np.ascontiguousarray(inside[z, y, x])
    )

"""Deformable fit of the average head's outline to a patient's, on the skin where no face is.

The face is left out on purpose: a fit that followed the patient's own face would put that face back. Over the face the
deformation is what the smooth spline extrapolates from forehead, temples, jaw and neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.boxes import VoxelBox, index_to_mm
from ..geometry.found_once import FoundOnce
from ..geometry.grids import mapped
from ..geometry.level_set import sample_at
from .spline_basis import basis_matrix, cubic_weights, normal_equations, points_by_cell, spline_basis

CONTROL_SPACING_MM = 60.0
"""Spacing of the spline's control points: it follows the shape of a skull, not of a feature."""
ROUNDS = 3
"""Gauss-Newton rounds; the residual no longer changes after three on the shared heads."""
STIFFNESS = 0.3
"""Weight of bending (second differences of neighbouring control points) against one skin point's residual."""
RIDGE = 0.01
"""Weight of staying near the affine fit."""
RESIDUAL_LIMIT_MM = 8.0
"""Residuals beyond are clipped: hair, a collar, a tube shall not pull."""
MOST_POINTS = 1500
"""Skin points that take part, picked at equal steps."""
_SLOPES = FoundOnce()
"""Of the average head's level: the same for every patient."""
_BASES = FoundOnce()
"""Of points that are asked for again: the average face's mesh is, by every method."""


@dataclass(frozen=True)
class OutlineFit:
    """A cubic B-spline deformation on top of an affine transform.

    Parameters
    ----------
    affine : SimpleITK.Transform
        Patient mm to average-head mm.
    origin_mm, spacing_mm : ndarray, shape (3,); float
        First control point and control spacing, patient mm (x, y, z).
    coefficients : ndarray, shape (nx, ny, nz, 3)
        Displacement in average-head mm.
    residual_mm : float
        Root mean square distance of the fitted skin points.
    """

    affine: sitk.Transform
    origin_mm: NDArray[np.float64]
    spacing_mm: float
    coefficients: NDArray[np.float64]
    residual_mm: float

    def average_places(self, grid: sitk.Image, box: VoxelBox, average: sitk.Image) -> NDArray[np.float64]:
        """Where the voxel centres of `box` lie on the average head's grid: continuous index (z, y, x), shape (3, z, y, x).

        Transform and spline are taken apart by the axes: `grid` is a working grid, along LPS axes.
        """
        step, origin = index_to_mm(grid)
        average_step, average_origin = index_to_mm(average)
        to_index = np.linalg.inv(average_step).T[:, ::-1]
        start = mapped(self.affine, np.zeros((1, 3)))
        columns, lines = [], []
        for axis, (voxels, unit) in enumerate(zip(box.slices[::-1], np.eye(3), strict=True)):
            at_mm = origin[axis] + step[axis, axis] * np.arange(voxels.start, voxels.stop)
            base, weights = cubic_weights((at_mm - self.origin_mm[axis]) / self.spacing_mm, self.coefficients.shape[axis])
            dense = np.zeros((len(at_mm), self.coefficients.shape[axis]))
            for k in range(4):
                dense[np.arange(len(at_mm)), base + k] = weights[:, k]
            columns.append(dense)
            lines.append(at_mm[:, None] * ((mapped(self.affine, unit[None]) - start) @ to_index))
        planes = np.einsum("zc,abcd->dzba", columns[2], self.coefficients @ to_index)
        places: NDArray[np.float64] = columns[1] @ planes @ columns[0].T
        (x, y, z), first = (line.T for line in lines), (start - average_origin) @ to_index
        places += x[:, None, None, :]
        places += (y + first.T)[:, None, :, None] + z[:, :, None, None]
        return places

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points, shape (n, 3), of the affine transform's first side lie on its second, shape (n, 3)."""
        shape = self.coefficients.shape[:3]
        at = (points_mm - self.origin_mm) / self.spacing_mm
        question = (*self.origin_mm.tolist(), self.spacing_mm, *shape)
        basis = _BASES.of(points_mm, question, lambda: basis_matrix(spline_basis(at, shape), shape))
        return mapped(self.affine, points_mm) + basis @ self.coefficients.reshape(-1, 3)


def fit_outline(
    points_mm: NDArray[np.float64],
    levels_mm: NDArray[np.float64],
    extent_mm: NDArray[np.float64],
    affine: sitk.Transform,
    average: NDArray[np.float32],
    grid: sitk.Image,
    spacing_mm: float = CONTROL_SPACING_MM,
) -> OutlineFit:
    """Fit the average outline to patient points.

    Parameters
    ----------
    points_mm : ndarray, shape (n, 3)
        Points near the patient's skin, LPS mm.
    levels_mm : ndarray, shape (n,)
        Their signed distance from the patient's skin.
    extent_mm : ndarray, shape (2, 3)
        Lower and upper corner of what the spline must cover.
    affine : SimpleITK.Transform
        Patient mm to average-head mm.
    average : ndarray, shape (z, y, x)
        Signed distance from the average head's skin, mm, on `grid`.
    grid : SimpleITK.Image
    spacing_mm : float
        Of the control points.
    """
    step = max(1, len(points_mm) // MOST_POINTS)
    points, levels = points_mm[::step], levels_mm[::step]
    origin = extent_mm[0] - spacing_mm
    width, height, depth = (np.floor((extent_mm[1] - origin) / spacing_mm).astype(int) + 3).tolist()
    shape = (width, height, depth)
    spline = spline_basis((points - origin) / spacing_mm, shape)
    basis, cells = basis_matrix(spline, shape), points_by_cell(spline)
    start = mapped(affine, points)
    unit = mapped(affine, np.eye(3)) - mapped(affine, np.zeros((1, 3)))
    wanted = levels * abs(float(np.linalg.det(unit))) ** (1 / 3)  # patient mm to average-head mm
    slopes = _SLOPES.of(average, grid.GetSpacing()[0], lambda: _slopes(average, grid.GetSpacing()[0]))
    count = int(np.prod(shape))
    stiff = STIFFNESS * _bending(shape) + RIDGE * np.eye(count)
    found = np.zeros((3, count))
    residual = np.zeros(len(points))
    for _ in range(ROUNDS):
        at = start + basis @ found.T
        residual = np.clip(sample_at(average, grid, at, 0.0) - wanted, -RESIDUAL_LIMIT_MM, RESIDUAL_LIMIT_MM)
        slope = np.stack([sample_at(each, grid, at, 0.0) for each in slopes], axis=1)
        squares, right = normal_equations(spline, cells, slope, residual, count)
        right -= (found @ stiff).ravel()
        for axis in range(3):
            own = slice(axis * count, (axis + 1) * count)
            squares[own, own] += stiff
        # sums of squares: symmetric and positive; turned, they lie as LAPACK wants them and are not copied
        factor = scipy.linalg.cho_factor(squares.T, overwrite_a=True, check_finite=False)
        found += scipy.linalg.cho_solve(factor, right, check_finite=False).reshape(3, count)
    coefficients = found.T.reshape(*shape, 3)
    return OutlineFit(affine, origin, spacing_mm, coefficients, float(np.sqrt(np.mean(residual**2))))


def _slopes(average: NDArray[np.float32], spacing_mm: float) -> list[NDArray[np.float32]]:
    """How the level changes along x, y and z, per mm."""
    return [np.gradient(average, axis=axis) / spacing_mm for axis in (2, 1, 0)]


def _bending(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Sum of squared second differences along the three axes, as a matrix."""
    total = np.zeros((int(np.prod(shape)),) * 2)
    for axis in range(3):
        parts = [np.eye(int(n)) for n in shape]
        second = np.diff(parts[axis], n=2, axis=0)
        parts[axis] = second.T @ second
        total += np.kron(np.kron(parts[0], parts[1]), parts[2])
    return total

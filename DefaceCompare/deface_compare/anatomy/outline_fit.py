"""Deformable fit of the average head's outline to a patient's, on the skin where no face is.

The face is left out on purpose: a fit that followed the patient's own face would put that face back. Over the face the
deformation is what the smooth spline extrapolates from forehead, temples, jaw and neck.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.boxes import VoxelBox, index_to_mm
from ..geometry.found_once import FoundOnce
from ..geometry.grids import mapped
from ..geometry.level_set import sample_at

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
FEW_COLUMNS = 500
"""Up to so many unknowns the normal equations are made densely."""
MOST_POINTS = 1500
"""Skin points that take part, picked at equal steps."""
_SLOPES = FoundOnce()
"""Of the average head's level: the same for every patient."""


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

    def average_points(self, grid: sitk.Image, box: VoxelBox) -> NDArray[np.float64]:
        """Where the voxel centres of `box` lie in the average head, mm, shape (n, 3), in (z, y, x) array order."""
        step, origin = index_to_mm(grid)  # a working grid: along LPS axes
        columns = []
        for axis, places in enumerate(box.slices[::-1]):
            at_mm = origin[axis] + step[axis, axis] * np.arange(places.start, places.stop)
            base, weights = _weights((at_mm - self.origin_mm[axis]) / self.spacing_mm, self.coefficients.shape[axis])
            dense = np.zeros((len(at_mm), self.coefficients.shape[axis]))
            for k in range(4):
                dense[np.arange(len(at_mm)), base + k] = weights[:, k]
            columns.append(dense)
        moved = np.einsum("zc,yb,xa,abcd->zyxd", columns[2], columns[1], columns[0], self.coefficients, optimize=True)
        z, y, x = np.meshgrid(*(np.arange(s.start, s.stop, dtype=np.float64) for s in box.slices), indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1) @ step.T + origin
        return mapped(self.affine, points) + moved.reshape(-1, 3)

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points, shape (n, 3), of the affine transform's first side lie on its second, shape (n, 3)."""
        shape = np.array(self.coefficients.shape[:3])
        basis = _basis((points_mm - self.origin_mm) / self.spacing_mm, shape)
        return mapped(self.affine, points_mm) + basis @ self.coefficients.reshape(-1, 3)


def _weights(at: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """First of four control points and the cubic B-spline weights at coordinates in control spacings; ends are held."""
    held = np.clip(at, 1.0, count - 2.0 - 1e-9)
    cell = np.floor(held).astype(np.intp)
    t = held - cell
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6.0
    return cell - 1, weights


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
    shape = np.floor((extent_mm[1] - origin) / spacing_mm).astype(int) + 3
    basis = _basis((points - origin) / spacing_mm, shape)
    start = mapped(affine, points)
    unit = mapped(affine, np.eye(3)) - mapped(affine, np.zeros((1, 3)))
    wanted = levels * abs(float(np.linalg.det(unit))) ** (1 / 3)  # patient mm to average-head mm
    slopes = _SLOPES.of(average, grid.GetSpacing()[0], lambda: _slopes(average, grid.GetSpacing()[0]))
    count = int(np.prod(shape))
    stiff = np.kron(np.eye(3), STIFFNESS * _bending(shape) + RIDGE * np.eye(count))
    found = np.zeros((3, count))
    residual = np.zeros(len(points))
    for _ in range(ROUNDS):
        at = start + basis @ found.T
        residual = np.clip(sample_at(average, grid, at, 0.0) - wanted, -RESIDUAL_LIMIT_MM, RESIDUAL_LIMIT_MM)
        rows = scipy.sparse.hstack([basis.multiply(sample_at(slope, grid, at, 0.0)[:, None]) for slope in slopes], format="csr")
        right = -(rows.T @ residual) - stiff @ found.ravel()
        squares = _squares(rows)
        # sums of squares: symmetric and positive, which halves the work of solving
        found += scipy.linalg.solve(squares + stiff, right, assume_a="pos", overwrite_a=True).reshape(3, count)
    coefficients = found.T.reshape(*shape, 3)
    return OutlineFit(affine, origin, spacing_mm, coefficients, float(np.sqrt(np.mean(residual**2))))


def _slopes(average: NDArray[np.float32], spacing_mm: float) -> list[NDArray[np.float32]]:
    """How the level changes along x, y and z, per mm."""
    return [np.gradient(average, axis=axis) / spacing_mm for axis in (2, 1, 0)]


def _squares(rows: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """``rows.T @ rows``: of few columns a dense product is faster than the 192 squared terms of each sparse row."""
    if rows.shape[1] <= FEW_COLUMNS:
        dense = rows.toarray()
        return np.asarray(dense.T @ dense)
    return np.asarray((rows.T @ rows).toarray())


def _basis(at: NDArray[np.float64], shape: NDArray[np.intp]) -> scipy.sparse.csr_array:
    """Spline weights of every point (rows) for every control point (columns, (x, y, z) order): 64 a row."""
    (first_x, wx), (first_y, wy), (first_z, wz) = (_weights(at[:, axis], int(shape[axis])) for axis in range(3))
    columns, values = [], []
    for i, j, k in itertools.product(range(4), repeat=3):
        columns.append(np.ravel_multi_index((first_x + i, first_y + j, first_z + k), tuple(shape)))
        values.append(wx[:, i] * wy[:, j] * wz[:, k])
    rows = np.tile(np.arange(len(at)), len(columns))
    return scipy.sparse.csr_array((np.concatenate(values), (rows, np.concatenate(columns))), shape=(len(at), int(np.prod(shape))))


def _bending(shape: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sum of squared second differences along the three axes, as a matrix."""
    total = np.zeros((int(np.prod(shape)),) * 2)
    for axis in range(3):
        parts = [np.eye(int(n)) for n in shape]
        second = np.diff(parts[axis], n=2, axis=0)
        parts[axis] = second.T @ second
        total += np.kron(np.kron(parts[0], parts[1]), parts[2])
    return total

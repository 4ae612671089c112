"""Cubic B-splines on a grid of control points: what each point takes of each control point, and equations made of that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray


def cubic_weights(at: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """First of four control points and the cubic B-spline weights at coordinates in control spacings; ends are held."""
    held = np.clip(at, 1.0, count - 2.0 - 1e-9)
    cell = np.floor(held).astype(np.intp)
    t = held - cell
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6.0
    return cell - 1, weights


class SplineBasis(NamedTuple):
    """Spline weights of points: 64 control points each, (x, y, z) order; both of shape (n, 64)."""

    columns: NDArray[np.intp]
    weights: NDArray[np.float64]


def spline_basis(at: NDArray[np.float64], shape: tuple[int, int, int]) -> SplineBasis:
    """The weights at coordinates in control spacings, shape (n, 3), of a grid of control points of a shape (x, y, z)."""
    (first_x, wx), (first_y, wy), (first_z, wz) = (cubic_weights(at[:, axis], shape[axis]) for axis in range(3))
    x, y, z = (first[:, None] + np.arange(4) for first in (first_x, first_y, first_z))
    columns = (x[:, :, None, None] * shape[1] + y[:, None, :, None]) * shape[2] + z[:, None, None, :]
    weights = wx[:, :, None, None] * wy[:, None, :, None] * wz[:, None, None, :]
    return SplineBasis(columns.reshape(len(at), 64), weights.reshape(len(at), 64))


def basis_matrix(basis: SplineBasis, shape: tuple[int, int, int]) -> scipy.sparse.csr_array:
    """The weights as a matrix of points (rows) and control points."""
    ends = np.arange(0, basis.columns.size + 1, basis.columns.shape[1])
    return scipy.sparse.csr_array(
        (basis.weights.ravel(), basis.columns.ravel(), ends), shape=(len(basis.columns), int(np.prod(shape)))
    )


def points_by_cell(basis: SplineBasis) -> list[NDArray[np.intp]]:
    """The points that lie between the same control points, cell by cell."""
    order = np.argsort(basis.columns[:, 0], kind="stable")
    cells = np.split(order, np.flatnonzero(np.diff(basis.columns[order, 0])) + 1)
    return [points for points in cells if len(points)]


def normal_equations(
    basis: SplineBasis, cells: list[NDArray[np.intp]], slope: NDArray[np.float64], residual: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squares and right side of the step that undoes the residuals, for x, y and z of all control points, shape (3 * count,).

    The points of a cell share their 64 control points: its block is a product of small dense matrices.
    """
    squares, right = np.zeros((3 * count, 3 * count)), np.zeros(3 * count)
    for points in cells:
        columns = (np.arange(3)[:, None] * count + basis.columns[points[0]]).ravel()
        rows = (slope[points][:, :, None] * basis.weights[points][:, None, :]).reshape(len(points), -1)
        squares[np.ix_(columns, columns)] += rows.T @ rows
        right[columns] -= rows.T @ residual[points]
    return squares, right

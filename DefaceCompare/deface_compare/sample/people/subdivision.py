"""Catmull-Clark subdivision of a quad mesh as one sparse matrix."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

Quads = NDArray[np.int64]


def catmull_clark(count: int, quads: Quads) -> tuple[sparse.csr_matrix, Quads]:
    """One step of Catmull and Clark's subdivision (doi 10.1016/0010-4485(78)90110-0).

    Parameters
    ----------
    count : int
        How many vertices there are.
    quads : ndarray of int, shape (m, 4)
        Corners of each face. A border keeps to the cubic B-spline rule.

    Returns
    -------
    matrix : scipy.sparse.csr_matrix, shape (count + edges + m, count)
        New vertices from old ones.
    quads : ndarray of int, shape (4 m, 4)
        The new faces.
    """
    faces = len(quads)
    sides = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, edge_of_side, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    edge_of_side = edge_of_side.reshape(faces, 4)
    face_points = _rows(quads, count) * 0.25
    middles = _rows(edges, count) * 0.5
    faces_of_edge = _rows(edge_of_side, len(edges)).T
    inner = uses == 2
    edge_points = sparse.diags(np.where(inner, 0.5, 1.0)) @ middles
    edge_points += sparse.diags(np.where(inner, 0.25, 0.0)) @ (faces_of_edge @ face_points)
    matrix = sparse.vstack([_moved(count, quads, edges, inner, face_points, middles), edge_points, face_points]).tocsr()
    edge_of_side, centres = count + edge_of_side, count + len(edges) + np.arange(faces)
    pieces = [np.stack([quads[:, k], edge_of_side[:, k], centres, edge_of_side[:, k - 1]], axis=1) for k in range(4)]
    return matrix, np.stack(pieces, axis=1).reshape(-1, 4)


def _rows(members: Quads, count: int) -> sparse.csr_matrix:
    """A matrix that sums the members of each row; shape (rows, count)."""
    rows = np.repeat(np.arange(len(members)), members.shape[1])
    return sparse.csr_matrix((np.ones(members.size), (rows, members.ravel())), (len(members), count))


def _moved(
    count: int,
    quads: Quads,
    edges: Quads,
    inner: NDArray[np.bool_],
    face_points: sparse.csr_matrix,
    middles: sparse.csr_matrix,
) -> sparse.csr_matrix:
    """Where the old vertices go; shape (count, count)."""
    faces_of_vertex, edges_of_vertex = _rows(quads, count).T, _rows(edges, count).T
    valence = np.maximum(np.asarray(edges_of_vertex.sum(axis=1)).ravel(), 1.0)
    touching = np.maximum(np.asarray(faces_of_vertex.sum(axis=1)).ravel(), 1.0)
    inside = sparse.diags(1.0 / (valence * touching)) @ (faces_of_vertex @ face_points)
    inside += sparse.diags(2.0 / valence**2) @ (edges_of_vertex @ middles)
    inside += sparse.diags((valence - 3.0) / valence)
    along = edges_of_vertex @ sparse.diags((~inner).astype(float))
    border_edges = np.asarray(along.sum(axis=1)).ravel()
    border = 0.5 * sparse.identity(count) + sparse.diags(0.5 / np.maximum(border_edges, 1.0)) @ (along @ middles)
    on_border = border_edges > 0
    return sparse.diags((~on_border).astype(float)) @ inside + sparse.diags(on_border.astype(float)) @ border

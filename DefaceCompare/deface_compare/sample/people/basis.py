"""The shapes of which people are mixed: MakeHuman's head and shoulders (CC0), see ``data/people/NOTICE.txt``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from ...data import data_file
from .subdivision import Quads, catmull_clark

UNIT_MM = 0.01
"""Lengths are kept as whole numbers of this."""
BASIS_FILE = "people/head_basis.npz"
SKIN_STEPS, SOLID_STEPS = 2, 1
"""MakeHuman's faces are 3 mm wide in the face, 10 mm on the skull: a quarter of that is smooth at 1 mm."""


@dataclass(frozen=True)
class HeadBasis:
    """Base mesh and targets; LPS mm upright, the origin midway between the eyes' centres.

    Parameters
    ----------
    base : ndarray of int16, shape (n, 3)
        Vertices in `UNIT_MM`: skin, then both eyes, then marks.
    quads, eye_quads : ndarray of int, shapes (m, 4) and (k, 4)
        Faces of the skin and of the eyes.
    marks : mapping of str to ndarray of int
        Vertices of each named place.
    places : mapping of str to int
        Where each target's name stands in `offset`.
    offset, index, delta : ndarray
        Target t moves the vertices ``index[offset[t]:offset[t + 1]]`` by ``delta[...]`` in `UNIT_MM`.
    anchors : ndarray of int, shape (a,)
        Vertices whose place in the average head is known.
    anchors_mm : ndarray, shape (a, 3)
        That place in average-head mm.
    """

    base: NDArray[np.int64]
    quads: Quads
    eye_quads: Quads
    marks: Mapping[str, NDArray[np.int64]]
    places: Mapping[str, int]
    offset: NDArray[np.int64]
    index: NDArray[np.int64]
    delta: NDArray[np.int64]
    anchors: NDArray[np.int64]
    anchors_mm: NDArray[np.float64]

    def vertices_mm(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """The base moved by weighted targets, shape (n, 3).

        Raises
        ------
        KeyError
            If the basis has no target of that name.
        """
        moved = self.base.astype(np.float64)
        for name, weight in weights.items():
            place = self.places[name]
            part = slice(self.offset[place], self.offset[place + 1])
            moved[self.index[part]] += weight * self.delta[part]
        return moved * UNIT_MM

    @cached_property
    def skin(self) -> Subdivided:
        """The skin as fine as its depth is measured."""
        return Subdivided.of(self.quads, SKIN_STEPS)

    @cached_property
    def solid(self) -> Subdivided:
        """The skin as fine as it is filled with voxels."""
        return Subdivided.of(self.quads, SOLID_STEPS)

    @cached_property
    def eyes(self) -> Subdivided:
        """The eyes."""
        return Subdivided.of(self.eye_quads, SOLID_STEPS)


@dataclass(frozen=True)
class Subdivided:
    """A part of the mesh, subdivided, its holes closed by fans.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix, shape (fine, coarse)
        Fine vertices from coarse ones; the middles of the fans come last.
    vertices : ndarray of int, shape (coarse,)
        Which vertices of the basis it is made of.
    triangles : ndarray of int, shape (t, 3)
    fans : int
        How many middles of fans there are.
    """

    matrix: sparse.csr_matrix
    vertices: NDArray[np.int64]
    triangles: NDArray[np.int64]
    fans: int

    @staticmethod
    def of(quads: Quads, steps: int) -> Subdivided:
        """Subdivide the faces of a mesh, shape (m, 4), so many times."""
        vertices, own = np.unique(quads, return_inverse=True)
        matrix, fine = sparse.identity(len(vertices), format="csr"), own.reshape(-1, 4)
        for _ in range(steps):
            step, fine = catmull_clark(matrix.shape[0], fine)
            matrix = step @ matrix
        count = matrix.shape[0]
        middles: list[sparse.csr_matrix] = []
        triangles = [fine[:, [0, 1, 2]], fine[:, [0, 2, 3]]]
        for loop in border_loops(fine):
            middle = np.full(len(loop), count + len(middles))
            triangles.append(np.column_stack([np.roll(loop, -1), loop, middle]))
            middles.append(sparse.csr_matrix(matrix[loop].mean(axis=0)))
        return Subdivided(sparse.vstack([matrix, *middles]).tocsr(), vertices, np.concatenate(triangles), len(middles))

    def fine_mm(self, vertices_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The fine vertices, shape (fine, 3), of a mesh's vertices."""
        return np.asarray(self.matrix @ vertices_mm[self.vertices])

    def smooth_mm(self, vertices_mm: NDArray[np.float64], of: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where some of a mesh's vertices lie on the smooth surface, shape (len(of), 3)."""
        return np.asarray(self.matrix[np.searchsorted(self.vertices, of)] @ vertices_mm[self.vertices])


def border_loops(quads: Quads) -> list[NDArray[np.int64]]:
    """The rims of the holes of a mesh: vertices in the order in which its faces, shape (m, 4), pass them."""
    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    count = int(quads.max()) + 1
    own, opposite = sides[:, 0] * count + sides[:, 1], sides[:, 1] * count + sides[:, 0]
    following = dict(sides[~np.isin(own, opposite)].tolist())
    loops = []
    while following:
        first, vertex = following.popitem()
        loop = [first]
        while vertex != first:
            loop.append(vertex)
            vertex = following.pop(vertex)
        loops.append(np.array(loop))
    return loops


@cache
def head_basis() -> HeadBasis:
    """The shipped basis, read once a process."""
    with data_file(BASIS_FILE) as path, np.load(path) as file:
        names = [str(name) for name in file["names"]]
        marks = {str(name): file[f"mark_{name}"].astype(np.int64) for name in file["marks"]}
        whole = {key: file[key].astype(np.int64) for key in ("base", "quads", "eye_quads", "offset", "index", "anchors")}
        return HeadBasis(
            **whole,
            marks=marks,
            places={name: place for place, name in enumerate(names)},
            delta=file["delta"].T.astype(np.int64),
            anchors_mm=file["anchors_mm"] * UNIT_MM,
        )

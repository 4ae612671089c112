"""Which part of MakeHuman's mesh is kept: the skin of head and shoulders, without what no one sees from outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

from ...geometry.mesh import surface_of, vertex_normals
from ..people.macro import ORIGINS, macro_weights
from .makehuman import SKIN, MakeHuman

LOWEST_MM, WIDEST_MM = 435.0, 245.0
"""z above which, and |x| within which the skin is kept, in MakeHuman's mm: shoulders and upper chest."""
DIRECTIONS = 200
FAR_MM, OFF_MM = 600.0, 0.5
"""Length of a line of sight, and how far before the skin it starts."""
HIDDEN_PART = 40
"""Hidden vertices that hang together in this number are a pocket (mouth, eye sockets); fewer are a fold, which stays."""
MIDDLE_AGE = 0.6
"""MakeHuman's age of the mean head."""


def mean_targets() -> dict[str, float]:
    """The mean head: halfway between the sexes, a third of each origin."""
    return macro_weights(0.5, MIDDLE_AGE, 0.5, 0.5, 0.5, 0.5, dict.fromkeys(ORIGINS, 1.0 / 3.0))


def closed_eyes() -> dict[str, float]:
    """Lids closed, as a third of each origin does it."""
    return {f"expression/units/{origin}/eye-{side}-closure": 1.0 / 3.0 for origin in ORIGINS for side in ("left", "right")}


def kept_quads(source: MakeHuman) -> NDArray[np.int64]:
    """Faces of the skin of head and shoulders, shape (m, 4): one connected part without pockets."""
    vertices = source.moved_mm(mean_targets())
    quads = source.faces[SKIN]
    kept = (vertices[:, 2] > LOWEST_MM) & (np.abs(vertices[:, 0]) < WIDEST_MM)
    quads = quads[kept[quads].all(axis=1)]
    closed = source.moved_mm(mean_targets() | closed_eyes())
    hidden = hidden_vertices(
        closed, quads, np.concatenate([quads, *(source.faces[name] for name in ("helper-l-eye", "helper-r-eye"))])
    )
    quads = quads[~_pockets(quads, hidden)[quads].any(axis=1)]
    return quads[_largest_part(quads)]


def hidden_vertices(vertices_mm: NDArray[np.float64], quads: NDArray[np.int64], opaque: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Vertices of `quads` from which no line of sight leaves the head; shape (n,). `opaque` are all the faces that block it."""
    locator = vtkStaticCellLocator()
    locator.SetDataSet(surface_of(vertices_mm, opaque))
    locator.BuildLocator()
    normals = vertex_normals(vertices_mm, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))
    sphere = _directions()
    hidden = np.zeros(len(vertices_mm), bool)
    for vertex in np.unique(quads):
        start = vertices_mm[vertex] + OFF_MM * normals[vertex]
        ahead = sphere[sphere @ normals[vertex] > 0.1]
        hidden[vertex] = all(_blocked(locator, start, start + FAR_MM * direction) for direction in ahead)
    return hidden


def _blocked(locator: vtkStaticCellLocator, start: NDArray[np.float64], end: NDArray[np.float64]) -> bool:
    """Whether a face lies between two points."""
    share, point, place, part = mutable(0.0), [0.0] * 3, [0.0] * 3, mutable(0)
    return bool(locator.IntersectWithLine(start.tolist(), end.tolist(), 1e-6, share, point, place, part))  # type: ignore[call-overload]  # out-parameters


def _directions() -> NDArray[np.float64]:
    """Directions spread evenly over the sphere (Fibonacci lattice), shape (n, 3)."""
    number = np.arange(DIRECTIONS) + 0.5
    height, turn = 1.0 - 2.0 * number / DIRECTIONS, np.pi * (1.0 + np.sqrt(5.0)) * number
    across = np.sqrt(1.0 - height**2)
    return np.column_stack([across * np.cos(turn), across * np.sin(turn), height])


def _pockets(quads: NDArray[np.int64], hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Hidden vertices that hang together in large number; shape (n,)."""
    import scipy.sparse as sparse
    from scipy.sparse.csgraph import connected_components

    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    sides = sides[hidden[sides].all(axis=1)]
    graph = sparse.coo_matrix((np.ones(len(sides)), sides.T), (len(hidden), len(hidden)))
    _, part = connected_components(graph, directed=False)
    sizes = np.bincount(part[hidden], minlength=int(part.max()) + 1)
    return hidden & (sizes[part] >= HIDDEN_PART)


def _largest_part(quads: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Faces of the largest connected part; shape (m,)."""
    import scipy.sparse as sparse
    from scipy.sparse.csgraph import connected_components

    sides = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    count = int(quads.max()) + 1
    _, part = connected_components(sparse.coo_matrix((np.ones(len(sides)), sides.T), (count, count)), directed=False)
    of_face = part[quads[:, 0]]
    return np.asarray(of_face == np.bincount(of_face).argmax())

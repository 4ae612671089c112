"""What a reader of the numbers must know about drawn contours: holes, keyholes, crossings, gaps, uneven or slanted planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAvailable
from .contours import GAP_FACTOR, ContourStack, area_mm2, stack_contours

KEYHOLE_MM = 0.01
"""Vertices of one contour closer than this are one point that is passed twice: the channel of a keyhole."""
UNEVEN_SHARE = 0.05
"""Plane distances that differ by more than this share of the usual one are uneven."""
CROSSED_SHARE = 0.01
"""Loops of an outline that crosses itself count from this share of its area on."""


def contour_findings(contours: Sequence[NDArray[np.float64]], set_spacing_mm: float | None) -> tuple[str, ...]:
    """Sentences about the contours of one structure; none if there is nothing to say.

    Parameters
    ----------
    contours : sequence of (n, 3) arrays
        Closed polygons, LPS mm.
    set_spacing_mm : float, optional
        As in `contours.stack_contours`.
    """
    try:
        stack = stack_contours(contours, set_spacing_mm)
    except NotAvailable as reason:
        return (str(reason),)
    polygons = [polygon for plane in stack.polygons for polygon in plane]
    nested, overlapping = _nesting(stack)
    crossing = sum(_crosses_itself(polygon) for polygon in polygons)
    keyholes = sum(_is_keyhole(polygon) for polygon in polygons)
    counted = (
        (nested, "inside another one of their plane and count as holes or islands in holes (even-odd)", "lies", "lie"),
        (overlapping, "another one of their plane in part; what they share counts as outside (even-odd)", "overlaps", "overlap"),
        (keyholes, "a hole by a channel (keyhole), which stays empty", "encloses", "enclose"),
        (crossing, "crossing outlines; what is enclosed twice counts as outside", "has", "have"),
    )
    found = [
        f"{count} contour{'s' * (count > 1)} {many if count > 1 else one} {what}" for count, what, one, many in counted if count
    ]
    return (*found, *_planes(stack, set_spacing_mm))


def _planes(stack: ContourStack, set_spacing_mm: float | None) -> list[str]:
    found = []
    if not stack.axial:
        normal = stack.rotation[2] * np.sign(stack.rotation[2][np.argmax(np.abs(stack.rotation[2]))])
        x, y, z = np.round(normal, 3) + 0.0  # no minus zero
        found.append(f"the contour planes are not axial (normal {x:.3f}, {y:.3f}, {z:.3f})")
    gaps = np.diff(stack.planes_mm)
    usual = float(stack.upper_mm[-1] - stack.planes_mm[-1]) * 2
    if not len(gaps):
        found.append(f"it is drawn in one plane only: it counts as {usual:.3g} mm thick")
    elif set_spacing_mm is not None and usual > GAP_FACTOR * set_spacing_mm:
        found.append(
            f"its contour planes lie {usual:.3g} mm apart, those of other structures {set_spacing_mm:.3g} mm: each counts as"
            f" {usual:.3g} mm thick"
        )
    wide = gaps > GAP_FACTOR * usual
    if wide.any():
        count = int(wide.sum())
        found.append(
            f"{count} gap{'s' * (count > 1)} of up to {gaps.max():.1f} mm between contour planes ({usual:.2f} mm elsewhere)"
            " stay empty"
        )
    even = gaps[~wide]
    if len(even) and np.abs(even - usual).max() > UNEVEN_SHARE * usual:
        found.append(f"contour planes are unevenly spaced ({even.min():.2f} to {even.max():.2f} mm)")
    return found


def _nesting(stack: ContourStack) -> tuple[int, int]:
    """How many contours lie inside another one of their plane, and how many overlap another in part."""
    nested, overlapping = 0, 0
    for plane in stack.polygons:
        shares = np.zeros((len(plane), len(plane)))
        for a, b in _meeting(plane):
            shares[a, b] = _share_inside(plane[a], plane[b])
        nested += int((shares == 1).any(axis=1).sum())
        overlapping += int(((shares > 0) & (shares < 1)).any(axis=1).sum())
    return nested, overlapping


def _meeting(plane: Sequence[NDArray[np.float64]]) -> list[tuple[int, int]]:
    """The pairs of different contours whose boxes meet (a structure drawn by a threshold has hundreds of islands a plane)."""
    if len(plane) == 1:
        return []
    low, high = np.array([each.min(axis=0) for each in plane]), np.array([each.max(axis=0) for each in plane])
    meet = np.all((low[:, None] <= high[None]) & (high[:, None] >= low[None]), axis=2)
    return [(int(a), int(b)) for a, b in np.argwhere(meet) if a != b]


def _share_inside(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> float:
    """Share of a contour's corners that lie inside a polygon (even-odd)."""
    begin, end = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, 0, None], points[:, 1, None]
    spans = (begin[:, 1] <= y) != (end[:, 1] <= y)
    rise = np.where(end[:, 1] == begin[:, 1], 1.0, end[:, 1] - begin[:, 1])
    right = begin[:, 0] + (y - begin[:, 1]) * (end[:, 0] - begin[:, 0]) / rise > x
    return float(((spans & right).sum(axis=1) % 2).mean())


def _is_keyhole(polygon: NDArray[np.float64]) -> bool:
    """Whether a side is passed there and back: into a hole and out of it."""
    corners = np.rint((polygon - polygon.min(axis=0)) / KEYHOLE_MM).astype(np.int64)
    codes = corners[:, 0] * (corners[:, 1].max() + 1) + corners[:, 1]
    codes = codes[codes != np.roll(codes, -1)]
    if len(codes) > 2 and np.diff(np.sort(codes)).all():
        return False  # no point is passed twice: so are nearly all outlines, and finding partners takes long
    _, begin = np.unique(codes, return_inverse=True)
    end = np.roll(begin, -1)
    return bool(np.isin(begin * len(polygon) + end, end * len(polygon) + begin).any())


def _crosses_itself(polygon: NDArray[np.float64]) -> bool:
    """Whether the area inside (even-odd) differs from the area that the outline goes round: loops were crossed over."""
    begin, end = polygon, np.roll(polygon, -1, axis=0)
    round_mm2 = 0.5 * abs(float((begin[:, 0] * end[:, 1] - end[:, 0] * begin[:, 1]).sum()))
    inside_mm2 = area_mm2([polygon])
    return abs(inside_mm2 - round_mm2) > CROSSED_SHARE * max(inside_mm2, round_mm2)

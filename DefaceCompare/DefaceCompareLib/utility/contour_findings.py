"""What a reader of the numbers must know about drawn contours: holes, keyholes, crossings, gaps, uneven or slanted planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAvailable
from .contour_stack import GAP_FACTOR, ContourStack, stack_contours

KEYHOLE_MM = 0.01
"""Vertices of one contour closer than this are one point that is passed twice: the channel of a keyhole."""
UNEVEN_SHARE = 0.05
"""Plane distances that differ by more than this share of the usual one are uneven."""
MOST_CORNERS = 2000
"""Contours with more corners are not searched for crossings (the search grows with the square)."""


def contour_findings(contours: Sequence[NDArray[np.float64]], single_plane_mm: float) -> tuple[str, ...]:
    """Sentences about the contours of one structure; none if there is nothing to say.

    Parameters
    ----------
    contours : sequence of (n, 3) arrays
        Closed polygons, LPS mm.
    single_plane_mm : float
        As in `contour_stack.stack_contours`.
    """
    try:
        stack = stack_contours(contours, single_plane_mm)
    except NotAvailable as reason:
        return (str(reason),)
    polygons = [polygon for plane in stack.polygons for polygon in plane]
    nested, overlapping = _nesting(stack)
    crossing = sum(_crosses_itself(polygon) for polygon in polygons)
    keyholes = sum(_is_keyhole(polygon) for polygon in polygons)
    counted = (
        (nested, "inside another one of their plane and count as holes or islands in holes (even-odd)", "lies", "lie"),
        (overlapping, "another one of their plane in part; what they share counts as outside (even-odd)", "overlaps", "overlap"),
        (keyholes, "a hole by a channel (keyhole) and keeps it", "encloses", "enclose"),
        (crossing, "their own outline; what is enclosed twice counts as outside", "crosses", "cross"),
    )
    found = [
        f"{count} contour{'s' * (count > 1)} {many if count > 1 else one} {what}" for count, what, one, many in counted if count
    ]
    return (*found, *_planes(stack))


def _planes(stack: ContourStack) -> list[str]:
    found = []
    if not stack.axial:
        normal = stack.rotation[2] * np.sign(stack.rotation[2][np.argmax(np.abs(stack.rotation[2]))])
        x, y, z = np.round(normal, 3) + 0.0  # no minus zero
        found.append(f"the contour planes are not axial (normal {x:.3f}, {y:.3f}, {z:.3f})")
    gaps = np.diff(stack.planes_mm)
    usual = float(stack.upper_mm[-1] - stack.planes_mm[-1]) * 2
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
        shares = np.array([[_share_inside(a, b) if a is not b else 0.0 for b in plane] for a in plane])
        nested += int((shares == 1).any(axis=1).sum())
        overlapping += int(((shares > 0) & (shares < 1)).any(axis=1).sum())
    return nested, overlapping


def _share_inside(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> float:
    """Share of a contour's corners that lie inside a polygon (even-odd)."""
    apart = (points.min(axis=0) > polygon.max(axis=0)) | (points.max(axis=0) < polygon.min(axis=0))
    if apart.any():
        return 0.0
    begin, end = polygon, np.roll(polygon, -1, axis=0)
    x, y = points[:, 0, None], points[:, 1, None]
    spans = (begin[:, 1] <= y) != (end[:, 1] <= y)
    rise = np.where(end[:, 1] == begin[:, 1], 1.0, end[:, 1] - begin[:, 1])
    right = begin[:, 0] + (y - begin[:, 1]) * (end[:, 0] - begin[:, 0]) / rise > x
    return float(((spans & right).sum(axis=1) % 2).mean())


def _is_keyhole(polygon: NDArray[np.float64]) -> bool:
    """Whether two corners in a row are passed twice: into a hole and back."""
    corners = np.rint(polygon / KEYHOLE_MM).astype(np.int64)
    _, number, count = np.unique(corners, axis=0, return_inverse=True, return_counts=True)
    twice = count[number.ravel()] > 1
    return bool((twice & np.roll(twice, -1)).any())


def _crosses_itself(polygon: NDArray[np.float64]) -> bool:
    """Whether two sides cross properly (touching in corners or along a keyhole's channel does not count)."""
    if not 3 < len(polygon) <= MOST_CORNERS:
        return False
    begin, end = polygon, np.roll(polygon, -1, axis=0)
    side = _turn(begin[:, None], end[:, None], begin[None]) * _turn(begin[:, None], end[:, None], end[None])
    return bool(((side < 0) & (side.T < 0)).any())


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sign of the turn from a over b to c; 0 where the three lie on one line within rounding."""
    area = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    length = np.linalg.norm(b - a, axis=-1)
    return np.where(np.abs(area) <= KEYHOLE_MM * np.maximum(length, KEYHOLE_MM), 0.0, np.sign(area))

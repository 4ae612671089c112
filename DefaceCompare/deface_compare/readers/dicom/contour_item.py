"""One contour as an RTSTRUCT stores it: its points, and whether it encloses an area."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from .header import value_of

CLOSED_TYPES = frozenset({"CLOSEDPLANAR", "CLOSEDPLANARXOR"})
"""Geometric types that enclose an area, as letters: the standard has CLOSED_PLANAR and CLOSEDPLANAR_XOR (PS3.3 C.8.8.6.1), some
writers set other underscores or small letters. Both combine by even-odd here (nested contours are holes)."""


MOST_KEPT_BYTES = 64 * 2**20
"""Of coordinates as text that `points_kept` remembers; the largest structure sets of planning systems have about as much, and the
points take as much again."""


@dataclass
class _Kept:
    """Points by the text they were stored as, and how long all texts are."""

    points: dict[bytes, NDArray[np.float64]] = field(default_factory=dict)
    size_bytes: int = 0


_KEPT: ContextVar[_Kept | None] = ContextVar("points of contours that are kept", default=None)


@contextmanager
def points_kept() -> Iterator[None]:
    """Within this block the same text of coordinates is turned into numbers once (an export meets each contour six times)."""
    token = _KEPT.set(_Kept())
    try:
        yield
    finally:
        _KEPT.reset(token)


def geometric_type(contour: Dataset) -> str:
    """ContourGeometricType as it is stated, ``""`` if it is not."""
    return str(value_of(contour, "ContourGeometricType") or "")


def is_closed(contour: Dataset) -> bool:
    """Whether a contour encloses an area by its kind."""
    return re.sub(r"[\W_]", "", geometric_type(contour)).upper() in CLOSED_TYPES


def contour_points(contour: Dataset) -> NDArray[np.float64]:
    """Points of one contour, shape (n, 3), from its stored text (pydicom's own number objects take 20 times as long)."""
    if "ContourData" not in contour:
        return np.empty((0, 3))
    stored = contour.get_item("ContourData")
    value = stored.value if stored is not None else None
    if not isinstance(value, bytes):
        return np.array(value or [], dtype=np.float64).reshape(-1, 3)
    kept = _KEPT.get()
    if kept is None:
        return _numbers(value)
    found = kept.points.get(value)
    if found is None:
        found = _numbers(value)
        if kept.size_bytes + len(value) <= MOST_KEPT_BYTES:
            found.flags.writeable = False  # others get the same array
            kept.points[value], kept.size_bytes = found, kept.size_bytes + len(value)
    return found


def _numbers(text: bytes) -> NDArray[np.float64]:
    numbers = text.strip(b" \0").split(b"\\")
    return np.array(numbers if numbers != [b""] else []).astype(np.float64).reshape(-1, 3)

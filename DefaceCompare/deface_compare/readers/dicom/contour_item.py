"""One contour as an RTSTRUCT stores it: its points, and whether it encloses an area."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

CLOSED_TYPES = frozenset({"CLOSEDPLANAR", "CLOSEDPLANARXOR"})
"""Geometric types that enclose an area, as letters: the standard has CLOSED_PLANAR and CLOSEDPLANAR_XOR (PS3.3 C.8.8.6.1), some
writers set other underscores or small letters. Both combine by even-odd here (nested contours are holes)."""


def geometric_type(contour: Dataset) -> str:
    """ContourGeometricType as it is stated, ``""`` if it is not."""
    return str(contour.get("ContourGeometricType") or "")


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
    numbers = value.strip(b" \0").split(b"\\")
    return np.array(numbers if numbers != [b""] else []).astype(np.float64).reshape(-1, 3)

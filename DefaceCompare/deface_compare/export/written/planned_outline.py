"""The outer contours as planned: which structures lie so near to them that they draw the skin, too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy.spatial import cKDTree

from ...readers.dicom.contour_item import contour_points
from ..contour_lines import dense
from .structure_clip import EXTERNAL, OTHER

TOUCH_MM = 10.0
"""A structure that comes this near to the outer contour draws it where no image tells better: targets are cropped 3 to 5 mm
under the skin, and a contour plane is up to 5 mm thick."""


class PlannedOutline:
    """The outer contours of a structure set, before anything was cut.

    Parameters
    ----------
    data : pydicom.Dataset
        The source's RTSTRUCT.
    roles : mapping of int to str
        Role of each structure by ROI number (`roles_of`).
    """

    def __init__(self, data: Dataset, roles: Mapping[int, str]) -> None:
        lines = [
            dense(points)
            for item in data.get("ROIContourSequence") or []
            if roles.get(int(item.ReferencedROINumber), OTHER) == EXTERNAL
            for contour in item.get("ContourSequence") or []
            if len(points := contour_points(contour))
        ]
        self._tree = cKDTree(np.concatenate(lines)) if lines else None

    def is_touched_by(self, points_mm: NDArray[np.float64]) -> bool:
        """Whether a contour, shape (n, 3), comes near the outer contour; True where there is none: then nobody knows."""
        if self._tree is None:
            return True
        nearest, _ = self._tree.query(points_mm, distance_upper_bound=TOUCH_MM)
        return bool(np.isfinite(nearest).any())

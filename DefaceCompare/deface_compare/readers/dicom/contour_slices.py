"""Whether contours lie on the slices that they name: a scan that was moved or cut anew may keep its UIDs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from .header import value_of
from .series import Series


@dataclass(frozen=True)
class SlicePlane:
    """Where a slice lies along the normal of its series, mm, and how far its series' slices are apart at most."""

    normal: NDArray[np.float64]
    along_mm: float
    spacing_mm: float

    def distance_mm(self, point: NDArray[np.float64]) -> float:
        """How far a point (LPS mm) lies from the plane."""
        return abs(float(point @ self.normal) - self.along_mm)


def planes_of(series: Sequence[Series]) -> dict[str, SlicePlane]:
    """The plane of every slice of some series by its SOPInstanceUID."""
    found = {}
    for one in series:
        normal = np.cross(one.direction[:, 0], one.direction[:, 1])
        along_mm = [float(np.dot(header.numbers("ImagePositionPatient", 3), normal)) for header in one.headers]
        spacing_mm = float(np.diff(along_mm).max())
        for header, place_mm in zip(one.headers, along_mm, strict=True):
            found[header.text("SOPInstanceUID")] = SlicePlane(normal, place_mm, spacing_mm)
    return found


def beside_mm(drawn: Sequence[tuple[Dataset, NDArray[np.float64]]], planes: Mapping[str, SlicePlane]) -> float:
    """How far most contours of a structure lie from the slices that they name, mm.

    Contours between two slices name one of them: up to one spacing is no contradiction.

    Parameters
    ----------
    drawn : sequence of (Dataset, ndarray of shape (n, 3))
        Items of ContourSequence with their points, LPS mm.
    planes : mapping of SOPInstanceUID to SlicePlane

    Returns
    -------
    float
        0 where they lie on them, or name none that is here.
    """
    distances, allowed = [], []
    for contour, points in drawn:
        uids = [
            str(value_of(image, "ReferencedSOPInstanceUID") or "") for image in value_of(contour, "ContourImageSequence") or []
        ]
        named = [planes[uid] for uid in uids if uid in planes]
        if named:
            nearest = min(named, key=lambda plane: plane.distance_mm(points[0]))
            distances.append(nearest.distance_mm(points[0]))
            allowed.append(nearest.spacing_mm)
    return float(np.median(distances)) if distances and np.median(distances) > np.median(allowed) else 0.0

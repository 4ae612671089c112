"""Where the head is in a scan: what cameras and slices are pointed at, whatever else the scan holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

HEAD_MM = 210.0
"""From the vertex down: a head to its chin. What lies below is neck and shoulders."""
WIDTH_IS_OF_THE_UPPER_MM = 150.0
"""So far down a head is not yet beside its shoulders, where width and depth are read."""
BEHIND_THE_FACE_MM = 25.0
"""How far behind its foremost point a face is cut by a coronal slice: through nose, orbits and mouth."""


@dataclass(frozen=True)
class HeadField:
    """The box of a head.

    Parameters
    ----------
    low, high : ndarray of shape (3,)
        RAS mm.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def centre(self) -> NDArray[np.float64]:
        """The middle of the box, RAS mm."""
        return 0.5 * (self.low + self.high)

    @property
    def size_mm(self) -> NDArray[np.float64]:
        """Width, depth and height."""
        return self.high - self.low

    @property
    def face(self) -> NDArray[np.float64]:
        """A point inside the face at the height of the eyes (half of a head's), RAS mm."""
        return np.array([self.centre[0], self.high[1] - BEHIND_THE_FACE_MM, self.centre[2]])


def head_field(skin_ras: vtkPolyData) -> HeadField:
    """The box of the head in the skin of a scan: `HEAD_MM` from its highest point down, or less where the scan ends.

    Parameters
    ----------
    skin_ras : vtkPolyData
        RAS mm; not empty.
    """
    points = vtk_to_numpy(skin_ras.GetPoints().GetData()).astype(np.float64)
    top = points[:, 2].max()
    upper = points[points[:, 2] >= top - WIDTH_IS_OF_THE_UPPER_MM]
    low, high = upper.min(axis=0), upper.max(axis=0)
    low[2] = max(points[:, 2].min(), top - HEAD_MM)
    return HeadField(low, high)

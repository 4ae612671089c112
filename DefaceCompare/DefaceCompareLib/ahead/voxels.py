"""An image as plain numbers, which go from one process to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray


@dataclass(frozen=True)
class Voxels:
    """Values, shape (z, y, x), and where they lie.

    Parameters
    ----------
    values : ndarray
    index_to_lps : ndarray of shape (4, 4)
        Index (x, y, z) to LPS mm.
    """

    values: NDArray[Any]
    index_to_lps: NDArray[np.float64]

    @classmethod
    def of(cls, image: sitk.Image) -> Voxels:
        """The voxels of an image, copied."""
        return cls(sitk.GetArrayFromImage(image), index_to_lps(image))


def index_to_lps(image: sitk.Image) -> NDArray[np.float64]:
    """Index (x, y, z) to LPS mm, shape (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return matrix

"""Where an image was altered, in blocks so coarse that the mask draws no face."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

BLOCK_MM = 16.0
"""Edge of a block at least. A nose is some 20 mm wide: in such blocks it is one or two steps, as in any face."""


def coarse_mask(altered: NDArray[np.bool_], grid: sitk.Image) -> NDArray[np.bool_]:
    """All voxels of the blocks, `BLOCK_MM` wide or a little wider, that hold an altered voxel.

    Parameters
    ----------
    altered : ndarray of bool, shape (z, y, x)
    grid : SimpleITK.Image
        Of the image.
    """
    edges = [max(1, int(np.ceil(BLOCK_MM / spacing))) for spacing in reversed(grid.GetSpacing())]
    found = altered
    for axis, edge in enumerate(edges):
        starts = np.arange(0, found.shape[axis], edge)
        found = np.logical_or.reduceat(found, starts, axis=axis)
    for axis, edge in enumerate(edges):
        found = np.repeat(found, edge, axis=axis).take(np.arange(altered.shape[axis]), axis=axis)
    return found

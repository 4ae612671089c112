"""The isotropic grid along LPS axes on which heads are searched."""

from __future__ import annotations

import itertools

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CaseImage
from ..errors import FaceNotFound
from .air import air_level, skin_threshold

WORKING_SPACING_MM = 2.0
"""Fine enough for a nose, coarse enough for seconds; the shared MR heads themselves have 2 mm."""

COARSE_SPACING_MM = 6.0
"""Enough to see where the body is."""
MARGIN_MM, FRONT_MARGIN_MM = 24.0, 44.0
"""Room around the body; in front of the face as far as devices count (mask shells, bolus: 40 mm)."""
DEEPEST_MM = 320.0
"""No face and no brain lies further below the vertex."""


def working_grid(image: sitk.Image, spacing_mm: float = WORKING_SPACING_MM) -> sitk.Image:
    """Make an empty uint8 grid along LPS axes that covers all corners of `image` (any orientation, tilt or spacing)."""
    size = np.array(image.GetSize())
    corners = [
        image.TransformContinuousIndexToPhysicalPoint([float(c) for c in corner])
        for corner in itertools.product(*[(-0.5, n - 0.5) for n in size])
    ]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    # rounding guards against 1e-12 differences between equal grids, which would add a slice
    count = np.maximum(1, np.ceil(np.round((high - low) / spacing_mm, 3)).astype(int))
    middle = 0.5 * (low + high)
    grid = sitk.Image(count.tolist(), sitk.sitkUInt8)
    grid.SetSpacing([spacing_mm] * 3)
    grid.SetOrigin((middle - 0.5 * (count - 1) * spacing_mm).tolist())
    return grid


def head_grid(image: CaseImage) -> sitk.Image:
    """The working grid of an image around its largest body, so that air, couch and trunk cost nothing.

    Raises
    ------
    FaceNotFound
        If nothing in the image exceeds the skin threshold.
    """
    coarse = working_grid(image.image, COARSE_SPACING_MM)
    values = onto_grid(image.image, coarse, air_level(image))
    labels, count = scipy.ndimage.label(sitk.GetArrayViewFromImage(values) > skin_threshold(image))
    if count == 0:
        raise FaceNotFound(f"image {image.key} shows no head: nothing exceeds the skin threshold")
    (body,) = scipy.ndimage.find_objects((labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))).astype(np.uint8))
    z, y, x = ((place.start * COARSE_SPACING_MM, place.stop * COARSE_SPACING_MM) for place in body)
    origin = np.array(coarse.GetOrigin()) - 0.5 * COARSE_SPACING_MM
    top = origin[2] + z[1] + MARGIN_MM
    bottom = max(origin[2] + z[0] - MARGIN_MM, top - DEEPEST_MM)
    low = np.array([origin[0] + x[0] - MARGIN_MM, origin[1] + y[0] - FRONT_MARGIN_MM, bottom])
    high = np.array([origin[0] + x[1] + MARGIN_MM, origin[1] + y[1] + MARGIN_MM, top])
    return _between(working_grid(image.image), low, high)


def _between(grid: sitk.Image, low: NDArray[np.float64], high: NDArray[np.float64]) -> sitk.Image:
    """The part of a grid between two corners, LPS mm."""
    spacing, size = np.array(grid.GetSpacing()), np.array(grid.GetSize())
    first = np.clip(np.floor((low - grid.GetOrigin()) / spacing), 0, size - 1).astype(int)
    last = np.clip(np.ceil((high - grid.GetOrigin()) / spacing), first, size - 1).astype(int)
    return sitk.RegionOfInterest(grid, (last - first + 1).tolist(), first.tolist())


def onto_grid(image: sitk.Image, grid: sitk.Image, outside: float, nearest: bool = False) -> sitk.Image:
    """Resample onto `grid` (float32 linear, or nearest in its own type); voxels outside the image get `outside`.

    Voxels no larger than half the grid's are averaged first, so that noise and thin streaks do not alias.
    """
    if nearest:
        return sitk.Resample(image, grid, sitk.Transform(), sitk.sitkNearestNeighbor, outside, image.GetPixelID())
    bins = [max(1, int(grid.GetSpacing()[0] / spacing + 1e-6)) for spacing in image.GetSpacing()]
    bins = [min(count, size) for count, size in zip(bins, image.GetSize(), strict=True)]
    coarse = sitk.BinShrink(image, bins) if max(bins) > 1 else image
    return sitk.Resample(coarse, grid, sitk.Transform(), sitk.sitkLinear, outside, sitk.sitkFloat32)


def field_of_view(image: sitk.Image, grid: sitk.Image) -> sitk.Image:
    """Mark (uint8, 1) the grid voxels whose centre lies inside `image`."""
    ones = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    ones.CopyInformation(image)
    return sitk.Resample(ones, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def on_grid(array: np.ndarray, grid: sitk.Image) -> sitk.Image:
    """Wrap an array, shape (z, y, x), as an image on `grid` (bool becomes uint8)."""
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.CopyInformation(grid)
    return image

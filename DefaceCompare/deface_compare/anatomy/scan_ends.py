"""Where a scan ends inside its grid: slices without any measured value, above or below a flat cut through the patient.

Conversions and masked exports pad a scan with one value. Taken for air, that padding turns the cut into skin: a head that ends
at the orbits would be a head with a flat top, and the average head would be squeezed under it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..case import CaseImage
from ..geometry.grids import nearest_axes
from .air import skin_threshold

LEAST_CUT_CM2 = 60.0
"""Tissue lost from one slice to the next where a scan was cut: 210 cm2 and more in eight real patients cut at the orbits or
below; 23 cm2 and less in three that end by themselves. A head's own vertex gives 5 cm2 a mm, 40 cm2 in slices of 8 mm."""
CUT_SLICES = 3
"""A cut may be ragged over so many slices, where a mask was carried from one grid to another."""


def measured_scan(image: CaseImage) -> CaseImage:
    """The image without padding slices beyond a cut; the image itself where there are none.

    Parameters
    ----------
    image : CaseImage
        Slices of one value each, next to its upper or lower end, are padding if the patient does not end before them by himself.

    Returns
    -------
    CaseImage
        The same voxels in the same place (LPS mm), fewer slices.
    """
    axis = nearest_axes(np.array(image.image.GetDirection()).reshape(3, 3))[2]
    slices = np.moveaxis(image.array(), 2 - axis, 0)
    first, last = 0, len(slices) - 1
    while first < last and _is_constant(slices[first]):
        first += 1
    while first < last and _is_constant(slices[last]):
        last -= 1
    low = 0 if first == 0 else _cut(image, slices, axis, first, 1)
    high = len(slices) - 1 if last == len(slices) - 1 else _cut(image, slices, axis, last, -1)
    if (low, high) == (0, len(slices) - 1) or high - low < CUT_SLICES:
        return image
    offset, size = [0, 0, 0], list(image.image.GetSize())
    offset[axis], size[axis] = low, high - low + 1
    return replace(image, image=sitk.RegionOfInterest(image.image, size, offset))


def _is_constant(plane: NDArray[np.generic]) -> bool:
    return bool(plane.min() == plane.max())


def _cut(image: CaseImage, slices: NDArray[np.generic], axis: int, end: int, inwards: int) -> int:
    """The last whole slice before a cut; the grid's own end if the patient ends by himself.

    Parameters
    ----------
    slices : ndarray, shape (slices, height, width)
    axis : int
        Of the image, along which the slices are counted.
    end : int
        The outermost slice that holds more than one value.
    inwards : int
        1 at the lower end of the index, -1 at the upper one.
    """
    spacing = np.delete(np.array(image.image.GetSpacing()), axis)
    near = [place for place in range(end, end + inwards * CUT_SLICES, inwards) if 0 <= place < len(slices)]
    area_cm2 = [np.count_nonzero(slices[place] > skin_threshold(image)) * float(np.prod(spacing)) / 100.0 for place in near]
    lost_cm2 = np.diff([0.0, *area_cm2])
    largest = int(np.argmax(lost_cm2))
    if lost_cm2[largest] >= LEAST_CUT_CM2:
        return near[largest]
    return 0 if inwards > 0 else len(slices) - 1

"""Are the voxels of a written slice, or of a written dose, those of the source, but for the edit?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...geometry.boxes import Patch
from ...readers.dicom.header import Header
from ..written.image_slice import SeriesEdit
from ..written.written_set import WrittenObject

HALF_STEP = 0.501
"""Of a stored step: how far rounding moves a value."""
FLOAT32_RELATIVE = 2.0**-23
"""Measured doses and PET values are float32: so much of a value is their own rounding."""


def slice_faults(
    edit: SeriesEdit, each: WrittenObject, values: NDArray[np.generic], source: Header | Dataset, data: Dataset
) -> list[str]:
    """What is wrong with a written slice.

    Parameters
    ----------
    values : ndarray, shape (slices, rows, columns)
        Gets the slice's values.
    source : Header or pydicom.Dataset
        The object it came from; of a header the pixels are read from the disk.
    data : pydicom.Dataset
        The written object.
    """
    if isinstance(source, Header):
        before, source = edit.stored_of(source), source.dataset
    else:
        before = edit.stored(source, each.source)
    after = edit.stored(data, each.path)
    altered = edit.altered(each.index)
    stored_as = edit.stored_as(source, before, each.index)
    low, high = stored_as.reach(source)
    wanted = np.clip(edit.values(each.index).astype(np.float64), low, high)
    read = edit.read(data, after, stored_as, each.index)
    values[each.index] = np.where(altered, read, edit.original(each.index)).astype(values.dtype)
    faults = []
    if before.dtype != after.dtype or not np.array_equal(before[~altered], after[~altered]):
        faults.append(f"{each.path.name}: a voxel outside the edit is not the source's")
    off = np.abs(read[altered] - wanted[altered]) - 2 * HALF_STEP * stored_as.off_by(wanted[altered])
    if off.max(initial=0.0) > FLOAT32_RELATIVE * max(abs(low), abs(high)):
        faults.append(f"{each.path.name}: a voxel of the edit is not what was measured")
    return faults


def dose_matches(before: NDArray[Any], after: NDArray[Any], patch: Patch, scaling: float) -> bool:
    """The source's integers where the patch changed nothing; elsewhere the patch's dose, to half a step."""
    altered = np.zeros(before.shape, bool)
    altered[patch.box.slices] = (before[patch.box.slices] * scaling).astype(np.float32) != patch.values
    wanted = patch.values[altered[patch.box.slices]].astype(np.float64)
    off = np.abs(after[altered].astype(np.float64) * scaling - wanted)
    allowed = HALF_STEP * scaling + FLOAT32_RELATIVE * np.abs(wanted)
    return bool(np.array_equal(before[~altered], after[~altered]) and (off <= allowed).all())

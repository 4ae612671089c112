"""One slice of a defaced series: the stored integers of the altered voxels are replaced, all else stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import CT, CaseImage
from ...errors import UnusableInput
from ...geometry.boxes import Patch
from ...readers.checks import SHIFTED_NOTE
from ...readers.dicom.header import Header
from ...readers.dicom.modality_map import ModalityMap, holds, modality_map
from ...readers.dicom.padding import padded_voxels
from ...readers.dicom.real_world import real_world_line
from ...readers.dicom.slice_pixels import NEGATIVE
from ...readers.dicom.spacing import between_slices
from ...readers.dicom.stored_pixels import allocated_pixels, limits, put_pixels, read_object, stored_pixels, within_bits
from ...readers.hounsfield_checks import HU_OFFSET


@dataclass(frozen=True)
class EditedSlice:
    """A slice with its new pixels; `altered` tells which, shape (rows, columns); `clamped` how many did not fit the bits."""

    data: Dataset
    altered: NDArray[np.bool_]
    clamped: int


class SeriesEdit:
    """Edits the slices of one image of a case.

    Parameters
    ----------
    image : CaseImage
        As read from DICOM; `sources` are its files in the order of its slices.
    patch : Patch
    """

    def __init__(self, image: CaseImage, patch: Patch) -> None:
        self.image = image
        depth = len(image.array())
        self._planes = image.stored_form.planes or tuple(range(depth))
        if len(image.sources) != len(self._planes):
            raise UnusableInput(f"image {image.key} has {depth} slices but {len(image.sources)} files; it cannot be exported")
        self._values = image.array().copy()
        self._values[patch.box.slices] = patch.values
        self._altered = self._values != image.array()
        self._form = image.stored_form

    def __len__(self) -> int:
        return len(self.image.sources)

    def altered(self, index: int) -> NDArray[np.bool_]:
        """Which voxels of a slice the method changed, shape (rows, columns)."""
        return self._altered[self._planes[index]]

    def values(self, index: int) -> NDArray[Any]:
        """A slice of the defaced image as it was measured, shape (rows, columns)."""
        return self._values[self._planes[index]]

    def original(self, index: int) -> NDArray[Any]:
        """A slice of the image as it was read, shape (rows, columns)."""
        return self.image.array()[self._planes[index]]

    def whole(self, slices: NDArray[np.generic]) -> NDArray[np.generic]:
        """The image's voxels, shape (z, y, x), that a reader makes of its slices."""
        return slices if self.image.stored_form.planes is None else between_slices(slices, self._planes)

    def slice(self, index: int) -> EditedSlice:
        """One slice with its new pixels.

        Raises
        ------
        UnusableInput
            If the file cannot be edited: multi-frame, unknown compression, or values that are not its scaled integers.
        """
        path = self.image.sources[index]
        data = read_object(path)
        stored = self.stored(data, path)
        stored_as = self.stored_as(data, stored, index)
        altered = self.altered(index)
        wanted = stored_as.stored(self.values(index)[altered])
        low, high = limits(data)
        clamped = int(np.count_nonzero((wanted < low) | (wanted > high)))
        edited = stored.copy()
        edited[altered] = np.clip(wanted, low, high).astype(stored.dtype)
        self._fill_as_around(edited, data, stored, index)
        put_pixels(data, edited, self._form.bits_below)
        return EditedSlice(data, altered, clamped)

    def stored(self, data: Dataset, path: Path) -> NDArray[np.integer]:
        """The stored integers of one of the series' slices, or of its defaced copy."""
        return stored_pixels(data, path, self._form.bits_below)

    def stored_of(self, source: Header) -> NDArray[np.integer]:
        """The stored integers of one of the series' slices whose header is known: its pixels are read, not parsed again."""
        return within_bits(allocated_pixels(source), source.dataset, self._form.bits_below)

    def stored_as(self, data: Dataset, stored: NDArray[np.integer], index: int) -> ModalityMap:
        """How this slice's integers become the image's values, proven on the slice itself; padding stands for air."""
        path = self.image.sources[index]
        shift = self._shift
        stored_as = real_world_line(data) if self._form.real_world else modality_map(data, path.name)
        if self._form.inverted and str(data.get("PhotometricInterpretation") or "").upper() == NEGATIVE:
            stored_as = stored_as.inverted(data)
        stored_as = stored_as.scaled(self._form.factor, shift)
        original = self.original(index)
        known = ~self._padding(data, stored, original)
        if not holds(stored_as, stored[known], original[known]):
            raise UnusableInput(
                f"{path.name}: its values are not its stored integers as its header scales them; it cannot be edited without loss"
            )
        return stored_as

    def read(self, data: Dataset, stored: NDArray[np.integer], stored_as: ModalityMap, index: int) -> NDArray[np.floating]:
        """The values of a slice that was written, shape (rows, columns); padding that stands for air of the edit is air."""
        values = stored_as.values(stored)
        padded = self._padding(data, stored, self.values(index))
        return np.where(padded, self.values(index), values)

    @property
    def _shift(self) -> float:
        return HU_OFFSET if self.image.modality == CT and SHIFTED_NOTE in self.image.notes else 0

    def _padding(self, data: Dataset, stored: NDArray[np.integer], values: NDArray[Any]) -> NDArray[np.bool_]:
        """Which padded voxels have the value of air that padding is given when a slice is read, shape (rows, columns)."""
        padded = None if self._form.padding is None else padded_voxels(data, stored, stored)
        if padded is None or self._form.padding is None:
            return np.zeros(stored.shape, bool)
        return np.asarray(padded & (values == np.float32(self._form.padding - self._shift)))

    def _fill_as_around(self, edited: NDArray[np.integer], data: Dataset, stored: NDArray[np.integer], index: int) -> None:
        """Store air of the edit as padding is stored, in place: two numbers for one air would draw the skin of a padded head."""
        padding = self._padding(data, stored, self.original(index))
        if padding.any() and self._form.padding is not None:
            numbers, counts = np.unique(stored[padding], return_counts=True)
            air = np.float32(self._form.padding - self._shift)
            edited[self.altered(index) & (self.values(index) == air)] = numbers[counts.argmax()]


def exported_image(image: CaseImage, patch: Patch) -> sitk.Image:
    """The defaced image as a reader finds it: interpolated anew between its edited slices where their spacing changes."""
    planned = patch.whole(image.image)
    planes = image.stored_form.planes
    if planes is None:
        return planned
    exported = sitk.GetImageFromArray(between_slices(sitk.GetArrayViewFromImage(planned)[list(planes)], planes))
    exported.CopyInformation(planned)
    return exported

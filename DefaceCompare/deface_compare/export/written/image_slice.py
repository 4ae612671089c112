"""One slice of a defaced series: the stored integers of the altered voxels are replaced, all else stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import CT, PET, CaseImage
from ...errors import UnusableInput
from ...geometry.boxes import Patch
from ...readers.checks import HU_OFFSET, SHIFTED_NOTE
from ...readers.dicom.header import Header
from ...readers.dicom.suv import pet_scale
from .stored_pixels import Line, limits, put_pixels, stored_pixels


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
        if len(image.sources) != depth:
            raise UnusableInput(f"image {image.key} has {depth} slices but {len(image.sources)} files; it cannot be exported")
        self._values = image.array().copy()
        self._values[patch.box.slices] = patch.values
        self._altered = self._values != image.array()
        self._factor = self._pet_factor()

    def __len__(self) -> int:
        return len(self.image.sources)

    def altered(self, index: int) -> NDArray[np.bool_]:
        """Which voxels of a slice the method changed, shape (rows, columns)."""
        return self._altered[index]

    def values(self, index: int) -> NDArray[Any]:
        """A slice of the defaced image as it was measured, shape (rows, columns)."""
        return self._values[index]

    def slice(self, index: int) -> EditedSlice:
        """One slice with its new pixels.

        Raises
        ------
        UnusableInput
            If the file cannot be edited: multi-frame, unknown compression, or values that are not its scaled integers.
        """
        path = self.image.sources[index]
        data = read_object(path)
        stored = stored_pixels(data, path)
        line = self.line(data, stored, index)
        altered = self._altered[index]
        wanted = np.rint((self._values[index][altered] - line.intercept) / line.slope)
        low, high = limits(data)
        clamped = int(np.count_nonzero((wanted < low) | (wanted > high)))
        edited = stored.copy()
        edited[altered] = np.clip(wanted, low, high).astype(stored.dtype)
        put_pixels(data, edited)
        return EditedSlice(data, altered, clamped)

    def line(self, data: Dataset, stored: NDArray[np.integer], index: int) -> Line:
        """How this slice's integers become the image's values, proven on the slice itself."""
        slope, intercept = float(data.get("RescaleSlope") or 1), float(data.get("RescaleIntercept") or 0)
        shift = HU_OFFSET if self.image.modality == CT and SHIFTED_NOTE in self.image.notes else 0
        original = self.image.array()[index]
        for line in (Line(slope * self._factor, intercept * self._factor - shift), Line(1.0, -float(shift))):
            if line.slope and line.holds(stored, original):
                return line
        raise UnusableInput(
            f"{self.image.sources[index].name}: its values are not its stored integers times slope plus intercept;"
            " it cannot be edited without loss"
        )

    def _pet_factor(self) -> float:
        if self.image.modality != PET:
            return 1.0
        return pet_scale([Header(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in self.image.sources]).factor


def read_object(path: Path) -> Dataset:
    """A whole DICOM object.

    Raises
    ------
    UnusableInput
        If it is damaged.
    """
    try:
        return pydicom.dcmread(path)
    except Exception as error:  # pydicom raises many types on damaged files: EOFError, ValueError, struct.error, KeyError
        raise UnusableInput(f"{path.name} is a damaged or truncated DICOM file; export it again") from error

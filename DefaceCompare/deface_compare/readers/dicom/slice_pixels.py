"""One slice between its file and its series: stored integers, what they stand for, padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from .header import Header
from .modality_map import ModalityMap

NEGATIVE, GREY, PALETTE = "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"
"""PhotometricInterpretation of pictures that are shown with their smallest values white, with their largest, and in colours."""


@dataclass
class SlicePixels:
    """The stored integers of one slice, what they stand for, and which of them are padding."""

    header: Header
    stored: NDArray[np.integer]
    stored_as: ModalityMap
    padded: NDArray[np.bool_] | None

    @property
    def data(self) -> Dataset:
        """The slice's header."""
        return self.header.dataset

    @property
    def is_negative(self) -> bool:
        """Whether the header marks it as a picture whose smallest values are white."""
        return self.header.text("PhotometricInterpretation").upper() == NEGATIVE

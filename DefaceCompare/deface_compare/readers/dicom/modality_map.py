"""What the stored integers of a slice stand for: slope and intercept, or a modality lookup table (DICOM PS3.3 C.11.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...errors import UnusableInput
from .stored_pixels import limits

RELATIVE_TOLERANCE = 2e-6
"""Values are float32 after reading (24 bits), twice multiplied."""
STEPS = (1e-15, 1e15)
"""A slope lies between: what is beyond leaves float32 when it is squared (see `readers.checks.LARGEST_VALUE`)."""
FLOAT_STEPS = 2.0**24
"""Numbers that float32 tells apart: a larger intercept swallows the slope."""
MOST_TABLE_BITS = 16
"""A modality lookup table has 65,536 entries at most."""


@dataclass(frozen=True)
class Line:
    """``value = slope * stored + intercept``."""

    slope: float
    intercept: float

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        return self.slope.is_integer() and self.intercept.is_integer()

    def values(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """The values that stored integers stand for."""
        return self.slope * stored.astype(np.float64) + self.intercept

    def stored(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The whole numbers whose values are nearest; they may lie beyond the stored bits."""
        return np.rint((values - self.intercept) / self.slope)

    def off_by(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """How far the nearest value that can be stored may lie from each of some values."""
        return np.full(np.shape(values), abs(self.slope) / 2)

    def reach(self, data: Dataset) -> tuple[float, float]:
        """Least and largest value that the bits of a slice can hold."""
        low, high = sorted(self.slope * limit + self.intercept for limit in limits(data))
        return low, high

    def scaled(self, factor: float, shift: float = 0.0) -> Line:
        """Every value times a factor, less a shift."""
        return Line(self.slope * factor, self.intercept * factor - shift)

    def inverted(self, data: Dataset) -> Line:
        """The same with the stored integers counted from the other end of their bits."""
        return Line(-self.slope, self.slope * sum(limits(data)) + self.intercept)


@dataclass(frozen=True)
class Table:
    """A value for every integer that the bits of a slice can hold, from `least` on."""

    least: int
    entries: NDArray[np.float64]

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        return bool((self.entries == np.rint(self.entries)).all())

    def values(self, stored: NDArray[Any]) -> NDArray[np.float64]:
        """The values that stored integers stand for."""
        return self.entries[stored.astype(np.int64) - self.least]

    def stored(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The integers whose values are nearest; the least of those with one value."""
        known, first = np.unique(self.entries, return_index=True)
        right = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
        left = np.maximum(right - 1, 0)
        nearest = np.where(np.abs(known[left] - values) <= np.abs(known[right] - values), left, right)
        return (first[nearest] + self.least).astype(np.float64)

    def off_by(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """How far the nearest value that can be stored lies from each of some values."""
        return np.abs(self.values(self.stored(values)) - values)

    def reach(self, data: Dataset) -> tuple[float, float]:
        """Least and largest value of the table."""
        return float(self.entries.min()), float(self.entries.max())

    def scaled(self, factor: float, shift: float = 0.0) -> Table:
        """Every value times a factor, less a shift."""
        return replace(self, entries=self.entries * factor - shift)

    def inverted(self, data: Dataset) -> Table:
        """The same with the stored integers counted from the other end of their bits."""
        return replace(self, entries=self.entries[::-1])


ModalityMap = Line | Table


def holds(stored_as: ModalityMap, stored: NDArray[Any], values: NDArray[Any]) -> bool:
    """Whether values are those of the stored integers (within the precision of float32)."""
    expected = stored_as.values(stored)
    steps = (abs(stored_as.intercept), abs(stored_as.slope)) if isinstance(stored_as, Line) else (0.0, 0.0)
    size = max(float(np.abs(expected).max(initial=0.0)), *steps)
    return bool(np.abs(expected - values).max(initial=0.0) <= RELATIVE_TOLERANCE * size)


def modality_map(data: Dataset, name: str) -> ModalityMap:
    """What the stored integers of a slice stand for; a lookup table wins over slope and intercept.

    Raises
    ------
    UnusableInput
        If slope or intercept make no values that can be told apart (a slope of 0 or 1e300), or the table is none; the sentence
        names the file.
    """
    if data.get("ModalityLUTSequence"):
        return _table(data, name)
    slope, intercept = _number(data, "RescaleSlope", 1.0), _number(data, "RescaleIntercept", 0.0)
    usable = math.isfinite(intercept) and STEPS[0] <= abs(slope) <= STEPS[1] and abs(intercept) <= FLOAT_STEPS * abs(slope)
    if not usable:
        raise UnusableInput(
            f"{name} has no usable slope (RescaleSlope {slope:g}, RescaleIntercept {intercept:g}); export it again"
        )
    return Line(slope, intercept)


def _number(data: Dataset, keyword: str, absent: float) -> float:
    value = data.get(keyword)
    return absent if value is None or value == "" else float(value)


def _table(data: Dataset, name: str) -> Table:
    item = data.ModalityLUTSequence[0]
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count = count or 1 << 16
    if int(data.BitsStored) > MOST_TABLE_BITS:
        raise UnusableInput(f"{name} has a modality lookup table for more than {MOST_TABLE_BITS} bits; export it again")
    low, high = limits(data)
    if first > high or first < low - count:  # written with the other sign
        first += (1 << 16) * (1 if first < low else -1)
    words = _words(item.LUTData, count, big_endian=data.file_meta.TransferSyntaxUID.is_little_endian is False)
    if len(words) < count or not 0 < bits <= MOST_TABLE_BITS:
        raise UnusableInput(f"{name} has a damaged modality lookup table; export it again")
    return Table(low, words[np.clip(np.arange(low, high + 1) - first, 0, count - 1)].astype(np.float64))


def _words(content: Any, count: int, *, big_endian: bool) -> NDArray[np.integer]:
    """The entries of a table: 16 bits each, or 8 where the data are only so long."""
    if isinstance(content, bytes):
        whole = len(content) >= 2 * count
        return np.frombuffer(content, (">u2" if big_endian else "<u2") if whole else "u1")
    words = np.atleast_1d(np.asarray(content, np.int64)) & 0xFFFF
    return words if len(words) >= count else words.astype("<u2").view("u1")

"""The stored integers of one DICOM slice: read without any scaling, edited, written back as they were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian

from ...errors import UnusableInput
from ...native_names import native_name

RELATIVE_TOLERANCE = 2e-6
"""Values are float32 after reading (24 bits), twice multiplied."""
WHOLE_TOLERANCE = 1e-6
"""A decoded and unscaled value must be this near to a whole number."""


@dataclass(frozen=True)
class Line:
    """From stored integers to the values of a `CaseImage`: ``value = slope * stored + intercept``."""

    slope: float
    intercept: float

    def values(self, stored: NDArray[np.generic]) -> NDArray[np.float64]:
        """The values that stored integers stand for."""
        return self.slope * stored.astype(np.float64) + self.intercept

    def holds(self, stored: NDArray[Any], values: NDArray[Any]) -> bool:
        """Whether values are those of the stored integers (within the precision of float32)."""
        expected = self.values(stored)
        size = max(abs(self.intercept), float(np.abs(expected).max(initial=0.0)), abs(self.slope))
        return bool(np.abs(expected - values).max(initial=0.0) <= RELATIVE_TOLERANCE * size)


def stored_pixels(data: Dataset, path: Path) -> NDArray[np.integer]:
    """The stored integers of a single-frame grey image, shape (rows, columns), in the least type of its allocated bits.

    Bits beyond BitsStored (old overlays lie there) are not part of it.

    Raises
    ------
    UnusableInput
        If the file cannot be decoded, or is no single-frame grey image of 8, 16 or 32 bits.
    """
    _check(data, path.name)
    syntax = UID(str(data.file_meta.TransferSyntaxUID))
    raw = _decoded(data, path) if syntax.is_compressed and syntax.is_encapsulated else _uncompressed(data, syntax, path.name)
    return _within_bits(raw, int(data.BitsStored), bool(data.PixelRepresentation))


def put_pixels(data: Dataset, stored: NDArray[np.integer]) -> None:
    """Set a dataset's pixels, explicit little endian; geometry, bits and signedness stay."""
    content = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if int(data.BitsAllocated) == 8 else "OW"


def limits(data: Dataset) -> tuple[int, int]:
    """Least and largest integer that BitsStored and PixelRepresentation allow."""
    bits = int(data.BitsStored)
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if int(data.PixelRepresentation) else (0, (1 << bits) - 1)


def _check(data: Dataset, name: str) -> None:
    numbers = {key: data.get(key) for key in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")}
    try:
        known = {key: int(str(value)) for key, value in numbers.items()}
    except ValueError as error:
        raise UnusableInput(f"{name} does not describe its pixels; export it again from its archive") from error
    if int(data.get("NumberOfFrames") or 1) != 1:
        raise UnusableInput(f"{name} is a multi-frame image; convert the series to single-frame images first")
    if int(data.get("SamplesPerPixel") or 1) != 1 or known["BitsAllocated"] not in (8, 16, 32):
        raise UnusableInput(f"{name} is not a grey image of 8, 16 or 32 bits")
    if not 0 < known["BitsStored"] <= known["BitsAllocated"] or known["HighBit"] != known["BitsStored"] - 1:
        raise UnusableInput(f"{name} stores its pixels in unusual bits (HighBit {known['HighBit']}); convert it first")
    if known["PixelRepresentation"] not in (0, 1) or "PixelData" not in data:
        raise UnusableInput(f"{name} has no pixels that can be edited")


def _kind(data: Dataset) -> np.dtype:
    return np.dtype(f"{'i' if int(data.PixelRepresentation) else 'u'}{int(data.BitsAllocated) // 8}")


def _uncompressed(data: Dataset, syntax: UID, name: str) -> NDArray[np.integer]:
    rows, columns, kind = int(data.Rows), int(data.Columns), _kind(data)
    wanted = rows * columns * kind.itemsize
    content = data.PixelData
    if not isinstance(content, bytes) or len(content) < wanted:
        raise UnusableInput(f"{name} holds fewer pixels than it says; export it again from its archive")
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    return np.frombuffer(content[:wanted], np.dtype(order + kind.str[1:])).reshape(rows, columns).astype(kind)


def _decoded(data: Dataset, path: Path) -> NDArray[np.integer]:
    """Compressed pixels by pydicom's decoders, else by those of SimpleITK, which reads more kinds."""
    try:
        found = data.pixel_array
    except Exception:  # pydicom raises many types: no plugin, damaged stream, unknown syntax; SimpleITK decides
        return _decoded_by_itk(data, path)
    return np.asarray(found).astype(_kind(data))


def _decoded_by_itk(data: Dataset, path: Path) -> NDArray[np.integer]:
    unreadable = f"{path.name} cannot be decoded; a file is damaged or its compression is unknown"
    try:
        image = sitk.ReadImage(native_name(path), sitk.sitkFloat64)
    except RuntimeError as error:
        raise UnusableInput(unreadable) from error
    values = sitk.GetArrayFromImage(image).reshape(int(data.Rows), int(data.Columns))
    slope, intercept = float(data.get("RescaleSlope") or 1), float(data.get("RescaleIntercept") or 0)
    stored = (values - intercept) / slope
    whole = np.rint(stored)
    if np.abs(stored - whole).max() > WHOLE_TOLERANCE * max(1.0, float(np.abs(whole).max())):
        raise UnusableInput(
            f"{path.name} is compressed in a way that does not give back its stored integers; decompress it first"
        )
    low, high = limits(data)
    if whole.min() < low or whole.max() > high:
        raise UnusableInput(unreadable)
    return whole.astype(_kind(data))


def _within_bits(raw: NDArray[np.integer], bits: int, signed: bool) -> NDArray[np.integer]:
    unused = raw.dtype.itemsize * 8 - bits
    if not unused:
        return raw
    unsigned = raw.view(raw.dtype.str.replace("i", "u"))
    lifted = np.left_shift(unsigned, unused)
    return np.right_shift(lifted.view(raw.dtype) if signed else lifted, unused)

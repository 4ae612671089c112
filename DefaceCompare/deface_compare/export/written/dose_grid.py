"""The dose grid of a defaced patient: as it was, or edited in its stored integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from ...case import Dose
from ...errors import UnusableInput
from ...geometry.boxes import Patch
from ...readers.dicom.modality_map import RELATIVE_TOLERANCE
from ...readers.dicom.stored_pixels import read_object
from ...settings import FOLLOW, MASK

COMMENTS = {
    MASK: "defaced: 0 Gy where the image was removed",
    FOLLOW: "defaced: synthetic near the face, as the image",
}
"""What DoseComment says of an edited grid."""
LONGEST_LO = 64


def edited_dose(path: Path, dose: Dose, patch: Patch, policy: str) -> Dataset:
    """One RTDOSE file with the patch written into its stored integers; scaling, geometry and all other voxels stay.

    Raises
    ------
    UnusableInput
        If the dose is a sum of files or was interpolated when read: its grid is then none of a file.
    """
    data = read_object(path)
    stored = stored_dose(data, path.name)
    order = read_order(data)
    scaling = float(data.DoseGridScaling)
    original = sitk.GetArrayViewFromImage(dose.image)
    seen = stored[::order]
    if len(dose.sources) != 1 or seen.shape != original.shape or not _same(seen * scaling, original):
        raise UnusableInput(
            f"the dose {path.name} is not the grid of one file (a sum, or uneven frames); export it with --dose-policy keep"
        )
    altered = original[patch.box.slices] != patch.values
    edited = seen.copy()
    box = edited[patch.box.slices]
    limits = np.iinfo(stored.dtype)
    box[altered] = np.clip(np.rint(patch.values[altered].astype(np.float64) / scaling), limits.min, limits.max)
    put_dose(data, edited[::order])
    data.DoseComment = "; ".join(filter(None, [COMMENTS[policy], str(data.get("DoseComment") or "")]))[:LONGEST_LO].rstrip()
    if "DVHSequence" in data:
        del data.DVHSequence  # of the grid as it was
    return data


def stored_dose(data: Dataset, name: str) -> NDArray[np.integer]:
    """The stored integers of a dose grid, shape (frames, rows, columns)."""
    try:
        stored = data.pixel_array
    except Exception as error:  # pydicom's decoders raise many types on damaged or unknown pixels
        raise UnusableInput(f"dose {name} cannot be decoded; the file is damaged or its compression is unknown") from error
    return np.asarray(stored)


def grid_bytes(data: Dataset) -> bytes:
    """The stored bytes of a grid, without what may follow its last voxel; compressed ones as they are, big endian turned."""
    content: bytes = data.PixelData
    if data.file_meta.get("TransferSyntaxUID") == ExplicitVRBigEndian:
        stored = stored_dose(data, "grid")
        return np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    if data["PixelData"].is_undefined_length:
        return content
    voxels = int(data.get("NumberOfFrames") or 1) * int(data.Rows) * int(data.Columns)
    size = voxels * int(data.BitsAllocated) // 8
    return content[: size + size % 2]


def read_order(data: Dataset) -> int:
    """1, or -1 where the reader turns the frames round so that they increase along the normal."""
    offsets = [float(value) for value in data.GridFrameOffsetVector]
    row, column = np.array([float(v) for v in data.ImageOrientationPatient]).reshape(2, 3)
    along = np.sign(np.cross(row, column)[2]) if offsets[0] != 0 else 1.0
    return -1 if (offsets[-1] - offsets[0]) * (along or 1.0) < 0 else 1


def put_dose(data: Dataset, stored: NDArray[np.integer]) -> None:
    """Set a dose's pixels, explicit little endian."""
    data.PixelData = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    data["PixelData"].VR = "OW"


def _same(values: NDArray[Any], original: NDArray[Any]) -> bool:
    largest = max(float(np.abs(values).max(initial=0.0)), 1e-9)
    return bool(np.abs(values - original).max(initial=0.0) <= RELATIVE_TOLERANCE * largest)

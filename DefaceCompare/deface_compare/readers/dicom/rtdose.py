"""RTDOSE: one grid of dose, in Gy or relative to a value of the file's own, on an even, increasing grid."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from ...errors import NotAvailable, UnusableInput
from .dicom_file import read_file
from .header import MOST_MM, Header, naming_file, whole_number

GY, RELATIVE = "GY", "RELATIVE"
PHYSICAL, EFFECTIVE, DIFFERENCE = "PHYSICAL", "EFFECTIVE", "ERROR"
"""DoseType (PS3.3 C.8.8.3)."""
SCALINGS = (1e-15, 1e15)
"""DoseGridScaling lies between: 32 bits times it, squared, are within float32."""
BEGIN_TOLERANCE_MM = 0.1
"""How far the first frame offset may be from 0, or from the grid's own position: headers round to 0.1 mm at worst."""
LEAST_APART_MM = 0.1
"""Frames nearer than this are none of a dose: grids are 1 mm fine, 0.5 mm in radiosurgery. Uneven ones would fill the memory."""
OFFSET_TOLERANCE_MM = 0.01
"""Frame offsets further from even spacing than this are uneven."""


@naming_file
def read_dose_grid(header: Header) -> tuple[sitk.Image, tuple[str, ...]]:
    """Read one RTDOSE as float32 in its own unit (Gy, or relative), shape (x, y, z) in LPS, with notes.

    Raises
    ------
    NotAvailable
        If the dose is not a 3-D grid of dose; the sentence names the file.
    UnusableInput
        If the file is damaged.
    """
    name = header.path.name
    units = header.text("DoseUnits").upper()
    if units not in (GY, RELATIVE):
        raise NotAvailable(f"dose {name} is in unit {units or 'not stated'}, neither GY nor RELATIVE, and was not used")
    kind = header.text("DoseType").upper()
    if kind == DIFFERENCE:
        raise NotAvailable(f"dose {name} is a dose difference (DoseType {DIFFERENCE}) and was not used")
    if kind not in ("", PHYSICAL, EFFECTIVE):
        raise NotAvailable(f"dose {name} is of a type that no dose has (DoseType {kind}) and was not used")
    values_gy = _values_gy(header)
    offsets = _offsets_mm(header, len(values_gy))
    notes: tuple[str, ...] = ()
    if units == RELATIVE:
        notes += (f"dose {name} is relative to a value that the file does not tell: its numbers are no Gy",)
    if kind == EFFECTIVE:
        notes += (f"dose {name} is effective dose, read as Gy",)
    row, column = np.array(header.numbers("ImageOrientationPatient", 6)).reshape(2, 3)
    normal = np.cross(row, column)
    origin = np.array(header.numbers("ImagePositionPatient", 3))
    if offsets[-1] < offsets[0]:
        values_gy, offsets = values_gy[::-1], offsets[::-1]
    spacing = float(np.diff(offsets).min())
    if spacing <= 0:
        raise UnusableInput(f"dose {name} has frames out of order (GridFrameOffsetVector); export it again")
    if not LEAST_APART_MM <= spacing <= MOST_MM:
        raise NotAvailable(
            f"dose {name} has frames {spacing:.3g} mm apart (GridFrameOffsetVector), as no dose has, and was not used"
        )
    if np.abs(np.diff(offsets) - np.diff(offsets).mean()).max() > OFFSET_TOLERANCE_MM:
        values_gy, offsets = _even(values_gy, offsets, spacing)
        notes += (f"dose {name} has uneven frames; interpolated to {spacing:g} mm",)
    row_mm, column_mm = header.numbers("PixelSpacing", 2)
    image = sitk.GetImageFromArray(np.ascontiguousarray(values_gy, dtype=np.float32))
    image.SetSpacing((column_mm, row_mm, float(np.diff(offsets).mean())))
    image.SetOrigin((origin + normal * offsets[0]).tolist())
    image.SetDirection(np.stack([row, column, normal], axis=1).ravel().tolist())
    return image, notes


def _values_gy(header: Header) -> NDArray[np.float64]:
    name = header.path.name
    stated = header.text("DoseGridScaling")
    scaling = float(stated or 0)
    if not SCALINGS[0] <= scaling <= SCALINGS[1]:
        what = f"a DoseGridScaling of {stated}" if stated else "no DoseGridScaling"
        raise NotAvailable(f"dose {name} has {what} and was not used")
    bits, high_bit = (whole_number(header.dataset, keyword) for keyword in ("BitsStored", "HighBit"))
    if bits is not None and high_bit is not None and high_bit != bits - 1:
        raise NotAvailable(f"dose {name} states a HighBit that no dose has ({high_bit} of {bits} bits) and was not used")
    try:
        data = read_file(header.path).data
        contradiction = _pixel_contradiction(data)
        stored = None if contradiction else data.pixel_array
    except Exception as error:  # pydicom's decoders raise many types on damaged or unknown pixels
        raise UnusableInput(f"dose {name} cannot be decoded; the file is damaged or its compression is unknown") from error
    if stored is None:
        raise NotAvailable(f"dose {name} {contradiction} and was not used")
    if stored.ndim != 3 or min(stored.shape) < 2:
        raise NotAvailable(f"dose {name} is not a 3-D grid and was not used")
    return stored.astype(np.float64) * scaling


def _pixel_contradiction(data: Dataset) -> str:
    """How the pixels of a dose contradict what its header says of them, ``""`` if they do not or are compressed."""
    syntax, allocated = UID(str(data.file_meta.TransferSyntaxUID)), int(data.BitsAllocated)
    if syntax.is_encapsulated:
        return ""
    row, column = (int(number) * allocated // 8 for number in (data.Columns, data.Rows))
    frame, frames = row * int(data.Rows), int(data.get("NumberOfFrames") or 1)
    beyond = len(data.PixelData) - frame * frames
    each, rest = divmod(beyond, frames)
    if beyond > 0 and (beyond % frame == 0 or (rest == 0 and 0 in (each % row, each % column))):  # else it is padding
        return "holds more pixels than its header says"
    bits = int(data.BitsStored)
    words = np.frombuffer(data.PixelData, f"{'<' if syntax.is_little_endian else '>'}u{allocated // 8}")
    lost = not int(data.PixelRepresentation) and bits < allocated and int(words.max()) >> bits
    return f"holds numbers beyond its {bits} stored bits" if lost else ""


def _offsets_mm(header: Header, frames: int) -> NDArray[np.float64]:
    """Frame positions along the normal, relative to ImagePositionPatient.

    Offsets that begin with 0 are relative; others are coordinates (PS3.3 C.8.8.3.2), whose sign follows the normal.

    Raises
    ------
    NotAvailable
        If they are neither: nothing tells then where the frames lie.
    """
    offsets = np.array(header.numbers("GridFrameOffsetVector", frames))
    if abs(offsets[0]) <= BEGIN_TOLERANCE_MM:
        return offsets
    if abs(offsets[0] - header.numbers("ImagePositionPatient", 3)[2]) > BEGIN_TOLERANCE_MM:
        raise NotAvailable(
            f"dose {header.path.name} has frame offsets that begin neither with 0 nor at its own position (first"
            f" {offsets[0]:g} mm): nothing tells where its frames lie, and it was not used"
        )
    row, column = np.array(header.numbers("ImageOrientationPatient", 6)).reshape(2, 3)
    normal_z = float(np.cross(row, column)[2])
    if abs(abs(normal_z) - 1) > 1e-4:
        raise UnusableInput(f"dose {header.path.name} has absolute frame offsets on an oblique grid; export it again")
    return (offsets - header.numbers("ImagePositionPatient", 3)[2]) * np.sign(normal_z)


def _even(
    values: NDArray[np.float64], offsets: NDArray[np.float64], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = int(np.floor((offsets[-1] - offsets[0]) / spacing + 1e-6)) + 1
    wanted = offsets[0] + spacing * np.arange(count)
    upper = np.clip(np.searchsorted(offsets, wanted, side="right"), 1, len(offsets) - 1)
    weight = ((wanted - offsets[upper - 1]) / (offsets[upper] - offsets[upper - 1]))[:, None, None]
    return values[upper - 1] * (1 - weight) + values[upper] * weight, wanted

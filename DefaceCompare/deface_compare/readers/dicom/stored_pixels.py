"""The stored integers of one DICOM slice: read without any scaling, written back as they were."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, SecondaryCaptureImageStorage, generate_uid

from ...errors import UnusableInput
from ...storage.native_names import native_name
from .dicom_file import read_file
from .header import Header, naming_file, value_of
from .whole_file import PIXEL_DATA, UNDEFINED_LENGTH

DESCRIBED = ("SamplesPerPixel", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
"""What tells how a grey image's bytes become integers."""
PIXEL_VRS = (b"OB", b"OW", b"UN")
"""Kinds of PixelData in explicit files; all have their length in the last four of twelve bytes."""
OVERLAY_GROUPS = range(0x6000, 0x6100, 2)
"""Groups of overlays (PS3.5 section 7.6), whose planes older files keep in the unused bits."""


def read_object(path: Path, raw: bytes | None = None) -> Dataset:
    """A whole DICOM object; of its file's bytes where they are at hand.

    Raises
    ------
    UnusableInput
        If it is damaged.
    """
    try:
        return read_file(path, raw=raw).data
    except Exception as error:  # pydicom raises many types on damaged files: EOFError, ValueError, struct.error, KeyError
        raise UnusableInput(f"{path.name} is a damaged or truncated DICOM file; export it again") from error


def allocated_pixels_of(headers: Sequence[Header]) -> list[NDArray[np.integer]]:
    """`allocated_pixels` of all slices of a series; compressed ones are decoded together, which is faster."""
    return _decoded_together(headers) or [allocated_pixels(header) for header in headers]


@naming_file
def allocated_pixels(header: Header) -> NDArray[np.integer]:
    """The integers of a single-frame grey image in all its allocated bits, shape (rows, columns).

    Raises
    ------
    UnusableInput
        If the file cannot be decoded, or is no single-frame grey image of 8, 16 or 32 bits.
    """
    _check(header.dataset, header.path.name)
    found = _plain_pixels(header)
    return _allocated(read_object(header.path), header.path) if found is None else found


def _plain_pixels(header: Header) -> NDArray[np.integer] | None:
    """Pixels that stand in the file as they are, where its header ends: parsing it again would take longer than reading them."""
    data = header.dataset
    wanted = int(data.Rows) * int(data.Columns) * _kind(data).itemsize
    with header.path.open("rb") as stream:
        length = _plain_length(header, stream)
        content = stream.read(wanted) if length is not None and length >= wanted else b""
    order = "<" if UID(str(data.file_meta.get("TransferSyntaxUID") or "")).is_little_endian else ">"
    return _from_bytes(content, data, order) if len(content) == wanted else None


def _plain_length(header: Header, stream: BinaryIO) -> int | None:
    """How many bytes of pixels follow in a file, where they stand as they are; `stream` then stands at the first one."""
    syntax = UID(str(header.dataset.file_meta.get("TransferSyntaxUID") or ""))
    if not header.pixels_at or not syntax.is_transfer_syntax or syntax.is_compressed or syntax.is_deflated:
        return None
    order = "<" if syntax.is_little_endian else ">"
    stream.seek(header.pixels_at)
    head = stream.read(8 if syntax.is_implicit_VR else 12)
    if len(head) < 8 or struct.unpack(order + "HH", head[:4]) != PIXEL_DATA:
        return None
    if not syntax.is_implicit_VR and head[4:6] not in PIXEL_VRS:
        return None  # of other kinds the length stands elsewhere
    (length,) = struct.unpack(order + "I", head[-4:])
    return int(length) if length < UNDEFINED_LENGTH else None


@naming_file
def is_longer_than_stated(header: Header) -> bool:
    """Whether a slice's file holds a row or more after the pixels that its header tells; less is padding."""
    data = header.dataset
    row = int(data.Columns) * _kind(data).itemsize
    if header.path.stat().st_size - (header.pixels_at or 0) < (int(data.Rows) + 1) * row:
        return False  # nearly all files: not opened once more
    with header.path.open("rb") as stream:
        length = _plain_length(header, stream)
    return length is not None and length - int(data.Rows) * row >= row


def _allocated(data: Dataset, path: Path) -> NDArray[np.integer]:
    _check(data, path.name)
    if "PixelData" not in data:
        raise UnusableInput(f"{path.name} has no pixels that can be read")
    if _is_compressed(data):
        return _decoded(data, path)
    return _uncompressed(data, UID(str(data.file_meta.TransferSyntaxUID)), path.name)


def _is_compressed(data: Dataset) -> bool:
    syntax = UID(str(data.file_meta.get("TransferSyntaxUID") or ""))
    return syntax.is_transfer_syntax and syntax.is_compressed and syntax.is_encapsulated


def stored_pixels(data: Dataset, path: Path, bits_below: int = 0) -> NDArray[np.integer]:
    """The stored integers of a single-frame grey image, shape (rows, columns), in the least type of its allocated bits.

    Bits beyond BitsStored (old overlays lie there) are not part of it.

    Parameters
    ----------
    bits_below : int
        How many unused bits lie below the stored ones (`StoredForm`).

    Raises
    ------
    UnusableInput
        If the file cannot be decoded, or is no single-frame grey image of 8, 16 or 32 bits.
    """
    return within_bits(_allocated(data, path), data, bits_below)


def put_pixels(data: Dataset, stored: NDArray[np.integer], bits_below: int = 0) -> None:
    """Set a dataset's pixels, explicit little endian; geometry, bits and signedness stay."""
    lifted = np.left_shift(stored, bits_below) if bits_below else stored
    content = np.ascontiguousarray(lifted, dtype=stored.dtype.newbyteorder("<")).tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if int(data.BitsAllocated) == 8 else "OW"


def limits(data: Dataset) -> tuple[int, int]:
    """Least and largest integer that BitsStored and PixelRepresentation allow."""
    bits = int(data.BitsStored)
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if int(data.PixelRepresentation) else (0, (1 << bits) - 1)


def within_bits(allocated: NDArray[np.integer], data: Dataset, bits_below: int) -> NDArray[np.integer]:
    """The stored bits of allocated integers, signed as the header says; `bits_below` unused ones lie below them."""
    unused = allocated.dtype.itemsize * 8 - int(data.BitsStored)
    if not unused:
        return allocated
    unsigned = allocated.view(allocated.dtype.str.replace("i", "u"))
    lifted = np.left_shift(unsigned, unused - bits_below)
    return np.right_shift(lifted.view(allocated.dtype) if int(data.PixelRepresentation) else lifted, unused)


def stated_bits_below(data: Dataset) -> int:
    """How many unused bits lie below the stored ones by HighBit (DICOM allows none since 2014)."""
    return int(data.HighBit) + 1 - int(data.BitsStored)


def fitting_bits_below(allocated: NDArray[np.integer], data: Dataset) -> set[int]:
    """Which places of the stored bits an image's integers allow: none below, or as many as HighBit says.

    What lies below must be 0; what lies above must be 0, or the sign.
    """
    below = stated_bits_below(data)
    mask = allocated.view(allocated.dtype.str.replace("i", "u")) & ((1 << below) - 1)
    places = {below} if not mask.any() else set()
    return places | {0} if np.array_equal(within_bits(allocated, data, 0), allocated) else places


def lost_bits(allocated: NDArray[np.integer], data: Dataset, padded: NDArray[np.bool_] | None) -> int:
    """The bits above the stored ones that a slice uses although they are no sign and no padding value; 0 if none.

    A bit that all pixels have tells nothing and is none of them.

    Parameters
    ----------
    padded : ndarray of bool, optional
        Which pixels hold a padding value.
    """
    unused = allocated.dtype.itemsize * 8 - int(data.BitsStored)
    differ = (within_bits(allocated, data, 0) != allocated) if unused else np.zeros(allocated.shape, bool)
    if padded is not None:
        differ &= ~padded
    if not differ.any() or any(element.tag.group in OVERLAY_GROUPS for element in data):
        return 0
    unsigned = allocated.view(allocated.dtype.str.replace("i", "u"))
    told = int(np.bitwise_or.reduce(unsigned[differ])) & ~int(np.bitwise_and.reduce(unsigned, axis=None))
    return told >> int(data.BitsStored)


def _check(data: Dataset, name: str) -> None:
    numbers = {key: value_of(data, key) for key in DESCRIBED if key != "SamplesPerPixel"}
    try:
        known = {key: int(str(value)) for key, value in numbers.items()}
    except ValueError as error:
        raise UnusableInput(f"{name} does not describe its pixels; export it again from its archive") from error
    if int(value_of(data, "NumberOfFrames") or 1) != 1:
        raise UnusableInput(f"{name} is a multi-frame image; convert the series to single-frame images first")
    if int(value_of(data, "SamplesPerPixel") or 1) != 1:
        raise UnusableInput(f"{name} is a colour picture, not a slice of a scan")
    if known["BitsAllocated"] not in (8, 16, 32):
        raise UnusableInput(f"{name} is not a grey image of 8, 16 or 32 bits")
    if not 0 < known["BitsStored"] <= known["HighBit"] + 1 <= known["BitsAllocated"]:
        raise UnusableInput(f"{name} states bits that cannot be (HighBit {known['HighBit']}); export it again from its archive")
    if known["PixelRepresentation"] not in (0, 1):
        raise UnusableInput(f"{name} has no pixels that can be read")


def _kind(data: Dataset) -> np.dtype:
    return np.dtype(f"{'i' if int(data.PixelRepresentation) else 'u'}{int(data.BitsAllocated) // 8}")


def _uncompressed(data: Dataset, syntax: UID, name: str) -> NDArray[np.integer]:
    wanted = int(data.Rows) * int(data.Columns) * _kind(data).itemsize
    content = data.PixelData
    if not isinstance(content, bytes) or len(content) < wanted:
        raise UnusableInput(f"{name} holds fewer pixels than it says; export it again from its archive")
    return _from_bytes(content[:wanted], data, ">" if syntax == ExplicitVRBigEndian else "<")


def _from_bytes(content: bytes, data: Dataset, order: str) -> NDArray[np.integer]:
    """Integers of the header's kind from the bytes of all rows, little (``<``) or big (``>``) endian."""
    kind = _kind(data)
    found = np.frombuffer(content, np.dtype(order + kind.str[1:])).reshape(int(data.Rows), int(data.Columns))
    return found if order == "<" else found.astype(kind)


def _decoded_together(headers: Sequence[Header]) -> list[NDArray[np.integer]] | None:
    """Compressed slices by one of SimpleITK's readers; None where it cannot, or would do more to them than add whole numbers."""
    datasets = [header.dataset for header in headers]
    if not all(_is_compressed(data) and _only_adds_whole_number(data) for data in datasets):
        return None
    for header in headers:
        _check(header.dataset, header.path.name)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([native_name(header.path) for header in headers])
    reader.SetOutputPixelType(sitk.sitkInt32)
    try:
        image = reader.Execute()
    except RuntimeError:
        return None  # one by one: then the sentence names the file
    values = sitk.GetArrayViewFromImage(image)
    if values.shape != (len(headers), int(datasets[0].Rows), int(datasets[0].Columns)):
        return None
    found = []
    for plane, data in zip(values, datasets, strict=True):
        stored, kind = plane - np.int32(float(data.get("RescaleIntercept") or 0)), _kind(data)
        if stored.min() < np.iinfo(kind).min or stored.max() > np.iinfo(kind).max:
            return None
        found.append(stored.astype(kind))
    return found


def _only_adds_whole_number(data: Dataset) -> bool:
    """Whether SimpleITK gives back the stored integers of a file plus a whole number, which fit into 32 bits."""
    slope, intercept = (float(data.get(key) or absent) for key, absent in (("RescaleSlope", 1), ("RescaleIntercept", 0)))
    plain = (
        str(data.get("PhotometricInterpretation") or "").upper() == "MONOCHROME2" and int(data.get("BitsAllocated") or 0) <= 16
    )
    return plain and slope == 1 and intercept.is_integer() and abs(intercept) < 1 << 30


def _decoded(data: Dataset, path: Path) -> NDArray[np.integer]:
    """Compressed pixels by SimpleITK's decoders, which read more kinds, else by those of pydicom."""
    try:
        return _decoded_by_itk(data)
    except RuntimeError:
        pass
    try:
        found = data.pixel_array
    except Exception as error:  # pydicom raises many types: no plugin, damaged stream, unknown syntax
        raise UnusableInput(f"{path.name} cannot be decoded; a file is damaged or its compression is unknown") from error
    return np.asarray(found).astype(_kind(data))


def _decoded_by_itk(data: Dataset) -> NDArray[np.integer]:
    """The pixels of a copy that states nothing but them: SimpleITK scales, and inverts MONOCHROME1, where a header says so."""
    bare = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=bytes(128))
    bare.file_meta.TransferSyntaxUID = data.file_meta.TransferSyntaxUID
    bare.SOPClassUID = bare.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    bare.SOPInstanceUID = bare.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["bare"])
    bare.Modality, bare.PhotometricInterpretation = "OT", "MONOCHROME2"
    for keyword in DESCRIBED:
        setattr(bare, keyword, data.get(keyword) or (1 if keyword == "SamplesPerPixel" else 0))
    bare.HighBit = int(data.BitsStored) - 1
    bare.add(data["PixelData"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slice.dcm"
        bare.save_as(path, enforce_file_format=True)
        found = sitk.GetArrayFromImage(sitk.ReadImage(native_name(path)))
    if found.dtype.kind not in "iu" or found.size != int(data.Rows) * int(data.Columns):
        raise RuntimeError("not the pixels that the header describes")
    return found.reshape(int(data.Rows), int(data.Columns)).astype(_kind(data))

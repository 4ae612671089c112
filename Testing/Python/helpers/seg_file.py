"""DICOM segmentations, written with pydicom for the tests of the readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pack_bits

from dicom_set import head_hu, uid, write_series

SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
Mask = NDArray[np.bool_]


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def write_segmentation(
    path: Path, masks: dict[str, Mask], kind: str = "BINARY", *, shift_mm: float = 0.0, frame: str = "frame"
) -> Path:
    """Frames without voxels are left out, the others lie from the top down."""
    (source,) = write_series(path.parent / "made", head_hu()[:1], series=path.name, frame=frame)
    dataset = pydicom.dcmread(source)
    source.unlink()
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SEG_CLASS
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
        del dataset[keyword]
    dataset.Modality, dataset.SegmentationType = "SEG", kind
    dataset.ReferencedSeriesSequence = [_item(SeriesInstanceUID=uid("ct"))]
    dataset.SegmentSequence = [_item(SegmentNumber=number, SegmentLabel=name) for number, name in enumerate(masks, 1)]
    orientation = _item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    measures = _item(PixelSpacing=[2.0, 2.0], SliceThickness=3.0)
    dataset.SharedFunctionalGroupsSequence = [_item(PlaneOrientationSequence=[orientation], PixelMeasuresSequence=[measures])]
    frames = [
        (number, k, mask[k]) for number, mask in enumerate(masks.values(), 1) for k in reversed(range(len(mask))) if mask[k].any()
    ]
    dataset.PerFrameFunctionalGroupsSequence = [_group(number, k, shift_mm * (n == 2)) for n, (number, k, _) in enumerate(frames)]
    dataset.NumberOfFrames = len(frames)
    dataset.Rows, dataset.Columns = frames[0][2].shape
    pixels = np.stack([pixels for *_, pixels in frames]).astype(np.uint8)
    if kind == "FRACTIONAL":
        dataset.MaximumFractionalValue, pixels = 200, pixels * np.uint8(100)
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.PixelData = pixels.tobytes()
    else:
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.PixelData = pack_bits(pixels)
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)
    return path


def _group(number: int, k: int, shift_mm: float) -> Dataset:
    position = _item(ImagePositionPatient=[-10.0, -20.0, -30.0 + 3.0 * k + shift_mm])
    return _item(PlanePositionSequence=[position], SegmentIdentificationSequence=[_item(ReferencedSegmentNumber=number)])

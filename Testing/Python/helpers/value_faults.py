"""Faults of pixels, slopes, units and places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset

from fault_patient import IMAGES, Fault, changed


def setting(*, all_files: bool = True, **values: object) -> Callable[[Path, str], None]:
    """Other header values in all files of a kind, or in one of them."""

    def apply(folder: Path, kind: str) -> None:
        changed(
            folder,
            kind,
            lambda data: [setattr(data, word, value) for word, value in values.items()] and None,
            all_files=all_files,
        )

    return apply


def without(keyword: str, *, all_files: bool = True) -> Callable[[Path, str], None]:
    def apply(folder: Path, kind: str) -> None:
        def change(data: FileDataset) -> None:
            if keyword in data:
                del data[keyword]

        changed(folder, kind, change, all_files=all_files)

    return apply


def mapped(slope: float, unit: str) -> Callable[[Path, str], None]:
    """A mapping to real world values that is no unit of ours."""

    def apply(folder: Path, kind: str) -> None:
        item, code = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
        item.RealWorldValueSlope, item.RealWorldValueIntercept, item.MeasurementUnitsCodeSequence = slope, 0.0, [code]
        changed(folder, kind, lambda data: setattr(data, "RealWorldValueMappingSequence", [item]))

    return apply


VALUE_FAULTS: dict[str, Fault] = {
    "a slope of 0": Fault(setting(RescaleSlope=0.0), IMAGES),
    "no slope in one slice": Fault(without("RescaleSlope", all_files=False), IMAGES),
    "other bits stated": Fault(setting(BitsStored=8, HighBit=15), IMAGES),
    "a mapping to other values": Fault(mapped(1e-6, "mm2/s"), IMAGES),
    "marked as a negative": Fault(setting(PhotometricInterpretation="MONOCHROME1"), IMAGES),
    "a slice turned": Fault(setting(all_files=False, ImageOrientationPatient=[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]), IMAGES),
    "a slice of other pixels' size": Fault(setting(all_files=False, PixelSpacing=[3.0, 3.0]), IMAGES),
    "no position in one slice": Fault(without("ImagePositionPatient", all_files=False), IMAGES),
    "no dose scaling": Fault(without("DoseGridScaling"), ("RTDOSE",)),
    "another dose unit": Fault(setting(DoseUnits="CGY"), ("RTDOSE",)),
    "a dose difference": Fault(setting(DoseType="ERROR"), ("RTDOSE",)),
}
"""Of each a value is right, or missing with a sentence."""

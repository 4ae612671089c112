"""Small DICOM RT sets written with pydicom alone, for the tests of the readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_CLASS, MR_CLASS, PET_CLASS = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "128"))
STRUCTURE_CLASS, DOSE_CLASS, PLAN_CLASS = (f"1.2.840.10008.5.1.4.1.1.481.{n}" for n in ("3", "2", "5"))
CLASSES = {"CT": CT_CLASS, "MR": MR_CLASS, "PT": PET_CLASS}


def uid(word: str) -> str:
    """The same UID for the same word."""
    return str(generate_uid(entropy_srcs=["reader tests", word]))


def head_hu(shape: tuple[int, int, int] = (12, 24, 20)) -> NDArray[np.int16]:
    """A box of soft tissue with bone in air, HU, shape (z, y, x)."""
    array = np.full(shape, -1000, np.int16)
    array[2:-2, 5:-5, 5:-5] = 40
    array[4:-4, 8:-8, 8:-8] = 900
    return array


def new_file(path: Path, sop_class: str, modality: str, word: str, frame: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(word)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid(word)
    dataset.Modality, dataset.PatientID, dataset.PatientName = modality, "ID-7", "Secret^Person"
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = uid("study"), uid(frame)
    dataset.SeriesDate, dataset.SeriesTime, dataset.SeriesNumber = "20260102", "101500", 3
    dataset.Manufacturer = "Test maker"
    return dataset


def save(dataset: FileDataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    stored: NDArray[np.integer],
    *,
    modality: str = "CT",
    series: str = "ct",
    frame: str = "frame",
    slopes: Sequence[float] | float = 1.0,
    intercept: float = 0.0,
    spacing: tuple[float, float, float] = (2.0, 2.0, 3.0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    skip: Sequence[int] = (),
    origin: tuple[float, float, float] = (-10.0, -20.0, -30.0),
    extra: dict[str, object] | None = None,
) -> list[Path]:
    """Write a single-frame series; file names do not sort in slice order."""
    paths = []
    normal = np.cross(orientation[:3], orientation[3:])
    for k, plane in enumerate(stored):
        if k in skip:
            continue
        path = folder / f"{series}_{(k * 7) % len(stored):02d}_{k}.dcm"
        dataset = new_file(path, CLASSES[modality], modality, f"{series} {k}", frame)
        dataset.SeriesInstanceUID, dataset.InstanceNumber = uid(series), k + 1
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImageOrientationPatient = list(orientation)
        dataset.ImagePositionPatient = (np.array(origin) + normal * spacing[2] * k).tolist()
        dataset.PixelSpacing, dataset.SliceThickness = [spacing[1], spacing[0]], spacing[2]
        dataset.Rows, dataset.Columns = plane.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        dataset.RescaleSlope = slopes if isinstance(slopes, float) else slopes[k]
        dataset.RescaleIntercept = intercept
        dataset.PixelData = plane.tobytes()
        for keyword, value in (extra or {}).items():
            setattr(dataset, keyword, value)
        paths.append(save(dataset, path))
    return paths


def square(x: float, y: float, z: float, half: float) -> list[float]:
    """ContourData of an axial square."""
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return [value for dx, dy in corners for value in (x + dx, y + dy, z)]


def write_structures(
    path: Path,
    structures: dict[str, Sequence[tuple[str, list[float]]]],
    *,
    series: str = "ct",
    frame: str = "frame",
    extra: dict[str, object] | None = None,
    undefined_length: bool = False,
) -> Path:
    """Write an RTSTRUCT: name to (geometric type, contour data) pairs."""
    dataset = new_file(path, STRUCTURE_CLASS, "RTSTRUCT", path.name, frame)
    dataset.SeriesInstanceUID = uid(path.name + " series")
    referenced, study, frame_item = Dataset(), Dataset(), Dataset()
    referenced.SeriesInstanceUID = uid(series)
    study.RTReferencedSeriesSequence = DicomSequence([referenced])
    frame_item.FrameOfReferenceUID = uid(frame)
    frame_item.RTReferencedStudySequence = DicomSequence([study])
    dataset.ReferencedFrameOfReferenceSequence = DicomSequence([frame_item])
    rois, contours = [], []
    for number, (name, drawn) in enumerate(structures.items(), 1):
        roi, item = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, uid(frame)
        item.ReferencedROINumber = number
        item.ContourSequence = DicomSequence([_contour(kind, data) for kind, data in drawn])
        rois.append(roi)
        contours.append(item)
    dataset.StructureSetROISequence = DicomSequence(rois)
    dataset.ROIContourSequence = DicomSequence(contours)
    if undefined_length:
        for keyword in ("StructureSetROISequence", "ROIContourSequence"):
            dataset[keyword].is_undefined_length = True
            for item in dataset[keyword].value:
                item.is_undefined_length_sequence_item = True
    for keyword, value in (extra or {}).items():
        setattr(dataset, keyword, value)
    return save(dataset, path)


def _contour(kind: str, data: list[float]) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints, contour.ContourData = kind, len(data) // 3, data
    return contour


def write_dose(
    path: Path,
    stored: NDArray[np.uint16],
    offsets: Sequence[float],
    *,
    frame: str = "frame",
    scaling: float = 0.01,
    kind: str = "PLAN",
    plan: str = "plan",
    extra: dict[str, object] | None = None,
) -> Path:
    """Write an RTDOSE of 16 bit; origin (-10, -20, -30), 4 mm in plane."""
    dataset = new_file(path, DOSE_CLASS, "RTDOSE", path.name, frame)
    dataset.SeriesInstanceUID = uid(path.name + " series")
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [-10.0, -20.0, -30.0], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.GridFrameOffsetVector = [4.0, 4.0], list(offsets)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", kind
    dataset.DoseGridScaling = scaling
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = PLAN_CLASS, uid(plan)
    dataset.ReferencedRTPlanSequence = DicomSequence([item])
    dataset.PixelData = stored.tobytes()
    for keyword, value in (extra or {}).items():
        setattr(dataset, keyword, value)
    return save(dataset, path)


def write_plan(
    path: Path,
    prescription_gy: float,
    *,
    plan: str = "plan",
    beams: int = 2,
    fractions: int = 30,
    label: str = "",
    approval: str = "",
    structures: str = "",
    targets: Sequence[tuple[int | None, float]] = (),
) -> Path:
    """Write an RTPLAN with one target prescription, or several: (ROI number, Gy) pairs in `targets`.

    `structures` is the file name of the structure set that it was planned on (as `write_structures` got it).
    """
    dataset = new_file(path, PLAN_CLASS, "RTPLAN", plan, "frame")
    dataset.SeriesInstanceUID = uid(path.name + " series")
    dataset.RTPlanLabel, dataset.ApprovalStatus = label, approval
    items = []
    for number, (roi, dose_gy) in enumerate(targets or [(None, prescription_gy)], 1):
        item = Dataset()
        item.DoseReferenceNumber, item.TargetPrescriptionDose = number, dose_gy
        if roi is not None:
            item.ReferencedROINumber = roi
        items.append(item)
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfBeams, group.NumberOfFractionsPlanned = 1, beams, fractions
    dataset.DoseReferenceSequence = DicomSequence(items)
    dataset.FractionGroupSequence = DicomSequence([group])
    if structures:
        planned_on = Dataset()
        planned_on.ReferencedSOPClassUID, planned_on.ReferencedSOPInstanceUID = STRUCTURE_CLASS, uid(structures)
        dataset.ReferencedStructureSetSequence = DicomSequence([planned_on])
    return save(dataset, path)

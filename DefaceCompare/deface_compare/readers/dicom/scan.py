"""The headers of a folder of DICOM files, grouped by what they are. No pixel is read here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ImplicitVRLittleEndian

from ...errors import UnusableInput
from ..found_files import DICOM_INDEX, NOT_DICOM, count_words, find_files, is_dicom, opened, why_not_read
from .header import Header, damaged_attribute, naming, naming_file, unknown_element
from .whole_file import is_whole

IMAGE_MODALITIES = ("CT", "MR", "PT")

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""SOP class Secondary Capture; its multi-frame relatives begin with the same digits."""

PIXEL_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "2.1", "4", "4.1", "128", "130", "481.2", "66.4", "66.7"))
"""SOP classes that must hold pixels: CT, MR, PET, their enhanced forms, RTDOSE, segmentations."""

RT_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("481.3", "481.5", "66.1"))
"""SOP classes RTSTRUCT, RTPLAN and Spatial Registration."""

PIXEL_NUMBERS = {"Rows": 0, "Columns": 0, "BitsAllocated": 8, "NumberOfFrames": 1, "SamplesPerPixel": 1}
"""What the length of pixel data follows from, and what holds where it is not stated."""

NOT_A_SCAN = frozenset({"LOCALIZER", "PROJECTION IMAGE", "SCREEN SAVE", "MIP", "SCOUT", "DOSE_INFO", "REPORT"})
"""Values of ImageType that mark an image as no slice of a scan."""

_DAMAGED = "{} is a damaged or truncated DICOM file; export it again"

PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2, "Rows": 1, "Columns": 1}
"""What tells where a slice's pixels lie: attribute and number of values."""


@dataclass(frozen=True)
class Scan:
    """All DICOM headers of one patient's folder."""

    series: dict[str, list[Header]]
    """Image headers (CT, MR, PT) by SeriesInstanceUID, in order of path."""
    structure_sets: list[Header]
    segmentations: list[Header]
    doses: list[Header]
    plans: list[Header]
    registrations: list[Header]
    notes: list[str]
    person: str
    manufacturers: frozenset[str]
    skipped: Mapping[str, int] = field(default_factory=dict)
    """How many files below the folder are not used, by reason."""


def scan_folder(folder: Path) -> Scan:
    """Read the headers of all DICOM files below a folder.

    Raises
    ------
    UnusableInput
        If a file is truncated, the folder holds several patients, or nothing in it is DICOM.
    """
    found = find_files(folder)
    skipped = Counter(found.left_out)
    headers = []
    for path in found.files:
        header = read_header(path)
        if header is None:
            skipped[_why_no_header(path)] += 1
        else:
            headers.append(header)
    if not headers:
        told = count_words(skipped)
        raise UnusableInput(f"folder {folder.name} holds no images: neither DICOM files nor a case.json{told and f' ({told})'}")
    people = Counter(header.text("PatientID") for header in headers)
    if len(people) > 1:
        most = people.most_common(1)[0][0]
        odd = next(header.path.name for header in headers if header.text("PatientID") != most)
        raise UnusableInput(
            f"folder {folder.name} holds {len(people)} patients (PatientID; {odd} is of another one than most files);"
            " give one folder a patient"
        )
    manufacturers = frozenset(header.text("Manufacturer") for header in headers)
    scan = Scan({}, [], [], [], [], [], [], next(iter(people)), manufacturers, skipped)
    seen: set[str] = set()
    for header in headers:
        uid = header.text("SOPInstanceUID")
        if uid in seen:
            skipped["copies of a file that is there already"] += 1
            continue
        seen.add(uid)
        reason = _sort_in(header, scan)
        if reason:
            skipped[reason] += 1
    for reason, count in skipped.items():
        scan.notes.append(f"{count} {'files were' if count > 1 else 'file was'} skipped: {reason}")
    return scan


def _why_no_header(path: Path) -> str:
    """What a file is that has no DICOM header to read."""
    reason = why_not_read(path)
    return DICOM_INDEX if reason == NOT_DICOM and is_dicom(path) else reason


@naming_file
def _sort_in(header: Header, scan: Scan) -> str:
    """Put a header where it belongs; return the reason if it belongs nowhere."""
    modality = header.text("Modality")
    lists = {
        "RTSTRUCT": scan.structure_sets,
        "SEG": scan.segmentations,
        "RTDOSE": scan.doses,
        "RTPLAN": scan.plans,
        "REG": scan.registrations,
    }
    if modality in lists:
        lists[modality].append(header)
        return ""
    if modality in IMAGE_MODALITIES and "Rows" not in header.dataset:
        return f"{modality} objects that are no images"
    if modality not in IMAGE_MODALITIES:
        return f"modality {modality or 'not stated'} is not used"
    if header.text("SOPClassUID").startswith(SECONDARY_CAPTURE):
        return "secondary captures"
    kinds = {str(value).upper() for value in header.dataset.get("ImageType") or []}
    if kinds & NOT_A_SCAN:
        return "localisers, projections and screen captures"
    if int(header.dataset.get("NumberOfFrames") or 1) > 1:
        return f"multi-frame {modality} objects are not read; export the series as single-frame images"
    if not _is_placed(header):
        return f"{modality} images without position, orientation, size or pixel spacing"
    scan.series.setdefault(header.text("SeriesInstanceUID"), []).append(header)
    return ""


def _is_placed(header: Header) -> bool:
    """Whether a slice says where its pixels lie."""
    try:
        for keyword, count in PLACE.items():
            header.numbers(keyword, count)
    except UnusableInput:
        return False
    return True


def read_header(path: Path) -> Header | None:
    """Read one file up to its pixels; None if it is not DICOM.

    Raises
    ------
    UnusableInput
        If the file may not be read, or is DICOM but ends too early.
    """
    with opened(path) as stream:
        try:
            dataset = pydicom.dcmread(stream, stop_before_pixels=True)
            stopped_at = stream.tell()
        except InvalidDicomError:
            return None
        except Exception as error:  # pydicom raises many types on cut files: EOFError, ValueError, struct.error, KeyError
            raise UnusableInput(_DAMAGED.format(path.name)) from error
    with naming(path):
        if "MediaStorageDirectoryStorage" in UID(dataset.file_meta.get("MediaStorageSOPClassUID", "")).keyword:
            return None
        _refuse_damaged(path, dataset, stopped_at)
    return Header(path, dataset)


def _refuse_damaged(path: Path, dataset: Dataset, stopped_at: int) -> None:
    """Raise `UnusableInput` if a scan or RT object is cut, or what is needed of its header is not what it has to be."""
    sop_class = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian))
    is_scan = dataset.get("Modality") in IMAGE_MODALITIES and not sop_class.startswith(SECONDARY_CAPTURE)
    if not is_scan and sop_class not in PIXEL_CLASSES and sop_class not in RT_CLASSES:
        return
    if not dataset.get("Modality") or not syntax.is_transfer_syntax:
        raise UnusableInput(_DAMAGED.format(path.name))
    unknown = unknown_element(dataset.file_meta, explicit=True) or unknown_element(dataset, explicit=not syntax.is_implicit_VR)
    if unknown or not is_whole(path, syntax, sop_class in PIXEL_CLASSES, stopped_at):
        raise UnusableInput(_DAMAGED.format(path.name))
    attribute = damaged_attribute(dataset)
    if attribute:
        raise UnusableInput(f"{path.name} has a damaged or missing value in its header ({attribute}); export it again")
    if not (syntax.is_compressed or syntax.is_deflated) and _pixel_bytes(dataset) > path.stat().st_size:
        raise UnusableInput(f"{path.name} holds fewer pixels than its header says; export it again")


def _pixel_bytes(dataset: Dataset) -> int:
    """How long uncompressed pixels of the stated size are: what a reader would reserve; 0 where there are none."""
    numbers = [int(dataset.get(keyword) or default) for keyword, default in PIXEL_NUMBERS.items()]
    return math.prod(numbers) // 8

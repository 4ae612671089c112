"""The headers of a folder of DICOM files, grouped by what they are. No pixel is read here."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from ...errors import UnusableInput
from ..dicom_begin import MODALITY_OF_CLASS, PIXEL_CLASSES, RT_CLASSES
from ..found_files import DICOM_INDEX, NOT_DICOM, count_words, find_files, is_dicom, why_not_read
from .copies import Twins, without_copies, without_our_copies
from .dicom_file import DicomFile, begin_of_file, read_file
from .header import DamagedObject, Header, damaged_attribute, naming, naming_file, unknown_element, value_of
from .identity import one_person
from .whole_file import is_of_unknown_compression, is_whole

IMAGE_MODALITIES = ("CT", "MR", "PT")

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""SOP class Secondary Capture; its multi-frame relatives begin with the same digits."""

PIXEL_NUMBERS = {"Rows": 0, "Columns": 0, "BitsAllocated": 8, "NumberOfFrames": 1, "SamplesPerPixel": 1}
"""What the length of pixel data follows from, and what holds where it is not stated."""

NOT_A_SCAN = frozenset({"LOCALIZER", "PROJECTION IMAGE", "SCREEN SAVE", "MIP", "SCOUT", "DOSE_INFO", "REPORT"})
"""Values of ImageType that mark an image as no slice of a scan."""
MOSAIC = "MOSAIC"
"""Value of ImageType of Siemens' pictures of many slices beside one another."""
PROJECTION = re.compile(r"(?:^|[^A-Z])(?:MIP|MINIP|MIN[ _-]?IP|MAX[ _-]?IP|RAYSUM|VRT|VOLREN|SSD)(?:[^A-Z]|$)")
"""Words in ImageType of pictures that show more than one plane each (``MIP THIN``, ``AXIAL_MINIP``)."""
CALCULATED = frozenset({"MAX_IP", "MIN_IP", "VOLUME_RENDER", "SURFACE_RENDER", "CURVED_MPR"})
"""VolumeBasedCalculationTechnique (PS3.3 C.8.16.2.1.4) of such pictures."""

OWN_COPY = "this patient's copy as DefaceCompare defaced it"
"""Why the files of an export are skipped that lie beside their original."""

_DAMAGED = "{} is a damaged or truncated DICOM file; export it again"

CAN_BE_LOST = ("RTSTRUCT", "RTDOSE", "RTPLAN", "REG", "SEG")
"""Damaged objects of these kinds cost what they alone tell; a damaged slice costs its series."""

DECIDED_BY_RULE = ("SEG", "RTPLAN", "REG")
"""Of these the user chooses none: those that contradict one another are left out."""

FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Where enhanced objects keep place and scaling of each frame (PS3.3 C.7.6.16), also where they hold one frame only: what their
top level says beside them counts for nothing."""

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
    """Who this is (`identity.person_key`)."""
    manufacturers: frozenset[str]
    twins: list[Twins] = field(default_factory=list)
    """Objects of one SOPInstanceUID and other content."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """How many files below the folder are not used, by reason."""
    damaged: Sequence[DamagedObject] = ()
    """Objects that are lost; what must be said of them depends on what they are."""

    def lost(self, modality: str) -> list[str]:
        """What is said of the damaged objects of a kind, one sentence each."""
        return [str(each) for each in self.damaged if each.modality == modality]

    def twin_of(self, header: Header) -> Twins | None:
        """The objects that an object contradicts."""
        return next((each for each in self.twins if any(header is one for one in each.headers)), None)


def scan_folder(folder: Path) -> Scan:
    """Read the headers of all DICOM files below a folder.

    Raises
    ------
    UnusableInput
        If nothing tells what a truncated file is, the folder holds several patients, or nothing in it is DICOM.
    """
    found = find_files(folder)
    skipped = Counter(found.left_out)
    damaged: list[DamagedObject] = []
    headers = _headers(found.files, skipped, damaged)
    if not headers:
        if damaged:
            raise damaged[0]
        told = count_words(skipped)
        raise UnusableInput(f"folder {folder.name} holds no images: neither DICOM files nor a case.json{told and f' ({told})'}")
    left, copies, only_ours = without_our_copies(headers, IMAGE_MODALITIES)
    person = one_person(left)
    left, twins, doubled = without_copies(left)
    makers = frozenset(header.text("Manufacturer") for header in left)
    scan = Scan({}, [], [], [], [], [], [], person, makers, twins, skipped, damaged)
    for header in left:
        twin = scan.twin_of(header) if twins else None
        if twin is not None and header.text("Modality") in DECIDED_BY_RULE:
            continue
        skipped.update(filter(None, [_sort_in(header, scan)]))
    skipped.update({"copies of a file that is there already": doubled, OWN_COPY: copies})
    for reason in [reason for reason, count in skipped.items() if not count]:
        del skipped[reason]
    scan.notes.extend(
        f"{count} {'files were' if count > 1 else 'file was'} skipped: {reason}" for reason, count in skipped.items()
    )
    scan.notes.extend(_without_head(left))
    scan.notes.extend(_called_otherwise(left))
    scan.notes.extend(_told(twins, only_ours))
    _leave_out_damaged(scan)
    return scan


def _headers(files: Sequence[Path], skipped: Counter[str], damaged: list[DamagedObject]) -> list[Header]:
    """The headers of files; those without one are counted by reason, damaged objects are kept aside."""
    headers = []
    for path in files:
        known = len(damaged)
        header = _header(path, damaged)
        if header is not None:
            headers.append(header)
        elif len(damaged) == known:
            skipped[_why_no_header(path)] += 1
    return headers


def _without_head(headers: Sequence[Header]) -> list[str]:
    """That files were read which other programs may not open."""
    count = sum(not header.whole_head for header in headers)
    files = "1 file that lacks" if count == 1 else f"{count} files that lack"
    told = f"{files} preamble or meta information of a DICOM file: kind and encoding were told by the content"
    return [told] if count else []


def _called_otherwise(headers: Sequence[Header]) -> list[str]:
    """That objects state another Modality than that of their SOP class: one of the two is wrong."""
    pairs = Counter((header.text("Modality"), MODALITY_OF_CLASS.get(header.text("SOPClassUID"), "")) for header in headers)
    return [
        f"{count} {'files state' if count > 1 else 'file states'} Modality {stated}, but {'are' if count > 1 else 'is'} {kind} by"
        " SOP class: read as the Modality says"
        for (stated, kind), count in sorted(pairs.items())
        if kind and stated != kind
    ]


def _told(twins: Sequence[Twins], only_ours: bool) -> list[str]:
    """What must be said of copies that are none, and of our own."""
    notes = [
        f"{twin.told()}: none of them was used"
        for twin in twins
        if any(header.text("Modality") in DECIDED_BY_RULE for header in twin.headers)
    ]
    if only_ours:
        notes.append("these files were defaced by DefaceCompare before: what they show is no original")
    return notes


def _header(path: Path, damaged: list[DamagedObject]) -> Header | None:
    """A file's header; an object of which is known what it is although it is damaged is kept aside: the others may do."""
    try:
        return read_header(path)
    except DamagedObject as damage:
        if damage.modality not in CAN_BE_LOST and not (damage.modality in IMAGE_MODALITIES and damage.series_uid):
            raise
        damaged.append(damage)
        return None


def _leave_out_damaged(scan: Scan) -> None:
    """Say what is lost, and leave out what may not be used without it."""
    for damage in scan.damaged:
        if damage.modality in ("RTPLAN", "REG", "SEG"):
            scan.notes.append(f"{damage.modality} {damage}; it was not used")
    if scan.lost("REG") and scan.registrations:
        scan.notes.append("no registration was used: the damaged one may be the one that holds")
        scan.registrations.clear()


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
    kinds = {str(value).upper() for value in value_of(header.dataset, "ImageType") or []}
    if kinds & NOT_A_SCAN or any(map(PROJECTION.search, kinds)) or header.text("VolumeBasedCalculationTechnique") in CALCULATED:
        return "localisers, projections and screen captures"
    if MOSAIC in kinds:
        return "mosaics, which hold all slices of a volume in one picture; export them as single slices"
    if int(value_of(header.dataset, "NumberOfFrames") or 1) > 1 or any(
        keyword in header.dataset for keyword in FUNCTIONAL_GROUPS
    ):
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
    try:
        found = read_file(path, stop_before_pixels=True)
    except InvalidDicomError:
        return None
    except UnusableInput:
        raise
    except Exception as error:  # pydicom raises many types on cut files: EOFError, ValueError, struct.error, KeyError
        raise DamagedObject(_DAMAGED.format(path.name), path, begin_of_file(path)) from error
    dataset = found.data
    if not dataset:
        raise DamagedObject(_DAMAGED.format(path.name), path, dataset)
    with naming(path):
        if "MediaStorageDirectoryStorage" in UID(dataset.file_meta.get("MediaStorageSOPClassUID", "")).keyword:
            return None
        if not found.whole_head and is_of_unknown_compression(path, dataset.file_meta.TransferSyntaxUID, found.end):
            return None
        try:
            _refuse_damaged(path, found)
        except UnusableInput as damage:
            raise DamagedObject(str(damage), path, dataset) from damage
    return Header(path, dataset, found.end, found.whole_head)


def _refuse_damaged(path: Path, found: DicomFile) -> None:
    """Raise `UnusableInput` if a scan or RT object is cut, or what is needed of its header is not what it has to be."""
    dataset = found.data
    sop_class = str(value_of(dataset, "SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    is_scan = value_of(dataset, "Modality") in IMAGE_MODALITIES and not sop_class.startswith(SECONDARY_CAPTURE)
    if not is_scan and sop_class not in PIXEL_CLASSES and sop_class not in RT_CLASSES:
        return
    if not value_of(dataset, "Modality") or not syntax.is_transfer_syntax or is_of_unknown_compression(path, syntax, found.end):
        raise UnusableInput(_DAMAGED.format(path.name))
    unknown = unknown_element(dataset.file_meta, explicit=True) or unknown_element(dataset, explicit=not syntax.is_implicit_VR)
    if unknown or not is_whole(path, syntax, sop_class in PIXEL_CLASSES, found.begin, found.end):
        raise UnusableInput(_DAMAGED.format(path.name))
    attribute = damaged_attribute(dataset)
    if attribute:
        raise UnusableInput(f"{path.name} has a damaged or missing value in its header ({attribute}); export it again")
    if not (syntax.is_compressed or syntax.is_deflated) and _pixel_bytes(dataset) > path.stat().st_size:
        raise UnusableInput(f"{path.name} holds fewer pixels than its header says; export it again")


def _pixel_bytes(dataset: Dataset) -> int:
    """How long uncompressed pixels of the stated size are: what a reader would reserve; 0 where there are none."""
    numbers = [int(value_of(dataset, keyword) or default) for keyword, default in PIXEL_NUMBERS.items()]
    return math.prod(numbers) // 8

"""Reading a patient from a folder with any mixture of DICOM series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...case import Case, CaseImage
from ...errors import UnusableInput
from .choose_dose import choose_dose
from .header import Header
from .image import MODALITIES, read_image
from .missing_slices import missing_slices
from .prescription import target_prescriptions_gy
from .registration import joined_dose, joined_image, rigid_joins
from .rtstruct import frames_of, read_structure_set, referenced_series, target_names
from .scan import Scan, scan_folder
from .seg import read_segmentations
from .series import Series, arrange, largest, mr_sequence

SAMPLE_MANUFACTURER = "DefaceCompare sample"
"""Manufacturer that the built-in synthetic cohort writes."""
PRIMARY_ORDER = ("CT", "MR", "PT")


def read_dicom_case(folder: Path, dose_wanted: str = "") -> Case:
    """Read the patient whose DICOM files lie anywhere below `folder`; `dose_wanted` as in `choose_dose`.

    Raises
    ------
    UnusableInput
        With one sentence that names the file or series and what to do.
    """
    scan = scan_folder(folder)
    notes = list(scan.notes)
    series = _volumes(scan, notes)
    scanned = [header for headers in scan.series.values() for header in headers]
    notes.extend(missing_slices(scanned, series, scan.structure_sets))
    structure_headers = _structure_headers(scan, series, notes)
    structure_header = structure_headers[0] if structure_headers else None
    ordered = _primary_first(series, structure_header)
    images = _images(ordered, notes)
    frames = [image.frame_of_reference_uid for image in images]
    structure_frame, missing_structures = _structure_frame(structure_header, images, scan.doses, notes)
    if not frames and structure_frame:
        frames = [structure_frame]
    joins, join_notes = rigid_joins(scan.registrations, frames, _frame_of_instances(scan))
    notes.extend(join_notes)
    near = set(frames) | {source for source, (target, _) in joins.items() if target in frames}
    chosen = choose_dose(scan.doses, scan.plans, near if frames else set(), dose_wanted)
    notes.extend(chosen.notes)
    structure_set = None
    if structure_header is not None and structure_frame:
        prescribed = target_prescriptions_gy(structure_header, target_names(structure_header), chosen.headers, scan.plans)
        structure_set = (
            read_segmentations(structure_headers, structure_frame)
            if structure_header in scan.segmentations
            else read_structure_set(structure_header, structure_frame, prescribed)
        )
    images = tuple(joined_image(image, joins) for image in images)
    dose = None if chosen.dose is None else joined_dose(chosen.dose, joins)
    if not images and not (dose and structure_set):
        raise UnusableInput(f"folder {folder.name} holds no images{': ' + '; '.join(notes) if notes else ''}")
    return Case(
        id=folder.name,
        images=images,
        structure_set=structure_set,
        dose=dose,
        synthetic=scan.manufacturers == {SAMPLE_MANUFACTURER},
        notes=tuple(notes) + (structure_set.notes if structure_set else ()),
        person=scan.person,
        missing_dose=chosen.reason,
        missing_structures=missing_structures,
        left_out=scan.skipped,
    )


def _frame_of_instances(scan: Scan) -> dict[str, str]:
    """FrameOfReferenceUID by SOPInstanceUID of every image."""
    headers = (header for series in scan.series.values() for header in series)
    return {header.text("SOPInstanceUID"): header.text("FrameOfReferenceUID") for header in headers}


def _volumes(scan: Scan, notes: list[str]) -> list[Series]:
    """Series that make even volumes; the others are notes, or the error if they are needed."""
    planned = {referenced_series(header) for header in (*scan.structure_sets, *scan.segmentations)}
    series, reasons = [], []
    for uid, headers in scan.series.items():
        try:
            series.append(arrange(uid, headers))
        except UnusableInput as reason:
            if uid in planned:
                raise
            reasons.append(str(reason))
    if reasons and not series:
        raise UnusableInput(reasons[0])
    notes.extend(f"{reason}; it was not used" for reason in reasons)
    return series


def _structure_headers(scan: Scan, series: Sequence[Series], notes: list[str]) -> list[Header]:
    """The structure set; else the segmentations (SEG) of one series that is here, which are read together."""
    structure_set = _choose_structure_set(scan.structure_sets, series, notes)
    if structure_set is None and scan.segmentations:
        uids = {one.uid for one in series}
        here = [header for header in scan.segmentations if referenced_series(header) in uids] or scan.segmentations
        chosen = [header for header in here if referenced_series(header) == referenced_series(here[0])]
    else:
        chosen = []
    unused = len(scan.segmentations) - len(chosen)
    if unused:
        instead = f"the structure set {structure_set.path.name} was" if structure_set is not None else "those of one series were"
        notes.append(f"{unused} DICOM segmentation{'s' * (unused > 1)} (SEG) not used: {instead} read")
    return [structure_set] if structure_set is not None else chosen


def _choose_structure_set(headers: Sequence[Header], series: Sequence[Series], notes: list[str]) -> Header | None:
    """The structure set of a series that is here: approved before others, then the newest."""
    if not headers:
        return None
    uids = {one.uid for one in series}
    here = [header for header in headers if referenced_series(header) in uids] or list(headers)

    def rank(header: Header) -> tuple[bool, str, str]:
        approved = header.text("ApprovalStatus") == "APPROVED"
        return approved, header.text("StructureSetDate"), header.text("StructureSetTime")

    best = max(rank(header) for header in here)
    chosen = [header for header in here if rank(header) == best]
    if len(chosen) > 1:
        names = ", ".join(header.path.name for header in chosen)
        raise UnusableInput(f"{len(chosen)} structure sets and no rule to choose one ({names}); keep one")
    if len(headers) > 1:
        notes.append(f"{len(headers)} structure sets; {chosen[0].path.name} was used (approved, then newest)")
    return chosen[0]


def _primary_first(series: Sequence[Series], structure_header: Header | None) -> list[Series]:
    """The series that the structure set references first, else the largest CT, MR or PET."""
    if not series:
        return []
    referenced = referenced_series(structure_header) if structure_header else ""
    primary = next((one for one in series if one.uid == referenced), None)
    if primary is None:
        modality = next(m for m in PRIMARY_ORDER if any(one.modality == m for one in series))
        candidates = [one for one in series if one.modality == modality]
        primary = largest(candidates)
        if primary is None and modality == "CT":
            raise UnusableInput(
                f"{len(candidates)} CT series of the same size and no structure set that references one; keep one CT"
            )
        primary = primary or min(candidates, key=_table_order)
    return [primary, *sorted((one for one in series if one is not primary), key=_table_order)]


def _table_order(series: Series) -> tuple[int, str, str]:
    first = series.headers[0]
    return PRIMARY_ORDER.index(series.modality), f"{first.text('SeriesNumber'):0>9}", series.uid


def _images(ordered: Sequence[Series], notes: list[str]) -> tuple[CaseImage, ...]:
    """Read the series; one that cannot be used is a note, the primary an error."""
    images: list[CaseImage] = []
    taken: dict[str, int] = {}
    for series in ordered:
        key = mr_sequence(series.headers[0]) if series.modality == "MR" else MODALITIES[series.modality]
        number = taken.get(key, 0) + 1
        try:
            image = read_image(series, key if number == 1 else f"{key}_{number}")
        except UnusableInput as reason:
            if not images:
                raise
            notes.append(f"{reason}; it was not used")
            continue
        taken[key] = number
        images.append(image)
    return tuple(images)


def _structure_frame(
    header: Header | None, images: Sequence[CaseImage], doses: Sequence[Header], notes: list[str]
) -> tuple[str, str]:
    """The frame of reference in which a structure set is used; ``""`` and the reason if it cannot be."""
    if header is None:
        return "", ""
    name = header.path.name
    referenced = referenced_series(header)
    image = next((one for one in images if one.series_uid == referenced), None)
    if image is not None:
        return image.frame_of_reference_uid, ""
    frames = frames_of(header)
    if images:
        shared = next((one.frame_of_reference_uid for one in images if one.frame_of_reference_uid in frames), "")
        what = f"structure set {name} references an image series that is not in the folder"
        used = "; it was used because it lies in the same frame of reference"
        reason = f"{what} and lies in another frame of reference; it was not used"
        notes.append(f"{what}{used}" if shared else reason)
    else:
        shared = next((dose.text("FrameOfReferenceUID") for dose in doses if dose.text("FrameOfReferenceUID") in frames), "")
        what = (
            "and the dose lie in different frames of reference" if doses else "lies in a frame of reference of nothing else here"
        )
        reason = f"structure set {name} {what}"
        notes.extend([] if shared else [reason])
    return shared, "" if shared else reason

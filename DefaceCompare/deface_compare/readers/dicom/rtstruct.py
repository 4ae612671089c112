"""RTSTRUCT: structures as the contours that were drawn, every digit kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import Structure, StructureSet
from ...errors import UnusableInput
from ...structures.names import read_structure_name
from ...structures.naming import named, structure_notes, unique_names
from ...structures.organs import EXCLUDE, OTHER, TARGET_GROUPS
from ..files.contours import LEAST_POINTS, closed_polygon, without_copies
from .header import Header, naming_file, whole_number

CLOSED_TYPES = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Geometric types that enclose an area; both combine by even-odd here (nested contours are holes)."""


@naming_file
def read_structure_set(header: Header, frame_uid: str, prescriptions_gy: Mapping[int, float] | None = None) -> StructureSet:
    """Read the structures that lie in one frame of reference.

    Parameters
    ----------
    header : Header
        The RTSTRUCT file.
    frame_uid : str
        Frame of the images or dose; structures stated to lie in another one are left out and counted in `notes`.
    prescriptions_gy : mapping of ROI number to Gy
        Targets' own prescribed doses, where the plan tells them.

    Raises
    ------
    UnusableInput
        If contour data is damaged.
    """
    dataset = header.dataset
    contour_items = {_number(item, "ReferencedROINumber", header): item for item in dataset.get("ROIContourSequence") or []}
    external = {
        whole_number(item, "ReferencedROINumber")
        for item in dataset.get("RTROIObservationsSequence") or []
        if str(item.get("RTROIInterpretedType") or "") == "EXTERNAL"
    }
    structures: list[Structure] = []
    elsewhere = 0
    for roi in dataset.get("StructureSetROISequence") or []:
        frame = str(roi.get("ReferencedFrameOfReferenceUID") or "")
        if frame and frame != frame_uid and frames_of(header) != {frame_uid}:
            elsewhere += 1
            continue
        number = _number(roi, "ROINumber", header)
        structure = _read_roi(str(roi.get("ROIName") or ""), contour_items.get(number), header, len(structures) + 1)
        if number in external and structure.group in (OTHER, EXCLUDE):
            structure = replace(structure, standard_name="External", group="external", notes=())
        if structure.group in TARGET_GROUPS:
            structure = replace(structure, prescription_gy=(prescriptions_gy or {}).get(number))
        structures.append(structure)
    unique = unique_names(structures)
    notes = (f"{elsewhere} structures lie in another frame of reference and were not used",) if elsewhere else ()
    return StructureSet(
        structures=unique,
        frame_of_reference_uid=frame_uid,
        referenced_series_uid=referenced_series(header),
        notes=notes + structure_notes(unique),
        sources=(header.path,),
    )


@naming_file
def target_names(header: Header) -> dict[int, str]:
    """Planned names of the GTV, CTV and PTV by ROI number."""
    rois = header.dataset.get("StructureSetROISequence") or []
    named_rois = {_number(roi, "ROINumber", header): str(roi.get("ROIName") or "") for roi in rois}
    return {number: name for number, name in named_rois.items() if read_structure_name(name).group in TARGET_GROUPS}


def _number(item: Dataset, keyword: str, header: Header) -> int:
    number = whole_number(item, keyword)
    if number is None:
        raise UnusableInput(f"{header.path.name}: a structure has no {keyword}; export the structure set again")
    return number


def _read_roi(name: str, item: Dataset | None, header: Header, number: int) -> Structure:
    contours: list[NDArray[np.float64]] = []
    skipped: Counter[str] = Counter()
    broken = 0
    for contour in (item.get("ContourSequence") or []) if item is not None else []:
        kind = str(contour.get("ContourGeometricType") or "")
        try:
            points = contour_points(contour)
        except ValueError as error:
            raise UnusableInput(f"{header.path.name}: contour data of structure {number} is damaged; export it again") from error
        points = closed_polygon(points)
        if kind not in CLOSED_TYPES:
            skipped[f"of type {kind or 'not stated'}"] += 1
        elif len(points) < LEAST_POINTS:
            skipped[f"with fewer than {LEAST_POINTS} points"] += 1
        elif not np.isfinite(points).all():
            broken += 1
        else:
            contours.append(points)
    contours, copies = without_copies(contours)
    notes = (*(f"{count} contour{'s' * (count > 1)} {what} skipped" for what, count in skipped.items()), *copies)
    problem = ""
    if broken:
        problem = f"{broken} of its contours have coordinates that are no numbers (NaN or infinite)"
    elif not contours:
        problem = "; ".join(("the structure has no closed contours", *notes))
    return named(Structure(name=name, standard_name="", contours=tuple(contours), notes=notes, problem=problem), number)


def contour_points(contour: Dataset) -> NDArray[np.float64]:
    """Points of one contour, shape (n, 3), from its stored text (pydicom's own number objects take 20 times as long)."""
    if "ContourData" not in contour:
        return np.empty((0, 3))
    stored = contour.get_item("ContourData")
    value = stored.value if stored is not None else None
    if not isinstance(value, bytes):
        return np.array(value or [], dtype=np.float64).reshape(-1, 3)
    numbers = value.strip(b" \0").split(b"\\")
    return np.array(numbers if numbers != [b""] else []).astype(np.float64).reshape(-1, 3)


@naming_file
def referenced_series(header: Header) -> str:
    """SeriesInstanceUID of the images that the structures (RTSTRUCT or SEG) were drawn on, ``""`` if not stated."""
    for frame in header.dataset.get("ReferencedFrameOfReferenceSequence") or []:
        for study in frame.get("RTReferencedStudySequence") or []:
            for series in study.get("RTReferencedSeriesSequence") or []:
                if series.get("SeriesInstanceUID"):
                    return str(series.SeriesInstanceUID)
    named = header.dataset.get("ReferencedSeriesSequence") or []
    return str(named[0].get("SeriesInstanceUID") or "") if named else ""


@naming_file
def frames_of(header: Header) -> set[str]:
    """All frames of reference that the structure set speaks of."""
    frames = {str(roi.get("ReferencedFrameOfReferenceUID") or "") for roi in header.dataset.get("StructureSetROISequence") or []}
    if not frames - {""}:
        stated = header.dataset.get("ReferencedFrameOfReferenceSequence") or []
        frames = {str(item.get("FrameOfReferenceUID") or "") for item in stated} | {header.text("FrameOfReferenceUID")}
    return frames - {""}

"""Reading a patient from a folder with any mixture of DICOM series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...case import Case, CaseImage
from ...errors import UnusableInput
from ..choices import ReadingChoices
from .choose_dose import choose_dose
from .choose_structures import candidates
from .copies import Twins
from .demographics import demographics_of
from .header import Header
from .image import MODALITIES, read_image
from .kept_scan import kept_scan
from .missing_slices import missing_slices
from .mr_sequence import mr_sequence
from .patient_structures import find_structures
from .place_structures import Here
from .references import frames_of, referenced_series
from .registration import joined_dose, joined_image, rigid_joins
from .scan import Scan
from .series import Series, arrange, largest
from .suv import uncorrected

SAMPLE_MANUFACTURER = "DefaceCompare sample"
"""Manufacturer that the built-in synthetic cohort writes."""
PRIMARY_ORDER = ("CT", "MR", "PT")
DERIVED = "DERIVED"
"""First value of ImageType of what was computed of other images (PS3.3 C.7.6.1.1.2)."""


def read_dicom_case(folder: Path, choices: ReadingChoices | None = None) -> Case:
    """Read the patient whose DICOM files lie anywhere below `folder`.

    Raises
    ------
    UnusableInput
        With one sentence that names the file or series and what to do.
    """
    scan = kept_scan(folder)
    choices = choices or ReadingChoices()
    notes = list(scan.notes)
    series = _volumes(scan, notes)
    scanned = [header for headers in scan.series.values() for header in headers]
    notes.extend(missing_slices(scanned, series, scan.structure_sets))
    frame_of = _frame_of_instances(scan)
    corners_mm = _corners_by_frame(series)
    joins, _ = rigid_joins(scan.registrations, [one.frame for one in series], frame_of, corners_mm)
    near = {one.frame for one in series} | set(joins)
    drawn = {frame for header in scan.structure_sets for frame in frames_of(header)}
    chosen = choose_dose(scan.doses, scan.plans, near if series else drawn, choices.dose, scan.twins, scan.lost("RTDOSE"))
    notes.extend(chosen.notes)
    here = Here(
        series=_best_first(series),
        all_series=frozenset(scan.series),
        series_of={h.text("SOPInstanceUID"): uid for uid, headers in scan.series.items() for h in headers},
        frame_of=frame_of,
        dose_frames=tuple(dict.fromkeys(h.text("FrameOfReferenceUID") for h in (*chosen.headers, *scan.doses))),
        linked={source: root for source, (root, _) in joins.items()},
    )
    tried = candidates(scan, series, chosen.headers, choices.structures)
    if not tried.reason:
        notes.extend(f"structure set {each}; it was not used" for each in scan.lost("RTSTRUCT"))
    found = find_structures(tried, here, joins, chosen.headers, scan.plans)
    notes.extend(found.notes)
    ordered = _primary_first(series, found.place.series_uid)
    frames = [one.frame for one in ordered] or [found.place.frame]
    lying_here = {*frame_of.values(), *drawn, *here.dose_frames, *frames}
    joins, join_notes = rigid_joins(scan.registrations, frames, frame_of, corners_mm, lying_here)
    notes.extend(join_notes)
    structure_set, others = found.read(joins, chosen.headers, scan.plans)
    images = tuple(joined_image(image, joins) for image in _images(ordered, notes))
    notes.extend(_others_told(sum(len(one.structures) for one in others)))
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
        missing_structures=found.reason,
        other_structure_sets=others,
        left_out=dict(scan.skipped),
        demographics=demographics_of([*scanned, *scan.structure_sets, *scan.doses]),
    )


def _corners_by_frame(series: Sequence[Series]) -> dict[str, list[NDArray[np.float64]]]:
    """Where the volumes of each frame of reference lie, shape (8, 3) each, LPS mm."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for one in series:
        found.setdefault(one.frame, []).append(one.corners_mm)
    return found


def _others_told(count: int) -> list[str]:
    said = "structure lies" if count == 1 else "structures lie"
    return [f"{count} {said} in another frame of reference than the others: measured on the images there"] if count else []


def _frame_of_instances(scan: Scan) -> dict[str, str]:
    """FrameOfReferenceUID by SOPInstanceUID of every image; of images that state none, that of their series."""
    found: dict[str, str] = {}
    for uid, headers in scan.series.items():
        stated = [header.text("FrameOfReferenceUID") for header in headers]
        of_series = next(filter(None, stated), f"frame of series {uid}")
        found |= {header.text("SOPInstanceUID"): frame or of_series for header, frame in zip(headers, stated, strict=True)}
    return found


def _volumes(scan: Scan, notes: list[str]) -> list[Series]:
    """Series that make even volumes; the others are notes, or the error if structures lie on no other series."""
    planned = {uid for header in (*scan.structure_sets, *scan.segmentations) for uid in referenced_series(header)}
    series: list[Series] = []
    reasons: list[str] = []
    needed: list[str] = []
    damaged = {each.series_uid: f"{each.modality} {each}" for each in scan.damaged if each.modality in MODALITIES}
    reasons.extend(reason for uid, reason in damaged.items() if uid not in scan.series and uid not in planned)
    needed.extend(reason for uid, reason in damaged.items() if uid not in scan.series and uid in planned)
    for uid, headers in scan.series.items():
        twins = [twin for header in headers if (twin := scan.twin_of(header)) is not None] if scan.twins else []
        try:
            if uid in damaged:
                raise UnusableInput(damaged[uid])
            if twins:
                raise UnusableInput(_contradicted(headers, twins[0], len({id(twin) for twin in twins})))
            series.append(arrange(uid, headers))
        except UnusableInput as reason:
            (needed if uid in planned else reasons).append(str(reason))
    if (needed and not any(one.uid in planned for one in series)) or (reasons and not series):
        raise UnusableInput((needed or reasons)[0])
    notes.extend(f"{reason}; it was not used" for reason in (*needed, *reasons))
    return series


def _contradicted(headers: Sequence[Header], twins: Twins, count: int) -> str:
    """Why a series is refused of which slices are there twice with other content."""
    more = f" (and {count - 1} more such slices)" if count > 1 else ""
    number = headers[0].text("SeriesNumber") or headers[0].text("SeriesInstanceUID")
    return f"{headers[0].text('Modality')} series {number}: {twins.told()}{more}; keep the right ones"


def _best_first(series: Sequence[Series]) -> list[Series]:
    """CT before MR before PET, the largest first."""
    return sorted(series, key=lambda one: (PRIMARY_ORDER.index(one.modality), -one.volume_mm3, one.uid))


def _primary_first(series: Sequence[Series], drawn_on: str) -> list[Series]:
    """The series that the structures were drawn on, else the largest CT, MR or PET."""
    if not series:
        return []
    primary = next((one for one in series if one.uid == drawn_on), None)
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


def _table_order(series: Series) -> tuple[int, bool, str, str]:
    """By modality and number, the scans themselves before what was made of them: of two T1 the first is called so."""
    first = series.headers[0]
    made = first.text("ImageType").upper().strip("[' ").startswith(DERIVED) or bool(uncorrected(series.headers))
    return PRIMARY_ORDER.index(series.modality), made, f"{first.text('SeriesNumber'):0>9}", series.uid


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

"""RTSTRUCT: structures as the contours that were drawn, every digit kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ...case import Structure, StructureSet
from ...errors import UnusableInput
from ...structures.names import read_structure_name
from ...structures.naming import named, structure_notes, unique_names
from ...structures.organs import EXCLUDE, OTHER, TARGET_GROUPS
from ..files.contours import LEAST_POINTS, closed_polygon, without_copies
from .contour_item import contour_points, geometric_type, is_closed
from .contour_slices import SlicePlane, beside_mm
from .header import Header, naming_file, whole_number
from .references import frame_of_slices, frames_of, referenced_series
from .registration import Joins, same_place
from .texts import name_in

LARGEST_MM = 3000.0
"""No structure is longer than the longest table; one in micrometres would fill the memory."""
POINTS_OFF = 1
"""By so many points NumberOfContourPoints may err: some writers count the first point twice."""


@dataclass(frozen=True)
class Surroundings:
    """What a structure set's structures are placed by, beside what they say themselves.

    Parameters
    ----------
    instances : mapping of SOPInstanceUID to FrameOfReferenceUID
        Of the images that are here.
    same_frames : mapping of FrameOfReferenceUID to FrameOfReferenceUID
        Frames that are called otherwise here: of images that state none of their own.
    joins : mapping of FrameOfReferenceUID to (FrameOfReferenceUID, matrix of shape (4, 4))
        Where registrations take a frame (`registration.rigid_joins`).
    series_uid : str
        The series that the structures lie on; ``""`` for the first that the set names.
    default_frame : str
        Where structures lie that state no frame, if their contours and their set do not tell it either.
    planes : mapping of SOPInstanceUID to SlicePlane
        Of the slices that are here.
    """

    instances: Mapping[str, str] = field(default_factory=dict)
    same_frames: Mapping[str, str] = field(default_factory=dict)
    joins: Joins = field(default_factory=dict)
    series_uid: str = ""
    default_frame: str = ""
    planes: Mapping[str, SlicePlane] = field(default_factory=dict)

    def root(self, frame: str) -> str:
        """The frame that registrations take a frame to; itself if there is none."""
        return self.joins[frame][0] if frame in self.joins else frame

    def are_one(self, frame: str, other: str) -> bool:
        """Whether two frames have the same coordinates, as far as a head goes."""
        if frame == other:
            return True
        moves = [self.joins[one][1] if one in self.joins else np.eye(4) for one in (frame, other)]
        return self.root(frame) == self.root(other) and same_place(*moves)


@naming_file
def read_structure_set(
    header: Header,
    frame_uid: str,
    prescriptions_gy: Mapping[int, float] | None = None,
    around: Surroundings | None = None,
) -> StructureSet:
    """Read the structures that lie in one frame of reference, or that a registration takes there.

    Parameters
    ----------
    header : Header
        The RTSTRUCT file.
    frame_uid : str
        Frame of the images or dose; structures that lie in another one are left out.
    prescriptions_gy : mapping of ROI number to Gy
        Targets' own prescribed doses, where the plan tells them.
    around : Surroundings, optional
        The images and registrations that are here.

    Raises
    ------
    UnusableInput
        If contour data is damaged.
    """
    around = around or Surroundings()
    rois = _rois(header, around)
    structures = [_read_roi(roi, header, k, frame_uid, around) for k, roi in enumerate(_within(rois, frame_uid, around), 1)]
    for k, roi in enumerate(_within(rois, frame_uid, around)):
        if structures[k].group in TARGET_GROUPS and not roi.shared:
            structures[k] = replace(structures[k], prescription_gy=(prescriptions_gy or {}).get(roi.number))
    unique = unique_names(structures)
    return StructureSet(
        structures=unique,
        frame_of_reference_uid=frame_uid,
        referenced_series_uid=around.series_uid or next(iter(referenced_series(header)), ""),
        notes=(*_set_notes(header, rois), *structure_notes(unique)),
        sources=(header.path,),
    )


@dataclass(frozen=True)
class _Roi:
    """One structure as the file lists it: its frame, and all items of contours of its number."""

    number: int
    name: str
    frame: str
    items: tuple[Dataset, ...]
    shared: int
    """How many structures have this number, 0 if it is the only one."""
    external: bool
    torn: bool
    """Whether its contours name slices of another frame than its own."""


def _rois(header: Header, around: Surroundings) -> list[_Roi]:
    """The structures in planned order; contours, prescriptions and kinds go by ROI number (PS3.3 C.8.8.5, C.8.8.6)."""
    dataset = header.dataset
    items: dict[int, list[Dataset]] = {}
    for item in dataset.get("ROIContourSequence") or []:
        items.setdefault(_number(item, "ReferencedROINumber", header), []).append(item)
    external = {
        whole_number(item, "ReferencedROINumber")
        for item in dataset.get("RTROIObservationsSequence") or []
        if str(item.get("RTROIInterpretedType") or "") == "EXTERNAL"
    }
    listed = [(_number(roi, "ROINumber", header), roi) for roi in dataset.get("StructureSetROISequence") or []]
    count = Counter(number for number, _ in listed)
    spoken_of = sorted(frames_of(header))
    otherwise = spoken_of[0] if len(spoken_of) == 1 else around.default_frame
    found = []
    for number, roi in listed:
        own = items.get(number, [])
        stated, drawn_in = str(roi.get("ReferencedFrameOfReferenceUID") or ""), frame_of_slices(own, around.instances)
        stated, drawn_in = around.same_frames.get(stated, stated), around.same_frames.get(drawn_in, drawn_in)
        found.append(
            _Roi(
                number=number,
                name=name_in(roi, "ROIName"),
                frame=stated or drawn_in or around.same_frames.get(otherwise, otherwise),
                items=tuple(own),
                shared=count[number] if count[number] > 1 else 0,
                external=number in external,
                torn=bool(stated and drawn_in) and not around.are_one(stated, drawn_in),
            )
        )
    return found


def _within(rois: Sequence[_Roi], frame_uid: str, around: Surroundings) -> list[_Roi]:
    """The structures of one frame, those that a registration takes there, and those that no frame is stated of."""
    return [roi for roi in rois if roi.frame in ("", frame_uid) or around.root(roi.frame) == frame_uid]


@naming_file
def frames_of_structures(header: Header, around: Surroundings) -> Counter[str]:
    """How many structures with contours lie in each frame of reference; ``""`` where nothing tells it."""
    return Counter(roi.frame for roi in _rois(header, around) if any(item.get("ContourSequence") for item in roi.items))


def _set_notes(header: Header, rois: Sequence[_Roi]) -> list[str]:
    notes = []
    shared = sum(1 for roi in rois if roi.shared)
    if shared:
        notes.append(f"{shared} structures have a ROI number that another one has, too: nothing tells whose contours are whose")
    numbers = {roi.number for roi in rois}
    lost = sum(
        1 for item in header.dataset.get("ROIContourSequence") or [] if whole_number(item, "ReferencedROINumber") not in numbers
    )
    if lost:
        notes.append(f"{lost} items of contours name a ROI number that no structure has, and were not used")
    return notes


@naming_file
def target_names(header: Header) -> dict[int, str]:
    """Planned names of the GTV, CTV and PTV by ROI number; a number that two structures have names none."""
    rois = header.dataset.get("StructureSetROISequence") or []
    numbers = [_number(roi, "ROINumber", header) for roi in rois]
    count = Counter(numbers)
    named_rois = {n: name_in(roi, "ROIName") for n, roi in zip(numbers, rois, strict=True) if count[n] == 1}
    return {number: name for number, name in named_rois.items() if read_structure_name(name).group in TARGET_GROUPS}


def _number(item: Dataset, keyword: str, header: Header) -> int:
    number = whole_number(item, keyword)
    if number is None:
        raise UnusableInput(f"{header.path.name}: a structure has no {keyword}; export the structure set again")
    return number


def _read_roi(roi: _Roi, header: Header, number: int, frame_uid: str, around: Surroundings) -> Structure:
    """A structure with its contours; `number` is its place in the planned set."""
    refused = _refusal(roi, frame_uid)
    if refused:
        return _named(Structure(name=roi.name, standard_name="", contours=(), problem=refused), roi, number)
    contours: list[NDArray[np.float64]] = []
    drawn: list[tuple[Dataset, NDArray[np.float64]]] = []
    skipped: Counter[str] = Counter()
    broken = short = shorter = 0
    for contour in (contour for item in roi.items for contour in item.get("ContourSequence") or []):
        try:
            points = contour_points(contour)
        except ValueError as error:
            raise UnusableInput(f"{header.path.name}: contour data of structure {number} is damaged; export it again") from error
        lost = (whole_number(contour, "NumberOfContourPoints") or 0) - len(points)
        short, shorter = short + (lost > POINTS_OFF), shorter + (lost > 0)
        points = closed_polygon(points)
        if not is_closed(contour):
            skipped[f"of type {geometric_type(contour) or 'not stated'}"] += 1
        elif len(points) < LEAST_POINTS:
            skipped[f"with fewer than {LEAST_POINTS} points"] += 1
        elif not np.isfinite(points).all():
            broken += 1
        else:
            contours.append(points)
            drawn.append((contour, points))
    contours, copies = without_copies(contours)
    notes = (*(f"{count} contour{'s' * (count > 1)} {what} skipped" for what, count in skipped.items()), *copies)
    notes += _misplaced(drawn, around)
    if shorter > short:
        notes += (f"{shorter - short} of its contours hold one point less than they state (NumberOfContourPoints)",)
    problem = ""
    if broken:
        problem = f"{broken} of its contours have coordinates that are no numbers (NaN or infinite)"
    elif short:
        problem = f"{short} of its contours hold fewer points than they state (NumberOfContourPoints): the rest is lost"
    elif not contours:
        problem = "; ".join(("the structure has no closed contours", *notes))
    elif _length_mm(contours) > LARGEST_MM:
        problem = f"its contours are {_length_mm(contours) / 1000:.3g} m long: their coordinates are likely no millimetres"
    if len(roi.items) > 1:
        notes += (f"its contours stand in {len(roi.items)} items of the file, which were joined",)
    if roi.frame in around.joins and roi.frame != frame_uid:
        matrix = around.joins[roi.frame][1]
        contours = [points @ matrix[:3, :3].T + matrix[:3, 3] for points in contours]
        notes += ("its contours were placed by a Spatial Registration object",)
    structure = Structure(name=roi.name, standard_name="", contours=tuple(contours), notes=notes, problem=problem)
    return _named(structure, roi, number)


def _length_mm(contours: Sequence[NDArray[np.float64]]) -> float:
    """The longest side of the box around contours, each of shape (n, 3)."""
    low = np.min([points.min(axis=0) for points in contours], axis=0)
    return float(np.max(np.max([points.max(axis=0) for points in contours], axis=0) - low))


def _misplaced(drawn: Sequence[tuple[Dataset, NDArray[np.float64]]], around: Surroundings) -> tuple[str, ...]:
    """What must be said of contours that may lie elsewhere than where they are read."""
    notes = []
    off_mm = beside_mm(drawn, around.planes)
    if off_mm:
        notes.append(f"its contours lie {off_mm:.1f} mm beside the slices that they name: it may be drawn on another scan")
    if any(any(contour.get("ContourOffsetVector") or ()) for contour, _ in drawn):
        notes.append("its contours state an offset (ContourOffsetVector), which was not used")
    return tuple(notes)


def _refusal(roi: _Roi, frame_uid: str) -> str:
    """Why nothing can be told of a structure's place or shape; ``""`` if it can."""
    if roi.shared:
        return f"its ROI number is that of {roi.shared} structures: nothing tells which contours are its own"
    if roi.torn:
        return "it states another frame of reference than that of the slices that its contours name"
    if not roi.frame and frame_uid:
        return "nothing tells in which frame of reference it lies"
    return ""


def _named(structure: Structure, roi: _Roi, number: int) -> Structure:
    """A structure by its name; an outer contour is one by its kind, however it is named."""
    found = named(structure, number)
    if roi.external and not roi.shared and found.group in (OTHER, EXCLUDE):
        return replace(found, standard_name="External", group="external", notes=structure.notes)
    return found

"""DICOM segmentations (SEG): one labelmap a segment, from binary, fractional or label-map frames.

PS3.3 A.51: frames may come in any order, and empty ones may be left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels

from ...case import Structure, StructureSet
from ...errors import UnusableInput
from ...structures.naming import structure_notes, unique_names
from ..files.segmentations import labelmap_structure
from .dicom_file import read_file
from .header import Header, whole_number
from .references import referenced_series

BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
BACKGROUND = 0
"""A label map may list its background as a segment."""
POSITION_TOLERANCE_MM = 0.05
"""Frames further from an even, straight stack than this make no grid (headers round positions to 0.01 mm)."""
HALF = 0.5
"""A fractional voxel belongs to its segment from this share on."""


@dataclass(frozen=True)
class _Frames:
    """Where the frames of a file lie: one grid, and each frame's slice in it (the segments by number, 0 in a label map)."""

    grid: sitk.Image
    slices: tuple[int, ...]
    segments: tuple[int, ...]


def read_segmentations(headers: Sequence[Header], frame_uid: str) -> StructureSet:
    """Read every segment of DICOM segmentations that lie in one frame of reference.

    Raises
    ------
    UnusableInput
        If a file's frames cannot be decoded or make no even stack; the sentence names it.
    """
    structures: list[Structure] = []
    for header in headers:
        structures.extend(_read(header, len(structures)))
    unique = unique_names(structures)
    return StructureSet(
        structures=unique,
        frame_of_reference_uid=frame_uid,
        referenced_series_uid=next(iter(referenced_series(headers[0])), ""),
        notes=structure_notes(unique),
        sources=tuple(header.path for header in headers),
    )


def _read(header: Header, before: int) -> Iterator[Structure]:
    kind = header.text("SegmentationType").upper() or BINARY
    if kind not in (BINARY, FRACTIONAL, LABELMAP):
        raise UnusableInput(f"{header.path.name}: segmentations of type {kind} are not read; export it as binary SEG or RTSTRUCT")
    frames = _frames(header)
    note = (f"a fractional segmentation: voxels of {HALF:.0%} and more are inside",) if kind == FRACTIONAL else ()
    width, height, depth = frames.grid.GetSize()
    items = list(header.dataset.get("SegmentSequence") or [])
    count = Counter(whole_number(item, "SegmentNumber") or 0 for item in items)
    for number, item in enumerate(items, before + 1):
        segment = whole_number(item, "SegmentNumber") or 0
        if kind == LABELMAP and segment == BACKGROUND:
            continue
        inside = np.zeros((depth, height, width), dtype=bool)
        if count[segment] > 1:
            shared = f"its segment number is that of {count[segment]} segments: nothing tells which voxels are its own"
            yield replace(labelmap_structure(str(item.get("SegmentLabel") or ""), inside, frames.grid, number), problem=shared)
            continue
        chosen = [k for k, of in enumerate(frames.segments) if of in (0, segment)]
        for k, pixels in zip(chosen, _pixels(header, chosen), strict=True):
            inside[frames.slices[k]] |= _inside(pixels, kind, segment, header)
        structure = labelmap_structure(str(item.get("SegmentLabel") or ""), inside, frames.grid, number)
        yield replace(structure, notes=(*structure.notes, *note))


def _inside(pixels: NDArray[np.generic], kind: str, segment: int, header: Header) -> NDArray[np.bool_]:
    if kind == LABELMAP:
        return np.asarray(pixels == segment)
    if kind == FRACTIONAL:
        return np.greater_equal(pixels, HALF * (whole_number(header.dataset, "MaximumFractionalValue") or 1))
    return np.asarray(pixels != 0)


def _pixels(header: Header, frames: list[int]) -> Iterator[NDArray[np.generic]]:
    """The pixels of some frames, one at a time: all frames at once are a byte a voxel and segment."""
    if not frames:
        return
    try:
        # of a file pydicom holds one frame at a time, but it opens only those with a whole head
        source = header.path if header.whole_head else read_file(header.path).data
        yield from iter_pixels(source, indices=frames, raw=True)
    except Exception as error:  # pydicom's decoders raise many types on damaged or unknown pixels
        raise UnusableInput(
            f"segmentation {header.path.name} cannot be decoded; the file is damaged or its compression is unknown"
        ) from error


def _frames(header: Header) -> _Frames:
    """Lay all frames on one grid."""
    name = header.path.name
    shared = (header.dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    items = list(header.dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if not items:
        raise UnusableInput(f"segmentation {name} holds no frames; export it again")
    groups = [
        Header(
            header.path, _joined(_first(item, shared, "PlanePositionSequence"), _first(item, shared, "PlaneOrientationSequence"))
        )
        for item in items
    ]
    measures = Header(header.path, _first(items[0], shared, "PixelMeasuresSequence"))
    orientations = np.array([group.numbers("ImageOrientationPatient", 6) for group in groups])
    positions = np.array([group.numbers("ImagePositionPatient", 3) for group in groups])
    row, column = orientations[0].reshape(2, 3)
    normal = np.cross(row, column)
    along = positions @ normal
    beside = positions - np.outer(along, normal)
    steps = np.diff(np.sort(along))
    steps = steps[steps > POSITION_TOLERANCE_MM]
    thickness = float(steps.min()) if len(steps) else _stated_spacing_mm(measures)
    slices = np.rint((along - along.min()) / thickness).astype(int)
    uneven = np.abs(along - along.min() - slices * thickness).max() > POSITION_TOLERANCE_MM * max(1, int(slices.max()))
    if uneven or np.abs(beside - beside[0]).max() > POSITION_TOLERANCE_MM or np.ptp(orientations, axis=0).max() > 1e-4:
        raise UnusableInput(f"segmentation {name} has frames that make no even stack; export it as RTSTRUCT or .seg.nrrd")
    height, width = (int(header.numbers(keyword, 1)[0]) for keyword in ("Rows", "Columns"))
    row_mm, column_mm = measures.numbers("PixelSpacing", 2)
    grid = sitk.Image(width, height, int(slices.max()) + 1, sitk.sitkUInt8)
    grid.SetSpacing((column_mm, row_mm, float(along.max() - along.min()) / max(int(slices.max()), 1) or thickness))
    grid.SetOrigin(positions[int(np.argmin(along))].tolist())
    grid.SetDirection(np.stack([row, column, normal], axis=1).ravel().tolist())
    return _Frames(grid, tuple(slices.tolist()), tuple(_segment(item, shared) for item in items))


def _stated_spacing_mm(measures: Header) -> float:
    """Slice distance as stated, mm: of a segmentation in one plane."""
    keyword = "SpacingBetweenSlices" if "SpacingBetweenSlices" in measures.dataset else "SliceThickness"
    return measures.numbers(keyword, 1)[0]


def _first(item: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """A functional group's item: the frame's own, else the one that all frames share."""
    found = item.get(keyword) or shared.get(keyword) or []
    return found[0] if found else Dataset()


def _joined(*parts: Dataset) -> Dataset:
    joined = Dataset()
    for part in parts:
        joined.update(part)
    return joined


def _segment(item: Dataset, shared: Dataset) -> int:
    """The segment that a frame belongs to; 0 if it does not say (all frames of a label map)."""
    return whole_number(_first(item, shared, "SegmentIdentificationSequence"), "ReferencedSegmentNumber") or 0

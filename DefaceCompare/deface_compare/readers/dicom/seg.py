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
from pydicom.uid import UID

from ...case import Structure, StructureSet
from ...errors import UnusableInput
from ...structures.naming import structure_notes, unique_names
from ..files.segmentations import labelmap_structure
from .dicom_file import read_file
from .header import Header, whole_number
from .references import referenced_series
from .seg_planes import POSITION_TOLERANCE_MM, SegPlanes, StatedMeasures, planes_of_frames
from .series import Series
from .texts import name_in

BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
BACKGROUND = 0
"""A label map may list its background as a segment."""
SAME_DIRECTION = 1e-4
"""Direction cosines of frames that differ by less are one."""
HALF = 0.5
"""A fractional voxel belongs to its segment from this share on."""


@dataclass(frozen=True)
class _Frames:
    """Where the frames of a file lie: one grid, its planes, and each frame's segment by number (0 in a label map)."""

    grid: sitk.Image
    planes: SegPlanes
    segments: tuple[int, ...]


def read_segmentations(headers: Sequence[Header], frame_uid: str, series: Series | None = None) -> StructureSet:
    """Read every segment of DICOM segmentations that lie in one frame of reference.

    Parameters
    ----------
    series : Series, optional
        The one that was segmented, if it is here: it tells where empty frames were left out.

    Raises
    ------
    UnusableInput
        If a file's frames cannot be decoded or make no even stack; the sentence names it.
    """
    structures: list[Structure] = []
    for header in headers:
        structures.extend(_read(header, len(structures), series))
    unique = unique_names(structures)
    return StructureSet(
        structures=unique,
        frame_of_reference_uid=frame_uid,
        referenced_series_uid=next(iter(referenced_series(headers[0])), ""),
        notes=structure_notes(unique),
        sources=tuple(header.path for header in headers),
    )


def _read(header: Header, before: int, series: Series | None) -> Iterator[Structure]:
    kind = header.text("SegmentationType").upper() or BINARY
    if kind not in (BINARY, FRACTIONAL, LABELMAP):
        raise UnusableInput(f"{header.path.name}: segmentations of type {kind} are not read; export it as binary SEG or RTSTRUCT")
    frames = _frames(header, series)
    _refuse_doubtful(header, kind, frames)
    notes = frames.planes.notes
    if kind == FRACTIONAL:
        notes += (f"a fractional segmentation: voxels of {HALF:.0%} and more are inside",)
    width, height, depth = frames.grid.GetSize()
    items = list(header.dataset.get("SegmentSequence") or [])
    count = Counter(whole_number(item, "SegmentNumber") or 0 for item in items)
    nobodys = sum(segment != 0 and segment not in count for segment in frames.segments)
    if nobodys:
        notes += (f"{nobodys} frames of its file are of a segment that the file does not list: they were not read",)
    for number, item in enumerate(items, before + 1):
        segment = whole_number(item, "SegmentNumber") or 0
        if kind == LABELMAP and segment == BACKGROUND:
            continue
        inside = np.zeros((depth, height, width), dtype=bool)
        if count[segment] > 1:
            shared = f"its segment number is that of {count[segment]} segments: nothing tells which voxels are its own"
            yield replace(labelmap_structure(name_in(item, "SegmentLabel"), inside, frames.grid, number), problem=shared)
            continue
        chosen = [k for k, of in enumerate(frames.segments) if of in (0, segment)]
        for k, pixels in zip(chosen, _pixels(header, chosen), strict=True):
            inside[frames.planes.of_frames[k]] |= _inside(pixels, kind, segment, header)
        inside = inside[list(frames.planes.taken_from)]
        structure = labelmap_structure(name_in(item, "SegmentLabel"), inside, frames.grid, number)
        yield replace(structure, notes=(*structure.notes, *notes))


def _refuse_doubtful(header: Header, kind: str, frames: _Frames) -> None:
    """Raise `UnusableInput` if nothing tells which voxels are whose."""
    name, stated = header.path.name, whole_number(header.dataset, "NumberOfFrames")
    if stated is not None and stated != len(frames.segments):
        raise UnusableInput(f"segmentation {name} has {stated} frames and describes {len(frames.segments)}; export it again")
    if kind != LABELMAP and 0 in frames.segments and len(header.dataset.get("SegmentSequence") or []) > 1:
        raise UnusableInput(f"segmentation {name} has frames that do not say of which segment they are; export it again")
    if kind == FRACTIONAL and (whole_number(header.dataset, "MaximumFractionalValue") or 0) <= 0:
        raise UnusableInput(
            f"segmentation {name} does not say what its largest share is (MaximumFractionalValue); export it again"
        )


def _inside(pixels: NDArray[np.generic], kind: str, segment: int, header: Header) -> NDArray[np.bool_]:
    if kind == LABELMAP:
        return np.asarray(pixels == segment)
    if kind == FRACTIONAL:
        return np.greater_equal(pixels, HALF * (whole_number(header.dataset, "MaximumFractionalValue") or 0))
    return np.asarray(pixels != 0)


def _pixels(header: Header, frames: list[int]) -> Iterator[NDArray[np.generic]]:
    """The pixels of some frames, one at a time: all frames at once are a byte a voxel and segment."""
    if not frames:
        return
    try:
        if _share_bytes(header):
            yield from _unpacked(read_file(header.path).data, frames)
            return
        # of a file pydicom holds one frame at a time, but it opens only those with a whole head that are not deflated
        deflated = UID(str(header.dataset.file_meta.TransferSyntaxUID)).is_deflated
        source = header.path if header.whole_head and not deflated else read_file(header.path).data
        yield from iter_pixels(source, indices=frames, raw=True)
    except Exception as error:  # pydicom's decoders raise many types on damaged or unknown pixels
        raise UnusableInput(
            f"segmentation {header.path.name} cannot be decoded; the file is damaged or its compression is unknown"
        ) from error


def _share_bytes(header: Header) -> bool:
    """Whether frames of one bit a pixel do not begin at whole bytes (PS3.5 8.1.1); pydicom 3.0 loses pixels of such ones."""
    bits, rows, columns = (whole_number(header.dataset, keyword) or 0 for keyword in ("BitsAllocated", "Rows", "Columns"))
    return bits == 1 and rows * columns % 8 != 0 and not UID(str(header.dataset.file_meta.TransferSyntaxUID)).is_encapsulated


def _unpacked(data: Dataset, frames: list[int]) -> Iterator[NDArray[np.generic]]:
    """Frames of one bit a pixel, the first pixel in the lowest bit."""
    rows, columns = int(data.Rows), int(data.Columns)
    content = np.frombuffer(data.PixelData, np.uint8)
    for frame in frames:
        first, last = frame * rows * columns, (frame + 1) * rows * columns
        bits = np.unpackbits(content[first // 8 : -(-last // 8)], bitorder="little")
        yield bits[first % 8 :][: rows * columns].reshape(rows, columns)


def _frames(header: Header, series: Series | None) -> _Frames:
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
    beside_mm, turned = np.abs(beside - beside[0]).max(), np.ptp(orientations, axis=0).max()
    planes = planes_of_frames(along, normal, _stated_measures(items, shared, header), series)
    if planes is None or beside_mm > POSITION_TOLERANCE_MM or turned > SAME_DIRECTION:
        raise UnusableInput(f"segmentation {name} has frames that make no even stack; export it as RTSTRUCT or .seg.nrrd")
    height, width = (int(header.numbers(keyword, 1)[0]) for keyword in ("Rows", "Columns"))
    row_mm, column_mm = measures.numbers("PixelSpacing", 2)
    grid = sitk.Image(width, height, len(planes.taken_from), sitk.sitkUInt8)
    grid.SetSpacing((column_mm, row_mm, planes.apart_mm))
    grid.SetOrigin((positions[int(np.argmin(along))] + planes.begin_mm * normal).tolist())
    grid.SetDirection(np.stack([row, column, normal], axis=1).ravel().tolist())
    return _Frames(grid, planes, tuple(_segment(item, shared) for item in items))


def _stated_measures(items: Sequence[Dataset], shared: Dataset, header: Header) -> StatedMeasures:
    """Distance and thickness of the frames as stated; those of the first frame where they differ."""
    measures = [Header(header.path, _first(item, shared, "PixelMeasuresSequence")) for item in items]
    apart_mm, thick_mm = (
        [each.number(keyword) or 0.0 for each in measures] for keyword in ("SpacingBetweenSlices", "SliceThickness")
    )
    return StatedMeasures(apart_mm[0], thick_mm[0], np.ptp(thick_mm) > POSITION_TOLERANCE_MM)


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

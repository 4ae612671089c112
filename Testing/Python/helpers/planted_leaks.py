"""Forty-two ways in which a face can hide in a folder of DICOM RT, each planted into a patient's source or into an export."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from leak_search import GoneSkin

STRIPS, PLANE_MM, STRIP_MM = 14, 3.0, 1.5
"""Every strip holds each 14th column of the skin: 7 % of it; seven of them are planted."""


@dataclass(frozen=True)
class Target:
    """A folder into which a leak is planted.

    Parameters
    ----------
    folder : Path
        Holds DICOM files.
    source : Path
        The original's folder: pixels, contours and dose come from there.
    skin : GoneSkin
        What was taken away.
    """

    folder: Path
    source: Path
    skin: GoneSkin

    def one(self, modality: str, of: Path | None = None, index: int = 0) -> Path:
        """A file of a modality: for images the one in the middle of the skin that was taken away."""
        found = []
        for path in sorted((of or self.folder).rglob("*.dcm")):
            data = pydicom.dcmread(path, stop_before_pixels=True)
            if data.get("Modality") == modality:
                z = float(data.ImagePositionPatient[2]) if "ImagePositionPatient" in data else 0.0
                found.append(
                    (abs(z - float(np.median(self.skin.points_mm[:, 2]))) if modality in ("CT", "MR", "PT") else 0.0, path)
                )
        return sorted(found)[index][1]

    def change(self, modality: str, how: Callable[[Dataset], None]) -> None:
        """Change one file; other links to it stay."""
        path = self.one(modality)
        data = pydicom.dcmread(path)
        how(data)
        path.unlink()
        data.save_as(path, enforce_file_format=False)

    def add(self, modality: str, name: str, how: Callable[[Dataset], None]) -> None:
        """Add a changed copy of a file as an object of its own."""
        data = pydicom.dcmread(self.one(modality))
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        how(data)
        data.save_as(self.folder / name, enforce_file_format=False)


Plant = Callable[[Target], None]


def polygon(points: NDArray[np.float64], kind: str = "CLOSED_PLANAR") -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
    contour.ContourData = [f"{value:.2f}" for value in points.ravel()]
    return contour


def add_roi(data: Dataset, contours: Sequence[Dataset], name: str) -> None:
    """Add a structure to an RTSTRUCT."""
    number = 1 + max(int(roi.ROINumber) for roi in data.StructureSetROISequence)
    roi, item, seen = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = number, name, "MANUAL"
    roi.ReferencedFrameOfReferenceUID = data.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    item.ReferencedROINumber, item.ContourSequence = number, list(contours)
    seen.ObservationNumber = seen.ReferencedROINumber = number
    seen.RTROIInterpretedType, seen.ROIInterpreter = "ORGAN", ""
    data.StructureSetROISequence.append(roi)
    data.ROIContourSequence.append(item)
    data.RTROIObservationsSequence.append(seen)


def rows_of_skin(skin: GoneSkin, depth_mm: float = 0.0) -> list[NDArray[np.float64]]:
    """The skin's points plane by plane, from right to left."""
    points = skin.points_mm - depth_mm * skin.outward
    planes = np.rint(points[:, 2] / PLANE_MM).astype(int)
    rows = []
    for plane in np.unique(planes):
        row = points[planes == plane].copy()
        row[:, 2] = PLANE_MM * plane
        rows.append(row[np.argsort(row[:, 0])])
    return [row for row in rows if len(row) >= 3]


def ribbons(skin: GoneSkin, depth_mm: float = 0.0) -> list[Dataset]:
    """The whole skin as a thin closed ribbon a plane."""
    back = np.array([0.0, STRIP_MM, 0.0])
    return [polygon(np.concatenate([row, (row + back)[::-1]])) for row in rows_of_skin(skin, depth_mm)]


def _strips(data: Dataset, skin: GoneSkin, kind: str) -> None:
    for number in range(0, STRIPS, 2):
        contours = []
        for row in rows_of_skin(skin):
            for point in row[number::STRIPS]:
                if kind == "POINT":
                    contours.append(polygon(point[None], kind))
                else:
                    sides = np.array([[-1, 0, 0], [1, 0, 0], [1, STRIP_MM, 0], [-1, STRIP_MM, 0]])
                    contours.append(polygon(point + sides, kind))
        add_roi(data, contours, f"thin {number}")


def _profile(data: Dataset, skin: GoneSkin) -> None:
    """Sagittal lines, open: no plane along z holds them."""
    for k, x in enumerate(np.linspace(*np.percentile(skin.points_mm[:, 0], (5, 95)), 12)):
        line = skin.points_mm[np.abs(skin.points_mm[:, 0] - x) < 2.0]
        add_roi(data, [polygon(line[np.argsort(line[:, 2])], "OPEN_NONPLANAR")], f"line {k}")


def _original_contours(target: Target) -> Dataset:
    return pydicom.dcmread(target.one("RTSTRUCT", target.source))


def _restored_body(target: Target) -> None:
    before = _original_contours(target)
    target.change("RTSTRUCT", lambda data: setattr(data, "ROIContourSequence", _without_images(before)))


def _without_images(data: Dataset) -> list[Dataset]:
    items = list(data.ROIContourSequence)
    for item in items:
        for contour in item.get("ContourSequence") or []:
            if "ContourImageSequence" in contour:
                del contour.ContourImageSequence
    return items


def _beyond(target: Target) -> None:
    below = target.skin.low_mm[2] - 12.0
    ring = np.array([[-60.0, -70.0, below], [60.0, -70.0, below], [60.0, 60.0, below], [-60.0, 60.0, below]])
    target.change("RTSTRUCT", lambda data: add_roi(data, [polygon(ring)], "under the image"))


def _contours_elsewhere(data: Dataset, skin: GoneSkin) -> None:
    item = Dataset()
    item.ReferencedROINumber, item.ContourSequence = 1, ribbons(skin)
    data.ROIContourSequence = [item]


def _nested_contours(data: Dataset, skin: GoneSkin) -> None:
    _contours_elsewhere(data.RTROIObservationsSequence[0], skin)


def _contours_in_a_structure(data: Dataset, skin: GoneSkin) -> None:
    _loose_contour_data(data.ROIContourSequence[0], skin)


def _contours_below_a_contour(data: Dataset, skin: GoneSkin) -> None:
    data.ROIContourSequence[-1].ContourSequence[0].ContourSequence = ribbons(skin)


def _contours_in_a_contours_image(data: Dataset, skin: GoneSkin) -> None:
    item = Dataset()
    _loose_contour_data(item, skin)
    data.ROIContourSequence[-1].ContourSequence[0].SourcePixelPlanesCharacteristicsSequence = [item]


def _loose_contour_data(data: Dataset, skin: GoneSkin) -> None:
    data.ContourData = [f"{value:.1f}" for value in skin.points_mm[:400].ravel()]


def _restored_dose(target: Target) -> None:
    original = pydicom.dcmread(target.one("RTDOSE", target.source))
    target.change("RTDOSE", lambda data: _set_pixels(data, original.pixel_array))


def _stepped_dose(target: Target) -> None:
    """A third of the dose goes on in front of the old skin, to the grid's end."""
    original = pydicom.dcmread(target.one("RTDOSE", target.source))
    values = original.pixel_array
    frames, _, columns = values.shape
    front = np.array(values)
    for frame in range(frames):
        for column in range(columns):
            held = np.flatnonzero(values[frame, :, column])
            if held.size:
                front[frame, : held[0], column] = values[frame, held[0], column] // 3
    target.change("RTDOSE", lambda data: _set_pixels(data, front))


def _set_pixels(data: Dataset, values: NDArray[np.generic]) -> None:
    data.PixelData = np.ascontiguousarray(values).tobytes()
    data["PixelData"].VR = "OW"


def _second_dose(target: Target) -> None:
    original = pydicom.dcmread(target.one("RTDOSE", target.source)).pixel_array
    target.add("RTDOSE", "RTDOSE_9.dcm", lambda data: _set_pixels(data, original))


def _restored_slice(modality: str) -> Plant:
    def plant(target: Target) -> None:
        path = target.one(modality)
        z = float(pydicom.dcmread(path).ImagePositionPatient[2])
        for other in target.source.rglob("*.dcm"):
            data = pydicom.dcmread(other, stop_before_pixels=True)
            if data.get("Modality") == modality and abs(float(data.ImagePositionPatient[2]) - z) < 0.01:
                target.change(modality, _with_pixels_of(other))
                return

    return plant


def _with_pixels_of(path: Path) -> Callable[[Dataset], None]:
    return lambda data: setattr(data, "PixelData", pydicom.dcmread(path).PixelData)


def _as_class(sop_class: str, modality: str) -> Callable[[Dataset], None]:
    def change(data: Dataset) -> None:
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = sop_class
        data.Modality = modality
        data.SeriesInstanceUID = generate_uid()

    return change


def _with(tag: int, vr: str, value: object) -> Callable[[Dataset], None]:
    return lambda data: data.add(DataElement(tag, vr, value))


def _icon(data: Dataset) -> None:
    icon = Dataset()
    icon.Rows, icon.Columns, icon.BitsAllocated, icon.PixelData = 12, 12, 8, bytes(144)
    data.IconImageSequence = [icon]


def _private(data: Dataset) -> None:
    data.private_block(0x0029, "VENDOR THUMBNAIL", create=True).add_new(0x10, "OB", bytes(64))


def _grid_of_vectors(data: Dataset) -> None:
    _as_class("1.2.840.10008.5.1.4.1.1.66.3", "REG")(data)
    grid = Dataset()
    grid.GridDimensions, grid.GridResolution, grid.VectorGridData = [8, 8, 8], [4.0, 4.0, 4.0], bytes(8 * 8 * 8 * 12)
    item = Dataset()
    item.DeformableRegistrationGridSequence = [grid]
    data.DeformableRegistrationSequence = [item]


def _vectors_in_a_rigid_one(data: Dataset) -> None:
    grid = Dataset()
    grid.VectorGridData = bytes(4096)
    data.RegistrationSequence[0].DeformableRegistrationGridSequence = [grid]


def _thickness(data: Dataset) -> None:
    beam, compensator = Dataset(), Dataset()
    compensator.CompensatorThicknessData = [f"{value:.1f}" for value in np.linspace(0, 30, 900)]
    beam.CompensatorSequence = [compensator]
    data.BeamSequence = [beam]


def _short_relief(data: Dataset) -> None:
    beam, block = Dataset(), Dataset()
    block.BlockData = [f"{value:.1f}" for value in np.linspace(-80, 80, 600)]
    beam.BlockSequence = [block]
    data.BeamSequence = [beam]


def _entry_points(data: Dataset, skin: GoneSkin) -> None:
    """An arc: every control point tells where the beam's axis meets the skin."""
    points = []
    for place in skin.points_mm[:: max(1, len(skin.points_mm) // 180)]:
        point = Dataset()
        point.SurfaceEntryPoint = [f"{value:.1f}" for value in place]
        points.append(point)
    beam = Dataset()
    beam.ControlPointSequence = points
    data.BeamSequence = [beam]


def _skin_distances(data: Dataset, skin: GoneSkin) -> None:
    points = []
    for place in skin.points_mm[:: max(1, len(skin.points_mm) // 180)]:
        point = Dataset()
        point.SourceToSurfaceDistance = f"{1000.0 - float(np.linalg.norm(place)):.1f}"
        points.append(point)
    beam = Dataset()
    beam.ControlPointSequence = points
    data.BeamSequence = [beam]


def _leaves_of_a_structure_set(data: Dataset, skin: GoneSkin) -> None:
    """A list that a plan may have, in an object that has none."""
    item = Dataset()
    item.LeafPositionBoundaries = [f"{value:.1f}" for value in skin.points_mm[:200].ravel()]
    data.StructureSetROISequence[0].BeamLimitingDeviceSequence = [item]


def _preamble(target: Target) -> None:
    target.change("CT", lambda data: setattr(data, "preamble", bytes(range(1, 129))))


def _loose_file(target: Target) -> None:
    shutil.copy(target.one("CT", target.source), target.folder / "face.bin")


def _secondary_capture(target: Target) -> None:
    target.add("CT", "SC.dcm", _as_class("1.2.840.10008.5.1.4.1.1.7", "OT"))


def _old_uid(target: Target) -> None:
    uid = str(pydicom.dcmread(target.one("CT", target.source), stop_before_pixels=True).SeriesInstanceUID)
    target.change("PT", lambda data: setattr(data, "ImageComments", f"made from {uid}"))


LEAKS: Mapping[str, Plant] = {
    "seven thin structures, closed": lambda t: t.change("RTSTRUCT", lambda data: _strips(data, t.skin, "CLOSED_PLANAR")),
    "seven thin structures, points": lambda t: t.change("RTSTRUCT", lambda data: _strips(data, t.skin, "POINT")),
    "twelve sagittal lines": lambda t: t.change("RTSTRUCT", lambda data: _profile(data, t.skin)),
    "the skin as an organ": lambda t: t.change("RTSTRUCT", lambda data: add_roi(data, ribbons(t.skin), "Organ7")),
    "the skin 1.5 mm deep": lambda t: t.change("RTSTRUCT", lambda data: add_roi(data, ribbons(t.skin, 1.5), "PTV_eval")),
    "all contours as planned": _restored_body,
    "a contour under the image": _beyond,
    "contours in the plan": lambda t: t.change("RTPLAN", lambda data: _contours_elsewhere(data, t.skin)),
    "contours in the dose": lambda t: t.change("RTDOSE", lambda data: _contours_elsewhere(data, t.skin)),
    "contours in an observation": lambda t: t.change("RTSTRUCT", lambda data: _nested_contours(data, t.skin)),
    "contours in a structure, outside its contours": lambda t: t.change(
        "RTSTRUCT", lambda data: _contours_in_a_structure(data, t.skin)
    ),
    "contours below a contour": lambda t: t.change("RTSTRUCT", lambda data: _contours_below_a_contour(data, t.skin)),
    "contours in a contour's planes": lambda t: t.change("RTSTRUCT", lambda data: _contours_in_a_contours_image(data, t.skin)),
    "coordinates in a CT slice": lambda t: t.change("CT", lambda data: _loose_contour_data(data, t.skin)),
    "the dose as planned": _restored_dose,
    "a dose that steps at the old skin": _stepped_dose,
    "a second dose": _second_dose,
    "an original CT slice": _restored_slice("CT"),
    "an original MR slice": _restored_slice("MR"),
    "an original PET slice": _restored_slice("PT"),
    "a secondary capture": _secondary_capture,
    "a segmentation": lambda t: t.add("CT", "SEG.dcm", _as_class("1.2.840.10008.5.1.4.1.1.66.4", "SEG")),
    "a surface": lambda t: t.add("RTPLAN", "SURF.dcm", _as_class("1.2.840.10008.5.1.4.1.1.66.5", "SEG")),
    "a document": lambda t: t.add("RTPLAN", "PDF.dcm", _as_class("1.2.840.10008.5.1.4.1.1.104.1", "DOC")),
    "a deformation grid": lambda t: t.add("RTPLAN", "DEF.dcm", _grid_of_vectors),
    "a deformation grid in a rigid registration": lambda t: t.change("REG", _vectors_in_a_rigid_one),
    "an icon": lambda t: t.change("CT", _icon),
    "an overlay": lambda t: t.change("CT", _with(0x60003000, "OW", bytes(2048))),
    "a curve": lambda t: t.change("CT", _with(0x50003000, "OW", bytes(64))),
    "a private element": lambda t: t.change("MR", _private),
    "pixels in the structure set": lambda t: t.change("RTSTRUCT", _with(0x7FE00010, "OW", bytes(512))),
    "padding after the pixels": lambda t: t.change("CT", _with(0xFFFCFFFC, "OB", bytes(1024))),
    "a long text": lambda t: t.change("RTPLAN", _with(0x0040A160, "UT", "A" * 20000)),
    "a long comment": lambda t: t.change("RTDOSE", _with(0x300E0008, "LO", "A" * 20000)),
    "an arc's entry points": lambda t: t.change("RTPLAN", lambda data: _entry_points(data, t.skin)),
    "an arc's distances to the skin": lambda t: t.change("RTPLAN", lambda data: _skin_distances(data, t.skin)),
    "leaf positions in the structure set": lambda t: t.change("RTSTRUCT", lambda data: _leaves_of_a_structure_set(data, t.skin)),
    "a relief of the skin in the plan": lambda t: t.change("RTPLAN", _thickness),
    "a list of numbers in the plan": lambda t: t.change("RTPLAN", _short_relief),
    "bytes in the preamble": _preamble,
    "an old UID in a comment": _old_uid,
    "a file that is no DICOM object": _loose_file,
}
"""What is planted, and how."""

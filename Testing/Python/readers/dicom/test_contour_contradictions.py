"""Structure sets that contradict the scan, or themselves: lost points, contours beside their slices, rejected sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset

from deface_compare.case import Structure
from deface_compare.readers import read_case
from dicom_set import CT_CLASS, head_hu, square, uid, write_series, write_structures

CLOSED = "CLOSED_PLANAR"
PLANES = (-24, -21, -18, -15)


def _structures(folder: Path) -> tuple[Structure, ...]:
    found = read_case(folder).structure_set
    assert found is not None
    return found.structures


def _write(folder: Path, change: Callable[[Dataset], None]) -> None:
    write_series(folder, head_hu())
    path = write_structures(folder / "rs.dcm", {"Brain": [(CLOSED, square(4, -6, z, 6)) for z in PLANES]})
    data = pydicom.dcmread(path)
    for contour in data.ROIContourSequence[0].ContourSequence:
        change(contour)
    data.save_as(path)


@pytest.mark.parametrize(("lost", "kept"), [(2, False), (1, True), (0, True), (-1, True)])
def test_contours_that_lost_points_are_not_measured(tmp_path: Path, lost: int, kept: bool) -> None:
    _write(tmp_path, lambda contour: setattr(contour, "NumberOfContourPoints", 4 + lost))
    (brain,) = _structures(tmp_path)
    if kept:
        assert not brain.problem
        assert ("4 of its contours hold one point less than they state (NumberOfContourPoints)" in brain.notes) == (lost == 1)
    else:
        assert brain.problem == ("4 of its contours hold fewer points than they state (NumberOfContourPoints): the rest is lost")


def test_an_offset_of_the_contours_is_told(tmp_path: Path) -> None:
    _write(tmp_path, lambda contour: setattr(contour, "ContourOffsetVector", [0, 0, 1.5]))
    assert "its contours state an offset (ContourOffsetVector), which was not used" in _structures(tmp_path)[0].notes


@pytest.mark.parametrize(("shift_mm", "told"), [(0.0, False), (1.5, False), (2.9, False), (9.0, True), (-9.0, True)])
def test_contours_beside_the_slices_that_they_name_are_told(tmp_path: Path, shift_mm: float, told: bool) -> None:
    """Up to one spacing (3 mm) a contour may lie between the slices."""

    def change(contour: Dataset) -> None:
        image = Dataset()
        image.ReferencedSOPClassUID = CT_CLASS
        image.ReferencedSOPInstanceUID = uid(f"ct {round((float(contour.ContourData[2]) + 30) / 3)}")
        contour.ContourImageSequence = [image]
        contour.ContourData = [float(value) + (shift_mm if k % 3 == 2 else 0.0) for k, value in enumerate(contour.ContourData)]

    _write(tmp_path, change)
    note = "its contours lie 9.0 mm beside the slices that they name: it may be drawn on another scan"
    assert (note in _structures(tmp_path)[0].notes) == told


def test_a_rejected_structure_set_is_tried_last_and_told_if_it_is_the_only_one(tmp_path: Path) -> None:
    def reject(data: FileDataset) -> None:
        data.ApprovalStatus, data.StructureSetDate = "REJECTED", "20260101"

    write_series(tmp_path, head_hu())
    for name, half in (("good.dcm", 6), ("bad.dcm", 3)):
        path = write_structures(tmp_path / name, {"Brain": [(CLOSED, square(4, -6, z, half)) for z in PLANES]})
        data = pydicom.dcmread(path)
        data.StructureSetDate = "20250101"
        if name == "bad.dcm":
            reject(data)
        data.save_as(path)
    used = read_case(tmp_path).structure_set
    assert used is not None
    assert [path.name for path in used.sources] == ["good.dcm"]
    (tmp_path / "good.dcm").unlink()
    assert "structure set bad.dcm was rejected (ApprovalStatus)" in _structures(tmp_path)[0].notes


def test_contours_in_micrometres_have_a_reason_and_no_volume(tmp_path: Path) -> None:
    def enlarge(contour: Dataset) -> None:
        contour.ContourData = [1000.0 * float(value) for value in contour.ContourData]

    _write(tmp_path, enlarge)
    (brain,) = _structures(tmp_path)
    assert brain.problem.endswith("m long: their coordinates are likely no millimetres")


def test_an_outer_contour_known_by_its_kind_says_what_its_contours_lost(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_structures(tmp_path / "rs.dcm", {"Umriss": [(CLOSED, square(4, -6, z, 6)) for z in PLANES]})
    data = pydicom.dcmread(path)
    seen = Dataset()
    seen.ReferencedROINumber, seen.RTROIInterpretedType = data.StructureSetROISequence[0].ROINumber, "EXTERNAL"
    data.RTROIObservationsSequence = [seen]
    del data.ROIContourSequence[0].ContourSequence[2].ContourGeometricType
    data.save_as(path)
    (outline,) = _structures(tmp_path)
    assert (outline.standard_name, outline.group) == ("External", "external")
    assert "1 contour of type not stated skipped" in outline.notes


@pytest.mark.parametrize(("step_mm", "thick"), [(3, "3"), (1, "1"), (None, "3")])
def test_the_thickness_of_a_structure_in_one_plane_is_told(tmp_path: Path, step_mm: int | None, thick: str) -> None:
    """Its volume is that of a slab as thick as the set's planes are apart, or 3 mm where no other structure tells it."""
    write_series(tmp_path, head_hu())
    structures = {"PTV": [("CLOSED_PLANAR", square(8, 4, -18, 3))]}
    if step_mm:
        structures["Brain"] = [("CLOSED_PLANAR", square(8, 4, -18 + k * step_mm, 5)) for k in range(4)]
    write_structures(tmp_path / "rs.dcm", structures)
    found = read_case(tmp_path).structure_set
    assert found is not None
    notes = {structure.name: structure.notes for structure in found.structures}
    assert f"it is drawn in one plane only: it counts as {thick} mm thick" in notes["PTV"]
    assert not any("one plane" in note for note in notes.get("Brain", ()))

"""DICOM segmentations (SEG): frames in any order, empty ones left out, several segments over one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deface_compare.case import Case, Structure
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.readers.files.structures import read_structures
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from dicom_set import head_hu, square, uid, write_dose, write_series, write_structures
from seg_file import Mask, write_segmentation

ORIGIN, SPACING = np.array([-10.0, -20.0, -30.0]), np.array([2.0, 2.0, 3.0])
"""The grid of `write_series`."""


def _masks() -> dict[str, Mask]:
    """Two boxes that overlap, and one that is empty."""
    brain, gtv = np.zeros((2, 12, 24, 20), bool)
    brain[3:9, 6:18, 6:14] = True
    gtv[5:8, 8:12, 8:16] = True
    return {"Brain": brain, "GTV": gtv, "Eye_L": np.zeros_like(brain)}


def _structure(structures: Sequence[Structure], name: str) -> Structure:
    return next(structure for structure in structures if structure.standard_name == name)


def _on_ct(case: Case, structure: Structure) -> Mask:
    assert structure.labelmap is not None
    resampled = sitk.Resample(structure.labelmap, case.image("CT").image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return np.asarray(sitk.GetArrayFromImage(resampled) != 0)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_segments_lie_where_they_were_drawn_also_where_they_overlap(tmp_path: Path, kind: str) -> None:
    write_series(tmp_path, head_hu())
    write_dose(tmp_path / "rd.dcm", np.full((12, 12, 12), 3000, np.uint16), [4.0 * k for k in range(12)])
    write_segmentation(tmp_path / "seg.dcm", _masks(), kind)
    case = read_case(tmp_path)
    assert case.structure_set is not None
    for name, mask in _masks().items():
        structure = _structure(case.structure_set.structures, name)
        assert np.array_equal(_on_ct(case, structure), mask), name
        assert structure.problem == ("" if mask.any() else "the structure is empty")
    baseline = utility_baseline(case, Settings())
    image = baseline.images["CT"]
    assert isinstance(image, ImageBaseline)
    brain = image.regions["Brain"]
    assert isinstance(brain, RegionOnImage)
    assert brain.volumes.planned_cc == pytest.approx(6 * 12 * 8 * 12 / 1000)
    assert not isinstance(baseline.dose["Brain"], str)
    assert baseline.dose["Eye_L"] == "the structure is empty"


def test_a_structure_set_goes_before_segmentations_and_that_is_told(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_structures(tmp_path / "rs.dcm", {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]})
    write_segmentation(tmp_path / "seg.dcm", _masks())
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert [s.name for s in case.structure_set.structures] == ["Brain"]
    assert "1 DICOM segmentation (SEG) not used: the structure set rs.dcm was read" in case.notes


def test_segmentations_of_one_series_are_read_together(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    masks = _masks()
    for name in ("Brain", "GTV"):
        write_segmentation(tmp_path / f"{name}.dcm", {name: masks[name]})
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert [s.standard_name for s in case.structure_set.structures] == ["Brain", "GTV"]


def test_a_segmentation_can_stand_in_a_case_file(tmp_path: Path) -> None:
    assert [s.name for s in read_structures(write_segmentation(tmp_path / "seg.dcm", _masks()))] == ["Brain", "GTV", "Eye_L"]


def test_frames_that_make_no_stack_are_told(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_segmentation(tmp_path / "seg.dcm", _masks(), shift_mm=1.3)
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert "segmentation seg.dcm has frames that make no even stack" in case.missing_structures
    assert case.missing_structures in case.notes


def test_a_segmentation_in_another_frame_is_not_used_and_its_rows_say_so(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), series="second ct")
    write_segmentation(tmp_path / "seg.dcm", _masks(), frame="elsewhere")
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert "lies in another frame of reference" in case.missing_structures


def test_segments_of_one_number_get_nobodys_voxels(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", _masks())
    data = pydicom.dcmread(path)
    data.SegmentSequence[1].SegmentNumber = 1
    data.save_as(path)
    structure_set = read_case(tmp_path).structure_set
    assert structure_set is not None
    shared = "its segment number is that of 2 segments: nothing tells which voxels are its own"
    assert [one.problem for one in structure_set.structures[:2]] == [shared, shared]


@pytest.mark.parametrize("name", ["a.dcm", "z.dcm"])
def test_segmentations_of_the_ct_are_read_whatever_the_files_are_called(tmp_path: Path, name: str) -> None:
    """One of the MR beside it, in the same frame of reference: the order of files decides nothing."""
    write_series(tmp_path, head_hu())
    write_series(tmp_path, (head_hu() + 1100).astype(np.uint16), modality="MR", series="mr")
    write_segmentation(tmp_path / "m.dcm", {"Brain": _masks()["Brain"]})
    data = pydicom.dcmread(write_segmentation(tmp_path / name, {"GTV": _masks()["GTV"]}))
    data.ReferencedSeriesSequence[0].SeriesInstanceUID = uid("mr")
    data.save_as(tmp_path / name)
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert [s.name for s in case.structure_set.structures] == ["Brain"]
    assert "1 DICOM segmentation (SEG) not used: those of one series were read" in case.notes
    chosen = read_case(tmp_path, choices=ReadingChoices(structures=name)).structure_set
    assert chosen is not None
    assert [s.name for s in chosen.structures] == ["GTV"]


def test_a_segmentation_whose_frame_is_not_its_series_is_not_used(tmp_path: Path) -> None:
    """It names the CT and states another frame of reference: nothing tells which of the two is wrong."""
    write_series(tmp_path, head_hu())
    write_segmentation(tmp_path / "seg.dcm", _masks(), frame="elsewhere")
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert case.missing_structures == "segmentation seg.dcm lies in another frame of reference than every image; it was not used"


def test_a_segmentation_stands_in_for_a_structure_set_that_cannot_be_used(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_structures(tmp_path / "rs.dcm", {"Brain": [("CLOSED_PLANAR", square(8, 4, -9, 5))]}, series="lost", frame="elsewhere")
    write_segmentation(tmp_path / "seg.dcm", _masks())
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert [s.name for s in case.structure_set.structures] == ["Brain", "GTV", "Eye_L"]
    assert any(note.startswith("structure set rs.dcm was not used: ") for note in case.notes)

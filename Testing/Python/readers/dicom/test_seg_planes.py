"""Planes and pixels of DICOM segmentations: empty frames are left out, frames of one bit share bytes. Volumes in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import DeflatedExplicitVRLittleEndian

from deface_compare.case import Case, Structure
from deface_compare.readers import read_case
from deface_compare.readers.files.structures import read_structures
from dicom_set import head_hu, write_series
from seg_file import Mask, write_segmentation
from slice_values import change

VOXEL_CC = 2.0 * 2.0 * 3.0 / 1000
"""Of `write_series`."""


def box(slices: Sequence[int]) -> Mask:
    mask = np.zeros((12, 24, 20), bool)
    mask[list(slices), 6:18, 6:14] = True
    return mask


def volume_cc(structure: Structure) -> float:
    assert structure.labelmap is not None
    voxels = sitk.GetArrayViewFromImage(structure.labelmap)
    return float(voxels.sum() * np.prod(structure.labelmap.GetSpacing()) / 1000)


def only(case: Case) -> Structure:
    assert case.structure_set is not None, case.missing_structures
    (structure,) = case.structure_set.structures
    return structure


def on_ct(case: Case, structure: Structure) -> Mask:
    resampled = sitk.Resample(structure.labelmap, case.images[0].image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return np.asarray(sitk.GetArrayFromImage(resampled) != 0)


@pytest.mark.parametrize("slices", [[2, 4, 6], [1, 10], [1, 3, 6], [5], [2, 3, 4, 9]])
def test_frames_that_were_left_out_are_empty_and_make_no_slice_thicker(tmp_path: Path, slices: list[int]) -> None:
    write_series(tmp_path, head_hu())
    write_segmentation(tmp_path / "seg.dcm", {"Brain": box(slices)})
    case = read_case(tmp_path)
    np.testing.assert_array_equal(on_ct(case, only(case)), box(slices))
    assert volume_cc(only(case)) == pytest.approx(len(slices) * 12 * 8 * VOXEL_CC)


@pytest.mark.parametrize(
    ("measures", "apart_mm", "told"),
    [
        ({"SpacingBetweenSlices": 3.0}, 3.0, False),
        ({"SpacingBetweenSlices": 3.0, "SliceThickness": 6.0}, 3.0, False),
        ({}, 3.0, True),  # 3 mm thick frames, 6 mm apart, and no series that tells more
        ({"SliceThickness": 6.0}, 6.0, False),
        ({"SliceThickness": 4.0}, 6.0, False),  # with gaps between thin slices
        ({"SpacingBetweenSlices": 6.0}, 6.0, False),
    ],
)
def test_a_segmentation_by_itself_tells_how_far_its_planes_are_apart(
    tmp_path: Path, measures: dict[str, float], apart_mm: float, told: bool
) -> None:
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box([2, 4, 6])})

    def state(data: pydicom.Dataset) -> None:
        for keyword, value in measures.items():
            setattr(data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0], keyword, value)

    change([path], state)
    (structure,) = read_structures(path)
    assert volume_cc(structure) == pytest.approx(3 * 12 * 8 * 2 * 2 * apart_mm / 1000)
    assert any("planes between them were taken as empty" in note for note in structure.notes) == told


def test_a_segmentation_of_another_grid_keeps_its_own_planes(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box([2, 4, 6])})
    change([path], lambda data: setattr(_measures(data), "SliceThickness", 6.0))
    assert volume_cc(only(read_case(tmp_path))) == pytest.approx(3 * 12 * 8 * 2 * VOXEL_CC)


def _measures(data: pydicom.Dataset) -> pydicom.Dataset:
    measures: pydicom.Dataset = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    return measures


def test_a_segmentation_of_a_series_whose_spacing_changes_has_no_holes(tmp_path: Path) -> None:
    heights = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 21.0, 27.0, 33.0, 39.0, 45.0, 51.0]
    paths = write_series(tmp_path, head_hu())

    def place(data: pydicom.Dataset) -> None:
        data.ImagePositionPatient = [-10, -20, -30 + heights[int(data.InstanceNumber) - 1]]

    change(paths, place)
    seg = write_segmentation(tmp_path / "seg.dcm", {"Brain": box([3, 4, 5, 6, 7, 8])})

    def follow(data: pydicom.Dataset) -> None:
        for frame in data.PerFrameFunctionalGroupsSequence:
            (position,) = frame.PlanePositionSequence
            k = round((float(position.ImagePositionPatient[2]) + 30) / 3)
            position.ImagePositionPatient = [-10, -20, -30 + heights[k]]

    change([seg], follow)
    case = read_case(tmp_path)
    structure = only(case)
    # slices at 9, 12, 15, 21, 27, 33 mm reach from 7.5 to 36 mm, halfway to their neighbours
    assert volume_cc(structure) == pytest.approx((36 - 7.5) * 12 * 8 * 2 * 2 / 1000, rel=0.06)  # measured 5.3 %: half a plane
    assert any("its slices change their distance" in note for note in structure.notes)
    inside = np.flatnonzero(on_ct(case, structure).any(axis=(1, 2)))
    np.testing.assert_array_equal(np.diff(inside), 1)


def test_without_its_series_a_segmentation_of_changing_thickness_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), series="another")
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box([2, 3, 4, 6, 8])})

    def state(data: pydicom.Dataset) -> None:
        for frame in data.PerFrameFunctionalGroupsSequence:
            measures = pydicom.Dataset()
            low = float(frame.PlanePositionSequence[0].ImagePositionPatient[2]) < -15
            measures.PixelSpacing, measures.SliceThickness = [2.0, 2.0], 3.0 if low else 6.0
            frame.PixelMeasuresSequence = [measures]

    change([path], state)
    assert "has frames that make no even stack" in read_case(tmp_path).missing_structures


@pytest.mark.parametrize("shape", [(12, 23, 19), (12, 15, 17), (12, 22, 17)])
def test_frames_that_do_not_begin_at_whole_bytes_are_read(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    masks = {name: np.random.default_rng(k).random(shape) > 0.3 for k, name in enumerate(("Brain", "GTV", "Eye_L"))}
    write_series(tmp_path, head_hu(shape))
    path = write_segmentation(tmp_path / "seg.dcm", masks)
    case = read_case(tmp_path)
    witness = pydicom.dcmread(path).pixel_array  # all frames at once
    assert case.structure_set is not None, case.missing_structures
    for structure, mask in zip(case.structure_set.structures, masks.values(), strict=True):
        np.testing.assert_array_equal(on_ct(case, structure), mask)
    assert sum(volume_cc(each) for each in case.structure_set.structures) == pytest.approx(int(witness.sum()) * VOXEL_CC)


def test_a_segmentation_without_a_whole_head_and_whole_bytes_is_read(tmp_path: Path) -> None:
    shape = (12, 23, 19)
    write_series(tmp_path, head_hu(shape))
    mask = np.random.default_rng(1).random(shape) > 0.5
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": mask})
    whole = path.read_bytes()
    path.write_bytes(whole[132:])
    case = read_case(tmp_path)
    np.testing.assert_array_equal(on_ct(case, only(case)), mask)


def _reference(data: pydicom.Dataset, number: int | None) -> None:
    for frame in data.PerFrameFunctionalGroupsSequence[:3]:
        if number is None:
            del frame.SegmentIdentificationSequence
        else:
            frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = number


@pytest.mark.parametrize(
    ("kind", "edit", "said"),
    [
        ("BINARY", lambda data: setattr(data, "NumberOfFrames", int(data.NumberOfFrames) + 3), "has 13 frames and describes 10"),
        ("BINARY", lambda data: data.PerFrameFunctionalGroupsSequence.pop(), "has 10 frames and describes 9"),
        ("BINARY", lambda data: _reference(data, None), "has frames that do not say of which segment they are"),
        ("FRACTIONAL", lambda data: delattr(data, "MaximumFractionalValue"), "does not say what its largest share is"),
        ("FRACTIONAL", lambda data: setattr(data, "MaximumFractionalValue", 0), "does not say what its largest share is"),
    ],
)
def test_a_segmentation_that_does_not_tell_whose_its_voxels_are_is_refused(
    tmp_path: Path, kind: str, edit: Callable[[pydicom.Dataset], None], said: str
) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box(range(2, 8)), "GTV": box(range(3, 7))}, kind)
    change([path], edit)
    assert said in read_case(tmp_path).missing_structures


def test_frames_of_a_segment_that_is_not_listed_are_told(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box(range(2, 8))})
    change([path], lambda data: _reference(data, 9))
    case = read_case(tmp_path)
    np.testing.assert_array_equal(on_ct(case, only(case)), box(range(2, 5)))
    assert "3 frames of its file are of a segment that the file does not list: they were not read" in only(case).notes


def test_the_only_segment_has_the_frames_that_name_none(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": box(range(2, 8))})
    change([path], lambda data: _reference(data, None))
    case = read_case(tmp_path)
    np.testing.assert_array_equal(on_ct(case, only(case)), box(range(2, 8)))


@pytest.mark.parametrize("shape", [(12, 24, 20), (12, 23, 19)])
def test_a_deflated_segmentation_is_read(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    write_series(tmp_path, head_hu(shape))
    mask = np.random.default_rng(4).random(shape) > 0.5
    path = write_segmentation(tmp_path / "seg.dcm", {"Brain": mask})
    change([path], lambda data: setattr(data.file_meta, "TransferSyntaxUID", DeflatedExplicitVRLittleEndian))
    case = read_case(tmp_path)
    np.testing.assert_array_equal(on_ct(case, only(case)), mask)

"""Structure sets of several frames of reference and series: each structure goes by its own, all references are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.case import Case
from deface_compare.defacers.defacing import Defacing
from deface_compare.measurement import FAILED, Scope
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.utility.baseline import ImageBaseline, RegionOnImage, utility_baseline
from deface_compare.utility.measured import count_structures
from deface_compare.utility.rows import utility_rows
from dicom_set import head_hu, square, uid, write_dose, write_series, write_structures
from registration_file import rigid, write_registration

CLOSED = "CLOSED_PLANAR"
PLANES = (-18, -15, -12, -9)
Drawn = list[tuple[str, list[float]]]


def column(half: float) -> Drawn:
    return [(CLOSED, square(8, 4, z, half)) for z in PLANES]


def column_cc(half: float) -> float:
    return (2 * half) ** 2 * 12 / 1000


def write_images(folder: Path, mr_frame: str = "mr frame") -> None:
    write_series(folder, head_hu())
    values = (head_hu() + 1100).astype(np.uint16)
    write_series(folder, values, modality="MR", series="mr", frame=mr_frame, extra={"SeriesDescription": "t1"})


def refer(path: Path, references: Sequence[tuple[str, Sequence[str]]], frames: dict[str, str] | None = None) -> None:
    """Rewrite a structure set's references: (frame, series) pairs in that order; and the frames of its structures by name."""
    data = pydicom.dcmread(path)
    items = []
    for frame, series in references:
        study, item = Dataset(), Dataset()
        study.RTReferencedSeriesSequence = []
        for word in series:
            one = Dataset()
            one.SeriesInstanceUID = uid(word)
            study.RTReferencedSeriesSequence.append(one)
        item.FrameOfReferenceUID = uid(frame)
        item.RTReferencedStudySequence = [study]
        items.append(item)
    data.ReferencedFrameOfReferenceSequence = items
    for roi in data.StructureSetROISequence:
        if frames and roi.ROIName in frames:
            word = frames[roi.ROIName]
            roi.ReferencedFrameOfReferenceUID = uid(word) if word else ""
    data.save_as(path)


def name_slices(path: Path, name: str, images: Sequence[str]) -> None:
    """Let a structure's contours name the slices that they were drawn on."""
    data = pydicom.dcmread(path)
    number = next(roi.ROINumber for roi in data.StructureSetROISequence if name == roi.ROIName)
    item = next(item for item in data.ROIContourSequence if item.ReferencedROINumber == number)
    for contour, image in zip(item.ContourSequence, images, strict=False):
        reference = Dataset()
        reference.ReferencedSOPInstanceUID = uid(image)
        contour.ContourImageSequence = [reference]
    data.save_as(path)


def cc(case: Case, name: str, image: str) -> float | str:
    """A structure's volume on an image, or why it has none."""
    baseline = utility_baseline(case, Settings()).images[image]
    if not isinstance(baseline, ImageBaseline):
        return baseline
    region = baseline.regions[name]
    return region.volumes.planned_cc if isinstance(region, RegionOnImage) else region


def test_seventeen_structures_of_the_ct_are_read_where_the_mr_stands_first(tmp_path: Path) -> None:
    write_images(tmp_path)
    names = [f"ROI {k}" for k in range(16)]
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), **{name: column(3) for name in names}})
    refer(path, [("mr frame", ["mr"]), ("frame", ["ct"])])
    case = read_case(tmp_path)
    assert case.images[0].key == "CT"
    assert case.structure_set is not None
    assert len(case.structure_set.structures) == 17
    assert case.structure_set.referenced_series_uid == uid("ct")
    assert cc(case, "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)


@pytest.mark.parametrize("first", ["ct", "mr"])
def test_each_structure_goes_by_its_own_frame(tmp_path: Path, first: str) -> None:
    write_images(tmp_path)
    write_dose(tmp_path / "rd.dcm", np.full((10, 12, 12), 3000, np.uint16), [4.0 * k for k in range(10)])
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "Tronc": column(4), "GTV": column(3)})
    references = [("frame", ["ct"]), ("mr frame", ["mr"])]
    refer(path, references if first == "ct" else references[::-1], {"GTV": "mr frame"})
    case = read_case(tmp_path)
    apart = "no registration: the structure is in another frame of reference than the image"
    assert cc(case, "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)
    assert cc(case, "GTV", "MR_T1") == pytest.approx(column_cc(3), rel=0.02)
    assert (cc(case, "GTV", "CT"), cc(case, "Brain", "MR_T1")) == (apart, apart)
    baseline = utility_baseline(case, Settings())
    assert baseline.dose["GTV"] == "the dose is in another frame of reference than the structure"
    assert not isinstance(baseline.dose["Brain"], str)
    assert count_structures(case, baseline)["measured"] == 3
    assert "1 structure lies in another frame of reference than the others: measured on the images there" in case.notes


def test_a_registration_takes_a_structure_to_the_others(tmp_path: Path) -> None:
    """A shift keeps the volume; every point lies where the matrix puts it."""
    write_images(tmp_path)
    matrix = np.eye(4)
    matrix[:3, 3] = (2.0, -4.0, 3.0)
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [matrix])
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"GTV": "mr frame"})
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert case.other_structure_sets == ()
    target = case.structure_set.structures[1]
    assert target.contours is not None
    expected = np.array(square(8, 4, -18, 3)).reshape(-1, 3) + matrix[:3, 3]
    assert np.abs(target.contours[0] - expected).max() < 1e-9  # measured 0
    assert "its contours were placed by a Spatial Registration object" in target.notes
    assert cc(case, "GTV", "CT") == pytest.approx(column_cc(3), rel=0.02)


def test_a_turned_structure_keeps_its_volume(tmp_path: Path) -> None:
    write_images(tmp_path)
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [rigid(8.0, (1.0, 2.0, -1.0))])
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(4)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"GTV": "mr frame"})
    assert cc(read_case(tmp_path), "GTV", "CT") == pytest.approx(column_cc(4), rel=0.06)  # measured 0.1 %


def test_second_drawings_elsewhere_are_told_and_measured_under_a_place_holder(tmp_path: Path) -> None:
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "brain": column(3), "GTV": column(4), "GTV_": column(2)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"brain": "mr frame", "GTV_": "mr frame"})
    case = read_case(tmp_path)
    (other,) = case.other_structure_sets
    assert [s.standard_name for s in other.structures] == ["structure-03", "GTV_2"]
    assert "another drawing of Brain, in another frame of reference" in other.structures[0].notes
    assert cc(case, "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)
    assert cc(case, "structure-03", "MR_T1") == pytest.approx(column_cc(3), rel=0.02)
    assert cc(case, "GTV_2", "MR_T1") == pytest.approx(column_cc(2), rel=0.02)


def test_of_two_series_in_one_frame_the_one_with_the_contours_is_primary(tmp_path: Path) -> None:
    write_images(tmp_path, mr_frame="frame")
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5)})
    refer(path, [("frame", ["mr", "ct"])])
    name_slices(path, "Brain", ["ct 4", "ct 5", "ct 6", "ct 7"])
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT", "MR_T1"]
    name_slices(path, "Brain", ["mr 4", "mr 5", "mr 6", "mr 7"])
    assert read_case(tmp_path).images[0].key == "MR_T1"


def test_a_structure_that_states_no_frame_goes_by_the_images_that_its_contours_name(tmp_path: Path) -> None:
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3), "Tronc": column(4)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"GTV": "", "Tronc": ""})
    name_slices(path, "GTV", ["mr 4", "mr 5", "mr 6", "mr 7"])
    data = pydicom.dcmread(path)
    data.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = uid("frame")
    data.save_as(path)
    case = read_case(tmp_path)
    assert cc(case, "GTV", "MR_T1") == pytest.approx(column_cc(3), rel=0.02)
    # The set speaks of one frame only where a structure states one: that is its own.
    assert cc(case, "Brainstem", "CT") == pytest.approx(column_cc(4), rel=0.02)


def test_a_structure_of_which_nothing_tells_the_frame_has_rows_with_that_reason(tmp_path: Path) -> None:
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3), "Tronc": column(4)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"GTV": "mr frame", "Tronc": ""})
    case = read_case(tmp_path)
    assert cc(case, "Brainstem", "CT") == "nothing tells in which frame of reference it lies"


def test_an_image_without_a_frame_of_reference_has_the_structures_that_refer_to_its_series(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), extra={"FrameOfReferenceUID": ""})
    write_structures(tmp_path / "rs.dcm", {"Brain": column(5)}, frame="any")
    assert cc(read_case(tmp_path), "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ([("frame", ["ct", "lost"])], "structure set rs.dcm references 2 image series, 1 of which are not in the folder"),
        (
            [("frame", ["lost"])],
            "structure set rs.dcm references an image series that is not in the folder; it was used because it lies in the same"
            " frame of reference",
        ),
        ([("frame", ["ct", "scout"])], "structure set rs.dcm references 1 image series that cannot be used as a volume"),
    ],
)
def test_absent_series_are_told_truly(tmp_path: Path, references: list[tuple[str, list[str]]], said: str) -> None:
    write_images(tmp_path)
    write_series(tmp_path, head_hu()[:2], series="scout")
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5)})
    refer(path, references)
    case = read_case(tmp_path)
    assert said in case.notes
    assert cc(case, "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)


def test_no_series_is_called_absent_that_is_here(tmp_path: Path) -> None:
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5)})
    refer(path, [("mr frame", ["mr"]), ("frame", ["ct"])])
    assert not any("not in the folder" in note for note in read_case(tmp_path).notes)


def test_an_incomplete_series_that_a_set_names_beside_a_whole_one_costs_nothing(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path, head_hu(), series="old", skip=(5,), extra={"SeriesNumber": 9})
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5)})
    refer(path, [("frame", ["old", "ct"])])
    case = read_case(tmp_path)
    assert case.images[0].series_uid == uid("ct")
    assert any("CT series 9 has missing" in note for note in case.notes)


def test_rows_of_a_structure_elsewhere_are_rows_and_no_gap(tmp_path: Path) -> None:
    """Each structure has the rows of each image: a number where it lies, a reason where it does not."""
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3)})
    refer(path, [("frame", ["ct"]), ("mr frame", ["mr"])], {"GTV": "mr frame"})
    case, settings = read_case(tmp_path), Settings()
    defacing = Defacing("method", "Method", "", FAILED, note="no head")
    scope = Scope("c", "method", "", "background", "none")
    rows = utility_rows(case, utility_baseline(case, settings), defacing, scope, settings)
    found = {(row.image, row.structure): row for row in rows if row.metric == "planned_volume"}
    assert set(found) == {(image, name) for image in ("CT", "MR_T1") for name in ("Brain", "GTV")}
    assert found[("MR_T1", "GTV")].original == pytest.approx(column_cc(3), rel=0.02)
    assert np.isnan(found[("CT", "GTV")].original)


def test_a_structure_whose_frame_is_not_that_of_its_slices_is_refused(tmp_path: Path) -> None:
    """It states the MR's frame and was drawn on slices of the CT: nothing tells which of the two is wrong."""
    write_images(tmp_path)
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3)})
    refer(path, [("mr frame", ["mr"]), ("frame", ["ct"])], {"GTV": "mr frame"})
    name_slices(path, "GTV", ["ct 4", "ct 5", "ct 6", "ct 7"])
    case = read_case(tmp_path)
    assert cc(case, "GTV", "MR_T1") == "it states another frame of reference than that of the slices that its contours name"
    assert cc(case, "Brain", "CT") == pytest.approx(column_cc(5), rel=0.02)


@pytest.mark.parametrize("shift_mm", [0.0, 5.0])
def test_frames_of_the_same_coordinates_contradict_nothing(tmp_path: Path, shift_mm: float) -> None:
    write_images(tmp_path)
    matrix = np.eye(4)
    matrix[0, 3] = shift_mm
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [matrix])
    path = write_structures(tmp_path / "rs.dcm", {"Brain": column(5), "GTV": column(3)})
    refer(path, [("mr frame", ["mr"]), ("frame", ["ct"])], {"GTV": "mr frame"})
    name_slices(path, "GTV", ["ct 4", "ct 5", "ct 6", "ct 7"])
    found = cc(read_case(tmp_path), "GTV", "CT")
    assert isinstance(found, str) if shift_mm else found == pytest.approx(column_cc(3), rel=0.02)

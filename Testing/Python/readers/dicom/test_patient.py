"""DICOM RT folders: every mixture is read by its headers, every bad one is told in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import RLELossless

from deface_compare.errors import UnusableInput
from deface_compare.geometry.lattice import Lattice
from deface_compare.readers import read_case
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures

CLOSED = "CLOSED_PLANAR"
OFFSETS = [0.0, 4.0, 8.0, 12.0, 16.0]


def _ramp() -> NDArray[np.uint16]:
    """Stored dose 100 (z + 1) + x: tells a flipped grid."""
    z, _, x = np.mgrid[:5, :6, :7]
    return (100 * (z + 1) + x).astype(np.uint16)


def _gy(image: sitk.Image, point: tuple[float, float, float]) -> float:
    return float(image.GetPixel(image.TransformPhysicalPointToIndex(point)))


def test_a_ct_series_has_the_voxels_and_the_geometry_that_were_written(tmp_path: Path) -> None:
    write_series(tmp_path / "deep" / "er", (head_hu() + 1024).astype(np.uint16), intercept=-1024.0)
    case = read_case(tmp_path)
    image = case.images[0]
    assert (image.key, image.unit, image.frame_of_reference_uid) == ("CT", "HU", uid("frame"))
    assert np.array_equal(image.array(), head_hu())
    assert image.array().dtype == np.int16
    assert image.image.GetOrigin() == (-10.0, -20.0, -30.0)
    assert image.image.GetSpacing() == pytest.approx((2.0, 2.0, 3.0))
    assert (case.person, case.synthetic) == ("ID-7", False)


def test_an_oblique_series_keeps_its_direction(tmp_path: Path) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    write_series(tmp_path, head_hu(), orientation=[c, s, 0.0, -s, c, 0.0])
    direction = np.array(read_case(tmp_path).images[0].image.GetDirection()).reshape(3, 3)
    assert direction[:, 0] == pytest.approx([c, s, 0])
    assert direction[:, 2] == pytest.approx([0, 0, 1])


def test_the_ct_that_the_structure_set_references_is_primary_not_the_largest(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu((20, 30, 30)), series="big", frame="other")
    write_series(tmp_path, head_hu(), series="planning")
    write_structures(tmp_path / "rs.dcm", {"Brain": [(CLOSED, square(8, 4, -9, 5))]}, series="planning")
    case = read_case(tmp_path)
    assert [(i.key, i.series_uid) for i in case.images] == [("CT", uid("planning")), ("CT_2", uid("big"))]


def test_several_cts_without_a_structure_set_give_the_largest_or_an_error(tmp_path: Path) -> None:
    write_series(tmp_path / "a", head_hu(), series="one")
    write_series(tmp_path / "b", head_hu((20, 24, 20)), series="two")
    assert read_case(tmp_path).images[0].series_uid == uid("two")
    write_series(tmp_path / "c", head_hu((20, 24, 20)), series="three")
    write_series(tmp_path / "d", head_hu((20, 24, 20)), series="four")
    with pytest.raises(UnusableInput, match="CT series of the same size"):
        read_case(tmp_path)


@pytest.mark.parametrize(
    ("extra", "key"),
    [
        ({"SeriesDescription": "t1_mprage_sag"}, "MR_T1"),
        ({"SeriesDescription": "T1 MPRAGE +C"}, "MR_T1C"),
        ({"SeriesDescription": "t1 tra", "ContrastBolusAgent": "Gadovist"}, "MR_T1C"),
        ({"SeriesDescription": "AX T2 FLAIR"}, "MR_FLAIR"),
        ({"SeriesDescription": "t2_tse_tra"}, "MR_T2"),
        ({"SeriesDescription": "brain", "RepetitionTime": 500, "EchoTime": 12}, "MR_T1"),
        ({"SeriesDescription": "brain", "RepetitionTime": 4000, "EchoTime": 100}, "MR_T2"),
        ({"SeriesDescription": "brain", "RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500}, "MR_FLAIR"),
        ({"SeriesDescription": "brain"}, "MR"),
    ],
)
def test_an_mr_is_called_by_its_sequence(tmp_path: Path, extra: dict[str, object], key: str) -> None:
    write_series(tmp_path, (head_hu() + 1024).astype(np.uint16), modality="MR", extra=extra)
    assert read_case(tmp_path).images[0].key == key


def test_localisers_and_secondary_captures_are_skipped_and_counted(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path, head_hu()[:1], series="scout", extra={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]})
    case = read_case(tmp_path)
    assert len(case.images) == 1
    assert any("localisers" in note for note in case.notes)


def test_contours_are_kept_to_the_last_digit_and_points_are_skipped_with_a_note(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    data = [1.123456789, 2.0, -9.0, 7.5, 2.0, -9.0, 7.5, 8.25, -9.0]
    drawn = [(CLOSED, data), ("CLOSEDPLANAR_XOR", square(8, 4, -6, 5)), ("POINT", [1.0, 2.0, 3.0])]
    write_structures(tmp_path / "rs.dcm", {"Tronc": drawn})
    structure_set = read_case(tmp_path).structure_set
    assert structure_set is not None
    stem = structure_set.structures[0]
    assert (stem.name, stem.standard_name) == ("Tronc", "Brainstem")
    assert stem.contours is not None
    assert len(stem.contours) == 2
    assert stem.contours[0].ravel().tolist() == data
    assert any("POINT" in note for note in stem.notes)


def test_pet_becomes_suv_with_the_slope_of_each_slice_and_decay(tmp_path: Path) -> None:
    drug = Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 370e6, 6586.2
    drug.RadiopharmaceuticalStartTime = "091500"
    extra: dict[str, object] = {
        "Units": "BQML",
        "DecayCorrection": "START",
        "PatientWeight": 70.0,
        "RadiopharmaceuticalInformationSequence": DicomSequence([drug]),
    }
    stored = np.full((6, 8, 8), 1000, np.uint16)
    stored[:, 2:4] = 2000
    slopes = [1.0, 2.0, 0.5, 3.0, 1.5, 2.5]
    write_series(tmp_path, stored, modality="PT", slopes=slopes, extra=extra)
    image = read_case(tmp_path).images[0]
    # SUVbw by hand: Bq/ml x g / (injected x 2^(-3600 s / half life)).
    factor = 70e3 / (370e6 * 2 ** (-3600 / 6586.2))
    assert (image.key, image.unit) == ("PET", "SUVbw")
    assert image.array()[:, 0, 0] == pytest.approx(1000 * np.array(slopes) * factor, rel=1e-5)
    # A reconstruction later than the scan: decay is counted to the scan's begin.
    write_series(
        tmp_path, stored, modality="PT", slopes=slopes, extra={**extra, "SeriesTime": "113000", "AcquisitionTime": "101500"}
    )
    image = read_case(tmp_path).images[0]
    assert image.array()[:, 0, 0] == pytest.approx(1000 * np.array(slopes) * factor, rel=1e-5)
    write_series(tmp_path, stored, modality="PT", slopes=slopes, extra={**extra, "PatientWeight": None})
    image = read_case(tmp_path).images[0]
    assert image.unit == "Bq/ml"
    assert "PatientWeight is missing" in image.notes[0]


def test_a_dose_with_structures_and_no_image_is_a_case(tmp_path: Path) -> None:
    write_structures(tmp_path / "rs.dcm", {"Brain": [(CLOSED, square(2, -10, -22, 6))]})
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS)
    case = read_case(tmp_path)
    assert case.images == ()
    assert case.dose is not None
    assert case.structure_set is not None


def test_the_built_in_sample_is_known_as_synthetic(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), extra={"Manufacturer": "DefaceCompare sample"})
    assert read_case(tmp_path).synthetic


def test_no_note_and_no_name_tells_who_the_patient_is(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), skip=())
    write_structures(tmp_path / "rs.dcm", {"Secret PTV": [(CLOSED, square(2, -10, -22, 6))]})
    case = read_case(tmp_path)
    assert case.structure_set is not None
    said = " ".join((*case.notes, *(s.standard_name for s in case.structure_set.structures)))
    assert "Secret" not in said
    assert case.images[0].image.GetMetaDataKeys() == ()


def test_a_dose_in_another_frame_of_reference_is_not_used_and_named(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS, frame="elsewhere")
    case = read_case(tmp_path)
    assert case.dose is None
    assert "dose rd.dcm is in another frame of reference than the images and was not used" in case.notes


def test_a_structure_set_of_another_series_is_not_used_and_named(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    drawn = {"Brain": [(CLOSED, square(2, -10, -22, 6))]}
    write_structures(tmp_path / "rs.dcm", drawn, series="missing", frame="elsewhere")
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert any("structure set rs.dcm references an image series that is not in the folder" in note for note in case.notes)
    write_structures(tmp_path / "rs.dcm", drawn, series="missing")
    case = read_case(tmp_path)
    assert case.structure_set is not None
    assert any("same frame of reference" in note for note in case.notes)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = write_series(tmp_path, head_hu())[4]
    whole = path.read_bytes()
    for length in (len(whole) - 10, 700, 200):
        path.write_bytes(whole[:length])
        with pytest.raises(UnusableInput, match=f"{path.name} is a damaged or truncated DICOM file"):
            read_case(tmp_path)


def test_a_truncated_structure_set_or_dose_is_named(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    drawn = {f"ROI {k}": [(CLOSED, square(1, 2, z, 3)) for z in range(10)] for k in range(3)}
    for path in (
        write_structures(tmp_path / "rs.dcm", drawn),
        write_structures(tmp_path / "rs_open.dcm", drawn, undefined_length=True),
        write_dose(tmp_path / "rd.dcm", _ramp(), OFFSETS),
    ):
        whole = path.read_bytes()
        for length in range(400, len(whole) - 2, 197):
            path.write_bytes(whole[:length])
            try:
                case = read_case(tmp_path)
                said = case.notes
                assert (case.dose if path.name == "rd.dcm" else case.structure_set) is None
            except UnusableInput as refusal:
                said = (str(refusal),)
            assert any(f"{path.name} is a damaged or truncated DICOM file" in sentence for sentence in said)
        path.unlink()


def test_a_compressed_series_is_read_and_a_truncated_one_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, head_hu())
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    assert np.array_equal(read_case(tmp_path).images[0].array(), head_hu())
    paths[2].write_bytes(paths[2].read_bytes()[:-12])
    with pytest.raises(UnusableInput, match=f"{paths[2].name} is a damaged or truncated DICOM file"):
        read_case(tmp_path)


def test_missing_slices_are_named_by_series(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu(), skip=(5,))
    with pytest.raises(UnusableInput, match=r"CT series 3 has missing or unevenly spaced slices \(6\.00 mm after slice 5"):
        read_case(tmp_path)


def tilt(paths: list[Path], beside_mm: Callable[[float], float]) -> None:
    """Move each slice along y by a function of its z."""
    for path in paths:
        dataset = pydicom.dcmread(path)
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, float(y) + beside_mm(float(z)), z]
        dataset.save_as(path)


def test_a_tilted_series_keeps_its_voxels_where_the_headers_put_them(tmp_path: Path) -> None:
    array = head_hu()
    paths = write_series(tmp_path, array)
    tilt(paths, lambda z: np.tan(np.radians(15.0)) * z)
    image = read_case(tmp_path).images[0]
    assert np.array_equal(image.array(), array)
    for path in paths:
        dataset = pydicom.dcmread(path)
        index = (3, 2, int(dataset.InstanceNumber) - 1)
        expected = np.array(dataset.ImagePositionPatient, dtype=float) + np.array([6.0, 4.0, 0.0])
        assert np.abs(np.array(image.image.TransformIndexToPhysicalPoint(index)) - expected).max() < 1e-9  # measured 2e-15
    assert any("gantry tilt of 15.0 degrees" in note for note in image.notes)


def test_a_tilted_image_measures_true_volumes(tmp_path: Path) -> None:
    """Slices of a tilted series are as far apart as their planes, not as their first voxels: 3 mm, not 3.1 mm."""
    paths = write_series(tmp_path, head_hu())
    tilt(paths, lambda z: np.tan(np.radians(15.0)) * z)
    grid = read_case(tmp_path).images[0].image
    lattice = Lattice.of(grid)
    assert lattice.voxel_cc == pytest.approx(2.0 * 2.0 * 3.0 / 1000.0, rel=1e-12)
    index = np.array([[1.0, 2.0, 3.0], [7.5, 0.0, 10.0]])
    assert np.abs(lattice.indices(lattice.points(index)) - index).max() < 1e-12


@pytest.mark.parametrize("beside_mm", [lambda z: 0.01 * z * z, lambda z: 1.5 * z], ids=["on an arc", "steeper than a gantry"])
def test_slices_beside_their_axis_are_refused(tmp_path: Path, beside_mm: Callable[[float], float]) -> None:
    tilt(write_series(tmp_path, head_hu()), beside_mm)
    with pytest.raises(UnusableInput, match=r"CT series 3 has slices that lie up to [\d.]+ mm beside their common axis"):
        read_case(tmp_path)


def test_a_folder_without_images_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("nothing", encoding="utf-8")
    with pytest.raises(UnusableInput, match="holds no images"):
        read_case(tmp_path)
    write_plan(tmp_path / "rp.dcm", 60.0)
    with pytest.raises(UnusableInput, match="holds no images"):
        read_case(tmp_path)
    with pytest.raises(UnusableInput, match="is not a folder"):
        read_case(tmp_path / "letter.txt")


def test_an_all_zero_series_is_told_in_one_sentence(tmp_path: Path) -> None:
    write_series(tmp_path, np.zeros((8, 8, 8), np.int16))
    with pytest.raises(UnusableInput, match=r"is constant \(0 in every voxel\)"):
        read_case(tmp_path)


def test_two_patients_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    write_series(tmp_path, head_hu(), series="other", extra={"PatientID": "ID-8"})
    with pytest.raises(UnusableInput, match="holds 2 patients"):
        read_case(tmp_path)

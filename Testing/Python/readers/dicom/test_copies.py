"""Objects that are there twice: a copy is left out, twins that differ are refused, our own defaced copy is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from deface_compare.errors import UnusableInput
from deface_compare.export.written.marks import marks_of
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.readers.dicom.copies import is_ours
from deface_compare.readers.dicom.header import Header
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures
from registration_file import rigid, write_registration

CLOSED = "CLOSED_PLANAR"
Change = Callable[[FileDataset], None]


def again(path: Path, change: Change, name: str = "") -> Path:
    """A file saved a second time, changed, under its own SOPInstanceUID."""
    dataset = pydicom.dcmread(path)
    change(dataset)
    twin = path.with_name(name or f"again_{path.name}")
    dataset.save_as(twin)
    return twin


def patient(folder: Path) -> None:
    write_series(folder, head_hu())
    write_structures(folder / "rs.dcm", {"Brain": [(CLOSED, square(8, 4, z, 5)) for z in (-12, -9, -6)]})
    write_plan(folder / "rp.dcm", 60.0, structures="rs.dcm")
    write_dose(folder / "rd.dcm", np.full((5, 6, 7), 3000, np.uint16), [0.0, 4.0, 8.0, 12.0, 16.0])


def halved(dataset: FileDataset) -> None:
    dataset.DoseGridScaling = float(dataset.DoseGridScaling) / 2


def test_a_dose_saved_again_with_half_its_scaling_is_refused_and_both_files_are_named(tmp_path: Path) -> None:
    patient(tmp_path)
    again(tmp_path / "rd.dcm", halved)
    case = read_case(tmp_path)
    assert case.dose is None
    assert case.missing_dose == (
        "again_rd.dcm and rd.dcm have one SOPInstanceUID and are not the same (different DoseGridScaling);"
        " no dose was used: keep the right one, or choose with --dose"
    )


@pytest.mark.parametrize(("wanted", "gray"), [("rd.dcm", 30.0), ("again_rd.dcm", 15.0)])
def test_the_user_may_choose_between_twins(tmp_path: Path, wanted: str, gray: float) -> None:
    patient(tmp_path)
    again(tmp_path / "rd.dcm", halved)
    dose = read_case(tmp_path, choices=ReadingChoices(dose=wanted)).dose
    assert dose is not None
    assert float(sitk.GetArrayViewFromImage(dose.image).max()) == pytest.approx(gray)


def test_no_other_dose_is_taken_instead_of_a_twin(tmp_path: Path) -> None:
    """One of the twins may be the plan's: a rival that stands beside them is no answer."""
    patient(tmp_path)
    again(tmp_path / "rd.dcm", halved)
    write_dose(tmp_path / "sum.dcm", np.full((5, 6, 7), 9000, np.uint16), [0.0, 4.0, 8.0, 12.0, 16.0], kind="MULTI_PLAN")
    assert read_case(tmp_path).dose is None


def _unapproved(dataset: FileDataset) -> None:
    dataset.DoseReferenceSequence[0].TargetPrescriptionDose = 30.0


def _moved_contour(dataset: FileDataset) -> None:
    dataset.ROIContourSequence[0].ContourSequence[0].ContourData = square(9, 4, -12, 5)


def test_twins_of_a_structure_set_are_refused_with_the_reason_in_the_rows(tmp_path: Path) -> None:
    patient(tmp_path)
    again(tmp_path / "rs.dcm", _moved_contour)
    case = read_case(tmp_path)
    assert case.structure_set is None
    assert "have one SOPInstanceUID and are not the same (different ROIContourSequence)" in case.missing_structures
    assert read_case(tmp_path, choices=ReadingChoices(structures="again_rs.dcm")).structure_set is not None


def test_twins_of_a_plan_prescribe_nothing(tmp_path: Path) -> None:
    patient(tmp_path)
    again(tmp_path / "rp.dcm", _unapproved)
    case = read_case(tmp_path)
    assert case.dose is not None
    assert case.dose.prescription_gy is None
    assert any("again_rp.dcm and rp.dcm have one SOPInstanceUID" in note and "none of them" in note for note in case.notes)


def test_twins_of_a_registration_join_nothing(tmp_path: Path) -> None:
    patient(tmp_path)
    write_series(tmp_path, (head_hu() + 1100).astype(np.uint16), modality="MR", series="mr", frame="mr frame")
    write_registration(tmp_path / "reg.dcm", "frame", "mr frame", [rigid()])

    def shifted(dataset: FileDataset) -> None:
        item = dataset.RegistrationSequence[1].MatrixRegistrationSequence[0].MatrixSequence[0]
        matrix = list(item.FrameOfReferenceTransformationMatrix)
        matrix[3] = float(matrix[3]) + 5.0
        item.FrameOfReferenceTransformationMatrix = [f"{float(value):.9g}" for value in matrix]

    again(tmp_path / "reg.dcm", shifted)
    case = read_case(tmp_path)
    assert case.image("MR").frame_of_reference_uid == uid("mr frame")
    assert any("again_reg.dcm and reg.dcm" in note for note in case.notes)


def _other_intercept(dataset: FileDataset) -> None:
    dataset.RescaleIntercept = -1024


def _other_pixels(dataset: FileDataset) -> None:
    dataset.PixelData = bytes(len(dataset.PixelData))


def _other_place(dataset: FileDataset) -> None:
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x, y, float(z) + 100.0]


@pytest.mark.parametrize("change", [_other_intercept, _other_pixels, _other_place])
def test_twins_among_the_slices_of_a_series_refuse_the_series(tmp_path: Path, change: Change) -> None:
    again(write_series(tmp_path, head_hu())[4], change)
    with pytest.raises(UnusableInput, match=r"CT series 3: again_ct_04_4\.dcm and ct_04_4\.dcm have one SOPInstanceUID"):
        read_case(tmp_path)


def test_a_second_series_whose_slices_contradict_is_left_out_and_told(tmp_path: Path) -> None:
    patient(tmp_path)
    for path in write_series(tmp_path, (head_hu() + 1100).astype(np.uint16), modality="MR", series="mr"):
        again(path, _other_pixels)
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT"]
    assert any("and 11 more such slices" in note and note.endswith("it was not used") for note in case.notes)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: None,
        lambda data: setattr(data.file_meta, "SourceApplicationEntityTitle", "ARCHIVE"),
        lambda data: setattr(data, "PatientName", "SECRET^PERSON"),
        lambda data: setattr(data, "InstitutionName", "Elsewhere"),
        lambda data: data.add_new(0x00111001, "LO", "private"),
        lambda data: setattr(data, "ImageComments", ""),
        lambda data: setattr(data, "RescaleSlope", "1.000"),
    ],
    ids=["bytes", "sender", "case of the name", "institution", "private", "empty", "other digits"],
)
def test_what_an_archive_writes_anew_makes_no_twin(tmp_path: Path, change: Change) -> None:
    again(write_series(tmp_path, head_hu())[4], change)
    case = read_case(tmp_path)
    assert np.array_equal(case.images[0].array(), head_hu())
    assert any(note.startswith("1 ") and "copies of a file that is there already" in note for note in case.notes)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_a_copy_in_another_transfer_syntax_is_a_copy(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    path = write_series(tmp_path, head_hu())[4]
    data = pydicom.dcmread(path)
    if syntax == RLELossless:
        data.compress(RLELossless, generate_instance_uid=False)
        data.save_as(tmp_path / "copy.dcm")
    else:
        big = syntax == ExplicitVRBigEndian
        pixels = np.frombuffer(data.PixelData, "<i2")
        data.PixelData = pixels.astype(">i2").tobytes() if big else data.PixelData
        data.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(
            tmp_path / "copy.dcm", data, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=not big, force_encoding=True
        )
    case = read_case(tmp_path)
    assert np.array_equal(case.images[0].array(), head_hu())
    assert any(note.startswith("1 ") and "copies of a file that is there already" in note for note in case.notes)


def _defaced(folder: Path, to: Path, *, new_uids: bool) -> None:
    """What our export writes, as far as headers tell it: marks, and new UIDs or not."""
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        data.DeidentificationMethod = ["DefaceCompare 0.6.0", "defacing method quickshear"]
        if "PixelData" in data and data.Modality == "CT":
            data.PixelData = bytes(200) + data.PixelData[200:]
        if new_uids:
            for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
                setattr(data, keyword, uid("new " + str(data[keyword].value)))
            if data.Modality == "RTSTRUCT":
                data.StructureSetDate = "20991231"
        to.mkdir(exist_ok=True)
        data.save_as(to / path.name)


@pytest.mark.parametrize("new_uids", [True, False])
def test_an_export_beside_its_original_is_known_as_our_own_copy(tmp_path: Path, new_uids: bool) -> None:
    patient(tmp_path)
    alone = read_case(tmp_path)
    _defaced(tmp_path, tmp_path / "export", new_uids=new_uids)
    case = read_case(tmp_path)
    assert [image.key for image in case.images] == ["CT"]
    assert np.array_equal(case.images[0].array(), head_hu())
    assert case.structure_set is not None
    assert alone.structure_set is not None
    assert case.structure_set.sources == alone.structure_set.sources
    assert case.dose is not None
    assert "15 files were skipped: this patient's copy as DefaceCompare defaced it" in case.notes


def test_an_export_by_itself_is_read_and_told(tmp_path: Path) -> None:
    patient(tmp_path / "original")
    _defaced(tmp_path / "original", tmp_path / "export", new_uids=True)
    case = read_case(tmp_path / "export")
    assert case.structure_set is not None
    assert any("defaced by DefaceCompare before" in note for note in case.notes)


def test_an_image_that_was_not_exported_stays_beside_the_defaced_ones(tmp_path: Path) -> None:
    """A defaced CT, and an MR that never was: no original of the CT is here, so nothing is a copy."""
    patient(tmp_path / "original")
    _defaced(tmp_path / "original", tmp_path / "export", new_uids=True)
    shutil.rmtree(tmp_path / "original")
    write_series(tmp_path / "export", (head_hu() + 1100).astype(np.uint16), modality="MR", series="mr")
    assert sorted(image.key for image in read_case(tmp_path / "export").images) == ["CT", "MR"]


def test_what_the_export_writes_is_what_the_reader_knows_it_by() -> None:
    data = pydicom.Dataset()
    marks_of("quickshear", {"variant": "", "parameters": {}}, "keep", "background", "none").on_object(data)
    assert is_ours(Header(Path("any.dcm"), data))

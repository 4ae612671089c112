"""The export's own reference check against faults planted one by one into a sound export; dciodvfy finds few of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.export.checked.reference_check import reference_faults
from deface_compare.export.written.references import prune_references
from export_patient import STUDY, edit

pytestmark = pytest.mark.xdist_group("export")

CT, MR, PET = "CT/CT_0020.dcm", "MR_T1/MR_T1_0010.dcm", "PET/PET_0010.dcm"
NEXT_CT, NEXT_MR = "CT/CT_0021.dcm", "MR_T1/MR_T1_0011.dcm"
SETS, DOSE, PLAN, REG = "RTSTRUCT.dcm", "RTDOSE_1.dcm", "RTPLAN_1.dcm", "REG_1.dcm"
FOREIGN = "1.2.826.0.1.3680043.8.498.777"
Change = Callable[[Dataset], None]


def _series_of(data: Dataset) -> Dataset:
    return data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]


def _nested_icon(data: Dataset) -> None:
    data.ReferencedImageSequence = [Dataset()]
    data.ReferencedImageSequence[0].IconImageSequence = [Dataset()]


def _twice(data: Dataset) -> None:
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = data.FrameOfReferenceUID


FAULTS: dict[str, tuple[str, Change, str]] = {
    "a slice that is gone": (CT, lambda data: None, "ReferencedSOPInstanceUID names what is not there"),
    "a contour on a foreign image": (
        SETS,
        lambda data: setattr(
            data.ROIContourSequence[6].ContourSequence[0].ContourImageSequence[0], "ReferencedSOPInstanceUID", FOREIGN
        ),
        "ReferencedSOPInstanceUID names what is not there",
    ),
    "structures of a foreign series": (
        SETS,
        lambda data: setattr(_series_of(data), "SeriesInstanceUID", FOREIGN),
        "SeriesInstanceUID names what is not there",
    ),
    "structures of a foreign study": (
        SETS,
        lambda data: setattr(
            data.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0], "ReferencedSOPInstanceUID", FOREIGN
        ),
        "ReferencedSOPInstanceUID names what is not there",
    ),
    "a structure in a foreign frame": (
        SETS,
        lambda data: setattr(data.StructureSetROISequence[3], "ReferencedFrameOfReferenceUID", FOREIGN),
        "ReferencedFrameOfReferenceUID names what is not there",
    ),
    "a structure set in a foreign frame": (
        SETS,
        lambda data: setattr(data.ReferencedFrameOfReferenceSequence[0], "FrameOfReferenceUID", FOREIGN),
        "FrameOfReferenceUID names what is not there",
    ),
    "a dose of a foreign plan": (
        DOSE,
        lambda data: setattr(data.ReferencedRTPlanSequence[0], "ReferencedSOPInstanceUID", FOREIGN),
        "ReferencedSOPInstanceUID names what is not there",
    ),
    "a plan on a foreign structure set": (
        PLAN,
        lambda data: setattr(data.ReferencedStructureSetSequence[0], "ReferencedSOPInstanceUID", FOREIGN),
        "ReferencedSOPInstanceUID names what is not there",
    ),
    "a plan in a foreign frame": (
        PLAN,
        lambda data: setattr(data, "FrameOfReferenceUID", FOREIGN),
        "FrameOfReferenceUID names what is not there",
    ),
    "a registration of a foreign frame": (
        REG,
        lambda data: setattr(data.RegistrationSequence[1], "FrameOfReferenceUID", FOREIGN),
        "FrameOfReferenceUID names what is not there",
    ),
    "a reference with another object's class": (
        DOSE,
        lambda data: setattr(data.ReferencedRTPlanSequence[0], "ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2"),
        "states another SOP class than the object has",
    ),
    "an old UID in an element": (
        MR,
        lambda data: setattr(data, "ConcatenationUID", STUDY.study_uid),
        "a UID of the input is left",
    ),
    "an old UID in a text": (
        PET,
        lambda data: setattr(data, "ImageComments", f"made from {STUDY.study_uid}"),
        "a UID of the input is left",
    ),
    "two objects with one UID": (MR, _twice, "names what is not there"),
    "a slice of another patient": (CT, lambda data: setattr(data, "PatientID", "ID-8"), "the files are of 2 patients"),
    "a slice of another modality in the series": (
        CT,
        lambda data: setattr(data, "Modality", "MR"),
        "one series is in several modalities, studies or frames of reference",
    ),
    "a slice of another frame in the series": (
        MR,
        lambda data: setattr(data, "FrameOfReferenceUID", FOREIGN),
        "one series is in several modalities, studies or frames of reference",
    ),
    "a meta header of another object": (
        CT,
        lambda data: setattr(data.file_meta, "MediaStorageSOPInstanceUID", FOREIGN),
        "the file's meta header names another object",
    ),
    "a meta header of another class": (
        CT,
        lambda data: setattr(data.file_meta, "MediaStorageSOPClassUID", "1.2.840.10008.5.1.4.1.1.4"),
        "the file's meta header names another SOP class",
    ),
    "a preamble that is not empty": (PET, lambda data: setattr(data, "preamble", b"x" * 128), "the preamble is not empty"),
    "an icon in a sequence": (CT, _nested_icon, "1 times IconImageSequence is left"),
    "a private element": (
        PLAN,
        lambda data: data.private_block(0x0029, "VENDOR", create=True).add_new(1, "LO", "x"),
        "times private element is left",
    ),
    "two structures with one number": (
        SETS,
        lambda data: setattr(data.StructureSetROISequence[1], "ROINumber", 1),
        "two structures have one number",
    ),
    "contours of a structure that is not there": (
        SETS,
        lambda data: setattr(data.ROIContourSequence[2], "ReferencedROINumber", 99),
        "ROIContourSequence speaks of a structure that is not there",
    ),
}
"""File, what is done to it, and what the check has to say; the first file is removed."""


@pytest.fixture(scope="module")
def sound(masked_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a sound export with a few slices of each image and no contour in the others."""
    folder = tmp_path_factory.mktemp("faults") / "sound"
    shutil.copytree(masked_export, folder)
    names = (CT, NEXT_CT, MR, NEXT_MR, PET, SETS, DOSE, PLAN, REG)
    kept = {str(pydicom.dcmread(folder / name).SOPInstanceUID) for name in names}
    kept |= {str(pydicom.dcmread(folder / CT).StudyInstanceUID)}
    series = {str(pydicom.dcmread(folder / name).SeriesInstanceUID) for name in (CT, MR, PET)}
    for path in folder.rglob("*.dcm"):
        if str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) not in kept:
            path.unlink()
    edit(folder / SETS, lambda data: (_one_contour(data, kept), prune_references(data, kept, series))[0])
    return folder


def _one_contour(data: Dataset, kept: set[str]) -> None:
    """Contours on slices that are gone go."""
    for item in data.ROIContourSequence:
        drawn = item.get("ContourSequence") or []
        item.ContourSequence = [c for c in drawn if c.ContourImageSequence[0].ReferencedSOPInstanceUID in kept]


def old_uids() -> list[str]:
    return [STUDY.study_uid, STUDY.frame_of_reference_uid, STUDY.uid("CT", 1)]


def test_a_sound_export_has_no_fault(sound: Path, masked_export: Path) -> None:
    assert reference_faults(sound, old_uids()) == []
    assert reference_faults(masked_export, old_uids()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(sound: Path, tmp_path: Path, fault: str) -> None:
    name, change, told = FAULTS[fault]
    folder = tmp_path / "spoilt"
    shutil.copytree(sound, folder)
    if fault == "a slice that is gone":
        (folder / name).unlink()
    else:
        _spoil(folder / name, change)
    found = reference_faults(folder, old_uids())
    assert any(told in each for each in found), found
    assert len(FAULTS) >= 20


def _spoil(path: Path, change: Change) -> None:
    """Change and write as it is: pydicom would set the meta header right."""
    data = pydicom.dcmread(path)
    change(data)
    pydicom.dcmwrite(path, data, enforce_file_format=False)


def test_a_reference_to_what_was_never_there_is_allowed_where_the_source_did_so(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    shutil.copytree(sound, folder)
    _spoil(folder / DOSE, FAULTS["a dose of a foreign plan"][1])
    assert reference_faults(folder, (), {FOREIGN}) == []
    assert reference_faults(folder) != []

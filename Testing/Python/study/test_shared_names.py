"""Nothing that may be shared names a patient's file, folder or header; the key file tells which is which."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from deface_compare.case import Case
from deface_compare.cli.main import main
from deface_compare.measurement_table import read_measurements
from deface_compare.output.neutral_words import NeutralWords
from deface_compare.readers import read_case
from deface_compare.words import DOSE_SENTENCE, SYNTHETIC_WARNING
from export_patient import COARSE_MM, METHOD, STUDY, edit, head_known, write_patient
from form_faults import without_meta
from identity_search import identity_of, leaks_in

PERSON, UNREADABLE = "Person_Secret_19600101", "Meier_Hans_19510203"
HARMLESS = (
    "quickshear",
    "model",
    "PLAN",
    "IMAGE",
    "PHYSICAL",
    "AUTOMATIC",
    "HFSDR",
    "BOLUS",
    "EXTERNAL",
    "ORGAN",
    "Brain",
    "Bolus",
    "Thermo_Mask",
)
"""Header values that are words of the field: structure names stand here because the report has organs of that name."""
IDENTITY = {
    "InstitutionName": "Sankt-Nirgendwo-Klinik",
    "ReferringPhysicianName": "Doktor^Niemand",
    "AccessionNumber": "ACC-4711-0815",
    "DeviceSerialNumber": "SN-998877",
    "StationName": "LINAC-KELLER",
    "PatientAddress": "Hintergasse 7",
    "OtherPatientIDs": "OTHER-ID-33",
    "OperatorsName": "Mitarbeiterin^Eine",
}
AGE_WEEKS, AGE_YEARS = "831W", 15.926078028747433
"""The patient's age; in years it is a number that stands nowhere by chance."""


def _identify(data: Dataset) -> None:
    for keyword, value in IDENTITY.items():
        setattr(data, keyword, value)
    data.PatientAge, data.PatientSex = AGE_WEEKS, "F"


def _as_second_dose(data: Dataset) -> None:
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = STUDY.uid("second dose")
    data.PixelData = (data.pixel_array // 2).astype("<u2").tobytes()


def _elsewhere(data: Dataset) -> None:
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = STUDY.uid("third dose")
    data.FrameOfReferenceUID = STUDY.uid("nowhere")


def _deformable(data: Dataset) -> None:
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.3"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = STUDY.uid("deformable")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A patient whose three doses nothing decides between, and one whose files are damaged; all names say who they are."""
    folder = tmp_path_factory.mktemp("names") / "cohort"
    patient = write_patient(folder / PERSON, COARSE_MM)
    for path in patient.rglob("*.dcm"):
        edit(path, _identify)
    dose = patient / "RTDOSE.dcm"
    for name, change in (("RD.MRN4711.boost.dcm", _as_second_dose), ("RD.MRN4711.old.dcm", _elsewhere)):
        shutil.copy(dose, patient / name)
        edit(patient / name, change)
    dose.rename(patient / "RD.MRN4711.first.dcm")
    shutil.copy(patient / "REG.dcm", patient / "RE.MRN4711.dcm")
    edit(patient / "RE.MRN4711.dcm", _deformable)
    (patient / "MR").rename(patient / "MR of Mr Secret")
    broken = folder / UNREADABLE
    broken.mkdir()
    content = (patient / "CT" / "CT_0001.dcm").read_bytes()
    (broken / "CT.MRN0815.dcm").write_bytes(content[: len(content) // 2])
    return folder


@pytest.fixture(scope="module")
def out(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of both."""
    folder = tmp_path_factory.mktemp("shared") / "out"
    with head_known():
        assert main(["study", str(cohort), "--out", str(folder), "--methods", METHOD, "--face-model", "none"]) == 3
    return folder


def test_no_shareable_file_holds_a_name_or_a_header_value_of_a_patient(cohort: Path, out: Path) -> None:
    texts = {**identity_of(cohort / PERSON, HARMLESS), **identity_of(cohort / UNREADABLE, HARMLESS)}
    assert {*IDENTITY.values(), "Secret^Person", "RD.MRN4711.boost.dcm", UNREADABLE, STUDY.study_uid} <= set(texts)
    assert len(texts) > 100  # UIDs of every slice
    assert leaks_in(out, texts) == []


def test_sex_and_age_lie_in_the_identifiable_part_alone(out: Path) -> None:
    known = json.loads((out / "identifiable" / "demographics" / "case-002.json").read_text(encoding="utf-8"))
    assert known == {"age_years": AGE_YEARS, "sex": "F"}
    shared = [path for path in out.rglob("*") if path.is_file() and path.relative_to(out).parts[0] != "identifiable"]
    texts = {path: path.read_bytes() for path in shared if path.suffix in (".json", ".csv", ".html")}
    assert len(texts) >= 5
    for path, content in texts.items():
        assert b"age_years" not in content, path
        assert str(AGE_YEARS).encode() not in content, path
        assert b"demographics" not in content, path


def test_the_search_finds_what_is_planted(cohort: Path, out: Path, tmp_path: Path) -> None:
    planted = tmp_path / "out"
    shutil.copytree(out, planted)
    texts = identity_of(cohort / PERSON, HARMLESS)
    planted_texts = (PERSON, "RD.MRN4711.boost.dcm", IDENTITY["InstitutionName"], STUDY.study_uid, PERSON)
    for number, text in enumerate(planted_texts):
        name = ("study.json", "report.html", "measurements.csv", "summary.csv", "notes.csv")[number]
        (planted / name).write_text((out / name).read_text(encoding="utf-8") + text, encoding="utf-8")
        assert any(fault.startswith(f"{name}: ") for fault in leaks_in(planted, texts)), text


def test_shared_sentences_number_the_files_and_the_key_tells_their_names(out: Path) -> None:
    notes = " ".join(json.loads((out / "study.json").read_text(encoding="utf-8"))["cases"][0]["notes"])
    assert "dose file 3 of 3 is in another frame of reference than the images and was not used" in notes
    assert "choose with --dose: dose file 1 of 3 (PLAN), dose file 2 of 3 (PLAN)" in notes
    assert "registration 1 of 2 is no matrix registration" in notes
    told = {row.note for row in read_measurements(out / "measurements.csv") if row.image == "DOSE"}
    assert any("dose file 1 of 3" in note for note in told)
    path = out / "identifiable" / "file_names" / "case-002.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        names = {row["said"]: row["name"] for row in csv.DictReader(stream)}
    assert names["dose file 1 of 3"] == "RD.MRN4711.boost.dcm"
    assert names["registration 1 of 2"] == "RE.MRN4711.dcm"


def test_an_unreadable_patient_is_told_without_names_and_to_the_user_with_them(
    cohort: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = json.loads((out / "study.json").read_text(encoding="utf-8"))["unreadable"]["case-001"]
    assert reason == "CT file 1 of 1 is a damaged or truncated DICOM file; export it again"
    details = (out / "identifiable" / "errors" / "case-001.txt").read_text(encoding="utf-8")
    assert details == "CT.MRN0815.dcm is a damaged or truncated DICOM file; export it again\n"
    only = tmp_path / "only"
    shutil.copytree(cohort / UNREADABLE, only / UNREADABLE)
    assert main(["study", str(only), "--out", str(tmp_path / "none"), "--methods", METHOD, "--face-model", "none"]) == 2
    assert "CT.MRN0815.dcm is a damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "shared"),
    [
        ("folder {name} holds no images", "folder case-002 holds no images"),
        ("dose RD.MRN4711.old.dcm is zero everywhere", "dose file 3 of 3 is zero everywhere"),
        ("{path}/RD.MRN4711.old.dcm cannot be read", "dose file 3 of 3 cannot be read"),
        ("CT: image CT of 3 doses", "CT: image CT of 3 doses"),
        ("plan of Secret Person (ID-77), 19600101", "plan of (identity) (identity) (ID-77), (identity)"),
        ("made from 1.2.826.0.1.3680043.8.498.1", "made from (UID)"),
    ],
)
def test_a_sentence_loses_names_and_nothing_else(cohort: Path, said: str, shared: str) -> None:
    folder = cohort / PERSON
    words = NeutralWords(folder, "case-002")
    assert words.shared(said.format(name=folder.name, path=folder)) == shared


def test_a_person_whom_only_one_object_of_a_folder_names_is_not_told(cohort: Path, tmp_path: Path) -> None:
    shutil.copytree(cohort / PERSON, tmp_path / "patient")
    plan = tmp_path / "patient" / "RTPLAN.dcm"
    assert plan != min((tmp_path / "patient").glob("*.dcm"))
    edit(plan, lambda data: setattr(data, "ReviewerName", "Zacharias^Only"))
    assert NeutralWords(tmp_path / "patient", "case-001").shared("read by Zacharias") == "read by (identity)"


def test_our_own_sentences_stay_whole_although_a_patient_is_called_like_one_of_their_words(tmp_path: Path) -> None:
    write_patient(tmp_path / "patient", COARSE_MM)
    for path in (tmp_path / "patient").rglob("*.dcm"):
        edit(path, lambda data: setattr(data, "PatientName", "SYNTHETIC^dose"))
    words = NeutralWords(tmp_path / "patient", "case-001")
    assert words.shared(f"{SYNTHETIC_WARNING}; {DOSE_SENTENCE}") == f"{SYNTHETIC_WARNING}; {DOSE_SENTENCE}"
    assert words.shared("of SYNTHETIC") == "of (identity)"


def test_a_case_made_in_memory_keeps_its_sentences() -> None:
    assert NeutralWords(Case("x").folder, "x").shared("dose a.dcm") == "dose a.dcm"


def test_a_case_knows_where_it_was_read_from(cohort: Path) -> None:
    case = read_case(cohort / PERSON, "x")
    assert case.folder == cohort / PERSON
    assert np.prod(case.images[0].image.GetSize()) > 0
    assert pydicom.dcmread(case.images[0].sources[0]).InstitutionName == IDENTITY["InstitutionName"]


def test_names_are_left_out_also_where_the_files_have_no_preamble(cohort: Path, tmp_path: Path) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(cohort / PERSON, folder)
    for path in folder.rglob("*.dcm"):
        path.write_bytes(without_meta(path.read_bytes()))
    said = NeutralWords(folder, "case-001").shared("Mitarbeiterin said that Sankt-Nirgendwo-Klinik scanned Secret")
    assert not any(word in said for word in ("Mitarbeiterin", "Nirgendwo", "Secret"))

"""``deface-compare check``: one table of what is found, before hours of computing, and no name in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from coarse_patients import make_coarse_patients, make_doses
from deface_compare.cli.main import main
from deface_compare.errors import DONE, UnusableInput
from deface_compare.study import check as study_check
from dicom_set import head_hu, square, uid, write_dose, write_plan, write_series, write_structures

STRUCTURES = {"Brain": [("CLOSED_PLANAR", square(10, 20, z, 8)) for z in (-24, -21, -18)], "zOpt": [("POINT", [0, 0, 0])]}


def check(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["check", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict]:
    code, out, _ = check(capsys, *arguments, "--json")
    return code, json.loads(out)


def dicom_patient(folder: Path, *, plan_on: str = "rs.dcm", dose_of: str = "plan") -> Path:
    write_series(folder / "CT", head_hu())
    write_structures(folder / "rs.dcm", STRUCTURES)
    write_plan(folder / "rp.dcm", 60.0)
    plan = pydicom.dcmread(folder / "rp.dcm")
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", uid(plan_on)
    plan.ReferencedStructureSetSequence = [item]
    plan.save_as(folder / "rp.dcm", enforce_file_format=True)
    write_dose(folder / "rd.dcm", np.full((12, 12, 10), 6000, np.uint16), [3.0 * k for k in range(12)], plan=dose_of)
    return folder


def test_a_head_is_verified_and_its_grid_told_and_a_box_is_no_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = make_coarse_patients(tmp_path / "cohort", 1)
    write_series(cohort / "the box", head_hu())
    code, found = told(capsys, cohort)
    head, box = found["patients"]
    assert code == 0
    assert (found["kind"], head["id"], box["id"]) == ("cohort", "case-001", "case-002")
    (image,) = head["images"]
    stored = sitk.ReadImage(str(cohort / "patient-001" / "MR_T1.nrrd"))
    assert tuple(image["size"]) == stored.GetSize()
    assert image["spacing_mm"] == pytest.approx(stored.GetSpacing(), abs=5e-4)  # told to 3 decimals
    assert (image["key"], image["frame"]) == ("MR_T1", "A")
    assert image["face"] == "verified"
    assert head["structures"] == {"measured": 2}
    assert (box["images"][0]["face"], box["structures"], box["dose"]) == ("no head", {}, None)
    assert found["estimate_s"] > 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "dose ↔ plan; plan ↔ structure set"),
        ({"plan_on": "another"}, "dose ↔ plan; the plan was made on another structure set"),
        ({"dose_of": "another"}, "the dose's plan is not in the folder; plan ↔ structure set"),
    ],
)
def test_dose_plan_and_structure_set_are_paired_by_what_they_name(
    changed: dict[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(capsys, dicom_patient(tmp_path / "patient", **changed), "--no-faces")
    (patient,) = found["patients"]
    assert (code, found["kind"], patient["pairing"]) == (0, "patient", words)
    assert patient["dose"]["maximum"] == 60.0
    assert (patient["images"][0]["face"], found["estimate_s"]) == ("not looked for", None)


def test_the_user_chooses_among_structure_sets_as_for_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dicom_patient(tmp_path / "patient")
    second = {name: [("CLOSED_PLANAR", square(10, 20, -24, 8))] for name in ("Eye_L", "Eye_R", "Lens_L")}
    write_structures(folder / "drawn again.dcm", second)
    counted = [
        told(capsys, folder, "--no-faces", *choice)[1]["patients"][0]["structures"]["measured"]
        for choice in ((), ("--structures", "rs.dcm"), ("--structures", "drawn*"))
    ]
    assert counted == [1, 1, 3]  # without a choice: the one that the plan names
    code, found = told(capsys, folder, "--no-faces", "--structures", "no such set")
    (patient,) = found["patients"]
    assert (code, patient["structures"]) == (0, {})
    assert patient["notes"][0].startswith("--structures names none of 2 structure sets")


def test_a_table_of_names_that_does_not_exist_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dicom_patient(tmp_path / "patient")
    code, out, err = check(capsys, folder, "--no-faces", "--structure-names", tmp_path / "none.csv")
    assert (code, out) == (2, "")
    assert "--structure-names" in err
    assert "does not exist" in err


def test_a_single_file_is_what_the_user_says_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scan.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(24**3, dtype=np.int16).reshape(24, 24, 24)), str(path))
    found = told(capsys, path, "--no-faces", "--image", "MR_T2")[1]
    assert found["patients"][0]["images"][0]["key"] == "MR_T2"


def test_the_table_has_a_row_an_image_and_counts_what_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = tmp_path / "cohort"
    dicom_patient(cohort / "Secret_1970")
    (cohort / "Secret_1970" / "notes of Secret.txt").write_text("x")
    (cohort / "Secret_1970" / "CT" / "cut.dcm").write_bytes(b"")
    (cohort / "Empty_1980").mkdir()
    (cohort / "list.txt").write_text("x")
    code, out, err = check(capsys, cohort, "--no-faces")
    heading, empty, secret, *lines = out.splitlines()
    assert code == 3
    assert heading.split("  ")[0] == "case"
    assert empty.startswith("case-001  cannot be compared")
    assert secret.split("  ")[:2] == ["case-002", "CT"]
    for cell in ("20×24×12", "2×2×3", "not looked for", "frame A", "60 Gy at most", "dose ↔ plan; plan ↔ structure set"):
        assert cell in secret
    assert secret.endswith("  2")
    assert "case-001: cannot be compared: folder case-001 holds no images: neither DICOM files nor a case.json" in lines
    assert "case-002: 1 file was skipped: empty (0 bytes)" in lines
    assert "beside the patients' folders: 1 file not read: 1 no folder" in lines
    assert "Secret" not in out + err
    assert "case-002 is " + str(cohort / "Secret_1970") in check(capsys, cohort, "--no-faces", "--names")[1]


def test_folders_of_one_person_are_one_patient_and_of_several_a_cohort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "all" / "first", head_hu())
    write_series(tmp_path / "all" / "second", head_hu()[2:] + 24, modality="MR", series="mr")
    assert told(capsys, tmp_path / "all", "--no-faces")[1]["kind"] == "patient"
    assert told(capsys, tmp_path / "all", "--no-faces", "--as", "cohort")[1]["kind"] == "cohort"
    for path in (tmp_path / "all" / "second").iterdir():
        data = pydicom.dcmread(path)
        data.PatientID = "ID-8"
        data.save_as(path, enforce_file_format=True)
    assert told(capsys, tmp_path / "all", "--no-faces")[1]["kind"] == "cohort"


def test_nothing_that_can_be_compared_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cohort" / "a").mkdir(parents=True)
    code, _, err = check(capsys, tmp_path / "cohort")
    assert code == 2
    assert err.splitlines()[-1] == "deface-compare: no patient can be compared"
    assert check(capsys, tmp_path / "nowhere")[0] == 2


def test_an_unexpected_error_of_one_patient_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = make_doses(tmp_path / "cohort", 2)
    read = study_check.read_case

    def sometimes(folder: Path, *rest: object):
        if folder.name == "patient-001":
            raise ZeroDivisionError
        return read(folder, *rest)

    monkeypatch.setattr(study_check, "read_case", sometimes)
    code, found = told(capsys, cohort)
    assert code == 3
    assert found["patients"][0]["problem"] == "reading stopped at an unexpected ZeroDivisionError"
    assert found["patients"][1]["structures"] == {"measured": 2}


def test_a_name_of_a_file_in_a_reason_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path / "Mueller", head_hu())

    def refuse(folder: Path, *_: object) -> None:
        raise UnusableInput(f"{folder}: Mueller/{min(folder.iterdir()).name} is damaged")

    monkeypatch.setattr(study_check, "read_case", refuse)
    (checked,) = study_check.check_patients([tmp_path / "Mueller"])
    assert checked.problem == "case-001: case-001/CT file 1 of 12 is damaged"


def test_json_tells_the_files_that_were_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted in a Counter they ended it in a traceback."""
    write_series(tmp_path, head_hu())
    (tmp_path / "notes.txt").write_text("no image")
    assert main(["check", str(tmp_path), "--no-faces", "--json"]) == DONE
    (patient,) = json.loads(capsys.readouterr().out)["patients"]
    assert patient["left_out"] == {"not DICOM": 1}


def test_a_folder_of_one_letter_takes_no_letter_out_of_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dicom_patient(tmp_path / "a", dose_of="another plan")
    _, out, _ = check(capsys, tmp_path / "a", "--no-faces")
    assert "no prescription is known: a plan of the dose is not in the folder" in out


def test_a_patient_that_lies_in_the_cohort_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate(("Müller", "Mu\u0308ller", "other")):
        write_series(tmp_path / name, head_hu() + np.int16(number // 2), series=name)
    _, patients = told(capsys, tmp_path, "--as", "cohort", "--no-faces")
    said = {patient["id"]: [note for note in patient["notes"] if "the same image" in note] for patient in patients["patients"]}
    first, second = sorted(case for case, folder in zip(said, sorted(tmp_path.iterdir()), strict=True) if folder.name != "other")
    sentence = f"CT is the same image as one of {first}: the patient counts twice; take one of them away"
    assert said == {case: [sentence] if case == second else [] for case in said}

"""Odd inputs and outputs of ``case`` and ``study``: one sentence and exit code 2, and one bad patient never ends a study."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from coarse_patients import make_doses
from deface_compare.cli.main import main
from deface_compare.output.key import read_key
from deface_compare.study.patients import HIDDEN, LOOSE, LOOSE_DICOM, find_patients

QUICK = ("--methods", "quickshear", "--face-model", "none")


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str], str]:
    code = main([*map(str, arguments), *QUICK])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return code, [line for line in printed.err.splitlines() if line.startswith("deface-compare:")], printed.out


def latin_1(folder: Path, name: bytes = b"M\xfcller") -> Path:
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name))


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    return make_doses(tmp_path / "patients", 2)


@pytest.mark.parametrize("command", ["case", "study"])
def test_a_zip_without_patients_is_told_by_what_it_holds(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.dcm", "x")
    code, told, _ = run(capsys, command, tmp_path / "in.zip", "--out", tmp_path / "out")
    assert (code, len(told)) == (2, 1)
    words = {"case": "folder in holds no images", "study": "in holds no patient's folder (1 no folder)"}
    assert words[command] in told[0]


@pytest.mark.parametrize("command", ["case", "study"])
def test_a_file_and_nothing_are_told_as_what_they_are(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.txt").write_text("x")
    (tmp_path / "gone").symlink_to("nowhere")
    for name, words in {
        "in.txt": "is a file, not a folder; give the folder",
        "none": "does not exist; give the folder",
        "gone": "is a link that leads nowhere; give the folder",
    }.items():
        code, told, _ = run(capsys, command, tmp_path / name, "--out", tmp_path / "out")
        assert (code, len(told)) == (2, 1)
        assert told[0].startswith(f"deface-compare: {tmp_path / name} {words}")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["case", "study"])
def test_an_output_folder_that_is_a_file_or_cannot_be_written_is_one_sentence(
    command: str, patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = patients if command == "study" else patients / "patient-001"
    (tmp_path / "file").write_text("mine")
    below, other = tmp_path / "file" / "below", tmp_path / "out"
    said = f"deface-compare: {tmp_path / 'file'} is a file; --out must be a folder, a new one or one of an earlier run"
    assert run(capsys, command, source, "--out", tmp_path / "file")[:2] == (2, [said])
    said = f"deface-compare: nothing can be written to {below} (Not a directory); choose another --out"
    assert run(capsys, command, source, "--out", below)[:2] == (2, [said])
    assert (tmp_path / "file").read_text() == "mine"

    def refuse(*_: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied", str(named.get("dir")))

    monkeypatch.setattr("deface_compare.output.folder.tempfile.TemporaryFile", refuse)  # root may write everywhere
    said = f"deface-compare: nothing can be written to {other} (Permission denied); choose another --out"
    assert run(capsys, command, source, "--out", other)[:2] == (2, [said])


def test_whatever_else_the_system_refuses_is_one_sentence(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error", "/mnt/disk/key.csv")

    monkeypatch.setattr("deface_compare.study.run.write_key", refuse)
    code, told, _ = run(capsys, "study", patients, "--out", tmp_path / "out")
    assert (code, told) == (2, ["deface-compare: /mnt/disk/key.csv cannot be used (Input/output error)"])


def test_a_study_goes_on_past_names_in_latin_1_and_files_that_may_not_be_read(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(patients / "patient-001", latin_1(patients))
    shutil.copytree(patients / "patient-001", patients / "locked")
    latin_1(patients, b"empty \xe9").mkdir()
    opening = Path.open

    def refuse(self: Path, *arguments: object, **named: object):
        if self.parent.name == "locked":
            raise PermissionError(13, "Permission denied", str(self))
        return opening(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)
    out = tmp_path / "out"
    code, _, printed = run(capsys, "study", patients, "--out", out)
    assert code == 3
    key = {Path(row["source"]).name: row["case"] for row in read_key(out)}
    assert set(key) == {"patient-001", "patient-002", latin_1(patients).name, "locked", latin_1(patients, b"empty \xe9").name}
    assert (out / "cases" / key[latin_1(patients).name] / "case_report.json").is_file()
    unreadable = json.loads((out / "study.json").read_text())["unreadable"]
    assert set(unreadable) == {key["locked"], key[latin_1(patients, b"empty \xe9").name]}
    assert "cannot be read (Permission denied)" in unreadable[key["locked"]]
    again, _, _ = run(capsys, "study", patients, "--out", out)
    assert again == 3
    assert len(list((out / "cases").iterdir())) == 3
    assert main(["pool", str(out), "--out", str(tmp_path / "pooled")]) == 3
    assert printed.count("unreadable") == 2


def test_a_table_of_persons_that_is_no_utf_8_is_one_sentence(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (patients / "persons.csv").write_bytes("folder,person\npatient-001,Müller\n".encode("latin-1"))
    code, told, _ = run(capsys, "study", patients, "--out", tmp_path / "out")
    assert (code, len(told)) == (2, 1)
    assert told[0].endswith("persons.csv is not a text in UTF-8; save it again as CSV UTF-8")


@pytest.mark.parametrize("place", ["out", "", "patient-001/out"])
def test_an_output_folder_inside_the_cohort_is_no_patient(
    place: str, patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = patients / place
    assert run(capsys, "study", patients, "--out", out)[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr("deface_compare.study.job.compare_case", None)  # all is finished: nobody may call it
        assert run(capsys, "study", patients, "--out", out)[0] == 0
    assert [path.name for path in sorted((out / "cases").iterdir())] == ["case-001", "case-002"]
    code, _, _ = run(capsys, "study", patients, "--out", tmp_path / "another")  # the first one lies there still
    assert code == 0
    assert [path.name for path in sorted((tmp_path / "another" / "cases").iterdir())] == ["case-001", "case-002"]


def test_what_lies_beside_the_patients_is_counted(patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (patients / ".snapshots").mkdir()
    (patients / "list.xlsx").write_bytes(b"PK\x03\x04")
    (patients / "remarks.txt").write_text("x")
    (patients / "slice.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (patients / "lost").symlink_to("nowhere")
    (patients / "twice").symlink_to(patients / "patient-001")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(patients / "patient-002", tmp_path / "elsewhere" / "patient-002")
    (patients / "linked").symlink_to(tmp_path / "elsewhere" / "patient-002")
    found = find_patients(patients)
    assert [path.name for path in found.folders] == ["linked", "patient-001"]
    assert dict(found.left_out) == {
        HIDDEN: 1,
        LOOSE: 2,  # "whole" of the cohort's own maker, and the remarks
        LOOSE_DICOM: 1,
        "a link that leads nowhere": 1,
        "a link to what is read already": 1,
        "a zip archive; unpack it": 1,
    }
    for _ in range(2):
        code, _, printed = run(capsys, "study", patients, "--out", tmp_path / "out")
        assert code == 0
        assert (
            "beside the patients' folders: 7 files not read: 1 DICOM beside the patients' folders, 1 a hidden folder" in printed
        )
    assert [path.name for path in sorted((tmp_path / "out" / "cases").iterdir())] == ["case-001", "case-002"]


def test_a_case_without_an_image_says_so_on_its_last_line_and_ends_with_two(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # the second one finds it finished
        code = main(["case", str(patients / "patient-001"), "--out", str(tmp_path / "out"), *QUICK])
        printed = capsys.readouterr()
        assert code == 2
        assert printed.err.splitlines()[-1] == "deface-compare: case-001: it holds no image: nothing was defaced"
    assert (tmp_path / "out" / "report.html").is_file()

"""The command line: exit codes, one sentence instead of a traceback, progress that programs can read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deface_compare.case import Case
from deface_compare.case_report import CaseReport
from deface_compare.cli import main as cli
from deface_compare.defacers.external.folder import ExternalFolder
from deface_compare.errors import UnusableInput
from deface_compare.measurement import Scope
from deface_compare.output.folder import OutputFolder
from deface_compare.output.kept_methods import KeptMethods
from deface_compare.progress import report_step
from deface_compare.study import job as study_case
from places import MODULE

TOLD = {"title": "T", "variant": "", "images": {"CT": {}}}
"""What a method that defaced the CT tells."""
ran: list[tuple[str, str]] = []
"""Each case and method that the stand-in of `made` ran."""
QUICK = ["--methods", "quickshear", "--face-model", "none"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Reading and comparing replaced by something instant; the list collects the cases that were compared."""
    compared: list[str] = []
    ran.clear()

    def read(folder: Path, case_id: str | None = None, choices: object = None) -> Case:
        if (folder / "broken").exists():
            raise UnusableInput(f"{folder} holds a truncated DICOM file; export it again")
        return Case(id=case_id or folder.name, person=f"person of {folder.name}")

    def compare(case: Case, methods, settings, progress, out: Path, kept: KeptMethods | None, threads: int) -> CaseReport:
        report_step(progress, 0, 2, "half")
        compared.append(case.id)
        (out / "identifiable" / "face_prints").mkdir(parents=True)
        ran.extend((case.id, method.key) for method in methods)
        told = {method.key: TOLD | {"variant": method.variant} for method in methods}
        rows = [Scope(case.id, key, "", settings.fill, settings.protect).row("success", defaced=1.0, image="CT") for key in told]
        for key in kept.keys if kept else ():
            rows, told = [*rows, *kept.rows(key)], {**told, key: kept.told(key)}
        report = CaseReport(case.id, False, tuple(rows), told, settings, {"CT": ""}, dict.fromkeys(told, 1.5))
        report.write(OutputFolder(out).make_case(report.case_id))
        return report

    monkeypatch.setattr(study_case, "read_case", read)
    monkeypatch.setattr("deface_compare.output.case_ids.read_case", read)
    monkeypatch.setattr(study_case, "compare_case", compare)
    return compared


def patients(folder: Path, *names: str, broken: str = "") -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / ("broken" if name == broken else "image")).write_text(name)
    return folder


def test_a_study_whose_cases_are_all_read_ends_with_zero(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = patients(tmp_path / "in", "anna", "bert")
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), *QUICK]) == 0
    assert made == ["case-001", "case-002"]
    printed = capsys.readouterr()
    assert re.search(r"Worked +s a case\n", printed.out)
    assert re.search(r"2/2 +1\.5\n", printed.out)
    assert f"Report: {tmp_path / 'out' / 'report.html'}" in printed.out
    assert "anna" not in printed.out + printed.err


def test_a_table_of_persons_says_who_comes_twice(made: list[str], tmp_path: Path) -> None:
    source = patients(tmp_path / "in", "anna", "anna-2", "bert")
    (source / "persons.csv").write_text("folder,person,remark\nanna,A,first\nanna-2,A,two years later\n", encoding="utf-8-sig")
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), *QUICK]) == 0
    key = [line.split(",")[:2] for line in (tmp_path / "out" / "identifiable" / "key.csv").read_text().splitlines()]
    assert key == [["case", "person"], ["case-001", "A"], ["case-002", "A"], ["case-003", "person of bert"]]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("case,person\nanna,A\n", "has no column 'folder'; it needs folder and person"),
        ("folder,person\nanna,A\ncarl,C\n", "line 3: there is no folder 'carl' beside the table"),
        ("folder,person\nanna,\n", "line 2: no person is given for 'anna'"),
        ("folder,person\nanna,A\nanna,B\n", "line 3: 'anna' stands in the table twice"),
    ],
)
def test_a_wrong_table_of_persons_is_one_sentence(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, sentence: str
) -> None:
    source = patients(tmp_path / "in", "anna", "bert")
    (source / "persons.csv").write_text(table)
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), *QUICK]) == 2
    assert made == []
    assert sentence in capsys.readouterr().err


def test_an_unreadable_case_is_listed_and_ends_with_three(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = patients(tmp_path / "in", "anna", "bert", "carl", broken="bert")
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), *QUICK]) == 3
    assert made == ["case-001", "case-003"]
    assert "case-002: unreadable: case-002 holds a truncated DICOM file" in capsys.readouterr().out
    manifest = (tmp_path / "out" / "study.json").read_text()
    assert json.loads(manifest)["unreadable"] == {"case-002": "case-002 holds a truncated DICOM file; export it again"}
    assert "bert" not in manifest + (tmp_path / "out" / "report.html").read_text()


def test_unusable_input_ends_with_two_and_one_sentence(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = patients(tmp_path / "in", "anna", broken="anna")
    assert cli.main(["case", str(source / "anna"), "--out", str(tmp_path / "out"), *QUICK]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1] == f"deface-compare: {source / 'anna'} holds a truncated DICOM file; export it again"
    assert not any("Traceback" in line for line in error)


@pytest.mark.parametrize(
    "arguments",
    [
        ["case", "{tmp}/nowhere", "--out", "{tmp}/out", *QUICK],
        ["study", "{tmp}/nowhere", "--out", "{tmp}/out", *QUICK],
        ["case", "{tmp}", "--out", "{tmp}/out", "--methods", "nosuch"],
        ["case", "{tmp}", "--out", "{tmp}/out", "--face-model", "nosuch"],
        ["case", "{tmp}", "--out", "{tmp}/out", "--variant", "average_face=x", "--methods", "quickshear"],
        ["pool", "{tmp}", "--out", "{tmp}/out"],
        ["names", "{tmp}/nowhere"],
        ["models", "get", "yunet", "sface", "--file", "x"],
    ],
)
def test_every_unusable_argument_gives_one_sentence(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([part.format(tmp=tmp_path) for part in arguments]) == 2
    assert capsys.readouterr().err.startswith("deface-compare: ")


def test_a_rerun_computes_only_what_changed(made: list[str], tmp_path: Path) -> None:
    source, out = patients(tmp_path / "in", "anna", "bert"), tmp_path / "out"
    command = ["study", str(source), "--out", str(out), *QUICK]
    cli.main(command)
    first = (out / "measurements.csv").read_bytes()
    made.clear()
    assert cli.main(command) == 0
    assert made == []
    assert (out / "measurements.csv").read_bytes() == first
    (source / "bert" / "image").write_text("another scan")
    cli.main(command)
    assert made == ["case-002"]
    assert cli.main([*command, "--seed", "2"]) == 2  # other results: not overwritten unasked
    assert made == ["case-002"]
    cli.main([*command, "--seed", "2", "--replace"])
    assert made == ["case-002", "case-001", "case-002"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_who_is_who_stands_in_the_key_file_only(made: list[str], tmp_path: Path) -> None:
    source, out = patients(tmp_path / "in", "anna"), tmp_path / "out"
    cli.main(["case", str(source / "anna"), "--out", str(out), *QUICK])
    assert (out / "identifiable").stat().st_mode & 0o777 == 0o700
    assert (out / "identifiable" / "key.csv").read_text().splitlines()[1] == f"case-001,person of anna,{source / 'anna'}"
    for path in out.rglob("*"):
        if path.is_file() and "identifiable" not in path.parts:
            assert b"anna" not in path.read_bytes(), path


def test_ids_are_kept_when_asked_for(made: list[str], tmp_path: Path) -> None:
    source = patients(tmp_path / "in", "anna", "bert")
    cli.main(["study", str(source), "--out", str(tmp_path / "out"), "--keep-ids", *QUICK])
    assert made == ["anna", "bert"]


def test_a_broken_case_does_not_cost_the_others(made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare = study_case.compare_case

    def sometimes(case: Case, *rest, **named):
        if case.id == "case-001":
            raise ZeroDivisionError("surprise")
        return compare(case, *rest, **named)

    monkeypatch.setattr(study_case, "compare_case", sometimes)
    source = patients(tmp_path / "in", "anna", "bert")
    assert cli.main(["study", str(source), "--out", str(tmp_path / "out"), *QUICK]) == 3
    assert made == ["case-002"]
    assert "surprise" in (tmp_path / "out" / "identifiable" / "errors" / "case-001.txt").read_text()
    assert not (tmp_path / "out" / "cases" / "case-001").exists()


def test_progress_for_programs_is_one_json_object_a_line(
    made: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = patients(tmp_path / "in", "anna")
    cli.main(["study", str(source), "--out", str(tmp_path / "out"), "--progress", "json", *QUICK])
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all({"done", "total", "text"} <= set(step) for step in steps)
    assert steps[-1]["done"] == steps[-1]["total"]


def test_names_of_a_text_file_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "names.txt").write_text("Parotid L\nno such organ\n")
    assert cli.main(["names", str(tmp_path / "names.txt")]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading == "name,tg263,group,side,status"
    assert rows == ["Parotid L,Parotid_L,parotid,L,mapped", "no such organ,,other,,unknown"]


def test_the_command_line_starts_without_heavy_imports() -> None:
    code = (
        "import sys; from deface_compare.cli.main import make_parser; make_parser();"
        "heavy = ('numpy', 'SimpleITK', 'vtkmodules', 'pandas', 'plotly', 'dask', 'pydicom', 'onnxruntime');"
        "print([name for name in heavy if name in sys.modules])"
    )
    folder = MODULE
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert time.monotonic() - begin < 3.0  # 0.19 s measured on an idle machine; the bound leaves room for a busy one


def test_an_imported_volume_comes_from_the_patients_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "tool" / "anna").mkdir(parents=True)
    method = ExternalFolder("tool", tmp_path / "tool")
    own = method.for_patient(tmp_path / "in" / "anna", "case-001", alone=False)
    other = method.for_patient(tmp_path / "in" / "bert", "case-002", alone=False)
    assert own.folder == tmp_path / "tool" / "anna"
    assert not other.folder.exists()
    assert other.shared == tmp_path / "tool"
    assert "bert" not in other.available()


@pytest.mark.parametrize("name", ["quickshear", "../up", "a b"])
def test_an_imported_tool_needs_a_name_of_its_own(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["case", str(tmp_path), "--out", str(tmp_path / "o"), *QUICK, "--external", f"{name}={tmp_path}"]) == 2
    assert "give the tool's own name" in capsys.readouterr().err


def test_one_image_file_is_a_patient_that_keeps_its_number(made: list[str], tmp_path: Path) -> None:
    image = tmp_path / "smith_ct.nii.gz"
    image.write_bytes(b"voxels")
    for _ in range(2):  # the second time nothing is computed again
        assert cli.main(["case", str(image), "--out", str(tmp_path / "out"), *QUICK]) == 0
    assert made == ["case-001"]
    shared = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and "identifiable" not in path.parts]
    assert shared
    assert not any("smith" in path.read_text(errors="replace") for path in shared)


def test_a_file_that_is_no_image_is_no_patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ct.txt").write_text("voxels")
    assert cli.main(["case", str(tmp_path / "ct.txt"), "--out", str(tmp_path / "out"), *QUICK]) == 2
    assert "is a file, not a folder; give the folder of one patient, or one image file" in capsys.readouterr().err

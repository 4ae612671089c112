"""A study's cases in one folder to hand on: what is written, resumed, refused and said, and that nobody is named."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pydicom
import pytest

from deface_compare.cli.main import main
from deface_compare.cohort.review import DECISION_COLUMNS
from deface_compare.export.manifest import wrong_files
from deface_compare.progress import Cancelled
from deface_compare.readers.found_files import OWN_OUTPUT
from deface_compare.study import share_case
from deface_compare.study.patients import find_patients
from deface_compare.study.share import share_study
from export_patient import COARSE_MM, METHOD, compared, copied, head_known, source
from identity_search import identity_of, leaks_in
from made_report import write_made_report
from twin_case import add_twin

pytestmark = pytest.mark.xdist_group("share")

MANIFESTS = ("manifest.json", "manifest.csv", "share_report.html")
HARMLESS = ("patient", "quickshear", "model", "PLAN", "IMAGE", "PHYSICAL", "AUTOMATIC", "BOLUS", "EXTERNAL", "ORGAN", "Brain")
"""Header values and folder names of the patient that are words of the field."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUT with the finished cases 001 and 002 of a small patient; nobody may change it."""
    finished = compared(tmp_path_factory.mktemp("study"), COARSE_MM)
    add_twin(finished, "case-002")
    return finished.parents[1]


@pytest.fixture(scope="module")
def shared(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both cases shared in one go; nobody may change it."""
    folder = tmp_path_factory.mktemp("shared") / "FOLDER"
    assert share(study, folder) == 0
    return folder


@pytest.fixture
def again(study: Path, shared: Path, tmp_path: Path) -> SimpleNamespace:
    """Copies of both that a test may change."""
    case = copied(study / "cases" / "case-001", tmp_path)
    for path in (case.parents[1] / "identifiable" / "edits").glob("*/sources.json"):  # the twin's patient is the copy, too
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(str(source(study / "cases" / "case-001").resolve()), str(source(case).resolve())))
    shutil.copytree(shared, tmp_path / "FOLDER")
    return SimpleNamespace(out=case.parents[1], to=tmp_path / "FOLDER")


def share(out: Path, to: Path, *options: str, accept: bool = True) -> int:
    """Run the command."""
    arguments = ["share", str(out), "--method", METHOD, "--to", str(to), "--dose-policy", "mask", *options]
    with head_known():
        return main([*arguments, "--accept-risk"] if accept else arguments)


def told(folder: Path) -> dict[str, dict[str, object]]:
    """The manifest's rows by case."""
    return {row["id"]: row for row in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["cases"]}


def content(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may export a case any more."""
    monkeypatch.setattr(share_case, "export_with", None)


def review(out: Path, case: str) -> None:
    """A reviewer says that the face of a case is not gone."""
    with (out / "identifiable" / "review.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, DECISION_COLUMNS)
        table.writeheader()
        said = {"reviewer": "R", "case": case, "method": METHOD, "face_gone": "fail", "data_whole": "pass"}
        table.writerow(dict.fromkeys(DECISION_COLUMNS, "") | said)


def test_every_finished_case_is_shared_with_a_manifest_that_names_nobody(study: Path, shared: Path) -> None:
    assert sorted(path.name for path in shared.iterdir()) == sorted(["case-001", "case-002", *MANIFESTS])
    rows = told(shared)
    assert [rows[case]["status"] for case in ("case-001", "case-002")] == ["shared", "shared"]
    for case in rows:
        assert wrong_files(shared / case) == []
        assert rows[case]["files"] == len(list((shared / case).rglob("*.dcm"))) > 0
    with (shared / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [(row["case"], row["status"], int(row["files"])) for row in table] == [
        (case, row["status"], row["files"]) for case, row in rows.items()
    ]
    page = (shared / "share_report.html").read_text(encoding="utf-8")
    assert "2 of 2 patients, defaced by quickshear" in page
    patient = study.parent / "patient"
    folder = shared.parent / "manifests only"
    folder.mkdir()
    for name in MANIFESTS:
        shutil.copy(shared / name, folder)
    identity = identity_of(patient, HARMLESS)
    assert "Secret^Person" in identity
    assert leaks_in(folder, identity) == []


def test_headers_that_keep_names_are_told_in_the_last_line_and_the_manifest(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert share(study, tmp_path / "FOLDER", "--headers", "none", "--cases", "case-001") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("The headers are not de-identified: names, birth dates, patient ids, dates")
    manifest = json.loads((tmp_path / "FOLDER" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["headers"], manifest["headers_note"]) == ("none", last)
    assert any("Secret" in str(path.read_bytes()) for path in (tmp_path / "FOLDER" / "case-001").rglob("*.dcm"))  # and it is true


def test_headers_are_cleaned_unless_one_says_otherwise(
    study: Path, shared: Path, again: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = identity_of(study.parent / "patient", (*HARMLESS, f"PYDICOM {pydicom.__version__}", "1.2.826.0.1.3680043.8.498.1"))
    left = {leak.split(": ", 1)[1] for leak in leaks_in(shared, identity)}
    named = {leak for leak in left if not leak.startswith(("file ", "CodeValue ", "CodeMeaning ", "Radiopharmaceutical "))}
    assert named == {"ROIName 'Thermo_Mask'", "ROIName 'PTV_skin'", "ROIName 'Bolus'"}  # words of the field
    manifest = json.loads((shared / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["headers"], manifest["retained"]) == ("basic", "dates,characteristics")
    assert manifest["headers_note"].startswith("The headers are de-identified: by the Basic Application Level")
    assert share(again.out, again.to, "--headers", "none") == 2
    assert "holds cases shared with headers basic, which must not be mixed" in capsys.readouterr().err


def test_a_finished_export_is_recognised_and_a_half_written_one_is_written_again(
    shared: Path, again: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        forbid(patch)
        assert share(again.out, again.to) == 0
    assert "case-002: already finished" in capsys.readouterr().err
    assert content(again.to) == content(shared)
    next((again.to / "case-002").rglob("*.dcm")).unlink()
    (again.to / ".case-001.unfinished").mkdir()  # what a killed export leaves
    shutil.move(again.to / "case-001", again.to / ".case-001.unfinished" / "case-001")
    assert share(again.out, again.to) == 0
    assert content(again.to) == content(shared)


def test_files_that_another_tool_changed_are_never_overwritten(
    again: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forbid(monkeypatch)
    changed = next((again.to / "case-002").rglob("*.dcm"))
    changed.write_bytes(changed.read_bytes() + b"de-identified")
    before = content(again.to / "case-002")
    assert share(again.out, again.to) == 3
    assert "1 file is in" in capsys.readouterr().err
    assert content(again.to / "case-002") == before
    assert told(again.to)["case-002"]["status"] == "not shared"
    assert str(again.to) not in (again.to / "manifest.json").read_text(encoding="utf-8")


def test_a_case_that_a_reviewer_failed_is_taken_away_unless_the_risk_is_accepted(
    again: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    review(again.out, "case-002")
    assert share(again.out, again.to, accept=False) == 3
    assert "case-002: privacy check of CT: a reviewer said fail (face gone)" in capsys.readouterr().err
    assert not (again.to / "case-002").exists()
    rows = told(again.to)
    assert (rows["case-001"]["status"], rows["case-002"]["status"]) == ("shared", "not shared")  # its risks were accepted before
    assert str(rows["case-002"]["reason"]).startswith("privacy check of CT: a reviewer said fail (face gone)")
    assert share(again.out, again.to, "--cases", "case-002") == 0
    risks = told(again.to)["case-002"]["accepted_risks"]
    assert isinstance(risks, list)
    assert "privacy check of CT: a reviewer said fail (face gone)" in risks
    assert told(again.to)["case-001"] == rows["case-001"]  # not chosen, still shared


def test_a_run_that_is_stopped_says_so_and_goes_on_where_it_stopped(study: Path, shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "FOLDER"

    def stop(done: int, total: int, text: str) -> bool:
        return not text.startswith("case-002")

    with head_known(), pytest.raises(Cancelled):
        share_study(study, folder, METHOD, dose_policy="mask", accept_risk=True, progress=stop)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert not manifest["complete"]
    assert [(row["id"], row["status"]) for row in manifest["cases"]] == [("case-001", "shared"), ("case-002", "not done yet")]
    assert "The run did not come to its end" in (folder / "share_report.html").read_text(encoding="utf-8")
    assert share(study, folder) == 0
    assert content(folder) == content(shared)


def _damaged(out: Path) -> None:
    (out / "cases" / "case-002" / "case_report.json").write_text("{")


def _source_gone(out: Path) -> None:
    shutil.move(out.parent / "patient", out.parent / "Meier_Hans_19510203")


def _changed_source(out: Path) -> None:
    path = next((out.parent / "patient" / "CT").glob("*.dcm"))
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "reason", "code"),
    [
        (_damaged, "case_report.json is damaged", 3),
        (_source_gone, "is no longer where it was", 2),
        (_changed_source, "", 2),
    ],
)
def test_a_bad_patient_is_listed_without_names_and_the_others_are_shared(
    again: SimpleNamespace, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], reason: str, code: int
) -> None:
    identity = dict.fromkeys((*identity_of(source(again.out / "cases" / "case-001"), HARMLESS), str(again.out.parent)), "known")
    shutil.rmtree(again.to)
    spoil(again.out)
    assert share(again.out, again.to, *(["--cases", "case-002"] if code == 2 else [])) == code
    assert reason in capsys.readouterr().err
    row = told(again.to)["case-002"]
    assert row["status"] == "not shared"
    assert reason in str(row["reason"])
    assert [name for name in ("case-001", "case-002") if (again.to / name).exists()] == (["case-001"] if code == 3 else [])
    shutil.rmtree(again.to / "case-001", ignore_errors=True)  # its headers keep names, as is said
    assert leaks_in(again.to, identity) == []


def test_an_unexpected_error_of_one_case_is_listed_and_its_details_stay_private(
    again: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(again.to / "case-002")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("Secret^Person")

    monkeypatch.setattr(share_case, "export_with", broken)
    assert share(again.out, again.to) == 3
    reason = str(told(again.to)["case-002"]["reason"])
    assert reason == "stopped by an unexpected ZeroDivisionError; details lie in identifiable/errors/case-002_export.txt"
    assert "Secret^Person" in (again.out / "identifiable/errors/case-002_export.txt").read_text(encoding="utf-8")


def unknown_source(out: Path, *cases: str) -> Path:
    """An output folder whose cases do not say what they were read from."""
    for case in cases:
        write_made_report(out / "cases" / case, {METHOD: {"status": "ok", "images": {}, "no_face": {}, "title": "T"}})
    return out


def test_a_case_called_by_the_patients_own_id_is_not_shared_unasked_and_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = unknown_source(tmp_path / "out", "Meier_Hans")
    assert share(out, tmp_path / "FOLDER", accept=False) == 2
    assert "Meier_Hans: the case is called by the patient's own id (--keep-ids)" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "FOLDER").iterdir()) == sorted(MANIFESTS)
    assert list(told(tmp_path / "FOLDER")) == ["(a patient's own id)"]
    assert leaks_in(tmp_path / "FOLDER", {"Meier_Hans": "id", "Meier": "name"}) == []


def test_two_processes_write_the_manifest_of_one(tmp_path: Path) -> None:
    out = unknown_source(tmp_path / "out", "case-001", "case-002", "case-003")
    assert share(out, tmp_path / "one") == 2
    assert share(out, tmp_path / "two", "--jobs", "2") == 2
    assert content(tmp_path / "two") == content(tmp_path / "one")
    reason = "case case-003 does not say what it was read from (identifiable/edits/case-003 is missing); compare it again"
    assert told(tmp_path / "two")["case-003"]["reason"] == reason


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--cases", "case-01"], "there is no finished case 'case-01' in"),
        (["--method", "quickshaer"], "no chosen case was compared with 'quickshaer'; did you mean quickshear?"),
        (["--to", "{out}/shared"], "lies inside"),
        (["--to", "{patient}/shared"], "lies inside the folder of case-001's patient"),
        (["--to", "{patient}/RTPLAN.dcm"], "is a file; --to must be a folder"),
        (["--to", "{out}/../elsewhere"], "holds something else than a shared cohort; choose a new or empty folder"),
        (["--dose-policy", "keep"], "holds cases shared with dose policy mask, which must not be mixed"),
        (["--jobs", "0"], "expected a number of at least 1, or auto, not '0'"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(
    again: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], why: str
) -> None:
    forbid(monkeypatch)
    (again.out.parent / "elsewhere").mkdir()
    (again.out.parent / "elsewhere" / "file").write_text("mine")
    before = content(again.to)
    words = {"out": again.out, "patient": source(again.out / "cases" / "case-001")}
    try:
        code = share(again.out, again.to, *(option.format(**words) for option in options))
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    assert code == 2
    assert why in capsys.readouterr().err
    assert content(again.to) == before
    assert [path.name for path in (again.out.parent / "elsewhere").iterdir()] == ["file"]


def test_a_folder_of_another_study_takes_no_case(
    again: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forbid(monkeypatch)
    (again.out / "identifiable" / "exports" / "uid_salt").write_bytes(b"of another study")
    assert share(again.out, again.to) == 2
    assert "holds cases of another study, which must not be mixed; choose another --to" in capsys.readouterr().err


def test_a_cohort_shared_beside_its_patients_is_none_of_them(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "patient").mkdir()
    shutil.copytree(shared, tmp_path / "given")
    found = find_patients(tmp_path)
    assert [folder.name for folder in found.folders] == ["patient"]
    assert dict(found.left_out) == {OWN_OUTPUT: 1}
    assert len(find_patients(tmp_path / "given").folders) == 2  # who gets it may look at it

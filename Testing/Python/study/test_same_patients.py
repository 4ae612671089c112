"""A patient that lies in a cohort twice is told: tables would count it twice, and its copy pass for another scan."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from deface_compare.cli.main import main
from deface_compare.output.finished_mark import FinishedMark
from deface_compare.output.folder import OutputFolder
from deface_compare.study.same_patients import same_files
from dicom_set import head_hu, write_series


def finished(out: Path, case: str, *contents: str) -> None:
    path = OutputFolder(out).finished_mark(case)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(FinishedMark({"code": "x"}, {}, contents))))


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (("a", "b", "c"), True),
        (("a", "b", "c", "one more"), True),
        (("a", "d", "e"), False),
        ((), False),
    ],
    ids=["the same files", "a file was added", "one file in common", "nothing known"],
)
def test_a_case_of_the_files_of_another_one_is_told(tmp_path: Path, second: tuple[str, ...], told: bool) -> None:
    finished(tmp_path, "case-001", "a", "b", "c")
    finished(tmp_path, "case-002", *second)
    sentence = "holds the same files as case-001: the patient counts twice; take one of them away"
    assert same_files(tmp_path, ["case-001", "case-002", "case-003"]) == ({"case-002": sentence} if told else {})


def test_a_patient_under_two_ids_in_one_output_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "cohort" / "patient", head_hu())
    study = ["study", str(tmp_path / "cohort"), "--out", str(tmp_path / "out"), "--face-model", "none", "--methods", "quickshear"]
    main([*study, "--keep-ids"])
    assert "counts twice" not in capsys.readouterr().out
    main(study)
    assert "patient: holds the same files as case-001: the patient counts twice; take one of them away" in capsys.readouterr().out
    main([*study, "--replace"])
    assert "counts twice" not in capsys.readouterr().out

"""A patient that lies in a cohort twice is told: tables would count it twice, and its copy pass for another scan."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from deface_compare.output.finished_mark import FinishedMark
from deface_compare.output.folder import OutputFolder
from deface_compare.study.same_patients import same_files


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
    sentence = "holds the same files as case-001: the patient counts twice; take one of the folders away"
    assert same_files(tmp_path, ["case-001", "case-002", "case-003"]) == ({"case-002": sentence} if told else {})

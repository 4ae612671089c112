"""`report` on folders that somebody touched, and what it writes where signs are missing."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from deface_compare.cli.main import main
from deface_compare.output.folder import OutputFolder
from deface_compare.study.pool import pool
from made_study import make_out


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = make_out(tmp_path / "out", 2, images=("CT",))
    pool([out], out)
    return out


@pytest.mark.parametrize(
    "told",
    ["{", "[]", '"text"', '{"cases": 5}', '{"cases": [7]}', '{"cases": [{"name": "case-001"}]}', '{"unreadable": []}', "\0"],
)
def test_a_damaged_study_json_is_one_sentence_that_names_it(out: Path, capsys: pytest.CaptureFixture[str], told: str) -> None:
    OutputFolder(out).manifest.write_text(told, encoding="utf-8")
    assert main(["report", str(out)]) == 2
    sentence = capsys.readouterr().err
    assert sentence.startswith(f"deface-compare: {OutputFolder(out).manifest} is damaged or of another program; remove it")
    OutputFolder(out).manifest.unlink()
    assert main(["report", str(out)]) == 0


def test_a_study_json_of_other_cases_makes_no_report_of_nobody(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    OutputFolder(out).manifest.write_text(json.dumps({"cases": [{"id": "other"}]}), encoding="utf-8")
    assert main(["report", str(out)]) == 2
    assert "names none of the 2 finished cases" in capsys.readouterr().err


def test_a_case_that_study_json_names_and_that_was_removed_is_left_out(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(OutputFolder(out).case("case-002"))
    assert main(["report", str(out)]) == 0
    assert "No verdict from one case" in capsys.readouterr().out


def test_a_review_that_is_none_is_named_with_its_folder(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    OutputFolder(out).reviews.write_text("reviewer,time\nx,y\n", encoding="utf-8")
    assert main(["report", str(out)]) == 2
    assert str(OutputFolder(out).reviews) in capsys.readouterr().err


@pytest.mark.parametrize(("encoding", "gap"), [("cp1252", "\u00a0"), ("ascii", " "), ("cp437", "\u00a0")])
def test_a_log_of_an_old_code_page_holds_numbers_that_can_be_read(
    out: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, gap: str
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["report", str(out)]) == 0
    stream.flush()
    written = raw.getvalue().decode(encoding)
    assert "\\u" not in written
    assert "\\x" not in written
    assert "Lens -9" in written.replace(gap, " ")
    stream.detach()

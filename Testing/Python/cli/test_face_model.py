"""Which face model scores where nobody names one: the best installed, and in a folder with results the one of these results."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest

from coarse_patients import make_doses
from deface_compare.case_report import CaseReport
from deface_compare.cli.comparison import add_comparison, settings_of
from deface_compare.cli.main import main
from deface_compare.errors import UnusableInput
from deface_compare.output.folder import OutputFolder
from deface_compare.privacy.networks import arcface, models
from deface_compare.privacy.networks.default_model import default_recogniser
from deface_compare.settings import Settings

STAND_IN = b"stands in for the published file; it is never opened here"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ArcFace's file and packages are there, as far as can be told without opening them."""
    monkeypatch.setenv(models.CACHE_VARIABLE, str(tmp_path / "models"))
    entry = dataclasses.replace(models.known_model("arcface"), sha256=hashlib.sha256(STAND_IN).hexdigest())
    known = {**models.known_models(), "arcface": entry}
    monkeypatch.setattr(models, "known_models", lambda: known)
    monkeypatch.setattr(arcface, "find_spec", lambda name: object())
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / entry.file).write_bytes(STAND_IN)
    return tmp_path / "models" / entry.file


def chosen(out: Path, *options: str) -> str:
    parser = argparse.ArgumentParser()
    add_comparison(parser)
    return settings_of(parser.parse_args(["--out", str(out), *options])).face_model


def finished(out: Path, model: str) -> None:
    """An output folder with one finished case under a face model."""
    folder = OutputFolder(out).case("case-001")
    folder.mkdir(parents=True)
    CaseReport("case-001", False, (), {}, Settings(face_model=model), {}).write(folder)


def test_arcface_is_the_default_where_its_file_and_its_packages_are(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (default_recogniser(), chosen(tmp_path / "out")) == ("arcface", "arcface")
    monkeypatch.setattr(arcface, "find_spec", lambda name: None if name == "insightface" else object())
    assert arcface.missing_packages() == ["insightface"]
    assert default_recogniser() == "sface"
    monkeypatch.setattr(arcface, "find_spec", lambda name: object())
    installed.write_bytes(b"something else")
    assert default_recogniser() == "sface"
    installed.unlink()
    assert chosen(tmp_path / "out") == "sface"


def test_a_folder_goes_on_with_the_model_it_began_with_and_says_so(installed: Path, tmp_path: Path, capsys: Any) -> None:
    finished(tmp_path / "out", "sface")
    assert chosen(tmp_path / "out") == "sface"
    told = capsys.readouterr().err
    assert told.startswith(
        f"face model: SFace, as the results in {tmp_path / 'out'} were made; ArcFace (AuraFace v1) is installed"
    )
    installed.unlink()
    assert chosen(tmp_path / "out") == "sface"
    assert capsys.readouterr().err == ""  # nothing else could have been taken


def test_a_folder_that_began_with_arcface_goes_on_with_it_where_it_is_gone(installed: Path, tmp_path: Path) -> None:
    finished(tmp_path / "out", "arcface")
    installed.unlink()
    assert chosen(tmp_path / "out") == "arcface"  # its rows then say what is missing; no other model steps in


def test_a_folder_without_scores_or_with_a_damaged_case_decides_nothing(installed: Path, tmp_path: Path) -> None:
    finished(tmp_path / "none", "none")
    assert chosen(tmp_path / "none") == "arcface"
    finished(tmp_path / "damaged", "sface")
    (OutputFolder(tmp_path / "damaged").case("case-001") / "case_report.json").write_text("{")
    assert chosen(tmp_path / "damaged") == "arcface"


def test_a_named_model_is_taken_or_refused_whatever_was_used_before(installed: Path, tmp_path: Path) -> None:
    finished(tmp_path / "out", "sface")
    for name in ("none", "arcface"):
        assert chosen(tmp_path / "out", "--face-model", name) == name
    for name, why in (("nosuch", "there is no face model 'nosuch'"), ("buffalo_l", "buffalo_l .* is missing: run")):
        with pytest.raises(UnusableInput, match=why):
            chosen(tmp_path / "out", "--face-model", name)


def test_a_study_begun_with_sface_is_still_finished_when_arcface_has_come(installed: Path, tmp_path: Path, capsys: Any) -> None:
    content = installed.read_bytes()
    installed.unlink()
    command = ["study", str(make_doses(tmp_path / "patients", 2)), "--out", str(tmp_path / "out"), "--methods", "quickshear"]
    assert main(command) == 0
    before = {path: path.read_bytes() for path in OutputFolder(tmp_path / "out").case("case-001").rglob("*") if path.is_file()}
    installed.write_bytes(content)
    capsys.readouterr()
    assert main(command) == 0
    assert "already finished" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before

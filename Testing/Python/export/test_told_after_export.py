"""What the export's last lines say of what it could not look at, and of exports beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from export_patient import METHOD, copied, export

pytestmark = pytest.mark.xdist_group("export")


def test_an_export_beside_one_by_another_method_is_told(
    coarse_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = copied(coarse_case, tmp_path)
    path = case / "case_report.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["methods"]["surface_blur"] = {**told["methods"][METHOD], "title": "Surface blur"}
    path.write_text(json.dumps(told), encoding="utf-8")
    exports = case.parents[1] / "identifiable" / "exports"
    sentence = "exported by Surface blur before: who holds both can lay one over the other"
    assert export(case, tmp_path / "first", "--accept-risk", "--dose-policy", "mask") == 0
    assert sentence not in capsys.readouterr().out
    (exports / f"{case.name}_surface_blur.csv").write_text("source,export\n", encoding="utf-8")
    assert export(case, tmp_path / "second", "--accept-risk", "--dose-policy", "mask") == 0
    assert sentence in capsys.readouterr().out


def test_an_export_without_a_face_model_says_what_was_not_looked_at(
    coarse_case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = copied(coarse_case, tmp_path)
    assert export(case, tmp_path / "to", "--accept-risk", "--dose-policy", "mask") == 0
    said = capsys.readouterr().out
    assert "what was written was not looked at for the original's face: face recognition is switched off" in said

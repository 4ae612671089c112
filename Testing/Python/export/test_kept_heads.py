"""The head is searched once: the export takes it as the comparison placed it, and searches again where that does not belong."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import export_patient as patients
import synthetic_head
from deface_compare.anatomy.head import Head
from deface_compare.case import Case
from deface_compare.case_report import CaseReport, input_hashes
from deface_compare.cli.main import main
from deface_compare.export import export_case as export_module
from deface_compare.output.finished_case import read_again
from deface_compare.output.folder import OutputFolder
from deface_compare.output.kept_heads import HEADS, keep_heads, kept_heads
from deface_compare.settings import Settings

SAID = "the head was searched again"


def nobody(case: Case, settings: Settings) -> tuple[dict[str, Head], dict[str, str]]:
    """Stands for a search that must not happen."""
    raise AssertionError("the head was searched")


def copy_of(case: Path, folder: Path) -> Path:
    """The output of a finished case that a test may change."""
    shutil.copytree(case.parents[1], folder / "out")
    return folder / "out" / "cases" / case.name


def export(case: Path, to: Path) -> int:
    return main(["export", str(case), "--method", patients.METHOD, "--to", str(to), "--accept-risk"])


def test_what_is_kept_of_a_head_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    head, case = synthetic_head.head(), synthetic_head.case(synthetic_head.ct(synthetic_head.grid((4.0, 4.0, 4.0))))
    head = replace(head, notes=("a note",), witnesses=("bone",), brain_independent=head.outline)
    inputs = input_hashes(case)
    keep_heads(tmp_path, case, inputs, Settings(), {"CT": head, "MR": head})
    found, why = kept_heads(tmp_path, case, inputs, Settings())
    assert not why
    assert found is not None
    assert found["CT"] is found["MR"], "one head a frame of reference"
    for field in fields(Head):
        before, after = getattr(head, field.name), getattr(found["CT"], field.name)
        if field.name == "skin":
            continue
        if isinstance(before, sitk.Image):
            np.testing.assert_array_equal(sitk.GetArrayFromImage(before) > 0, sitk.GetArrayFromImage(after))
            assert before.GetOrigin() == after.GetOrigin()
        elif isinstance(before, sitk.Transform):
            for point in ((0.0, 0.0, 0.0), (31.7, -80.1, 12.3)):
                assert before.TransformPoint(point) == after.TransformPoint(point)
        else:
            assert before == after, field.name
    with pytest.raises(AttributeError, match="search the head again"):
        _ = found["CT"].skin_level_mm


def test_an_export_takes_the_head_from_the_case(
    coarse_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_module, "find_heads", nobody)
    assert export(copy_of(coarse_case, tmp_path), tmp_path / "export") == 0
    assert SAID not in "".join(capsys.readouterr())


@pytest.mark.parametrize(("damage", "said"), [("missing", "keeps none"), ("cut", "is damaged"), ("other", "other images")])
def test_an_export_searches_again_and_says_so_where_the_kept_head_is_not_the_cases(
    damage: str,
    said: str,
    coarse_case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = copy_of(coarse_case, tmp_path)
    out = case.parents[1]
    path = OutputFolder(out).edits(case.name) / HEADS
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        read = read_again(out, case.name)
        inputs = {**CaseReport.read(case).inputs, read.images[0].key: "of another image"}
        keep_heads(out, read, inputs, Settings(), patients.known_heads(read, Settings())[0])
    monkeypatch.setattr(export_module, "find_heads", patients.known_heads)
    assert export(case, tmp_path / "export") == 0
    told = "".join(capsys.readouterr())
    assert SAID in told
    assert said in told


def test_a_head_found_from_other_structures_or_settings_is_not_taken(coarse_case: Path) -> None:
    out = coarse_case.parents[1]
    case, report = read_again(out, coarse_case.name), CaseReport.read(coarse_case)
    assert kept_heads(out, case, report.inputs, report.settings)[0] is not None
    assert kept_heads(out, case, report.inputs, replace(report.settings, brain_source="image"))[0] is None
    assert case.structure_set is not None
    fewer = replace(case, structure_set=replace(case.structure_set, structures=case.structure_set.structures[1:]))
    assert kept_heads(out, fewer, report.inputs, report.settings)[0] is None

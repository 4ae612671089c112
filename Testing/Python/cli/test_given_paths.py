"""Paths and names as users give them: empty ones, the patient's own folder as output, files called like a pattern."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from deface_compare.cli.main import main
from deface_compare.errors import UNUSABLE
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from dicom_set import head_hu, square, write_dose, write_series, write_structures


def _contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("command", [["case", "", "--out", "x"], ["study", "", "--out", "x"], ["check", ""]])
def test_an_empty_path_is_no_folder(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(command))
    assert end.value.code == UNUSABLE
    assert "the path is empty; give one" in capsys.readouterr().err


def test_an_empty_out_writes_nothing_where_the_command_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "patient", head_hu())
    before = _contents(tmp_path)
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(["case", "patient", "--out", ""]))
    assert end.value.code == UNUSABLE
    assert "the path is empty; give one" in capsys.readouterr().err
    assert _contents(tmp_path) == before


def test_nothing_is_written_among_the_files_of_a_patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "one", head_hu())
    before = _contents(tmp_path)
    given = str(tmp_path / "one")
    assert main(["case", given, "--out", given, "--methods", "quickshear", "--face-model", "none"]) == UNUSABLE
    assert "is the patient's own folder; choose another --out, which may lie in it" in capsys.readouterr().err
    assert _contents(tmp_path) == before


def _two_doses(folder: Path) -> None:
    """45 Gy in ``one``, 90 Gy in ``two``."""
    write_series(folder, head_hu())
    for number, (name, scaling) in enumerate((("one", 0.01), ("two", 0.02))):
        stored = np.full((5, 6, 7), 4500, np.uint16)
        path = write_dose(folder / f"{number}.dcm", stored, [4.0 * k for k in range(5)], scaling=scaling)
        (folder / name).mkdir()
        shutil.move(path, folder / name / "RD [1].dcm")


@pytest.mark.parametrize("how", ["absolute", "relative"])
def test_one_of_two_doses_of_one_name_is_chosen_by_its_path(tmp_path: Path, how: str) -> None:
    _two_doses(tmp_path)
    wanted = f"{tmp_path if how == 'absolute' else ''}/two/RD [1].dcm".removeprefix("/" if how == "relative" else "")
    dose = read_case(tmp_path, choices=ReadingChoices(dose=wanted)).dose
    assert dose is not None
    assert dose.sources == (tmp_path / "two" / "RD [1].dcm",)


def test_a_file_that_is_called_like_a_pattern_or_differs_by_a_capital_is_chosen_by_its_name(tmp_path: Path) -> None:
    _two_doses(tmp_path)
    shutil.move(tmp_path / "one" / "RD [1].dcm", tmp_path / "one" / "rd [1].dcm")
    for folder, name in (("one", "rd [1].dcm"), ("two", "RD [1].dcm")):
        dose = read_case(tmp_path, choices=ReadingChoices(dose=name)).dose
        assert dose is not None
        assert dose.sources == (tmp_path / folder / name,)


def test_a_structure_set_that_is_called_like_a_pattern_is_chosen_by_its_name(tmp_path: Path) -> None:
    write_series(tmp_path, head_hu())
    for name in ("rs.dcm", "[rs].dcm"):
        path = write_structures(tmp_path / name, {"Brain": [("CLOSED_PLANAR", square(4, -6, z, 6)) for z in (-24, -21, -18)]})
        data = pydicom.dcmread(path)
        data.StructureSetDate = "20250101"
        data.save_as(path)
    used = read_case(tmp_path, choices=ReadingChoices(structures="[rs].dcm")).structure_set
    assert used is not None
    assert used.sources == (tmp_path / "[rs].dcm",)

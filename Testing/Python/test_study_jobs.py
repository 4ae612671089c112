"""A study in one process and in several: the same bytes, and nobody stops for a broken case."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DefaceCompareLib import cli, study_workers

NOT_COMPARED = ("timings.json",)
"""Files that hold seconds."""


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The average head on a coarse grid, a dose without images, and a folder that holds nothing."""
    source = tmp_path_factory.mktemp("patients")
    average = sitk.ReadImage(str(files("DefaceCompareLib").joinpath("data/templates/average_head.nrrd")))
    head = sitk.Cast(sitk.Shrink(average, [2, 2, 2]), sitk.sitkInt16)
    _case(source / "1-head", {"MR_T1": head}, {"images": {"MR_T1": "MR_T1.nrrd"}, "synthetic": True})
    z, y, x = np.mgrid[:20, :24, :24]
    distance = (z - 10) ** 2 + (y - 12) ** 2 + (x - 12) ** 2
    grids = {"dose": 60 * np.exp(-distance / 100).astype(np.float32), "Brain": (distance < 49).astype(np.uint8)}
    images = {name: sitk.GetImageFromArray(array) for name, array in grids.items()}
    _case(source / "2-dose", images, {"images": {}, "dose": "dose.nrrd", "structures": "structures", "synthetic": True})
    (source / "2-dose" / "structures").mkdir()
    (source / "2-dose" / "Brain.nrrd").rename(source / "2-dose" / "structures" / "Brain.nrrd")
    (source / "3-empty").mkdir()
    return source


def _case(folder: Path, images: dict[str, sitk.Image], described: dict[str, object]) -> None:
    folder.mkdir()
    for name, image in images.items():
        sitk.WriteImage(image, str(folder / f"{name}.nrrd"))
    (folder / "case.json").write_text(json.dumps(described))


def _bytes(out: Path) -> dict[str, bytes]:
    found = sorted(path for path in out.rglob("*") if path.is_file() and path.name not in NOT_COMPARED)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


@pytest.mark.slow
def test_one_process_and_two_workers_write_the_same_bytes(patients: Path, tmp_path: Path) -> None:
    command = ["study", str(patients), "--methods", "quickshear,biometric_mask", "--face-model", "none"]
    codes = [cli.main([*command, "--out", str(tmp_path / f"jobs{jobs}"), "--jobs", str(jobs)]) for jobs in (1, 2)]
    assert codes == [3, 3]  # the empty folder is listed, the others are compared
    one, two = _bytes(tmp_path / "jobs1"), _bytes(tmp_path / "jobs2")
    assert list(one) == list(two)
    assert [name for name in one if one[name] != two[name]] == []
    assert "cases/case-001/quickshear/MR_T1.nrrd" in one
    manifest = json.loads(one["study.json"])
    assert [case["id"] for case in manifest["cases"]] == ["case-001", "case-002"]
    assert list(manifest["unreadable"]) == ["case-003"]


def test_no_scheduler_at_an_address_is_one_sentence(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_workers, "SECONDS_TO_CONNECT", 1)
    nobody = "tcp://127.0.0.1:9"  # the discard port
    assert cli.main(["study", str(patients), "--out", str(tmp_path / "out"), "--scheduler", nobody]) == 2
    assert f"no Dask scheduler answers at {nobody}" in capsys.readouterr().err

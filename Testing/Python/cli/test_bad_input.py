"""Bad input through the command line: one clear sentence, the right exit code, never a traceback, never a false defaced image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from coarse_patients import make_coarse_patients
from deface_compare.anatomy.average_head import average_head, template_image
from deface_compare.cli.main import main
from deface_compare.measurement import FAILED
from deface_compare.measurement_table import read_measurements
from deface_compare.privacy.networks.models import CACHE_VARIABLE
from deface_compare.privacy.rows import METRICS, SCORES
from deface_compare.sample.template.labels import LABELS
from thorax import thorax


def case_folder(folder: Path, **images: sitk.Image) -> Path:
    folder.mkdir()
    for key, image in images.items():
        sitk.WriteImage(image, str(folder / f"{key}.nrrd"))
    content = {"id": "x", "images": {key: f"{key}.nrrd" for key in images}}
    (folder / "case.json").write_text(json.dumps(content))
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str]]:
    code = main([str(argument) for argument in arguments])
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return code, [line for line in error.splitlines() if line.startswith("deface-compare:")]


def test_a_thorax_gives_failed_rows_with_the_reason_and_no_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = case_folder(tmp_path / "case", CT=thorax()), tmp_path / "out"
    code, told = run(capsys, "case", source, "--out", out, "--no-report", "--face-model", "none")
    rows = read_measurements(out / "measurements.csv")
    success = {row.method: row for row in rows if row.metric == "success"}
    assert code == 2
    assert len(told) == 1
    assert told[0].startswith("deface-compare: case-001: nothing was defaced: ")
    assert success["quickshear"].note in told[0]
    assert len(success) == 4
    assert {row.status for row in success.values()} == {FAILED}
    assert all("CT" in row.note or "scan" in row.note for row in success.values())
    assert not list(out.glob("cases/*/*/*.nrrd"))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda array: array * 0, "constant"),
        (lambda array: np.where(np.arange(array.size).reshape(array.shape) == 77, np.nan, array), "NaN"),
    ],
)
def test_an_image_without_usable_voxels_ends_with_two_and_names_the_file(spoil, word, tmp_path, capsys) -> None:
    values = np.random.default_rng(1).normal(size=(30, 30, 30)).astype(np.float32)
    image = sitk.GetImageFromArray(spoil(values).astype(np.float32))
    code, told = run(capsys, "case", case_folder(tmp_path / "case", MR=image), "--out", tmp_path / "out")
    assert code == 2
    assert len(told) == 1
    assert word in told[0] or "zero" in told[0]
    assert "MR" in told[0]


def test_an_empty_folder_ends_with_two_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    code, told = run(capsys, "case", tmp_path / "empty", "--out", tmp_path / "out")
    assert code == 2
    assert len(told) == 1
    assert "empty" in told[0]


def test_a_scan_cut_at_the_nose_is_defaced_as_far_as_it_shows_or_fails_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    average = average_head()
    nasion_z, nose_z = (average.landmarks_mm[name][2] for name in ("nasion", "nose_tip"))
    lowest = average.image.TransformPhysicalPointToIndex((0.0, 0.0, 0.5 * (nasion_z + nose_z)))[2]
    image = sitk.Cast(average.image, sitk.sitkInt16)[:, :, lowest:]
    out = tmp_path / "out"
    source = case_folder(tmp_path / "case", MR_T1=image)
    code, _ = run(capsys, "case", source, "--out", out, "--no-report", "--face-model", "none")
    rows = read_measurements(out / "measurements.csv")
    report = json.loads(next(out.glob("cases/*/case_report.json")).read_text())
    assert code == 0
    assert "MR_T1: face in the scan: upper" in report["notes"]
    original = sitk.GetArrayFromImage(sitk.ReadImage(str(source / "MR_T1.nrrd")))
    for method in ("quickshear", "biometric_mask", "average_face", "surface_blur"):
        (row,) = [row for row in rows if (row.method, row.metric) == (method, "edited_volume")]
        written = out / "cases" / "case-001" / method / "MR_T1.nrrd"
        assert written.is_file() == (row.status == "ok")
        if written.is_file():
            assert (sitk.GetArrayFromImage(sitk.ReadImage(str(written))) != original).any()
        else:
            assert row.status == FAILED
            assert row.note


def test_a_bare_skull_is_no_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """YuNet finds a face on most skulls; the head search does not take one for a head."""
    labels = template_image("average_labels")
    bone = np.isin(sitk.GetArrayFromImage(labels), [LABELS[name] for name in ("skull", "mandible", "teeth", "vertebra")])
    skull = sitk.GetImageFromArray(np.where(bone, 900, -1000).astype(np.int16))
    skull.CopyInformation(labels)
    out = tmp_path / "out"
    code, told = run(
        capsys, "case", case_folder(tmp_path / "case", CT=skull), "--out", out, "--no-report", "--methods", "quickshear"
    )
    rows = [row for row in read_measurements(out / "measurements.csv") if row.domain == "privacy"]
    assert code == 2
    assert "case-001: nothing was defaced: " in told[-1]
    assert "shows no head" in told[-1]
    assert {row.metric for row in rows} == {row.metric for row in rows if row.image == "CT"} == set(METRICS)
    assert all(row.status != "ok" and "shows no head" in row.note for row in rows), rows


def test_without_a_model_the_comparison_runs_and_its_rows_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "models"))
    source, out = make_coarse_patients(tmp_path / "patients", 1) / "patient-001", tmp_path / "out"
    code, _ = run(capsys, "case", source, "--out", out, "--no-report", "--methods", "quickshear")
    rows = {row.metric: row for row in read_measurements(out / "measurements.csv") if row.domain == "privacy"}
    assert code == 0
    for metric in SCORES:
        assert rows[metric].status == "not available"
        assert rows[metric].note.endswith("face model YuNet is missing: run `deface-compare models get yunet`")
    assert rows["face_surface_distance"].defaced > 3.0  # the surface is measured all the same

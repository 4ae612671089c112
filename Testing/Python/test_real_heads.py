"""Every shared real head through `case` or `study` with the four methods; skipped, and said so, where the heads are absent."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.cli.main import main
from deface_compare.measurement import Measurement
from deface_compare.measurement_table import read_measurements
from deface_compare.structures.mask import structure_mask
from ent_phantom import ct_of_body, planned_structures

METHODS = ("quickshear", "biometric_mask", "average_face", "surface_blur")
PROVE = os.environ.get("DEFACE_COMPARE_PROVE") == "1"
SUBJECTS = tuple(range(1, 13)) if PROVE else (2, 5, 8, 11, 12)
"""`make prove` runs all twelve; five are the fewest that an AUC is given for."""
CONTROLS = ("control_rerendered_auc", "control_faceless_auc")

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def compare(source: Path, out: Path, *options: str) -> dict[tuple[str, str], Measurement]:
    """Run `case`; the quality and privacy rows by method and metric."""
    assert main(["case", str(source), "--out", str(out), "--no-report", *options]) == 0
    rows = read_measurements(out / "measurements.csv")
    return {(row.method, row.metric): row for row in rows if row.domain in ("quality", "privacy")}


def altered(source: Path, defaced: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(source))) != sitk.GetArrayFromImage(sitk.ReadImage(str(defaced)))


def test_the_cranium_ct_is_defaced_by_all_methods(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    content = {"id": "cranium", "images": {"CT": str(shared_data / "ct_head_cranium" / "cranium_ct.nrrd")}}
    (tmp_path / "case" / "case.json").write_text(json.dumps(content))
    rows = compare(tmp_path / "case", tmp_path / "out")
    assert all(rows[method, "done_as_intended"].status == "ok" for method in METHODS)
    assert rows["quickshear", "done_as_intended"].defaced == 1.0


def test_the_headsq_series_is_defaced_and_its_shift_to_hu_is_said(shared_data: Path, tmp_path: Path) -> None:
    rows = compare(shared_data / "ct_head_headsq" / "dicom", tmp_path / "out", "--face-model", "none")
    notes = json.loads((tmp_path / "out" / "cases" / "case-001" / "case_report.json").read_text())["notes"]
    assert any("not HU" in note for note in notes)
    assert rows["quickshear", "done_as_intended"].defaced == 1.0
    assert all(rows[method, "edited_volume"].status == "ok" for method in METHODS)


def test_the_phantom_is_defaced_and_its_planned_brain_is_whole(shared_data: Path, tmp_path: Path) -> None:
    """CT made from the BODY contour (air -1000, inside 0 HU); BRAIN is kept from the methods and used to judge them."""
    folder = shared_data / "rt_eclipse_ent"
    contours = folder / "EclipseEnt_Structures.seg"
    structures = {structure.name: structure for structure in planned_structures(contours, tmp_path)}
    source = tmp_path / "case"
    source.mkdir()
    ct = ct_of_body(structures["BODY"])
    sitk.WriteImage(ct, str(source / "ct.nrrd"))
    (source / "case.json").write_text(json.dumps({"id": "ent", "images": {"CT": "ct.nrrd"}}))
    rows = compare(source, tmp_path / "out", "--face-model", "none")
    brain = structure_mask(structures["BRAIN"], ct)
    assert brain is not None
    for method in METHODS:
        assert rows[method, "edited_volume"].status == "ok", method
        changed = altered(source / "ct.nrrd", tmp_path / "out" / "cases" / "case-001" / method / "CT.nrrd")
        assert int((changed & brain.whole(ct)).sum()) == 0, method


@pytest.fixture(scope="module")
def study(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One study over the MR heads; the tests below look at different sides of its result."""
    root = tmp_path_factory.mktemp("mr")
    for subject in SUBJECTS:
        folder = root / "in" / f"subject-{subject:02}"
        folder.mkdir(parents=True)
        image = shared_data / "mr_cohort_dev" / f"Subj{subject}_T1.nii.gz"
        (folder / "case.json").write_text(json.dumps({"id": folder.name, "images": {"MR_T1": str(image)}}))
    assert main(["study", str(root / "in"), "--out", str(root / "out"), "--keep-ids"]) == 0
    return root / "out"


@pytest.mark.xdist_group("mr_study")
def test_every_method_moves_the_face_but_one_that_is_average_itself(study: Path) -> None:
    rows = read_measurements(study / "measurements.csv")
    gone = {(row.case, row.method): row for row in rows if row.metric == "done_as_intended"}
    assert len(gone) == len(SUBJECTS) * len(METHODS)
    assert {row.status for row in gone.values()} == {"ok"}
    still = [(case, method) for (case, method), row in gone.items() if row.defaced != 1.0]
    assert all(method == "average_face" for _, method in still), still
    assert len(still) <= 2  # measured: Subj8, whose own face is nearly the average


@pytest.mark.xdist_group("mr_study")
def test_no_voxel_of_the_dlmuse_brain_is_altered(study: Path, shared_data: Path) -> None:
    folder = shared_data / "mr_cohort_dev"
    hurt = {}
    for subject in SUBJECTS:
        brain = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"Subj{subject}_T1_DLMUSE.nii.gz"))) > 0
        for method in METHODS:
            defaced = study / "cases" / f"subject-{subject:02}" / method / "MR_T1.nrrd"
            count = int((altered(folder / f"Subj{subject}_T1.nii.gz", defaced) & brain).sum())
            if count:
                hurt[subject, method] = count
    assert hurt == {}


@pytest.mark.xdist_group("mr_study")
def test_rerendered_originals_are_recognised_and_heads_without_a_face_are_not(study: Path) -> None:
    summary = _summary(study)
    controls = {name: {float(row["value"]) for row in summary if row["metric"] == name} for name in CONTROLS}
    if not controls["control_rerendered_auc"]:
        pytest.skip("the face models are not installed (deface-compare models get)")
    assert min(controls["control_rerendered_auc"]) >= 0.95
    (faceless,) = (row for row in summary if row["metric"] == "control_faceless_auc")
    assert float(faceless["low"]) <= 0.60  # the margin of "not linked"


@pytest.mark.xdist_group("mr_study")
def test_every_method_has_an_auc_with_its_interval(study: Path) -> None:
    summary = _summary(study)
    rows = [row for row in summary if row["metric"] == "auc_own"]
    assert sorted(row["method"] for row in rows) == sorted(METHODS)
    headline = [row for row in summary if row["metric"] == "auc_headline"]
    assert len(headline) - len(rows) == 6  # the paired differences of four methods
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)
    assert {row["interval"] for row in rows} == {"CI95"}


def _summary(study: Path) -> list[dict[str, str]]:
    with (study / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))

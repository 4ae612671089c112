"""Methods join finished cases one by one: the same bytes in whatever order, and nothing is computed twice or lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from coarse_patients import make_coarse_patients, make_doses
from deface_compare.cli import main as cli
from deface_compare.compare import compare_case
from deface_compare.errors import UnusableInput
from deface_compare.measurement_table import read_measurements
from deface_compare.privacy.networks.models import OK, verify_model
from deface_compare.readers import read_case
from deface_compare.settings import Settings
from deface_compare.study.pool import pool
from study_run import difference

QUICKSHEAR, MASK, BLUR = "quickshear", "biometric_mask", "surface_blur"
FACE_MODEL = "sface" if all(verify_model(key).status == OK for key in ("yunet", "sface")) else "none"
"""With the weights, face prints and pictures are compared, too."""


def compare(command: str, patients: Path, out: Path, methods: str, *options: str, model: str = "none") -> int:
    return cli.main([command, str(patients), "--out", str(out), "--methods", methods, "--face-model", model, *options])


@pytest.mark.slow
def test_a_case_has_the_same_bytes_in_whatever_order_its_methods_were_added(tmp_path: Path) -> None:
    patient = make_coarse_patients(tmp_path / "patients", 1) / "patient-001"
    for name, steps in {"at_once": [f"{BLUR},{QUICKSHEAR}"], "forth": [QUICKSHEAR, BLUR], "back": [BLUR, QUICKSHEAR]}.items():
        for methods in steps:
            assert compare("case", patient, tmp_path / name, methods, "--no-report", model=FACE_MODEL) == 0
    assert {row.method for row in read_measurements(tmp_path / "at_once/measurements.csv")} == {QUICKSHEAR, BLUR}
    assert (tmp_path / "at_once/identifiable/contact_sheets/case-001.png").is_file() == (FACE_MODEL != "none")
    assert difference(tmp_path / "forth", tmp_path / "at_once") == []
    assert difference(tmp_path / "back", tmp_path / "at_once") == []


def test_a_rerun_with_fewer_methods_loses_none_and_runs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patients, out = make_doses(tmp_path / "patients", 2), tmp_path / "out"
    assert compare("study", patients, out, f"{QUICKSHEAR},{MASK}") == 0
    before = (out / "measurements.csv").read_bytes()
    monkeypatch.setattr("deface_compare.study.job.compare_case", None)  # nobody may call it
    assert compare("study", patients, out, MASK) == 0
    assert (out / "measurements.csv").read_bytes() == before
    assert sorted(path.name for path in (out / "identifiable/edits/case-001").iterdir()) == [
        f"{MASK}.npz",
        "heads.npz",
        f"{QUICKSHEAR}.npz",
        "sources.json",
    ]


def test_replace_drops_what_is_not_asked_for_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patients, out = make_doses(tmp_path / "patients", 2), tmp_path / "out"
    assert compare("study", patients, out, f"{QUICKSHEAR},{MASK}") == 0
    shutil.rmtree(patients / "patient-002")
    assert compare("study", patients, out, MASK) == 0
    assert {row.case for row in read_measurements(out / "measurements.csv")} == {"case-001", "case-002"}
    capsys.readouterr()
    assert compare("study", patients, out, MASK, "--replace") == 0
    told = capsys.readouterr().out
    assert f"case-001: kept {MASK}; dropped {QUICKSHEAR}" in told
    assert "case-002: dropped: not in the cohort" in told
    rows = read_measurements(out / "measurements.csv")
    assert {(row.case, row.method) for row in rows} == {("case-001", MASK)}
    assert not [path for path in out.rglob("*case-002*") if path.suffix != ".lock"]
    assert not list(out.rglob(f"*{QUICKSHEAR}*"))


def test_replace_drops_nothing_where_nothing_could_be_compared(tmp_path: Path) -> None:
    patients, out = make_doses(tmp_path / "patients", 1), tmp_path / "out"
    assert compare("study", patients, out, QUICKSHEAR) == 0
    (tmp_path / "wrong" / "empty").mkdir(parents=True)
    assert compare("study", tmp_path / "wrong", out, QUICKSHEAR, "--replace") == 2
    assert (out / "cases/case-001/case_report.json").is_file()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--fill", "zero"), "another fill"),
        (("--seed", "2"), "other settings"),
        (("--variant", "quickshear=nipy"), "another variant of quickshear"),
        (("--dose", "dose.nrrd"), "another choice of dose or structures"),
    ],
)
def test_results_under_other_choices_are_not_overwritten_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], why: str
) -> None:
    patient, out = make_doses(tmp_path / "patients", 1) / "patient-001", tmp_path / "out"
    compare("case", patient, out, f"{QUICKSHEAR},{MASK}", "--no-report")
    before = (out / "measurements.csv").read_bytes()
    capsys.readouterr()
    assert compare("case", patient, out, QUICKSHEAR, "--no-report", *options) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith(f"deface-compare: case-001 was compared with {why} (")
    assert "would be lost; choose another --out, or give --replace" in told
    assert (out / "measurements.csv").read_bytes() == before


def test_other_files_of_a_patient_renew_its_methods_only_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patient, out = make_doses(tmp_path / "patients", 1) / "patient-001", tmp_path / "out"
    compare("case", patient, out, f"{QUICKSHEAR},{MASK}", "--no-report")
    described = json.loads((patient / "case.json").read_text())
    (patient / "case.json").write_text(json.dumps(described | {"prescription_gy": 60}))
    capsys.readouterr()
    assert compare("case", patient, out, QUICKSHEAR, "--no-report") == 2
    assert f"name these methods too ({MASK}), or give --replace" in capsys.readouterr().err
    compare("case", patient, out, f"{MASK},{QUICKSHEAR}", "--no-report")
    assert f"compared again ({QUICKSHEAR}, {MASK}): other files of the patient" in capsys.readouterr().err
    assert [path.name for path in (out / "cases").iterdir()] == ["case-001"]


def test_a_second_patient_joins_under_the_next_number_and_the_same_files_keep_theirs(tmp_path: Path) -> None:
    patients, out = make_doses(tmp_path / "patients", 3), tmp_path / "out"
    for name in ("patient-001", "patient-002", "patient-001"):
        compare("case", patients / name, out, QUICKSHEAR)
    assert {row.case for row in read_measurements(out / "measurements.csv")} == {"case-001", "case-002"}
    assert (out / "summary.csv").is_file()
    shutil.move(patients / "patient-002", tmp_path / "elsewhere")
    compare("case", tmp_path / "elsewhere", out, QUICKSHEAR)
    (tmp_path / "link").symlink_to(patients / "patient-001")
    compare("case", tmp_path / "link", out, QUICKSHEAR)
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["case-001", "case-002"]
    shutil.rmtree(patients / "patient-001")  # the next patient is put into the same folder
    shutil.copytree(patients / "patient-003", patients / "patient-001")
    compare("case", patients / "patient-001", out, QUICKSHEAR)
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["case-001", "case-002", "case-003"]


def test_two_cohorts_whose_folders_have_the_same_names_are_not_mixed(tmp_path: Path) -> None:
    first, second = (make_doses(tmp_path / name, 1) for name in ("first", "second"))
    described = json.loads((second / "patient-001/case.json").read_text())
    (second / "patient-001/case.json").write_text(json.dumps(described | {"prescription_gy": 60}))
    for cohort in (first, second, first):
        compare("study", cohort, tmp_path / "out", QUICKSHEAR)
    key = (tmp_path / "out/identifiable/key.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in key] == ["case-001", "case-002"]
    assert {row.case for row in read_measurements(tmp_path / "out/measurements.csv")} == {"case-001", "case-002"}


def test_a_number_is_not_given_again_where_the_key_or_the_case_is_gone(tmp_path: Path) -> None:
    patients, out = make_doses(tmp_path / "patients", 2), tmp_path / "out"
    compare("case", patients / "patient-001", out, QUICKSHEAR)
    shutil.rmtree(out / "identifiable")
    before = (out / "cases/case-001/measurements.csv").read_bytes()
    compare("case", patients / "patient-002", out, QUICKSHEAR)
    assert (out / "cases/case-001/measurements.csv").read_bytes() == before
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["case-001", "case-002"]


def test_patients_with_one_id_of_their_own_get_two_folders(tmp_path: Path) -> None:
    patients, out = make_doses(tmp_path / "patients", 2), tmp_path / "out"
    for name in ("patient-001", "patient-002"):
        path = patients / name / "case.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"id": "ANON"}))
        compare("case", patients / name, out, QUICKSHEAR, "--keep-ids")
    assert sorted(path.name for path in (out / "cases").iterdir()) == ["ANON", "ANON.2"]


def test_the_library_adds_methods_too_and_overwrites_no_other_patient_and_no_other_settings(tmp_path: Path) -> None:
    patients, settings = make_doses(tmp_path / "patients", 2), Settings(face_model="none")
    first, second = (read_case(patients / name, "case-001") for name in ("patient-001", "patient-002"))
    out, at_once = tmp_path / "out", tmp_path / "at_once"
    for method in (BLUR, QUICKSHEAR):
        compare_case(first, [method], settings, out=out)
    compare_case(first, [QUICKSHEAR, BLUR], settings, out=at_once)
    assert difference(out, at_once) == []
    with pytest.raises(UnusableInput, match="case-001 is of another patient; read this one under an id of its own"):
        compare_case(second, [QUICKSHEAR], settings, out=out)
    with pytest.raises(UnusableInput, match="case-001 was compared under other settings; choose another out"):
        compare_case(first, [QUICKSHEAR], Settings(face_model="none", fill="zero"), out=out)
    assert difference(out, at_once) == []


def test_cases_of_other_settings_stay_and_are_told_but_not_put_into_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients, out = make_doses(tmp_path / "patients", 2), tmp_path / "out"
    compare("case", patients / "patient-001", out, QUICKSHEAR)
    capsys.readouterr()
    compare("case", patients / "patient-002", out, QUICKSHEAR, "--seed", "2")
    assert "case-001: unreadable: left out of the tables, its files stay: compared with other settings" in capsys.readouterr().out
    assert {row.case for row in read_measurements(out / "measurements.csv")} == {"case-002"}
    assert (out / "cases/case-001/case_report.json").is_file()
    assert "these cases: not all of one making: other settings" in pool([out], tmp_path / "pooled").lines()
    compare("case", patients / "patient-002", out, QUICKSHEAR, "--fill", "zero", "--seed", "2", "--replace")
    compare("case", patients / "patient-001", out, QUICKSHEAR, "--seed", "2", "--replace")
    assert {(row.case, row.fill) for row in read_measurements(out / "measurements.csv")} == {
        ("case-001", "background"),
        ("case-002", "zero"),
    }

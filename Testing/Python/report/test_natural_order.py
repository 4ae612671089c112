"""Case 9 stands before case 10 wherever a person reads cases, and no number depends on it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deface_compare.cohort.arm_names import ArmNames
from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.curves import Curve
from deface_compare.cohort.reidentification.summary import FaceCurves
from deface_compare.cohort.review import review_cases
from deface_compare.natural_order import natural
from deface_compare.output.folder import OutputFolder
from deface_compare.output.key import read_key, write_key
from deface_compare.report.merged_notes import merged_by_pattern
from deface_compare.report.privacy_charts import matrix_data
from deface_compare.study.patients import find_patients
from deface_compare.study.pool import pool, pool_cases
from made_study import make_out

CASES = 12
NAMES = [f"P{number}" for number in range(1, CASES + 1)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return make_out(tmp_path / "out", CASES, images=("CT",), name="P{}")


def test_digits_count_as_numbers_and_a_thousandth_case_comes_last() -> None:
    assert sorted(["case-1000", "case-101", "case-99"], key=natural) == ["case-99", "case-101", "case-1000"]
    assert sorted(["b2", "B10", "a3", "10", "", "2"], key=natural) == ["", "2", "10", "a3", "b2", "B10"]


def test_names_that_count_alike_keep_one_order() -> None:
    assert sorted(["P01", "P1", "p1"], key=natural) == sorted(["p1", "P1", "P01"], key=natural)


def test_the_tables_the_manifest_and_the_report_review_cases_as_a_person_counts(out: Path) -> None:
    report = pool_cases(out, NAMES, {"P20": "cannot be read", "P13": "cannot be read"})
    assert list(dict.fromkeys(row.case for row in report.measurements)) == NAMES
    told = json.loads((out / "study.json").read_text(encoding="utf-8"))
    assert [case["id"] for case in told["cases"]] == NAMES
    assert list(told["unreadable"]) == ["P13", "P20"]
    page = (out / "report.html").read_text(encoding="utf-8")
    rows = [part.partition('"')[0] for part in page.split('<tr data-case="')[1:]]
    assert rows == [*NAMES, "P13", "P20"]
    lines = report.lines()
    assert lines.index("P13: unreadable: cannot be read") + 1 == lines.index("P20: unreadable: cannot be read")


def test_folders_of_patients_are_numbered_and_reviewed_in_that_order(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).mkdir()
    assert [folder.name for folder in find_patients(tmp_path).folders] == NAMES
    assert [case.id for case in review_cases(tmp_path)] == NAMES


def test_the_key_lists_them_in_that_order(tmp_path: Path) -> None:
    write_key(tmp_path, {name: tmp_path / name for name in reversed(NAMES)}, {})
    assert [row["case"] for row in read_key(tmp_path)] == NAMES


def test_cohorts_of_a_pool_are_listed_in_that_order_and_its_numbers_are_those_of_any_other(tmp_path: Path) -> None:
    made = {number: make_out(tmp_path / f"site{number}", 5, seed=number, images=("CT",)) for number in (10, 9)}
    one = pool([made[10], made[9]], tmp_path / "one")
    other = pool([made[9], made[10]], tmp_path / "other")
    assert list(dict.fromkeys(row.cohort for row in one.measurements)) == ["site9", "site10"]
    assert one.summary == other.summary


def test_the_ids_of_cases_move_no_number_of_the_summary(tmp_path: Path) -> None:
    padded = make_out(tmp_path / "padded", CASES, images=("CT",))
    plain = make_out(tmp_path / "plain", CASES, images=("CT",), name="P{}")
    medians = []
    for out in (padded, plain):
        rows = [row for row in pool([out], out).summary if row.interval == "IQR"]
        medians.append([(row.method, row.structure, row.metric, row.unit, row.value) for row in rows])
    assert medians[0] == medians[1]


def test_a_merged_note_names_its_cases_in_that_order() -> None:
    assert merged_by_pattern({"moved 3 mm": ["P10"], "moved 4 mm": ["P9"]}) == {"moved 3 to 4 mm": ["P9", "P10"]}


def test_finished_cases_of_a_folder_come_in_that_order(out: Path) -> None:
    assert [folder.name for folder in OutputFolder(out).finished_cases()] == NAMES


def test_the_similarity_of_everybody_with_everybody_moves_with_its_names() -> None:
    arm = Arm("quickshear", "", "background", "none")
    curve = Curve(*[np.array([0.0, 1.0])] * 4)
    similarity = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    found = FaceCurves("CT", arm, curve, curve, similarity, ("P10", "P9"), ("P10", "P11", "P9"))
    (matrix,) = matrix_data([found], ArmNames([arm], {}))
    assert (matrix["probes"], matrix["gallery"]) == (["P9", "P10"], ["P9", "P10", "P11"])
    assert matrix["rows"] == [[0.6, 0.4, 0.5], [0.3, 0.1, 0.2]]

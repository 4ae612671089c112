"""Reviewers' decisions in the report: beside the automatic gate, with their agreement, without names or comments."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.decision import ANSWERS, Decision
from deface_compare.cohort.review import DECISION_COLUMNS
from deface_compare.measurement_table import write_table
from deface_compare.report.reviews import agreement_table, review_columns
from deface_compare.study.pool import pool
from made_study import METHODS, make_out


def decisions(reviewer: str, answers: list[tuple[str, str]], method: str = "quickshear") -> list[Decision]:
    """One reviewer's decisions on case-001, case-002, ..."""
    return [
        Decision(reviewer, "2026-01-01T00:00:00+00:00", f"case-{k:03d}", method, "CT", face, data, "secret remark")
        for k, (face, data) in enumerate(answers, start=1)
    ]


def test_a_scan_passes_only_if_every_reviewer_says_so() -> None:
    first = decisions("Ann", [("pass", "pass"), ("pass", "pass"), ("fail", "pass"), ("unsure", "")])
    second = decisions("Bob", [("pass", "pass"), ("unsure", "pass"), ("pass", "pass")])
    columns = review_columns([*first, *second], "CT")
    arm = Arm(*("quickshear" if name == "method" else "" for name in Arm._fields))
    face, data = (columns[title](arm) for title in ("Face gone, reviewed", "Data whole, reviewed"))
    assert (face.text, face.small) == ("1/4", "1 fail, 2 unsure")
    assert (data.text, data.small, data.kind) == ("3/3", "", "good")
    assert review_columns(first, "MR_T1") == {}


def test_the_agreement_table_holds_the_kappa_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    draw = random.Random(3)
    ann = [(draw.choice(ANSWERS), "pass") for _ in range(60)]
    bob = [(face if draw.random() < 0.6 else draw.choice(ANSWERS), "pass") for face, _ in ann]
    table = agreement_table([*decisions("Ann", ann), *decisions("Bob", bob)])
    assert table is not None
    expected = metrics.cohen_kappa_score([a for a, _ in ann], [b for b, _ in bob])
    assert [cell.text for cell in table.rows[0]][-1] == f"{expected:.2f}"
    assert [cell.text for cell in table.rows[1]][2:] == ["60", "60/60", "–"]
    assert agreement_table(decisions("Ann", ann)) is None


def test_catch_trials_are_told_by_reviewer_and_count_in_no_agreement_and_no_share() -> None:
    methods = [Decision(name, "", f"case-{k}", "quickshear", "CT", "pass", "pass") for name in ("AB", "CD") for k in range(4)]
    trials = [
        Decision("AB", "", f"case-{k}", "original", "CT", answer, "pass") for k, answer in enumerate(("fail", "fail", "pass"))
    ]
    without, table = agreement_table(methods), agreement_table([*methods, *trials])
    assert without is not None
    assert table is not None
    assert table.rows[:-1] == without.rows
    assert [cell.text for cell in table.rows[-1]] == ["Catch trials, face seen", "1", "3", "2/3", "–"]
    assert "1 missed" in table.rows[-1][3].small
    assert review_columns(trials, "CT") == {}


def test_the_report_shows_decisions_beside_the_gate_and_no_name_or_comment(tmp_path: Path) -> None:
    out = make_out(tmp_path / "out", 6)
    said = [d for method in METHODS for d in decisions("Ann Example", [("pass", "pass")] * 6, method)]
    said += [d for method in METHODS for d in decisions("Bob Example", [("pass", "pass")] * 5 + [("fail", "pass")], method)]
    write_table(out / "identifiable" / "review.csv", DECISION_COLUMNS, said)
    pool([out], out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("Face gone, reviewed") == 1  # the CT's table; nobody looked at the MR
    assert "5/6" in page
    assert "Agreement of reviewers" in page
    assert not [word for word in ("Ann Example", "Bob Example", "secret remark") if word in page]
    assert "Example" not in json.dumps(json.loads((out / "study.json").read_text()))


def test_without_reviews_the_report_has_no_such_columns(tmp_path: Path) -> None:
    out = make_out(tmp_path / "out", 5)
    pool([out], out)
    assert "reviewed" not in (out / "report.html").read_text(encoding="utf-8").split("<script")[0]

"""Centres that share two tables only: pooled without a face, an image or a key leaving them."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.centres import pool_centres
from deface_compare.cohort.summary import SummaryRow, find, read_summary
from deface_compare.measurement_table import read_measurements
from deface_compare.study.pool import pool
from made_study import make_out

A, B = (Arm(name, "", "background", "none") for name in ("a", "b"))


def auc(value: float, low: float, high: float, n: int, method: str = "a") -> SummaryRow:
    return SummaryRow("c", method, "", "background", "none", "", "CT", "privacy", "", "auc_headline", "", n, 0, value, low, high)


def test_centres_weigh_by_their_scans_and_their_errors_add_in_squares() -> None:
    (row,) = pool_centres([[auc(0.6, 0.5, 0.7, 30)], [auc(0.9, 0.86, 0.94, 10)]], [A, B], "pooled").rows
    assert row.value == pytest.approx((30 * 0.6 + 10 * 0.9) / 40)
    # half widths 0.1 and 0.04: sqrt((0.75 * 0.1)^2 + (0.25 * 0.04)^2)
    assert (row.low, row.high) == (pytest.approx(row.value - 0.0756637), pytest.approx(row.value + 0.0756637))
    assert (row.n, row.cohort) == (40, "pooled")
    assert row.note == "mean of 2 of 2 centres, weighted by scans; each gallery is its own centre's"


def test_a_centre_without_an_auc_is_left_out_and_counted() -> None:
    (row,) = pool_centres([[auc(0.6, 0.5, 0.7, 30)], [auc(math.nan, math.nan, math.nan, 3)]], [A, B], "pooled").rows
    assert (row.value, row.n) == (0.6, 30)
    assert row.note.startswith("mean of 1 of 2 centres")


def test_a_pooled_difference_tells_who_is_lower() -> None:
    centres = [[auc(-0.3, -0.4, -0.2, 20, "a − b")], [auc(-0.1, -0.2, 0.0, 20, "a − b")]]
    low, high = pool_centres(centres, [A, B], "pooled").differences["CT", A, B]
    assert low < -0.2 < high < 0  # mean -0.2, half width sqrt(2) / 2 * 0.1


def test_a_centre_that_shares_its_tables_gives_the_numbers_of_its_whole_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in ("write_report", "write_face_page"):  # the tables are compared; pages cost seconds
        monkeypatch.setattr(f"deface_compare.study.pool.{page}", lambda *_: None)
    outs = [make_out(tmp_path / name, 6, seed=k, images=("MR_T1",)) for k, name in enumerate(("here", "there"), start=1)]
    shared = []
    for out in outs:
        pool([out], out)
        share = tmp_path / "shared" / out.name
        share.mkdir(parents=True)
        for table in ("measurements.csv", "notes.csv", "summary.csv"):
            shutil.copy(out / table, share / table)
        shared.append(share)
    whole = pool(outs, tmp_path / "whole")
    both = pool(shared, tmp_path / "both")
    assert read_measurements(tmp_path / "both" / "measurements.csv") == list(whole.measurements)
    utility = [row for row in both.summary if row.domain != "privacy" or row.cohort != "pooled"]
    assert len(utility) > 100
    same = {
        (row.cohort, row.domain, row.metric, row.method, row.structure, row.unit, row.image, row.dose_policy) for row in utility
    }
    assert same <= {(r.cohort, r.domain, r.metric, r.method, r.structure, r.unit, r.image, r.dose_policy) for r in whole.summary}
    for name in ("here", "there"):  # what the centre's own run scored
        own = [row.value for row in find(both.summary, cohort=name, metric="auc_headline", method="quickshear")]
        assert own == [
            row.value
            for row in find(read_summary(tmp_path / "shared" / name / "summary.csv"), metric="auc_headline", method="quickshear")
        ]
    (pooled,) = find(both.summary, cohort="pooled", metric="auc_headline", method="quickshear")
    assert pooled.value == pytest.approx(
        sum(find(both.summary, cohort=name, metric="auc_headline", method="quickshear")[0].value for name in ("here", "there"))
        / 2
    )
    assert both.manifest["synthetic"]
    assert not any((tmp_path / "both" / "identifiable").rglob("*.npz"))


def test_a_case_that_a_run_left_torn_is_not_pooled_but_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deface_compare.study.pool.write_report", lambda *_: None)
    out = make_out(tmp_path / "out", 2, images=("MR_T1",))
    (out / "identifiable/finished").mkdir()
    (out / "identifiable/finished/case-002.json").write_text('{"parts": {}}')
    report = pool([out], out)
    assert [case["id"] for case in report.manifest["cases"]] == ["case-001"]
    assert dict(report.unreadable) == {"case-002": "a run was interrupted while it wrote this case; run the study again"}


def test_the_order_in_which_centres_are_named_changes_no_byte(tmp_path: Path) -> None:
    outs = [make_out(tmp_path / name, 5, seed=k, images=("MR_T1",)) for k, name in enumerate(("here", "there"), start=1)]
    pool(outs, tmp_path / "forth")
    pool(outs[::-1], tmp_path / "back")
    for name in ("summary.csv", "measurements.csv", "notes.csv", "study.json", "report.html"):
        assert (tmp_path / "forth" / name).read_bytes() == (tmp_path / "back" / name).read_bytes(), name


def test_the_tables_of_one_centre_alone_keep_what_its_run_scored(tmp_path: Path) -> None:
    out, share = make_out(tmp_path / "out", 6, images=("MR_T1",)), tmp_path / "share"
    whole = pool([out], out)
    share.mkdir()
    for table in ("measurements.csv", "notes.csv", "summary.csv"):
        shutil.copy(out / table, share / table)
    alone = pool([share], tmp_path / "alone")
    assert "no face was scored" not in alone.answer.sentence
    assert [each.recognised.auc for each in alone.answer.facts] == [
        pytest.approx(each.recognised.auc, abs=1e-6)  # measured 5e-7: summary.csv has six decimals
        for each in whole.answer.facts
    ]

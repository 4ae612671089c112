"""AUC rows over a cohort: faces made so that the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.records import FaceRecord
from deface_compare.cohort.reidentification.summary import headline, summarise_faces
from deface_compare.cohort.summary import find

OPEN, SHUT = (Arm(name, "", "background", "none") for name in ("open", "shut"))
"""A method that leaves the face, and one after which no face is found."""
VIEWS, LENGTH = 3, 16


def records(heads: int, *, good_control: bool = True, failed: frozenset[int] = frozenset()) -> list[FaceRecord]:
    """Heads whose faces are orthogonal unit vectors: genuine cosine 1, impostor cosine 0."""
    found = []
    for head in range(heads):
        face = np.zeros((VIEWS, LENGTH))
        face[:, head] = 1.0
        stranger = np.roll(face, 1, axis=1)
        own = {SHUT: np.full_like(face, np.nan)} | ({} if head in failed else {OPEN: face})
        reference = {SHUT: stranger} | ({} if head in failed else {OPEN: face})
        control = face if good_control else stranger
        found.append(FaceRecord(f"case-{head:03d}", f"P{head}", "CT", face, control, own, reference))
    return found


def test_a_face_left_alone_is_linked_and_an_undetected_one_counts_one_half() -> None:
    summary = summarise_faces(records(8), [OPEN, SHUT], "cohort", seed=1)
    assert headline(summary.rows, "CT") == {OPEN: 1.0, SHUT: 0.5}
    (row,) = find(summary.rows, metric="rank1_own", method="open")
    assert row.value == 100.0


def test_an_auc_of_one_still_has_a_lower_bound_below_one() -> None:
    (row,) = find(summarise_faces(records(8), [OPEN, SHUT], "c", seed=1).rows, metric="auc_own", method="open")
    assert row.low == pytest.approx(0.05 ** (1 / 8))  # one-sided exact bound of 8 of 8
    assert (row.high, row.interval) == (1.0, "CI95")


def test_fewer_than_five_heads_give_no_auc_but_a_row_that_says_so() -> None:
    rows = find(summarise_faces(records(4), [OPEN, SHUT], "c", seed=1).rows, metric="auc_own")
    assert len(rows) == 2
    assert all(math.isnan(row.value) and "at least 5 persons, here are 4" in row.note for row in rows)


def test_a_failed_control_keeps_the_auc_back_and_says_why() -> None:
    summary = summarise_faces(records(8, good_control=False), [OPEN, SHUT], "c", seed=1)
    assert headline(summary.rows, "CT") == {}
    assert all("no AUC shown: the re-rendered control is" in row.note for row in find(summary.rows, metric="auc_own"))
    assert find(summary.rows, metric="control_rerendered_auc")


def test_controls_of_a_perfect_model_are_one_and_one_half() -> None:
    rows = summarise_faces(records(8), [OPEN], "c", seed=1).rows
    assert find(rows, metric="control_rerendered_auc")[0].value == 1.0
    assert find(rows, metric="control_shuffled_auc")[0].value == pytest.approx(0.5, abs=0.02)  # 0.5004 measured


def test_failed_scans_enter_undefaced_in_a_row_of_their_own() -> None:
    summary = summarise_faces(records(8, failed=frozenset({3})), [SHUT, OPEN], "c", seed=1)
    common, as_run = find(summary.rows, metric="auc_own", method="open")
    assert (common.n, common.failed) == (7, 1)
    assert common.note.startswith("scans where all methods succeeded")
    assert (as_run.n, as_run.note.split(";")[0]) == (8, "as run: 1 failed scans enter undefaced")


def test_methods_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    summary = summarise_faces(records(10), [OPEN, SHUT], "c", seed=1)
    (row,) = find(summary.rows, metric="auc_headline", method="open − shut")
    assert row.value == pytest.approx(0.5)
    assert summary.clearly_lower("CT") == {(OPEN, SHUT): False, (SHUT, OPEN): True}
    twin = Arm("twin", "", "background", "none")
    same = [
        FaceRecord(
            r.case,
            r.person,
            r.image,
            r.original,
            r.rerendered,
            {OPEN: r.original, twin: r.original},
            {OPEN: r.original, twin: r.original},
        )
        for r in records(10)
    ]
    (row,) = [row for row in summarise_faces(same, [OPEN, twin], "c", seed=1).rows if row.method == "open − twin"]
    assert row.note.startswith("not distinguishable")

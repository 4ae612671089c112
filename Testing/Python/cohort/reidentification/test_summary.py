"""AUC rows over a cohort: faces made so that the answer is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.gallery_size import GALLERY_SIZES
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


def test_centres_that_pictured_in_five_and_in_25_poses_are_compared_in_those_that_both_have() -> None:
    made = records(8)
    more = [replace(each, **_with_more_views(each)) if k % 2 else each for k, each in enumerate(made)]
    rows = [summarise_faces(each, [OPEN, SHUT], "c", seed=1).rows for each in (made, more)]
    assert [(row.metric, row.method, row.value) for row in rows[0]] == [
        (row.metric, row.method, pytest.approx(row.value, nan_ok=True)) for row in rows[1]
    ]


def _with_more_views(record: FaceRecord) -> dict[str, object]:
    def more(views: np.ndarray) -> np.ndarray:
        return np.vstack([views, np.full((2, LENGTH), 0.5)])

    by_arm = {name: {arm: more(views) for arm, views in getattr(record, name).items()} for name in ("own", "reference")}
    return {name: more(getattr(record, name)) for name in ("original", "rerendered")} | by_arm


def test_rank_1_is_told_for_larger_galleries_and_a_face_that_is_not_found_is_a_guess() -> None:
    rows = summarise_faces(records(8), [OPEN, SHUT], "cohort", seed=1).rows
    told = {metric: {row.method: row for row in find(rows, metric=metric)} for metric in GALLERY_SIZES}
    assert [round(told[metric]["open"].value, 3) for metric in GALLERY_SIZES] == [100.0] * 3
    assert [told[metric]["shut"].value for metric in GALLERY_SIZES] == pytest.approx([1.0, 0.01, 0.0001])
    assert all("extrapolated" in row.note and row.interval == "CI95" for each in told.values() for row in each.values())
    few = summarise_faces(records(4), [OPEN], "cohort", seed=1).rows
    assert not find(few, metric="rank1_gallery_100")  # the AUC's rows say why


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


def test_a_perfect_model_links_every_re_rendered_original() -> None:
    rows = summarise_faces(records(8), [OPEN], "c", seed=1).rows
    assert find(rows, metric="control_rerendered_auc")[0].value == 1.0


def test_failed_scans_enter_undefaced_in_the_row_that_ranks() -> None:
    summary = summarise_faces(records(8, failed=frozenset({3})), [SHUT, OPEN], "c", seed=1)
    as_run, own = find(summary.rows, metric="auc_own", method="open")
    assert (as_run.n, as_run.note.split(";")[0]) == (8, "as run: 1 failed scans enter undefaced")
    assert (own.n, own.failed, own.note.split(";")[0]) == (7, 1, "scans where the method succeeded")


def shut_fails(heads: int, failed: int) -> list[FaceRecord]:
    """SHUT fails on the first heads, OPEN on none."""
    return [
        replace(record, own={arm: face for arm, face in record.own.items() if arm != SHUT or k >= failed})
        for k, record in enumerate(records(heads))
    ]


def test_a_failed_scan_counts_against_the_method_that_ranks_by_it() -> None:
    summary = summarise_faces(shut_fails(8, 2), [OPEN, SHUT], "c", seed=1)
    assert headline(summary.rows, "CT") == {OPEN: 1.0, SHUT: (2 * 1.0 + 6 * 0.5) / 8}
    assert summary.as_run["CT", ""][SHUT] == {f"case-{k:03d}": 1.0 if k < 2 else 0.5 for k in range(8)}


def test_the_failures_of_one_method_take_no_other_methods_auc_away() -> None:
    alone = summarise_faces(records(8), [OPEN], "c", seed=1)
    beside = summarise_faces(shut_fails(8, 6), [OPEN, SHUT], "c", seed=1)  # two scans are left: no AUC of SHUT
    for metric in ("auc_own", "auc_reference", "auc_headline", "rank1_own"):
        (row,) = find(alone.rows, metric=metric, method="open")
        assert find(beside.rows, metric=metric, method="open") == [row]
    assert headline(beside.rows, "CT") == {OPEN: 1.0}
    own, as_run = find(beside.rows, metric="auc_headline", method="shut")
    assert own.note.startswith("an AUC needs at least 5 persons, here are 2")
    assert (as_run.n, as_run.value) == (8, 7 / 8)


def test_two_methods_are_compared_where_both_succeeded_whatever_a_third_did() -> None:
    third = Arm("third", "", "background", "none")
    cohort = [replace(r, own=dict(r.own) | ({third: r.original} if k < 5 else {})) for k, r in enumerate(shut_fails(12, 3))]
    rows = summarise_faces(cohort, [OPEN, SHUT, third], "c", seed=1).rows
    differences = {row.method: row for row in find(rows, metric="auc_headline") if "−" in row.method}
    assert {name: row.n for name, row in differences.items()} == {"open − shut": 9, "open − third": 5, "shut − third": 2}
    assert differences["open − shut"].value == 0.5
    assert "scans where both succeeded" in differences["open − shut"].note
    none = differences["shut − third"]
    assert math.isnan(none.value)
    assert none.note == "an AUC needs at least 5 persons, here are 2 on whom both succeeded"


def test_methods_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    summary = summarise_faces(records(10), [OPEN, SHUT], "c", seed=1)
    (row,) = find(summary.rows, metric="auc_headline", method="open − shut")
    assert row.value == pytest.approx(0.5)
    low, high = summary.differences["CT", OPEN, SHUT]
    assert 0 < low <= 0.5 <= high
    assert summary.differences["CT", SHUT, OPEN] == (-high, -low)
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


def test_other_maps_of_a_face_are_a_column_of_their_own_and_count_in_the_headline() -> None:
    made = []
    for record in records(8):
        maps = np.stack([record.original, np.roll(record.original, 2, axis=1)])
        made.append(replace(record, original_maps=maps, maps={OPEN: maps, SHUT: maps}))
    rows = summarise_faces(made, [OPEN, SHUT], "cohort", seed=1).rows
    assert {row.method: row.value for row in find(rows, metric="auc_maps")} == {"open": 1.0, "shut": 1.0}
    assert headline(rows, "CT") == {OPEN: 1.0, SHUT: 1.0}  # by shaded pictures, SHUT has 0.5
    assert find(rows, metric="auc_headline", method="shut")[0].note.startswith("normal map")
    assert not find(summarise_faces(records(8), [OPEN, SHUT], "cohort", seed=1).rows, metric="auc_maps")

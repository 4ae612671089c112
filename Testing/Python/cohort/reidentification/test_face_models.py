"""Several face models in one cohort: each has its own rows, the strongest counts, and two models' cosines never meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.face_models import models_of
from deface_compare.cohort.reidentification.records import FaceModel, FaceRecord
from deface_compare.cohort.reidentification.summary import headline, summarise_faces
from deface_compare.cohort.summary import SummaryRow, find

FIRST, SECOND = FaceModel("First", "1" * 64), FaceModel("Second", "2" * 64)
ARM, OTHER = (Arm(name, "", "background", "none") for name in ("one", "two"))
VIEWS = 3


def records(model: FaceModel, links: Sequence[Arm], heads: Sequence[int] = range(12), length: int = 16) -> list[FaceRecord]:
    """Heads with orthogonal faces; a method links none of them (its faces are alike) but for those that `links` names."""
    found = []
    for head in heads:
        face = np.zeros((VIEWS, length))
        face[:, head] = 1.0
        anybody = np.full_like(face, 1 / np.sqrt(length))
        own = {arm: face if arm in links else anybody for arm in (ARM, OTHER)}
        found.append(FaceRecord(f"case-{head:03d}", f"P{head}", "CT", face, face, own, own, model=model))
    return found


def rows_of(made: Sequence[FaceRecord]) -> tuple[SummaryRow, ...]:
    return summarise_faces(made, [ARM, OTHER], "cohort", seed=1).rows


def test_one_model_leaves_no_engine_and_the_same_rows() -> None:
    named, unnamed = (rows_of(records(model, [ARM])) for model in (FIRST, FaceModel()))
    assert [repr(row) for row in named] == [repr(row) for row in unnamed]
    assert {row.engine for row in named} == {""}


def test_each_model_has_its_own_rows_and_the_strongest_counts() -> None:
    rows = rows_of([*records(FIRST, [ARM]), *records(SECOND, [OTHER], length=32)])
    own = {(row.engine, row.method): row.value for row in find(rows, metric="auc_own")}
    assert own == {("First", "one"): 1.0, ("First", "two"): 0.5, ("Second", "one"): 0.5, ("Second", "two"): 1.0}
    assert headline(rows, "CT") == {ARM: 1.0, OTHER: 1.0}
    first = find(rows, metric="auc_headline", method="two")
    assert [row.engine for row in first] == ["First, Second", "First", "Second"]
    assert [row.value for row in first] == [1.0, 0.5, 1.0]
    assert first[0].note.startswith("Second: own landmarks")
    controls = find(rows, metric="control_rerendered_auc")
    assert [(row.engine, row.value) for row in controls] == [("First", 1.0), ("Second", 1.0)]


def test_the_interval_of_the_strongest_is_that_of_the_maximum_over_models() -> None:
    generator = np.random.default_rng(1)

    def noisy(model: FaceModel) -> list[FaceRecord]:
        made = []
        for record in records(model, []):
            mixed = record.original + generator.normal(0, 0.9, record.original.shape)
            unit = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
            made.append(replace(record, own={ARM: unit, OTHER: unit}, reference={}))
        return made

    rows = find(rows_of([*noisy(FIRST), *noisy(SECOND)]), metric="auc_headline", method="one")
    together, first, second = rows
    assert together.value == max(first.value, second.value)
    assert together.low >= max(first.low, second.low) - 1e-12
    assert together.high >= max(first.high, second.high) - 1e-12


def test_a_model_whose_control_fails_does_not_count_and_says_why() -> None:
    blind = [replace(each, rerendered=np.roll(each.original, 1, axis=1)) for each in records(SECOND, [ARM, OTHER])]
    rows = rows_of([*records(FIRST, []), *blind])
    assert headline(rows, "CT") == {ARM: 0.5, OTHER: 0.5}
    (told,) = [row for row in find(rows, metric="auc_headline", method="one") if row.engine == "Second"]
    assert math.isnan(told.value)
    assert "no AUC shown: the re-rendered control is" in told.note
    blind = [replace(each, model=FIRST) for each in blind]
    sound = [replace(each, model=SECOND) for each in records(FIRST, [ARM])]
    assert headline(rows_of([*blind, *sound]), "CT") == {ARM: 1.0, OTHER: 0.5}  # the main model's control fails


def test_cases_that_another_model_scored_are_never_compared_and_are_told() -> None:
    rows = rows_of([*records(FIRST, [ARM], range(5)), *records(SECOND, [OTHER], range(5, 12))])
    assert headline(rows, "CT") == {ARM: 0.5, OTHER: 1.0}  # the second model scored most
    own = {(row.engine, row.method): (row.n, row.value) for row in find(rows, metric="auc_own")}
    assert own == {
        ("Second", "one"): (7, 0.5),
        ("Second", "two"): (7, 1.0),
        ("First", "one"): (5, 1.0),
        ("First", "two"): (5, 0.5),
    }
    for row in find(rows, metric="auc_own", engine="Second"):
        assert "not among these: 5 scored by First only" in row.note


def test_a_model_that_saw_some_of_the_scans_counts_for_itself_only() -> None:
    rows = rows_of([*records(FIRST, []), *records(SECOND, [ARM], range(6))])
    assert headline(rows, "CT") == {ARM: 0.5, OTHER: 0.5}
    assert {row.engine: row.n for row in find(rows, metric="auc_own", method="one")} == {"First": 12, "Second": 6}


@pytest.mark.parametrize("turned", [False, True])
def test_the_main_model_is_the_one_of_most_scans_else_the_first_ones(turned: bool) -> None:
    both = [*records(FIRST, [ARM]), *records(SECOND, [ARM])]
    assert models_of(both[::-1] if turned else both)[0] == (SECOND if turned else FIRST)
    more = [*records(FIRST, [ARM], range(4)), *records(SECOND, [ARM])]
    assert models_of(more[::-1] if turned else more)[0] == SECOND


def test_two_versions_of_a_model_are_two_models() -> None:
    newer = replace_hash(records(FIRST, [ARM]), "3" * 64)
    engines = {row.engine for row in find(rows_of([*records(FIRST, [ARM]), *newer]), metric="auc_own")}
    assert engines == {"First (11111111)", "First (33333333)"}


def replace_hash(made: Sequence[FaceRecord], sha256: str) -> list[FaceRecord]:
    return [replace(each, model=FaceModel(each.model.title, sha256)) for each in made]


def test_packages_are_compared_by_one_model_only() -> None:
    made = [*records(FIRST, []), *records(SECOND, [ARM], range(6))]  # by cosines of the second model, `one` would be linked
    rows = find(rows_of(made), metric="auc_any_file", method="one")
    assert [(row.engine, row.n, row.value) for row in rows] == [("First", 12, 0.5)]

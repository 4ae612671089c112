"""AUC among people of one sex and similar age against scikit-learn, and which groups a shared table may tell of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from deface_compare.cohort.arms import Arm
from deface_compare.cohort.reidentification.bootstrap import estimate_mean_auc
from deface_compare.cohort.reidentification.pairs import compare_pairs
from deface_compare.cohort.reidentification.person_group_rows import METRICS, NO_PEERS, NOT_SHOWN
from deface_compare.cohort.reidentification.person_groups import Shown, large_enough
from deface_compare.cohort.reidentification.records import FaceRecord
from deface_compare.cohort.reidentification.summary import headline, summarise_faces
from deface_compare.cohort.summary import SummaryRow, find
from deface_compare.demographics import Demographics

BLUR = Arm("blur", "", "background", "none")
LENGTH = 16
Told = dict[str, SummaryRow]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def people(
    known: Sequence[tuple[str, float | None]], *, noise: float = 3.0, image: str = "CT", seed: int = 5
) -> list[FaceRecord]:
    """People whose face tells their sex: the first coordinate is large, positive for men."""
    random = np.random.default_rng(seed)
    found = []
    for number, (sex, age) in enumerate(known):
        face = random.standard_normal(LENGTH)
        face[0] = {"M": 2.5, "F": -2.5, "": 0.0}[sex]
        probe = unit(face) + noise * unit(random.standard_normal(LENGTH))
        original, defaced = unit(face)[None], unit(probe)[None]
        found.append(
            FaceRecord(
                f"case-{number:03d}", f"P{number}", image, original, original, {BLUR: defaced}, {BLUR: defaced},
                demographics=Demographics(sex, age),
            )
        )  # fmt: skip
    return found


def told(records: list[FaceRecord], image: str = "CT") -> Told:
    rows = summarise_faces(records, [BLUR], "cohort", seed=1).rows
    return {row.metric: row for row in rows if row.metric in METRICS and row.image == image}


def similarity(records: list[FaceRecord]) -> np.ndarray:
    return np.array([[float(probe.own[BLUR][0] @ each.original[0]) for each in records] for probe in records])


def restricted_auc(records: list[FaceRecord], stranger: np.ndarray, probes: Sequence[int]) -> float:
    """scikit-learn's AUC of each probe's own original against these strangers, mean over the probes."""
    metrics = pytest.importorskip("sklearn.metrics")
    scores = similarity(records)
    aucs = []
    for k in probes:
        taken = np.concatenate([[k], np.flatnonzero(stranger[k])])
        aucs.append(metrics.roc_auc_score(taken == k, scores[k, taken]))
    return float(np.mean(aucs))


SEXES = "F" * 14 + "M" * 10
AGES = [20.0 + 3 * k for k in range(12)] * 2
COHORT = people(list(zip(SEXES, AGES, strict=True)))
SEX, AGE = np.array(list(SEXES)), np.array(AGES)
SAME_SEX = (SEX[:, None] == SEX[None, :]) & ~np.eye(24, dtype=bool)
NEAR = SAME_SEX & (np.abs(AGE[:, None] - AGE[None, :]) <= 5)


def test_among_strangers_of_one_sex_the_auc_is_scikit_learns_on_these_pairs_and_lower_than_against_all() -> None:
    rows = told(COHORT)
    everybody = list(range(24))
    assert rows["auc_same_sex"].value == pytest.approx(restricted_auc(COHORT, SAME_SEX, everybody), abs=1e-12)
    all_of_them = restricted_auc(COHORT, ~np.eye(24, dtype=bool), everybody)
    assert headline(summarise_faces(COHORT, [BLUR], "c", seed=1).rows, "CT")[BLUR] == pytest.approx(all_of_them, abs=1e-12)
    assert rows["auc_same_sex"].value < all_of_them - 0.02  # sex alone rules half of the strangers out
    assert f"against all strangers {all_of_them:.2f}" in rows["auc_same_sex"].note
    assert rows["auc_same_sex"].low < rows["auc_same_sex"].value < rows["auc_same_sex"].high
    assert (rows["auc_same_sex"].n, rows["auc_same_sex"].interval) == (24, "CI95")


def test_within_each_sex_it_is_scikit_learns_and_their_mean_by_scans_is_the_one_among_one_sex() -> None:
    rows = told(COHORT)
    women, men = np.flatnonzero(SEX == "F").tolist(), np.flatnonzero(SEX == "M").tolist()
    assert rows["auc_female"].value == pytest.approx(restricted_auc(COHORT, SAME_SEX, women), abs=1e-12)
    assert rows["auc_male"].value == pytest.approx(restricted_auc(COHORT, SAME_SEX, men), abs=1e-12)
    assert (rows["auc_female"].n, rows["auc_male"].n) == (14, 10)
    together = (14 * rows["auc_female"].value + 10 * rows["auc_male"].value) / 24
    assert rows["auc_same_sex"].value == pytest.approx(together, abs=1e-12)


def test_among_people_of_one_sex_and_similar_age_only_those_with_four_such_strangers_count() -> None:
    older = [replace(each, demographics=Demographics(SEXES[k], 20.0 + k // 2)) for k, each in enumerate(COHORT)]
    ages = np.array([20.0 + k // 2 for k in range(24)])
    near = SAME_SEX & (np.abs(ages[:, None] - ages[None, :]) <= 5)
    lonely = [*older[:-1], replace(older[-1], demographics=Demographics("M", 80.0))]
    near[-1, :] = near[:, -1] = False
    probes = [k for k in range(24) if near[k].sum() >= 4]
    rows = told(lonely)
    assert rows["auc_same_sex_age"].n == len(probes) == 23
    assert rows["auc_same_sex_age"].value == pytest.approx(restricted_auc(lonely, near, probes), abs=1e-12)
    scores = similarity(lonely)
    first = np.mean([scores[k, k] > scores[k, near[k]].max() for k in probes])
    among_all = np.mean([scores[k].argmax() == k for k in probes])
    assert rows["rank1_same_sex_age"].value == pytest.approx(100 * first)
    assert first > among_all  # who knows sex and age has fewer people to choose from
    assert f"among all {100 * among_all:.0f} %" in rows["rank1_same_sex_age"].note


def test_with_few_people_of_one_sex_and_age_the_row_says_why_there_is_no_number() -> None:
    rows = told(people([("F" if k % 2 else "M", 20.0 + 6 * k) for k in range(12)]))
    assert math.isnan(rows["auc_same_sex_age"].value)
    assert rows["auc_same_sex_age"].note == NO_PEERS
    assert (rows["auc_same_sex_age"].n, rows["rank1_same_sex_age"].n) == (0, 0)


def test_where_nobodys_sex_and_age_is_known_there_are_no_rows() -> None:
    assert told(people([("", None)] * 8)) == {}
    assert set(told(people([("F" if k % 2 else "M", None) for k in range(12)]))) == {"auc_same_sex", "auc_female", "auc_male"}


def test_a_group_of_four_is_not_told_of_nor_its_complement_nor_how_many_it_is() -> None:
    rows = told(people([("M" if k < 4 else "F", 70.0) for k in range(12)]))
    for metric in ("auc_same_sex", "auc_female", "auc_male", "auc_under_18", "auc_18_to_64", "auc_65_and_over"):
        assert (rows[metric].n, rows[metric].note) == (0, NOT_SHOWN)  # of the ages because everybody is one group
        assert math.isnan(rows[metric].value)
        assert math.isnan(rows[metric].low)
    assert rows["auc_same_sex_age"].n == 8


def test_an_empty_group_looks_like_one_of_four() -> None:
    with_four, without = (told(people([("", 10.0)] * children + [("", 40.0)] * 9 + [("", 80.0)] * 9)) for children in (4, 0))
    assert with_four["auc_under_18"] == without["auc_under_18"]
    assert without["auc_18_to_64"].n == without["auc_65_and_over"].n == 9
    assert with_four["auc_18_to_64"].n + with_four["auc_65_and_over"].n == 9  # the other one would tell of four by subtraction


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 7, "b": 5}, "ab"),
        ({"a": 7, "b": 4}, ""),
        ({"a": 12}, ""),
        ({"a": 9, "b": 6, "c": 3}, "a"),
        ({"a": 9, "b": 6, "c": 5}, "abc"),
        ({"a": 9, "b": 3, "c": 3}, "a"),
        ({}, ""),
    ],
)
def test_what_is_left_untold_is_nobody_or_five_people(counts: dict[str, int], shown: str) -> None:
    people = {f"{group}{k}": group for group, count in counts.items() for k in range(count)}
    assert large_enough(people) == frozenset(shown)


def test_two_images_that_differ_by_one_patient_do_not_tell_her_sex() -> None:
    t1 = people([("M" if k % 2 else "F", None) for k in range(14)], image="MR_T1")
    flair = [replace(each, image="MR_FLAIR") for each in t1[1:]]
    assert told([*t1, *flair], "MR_T1")["auc_female"].n == 7
    assert told([*t1, *flair], "MR_FLAIR")["auc_female"].note == NOT_SHOWN
    assert told([*t1, *[replace(each, image="MR_FLAIR") for each in t1]], "MR_FLAIR")["auc_female"].n == 7


def test_pooled_rows_do_not_tell_of_a_centre_that_keeps_its_own_back() -> None:
    shown = Shown()
    first = {f"a{k}": "F" if k < 8 else "M" for k in range(16)}
    second = {f"b{k}": "F" if k < 9 else "M" for k in range(16)}
    third = {f"c{k}": "F" if k < 3 else "M" for k in range(16)}
    assert shown.groups("sex", first) == shown.groups("sex", second) == {"F", "M"}
    assert shown.groups("sex", third) == frozenset()
    assert shown.groups("sex", first | second | third) == frozenset()  # minus two centres it is the third
    assert Shown().groups("sex", first | second | third) == {"F", "M"}
    assert shown.groups("sex", first | second) == {"F", "M"}


def test_a_failed_scan_is_counted_over_everybody_so_that_it_tells_nobodys_sex() -> None:
    failed = [replace(COHORT[0], own={}, reference={}, ran=frozenset([BLUR])), *COHORT[1:]]
    rows = told(failed)
    assert {rows[metric].failed for metric in ("auc_female", "auc_male", "auc_same_sex")} == {1}
    assert (rows["auc_female"].n, rows["auc_male"].n) == (14, 10)


def test_no_note_names_a_case_and_methods_still_rank_by_all_strangers() -> None:
    rows = summarise_faces(COHORT, [BLUR], "cohort", seed=1).rows
    groups = [row for row in rows if row.metric in METRICS]
    assert len(groups) == len(METRICS)
    assert not any("case-" in row.note for row in groups)
    (ranked,) = find(rows, metric="auc_headline")
    assert headline(rows, "CT") == {BLUR: ranked.value}


@pytest.mark.parametrize(("women", "men"), [(9, 11), (20, 20)])
def test_the_interval_among_strangers_of_one_sex_holds_the_true_auc(women: int, men: int) -> None:
    """Similarities with an effect of each person; the true AUC is a closed form, whoever the strangers are."""
    own, sex, effect = np.arange(women + men), np.repeat([0, 1], [women, men]), 0.7
    true = norm.cdf(1.0 / np.sqrt(2.0 + 2.0 * effect**2))
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        scores = random.standard_normal((len(own), len(own))) + effect * random.standard_normal(len(own))
        scores[own, own] = 1.0 + random.standard_normal(len(own)) + effect * random.standard_normal(len(own))
        wins, impostor = compare_pairs(scores, own, own)
        alike = sex[:, None] == sex[None, :]
        found = estimate_mean_auc(np.where(alike, wins, 0.0), impostor & alike, own, own, seed=seed, resamples=300)
        held.append(found.low <= true <= found.high)
    assert np.mean(held) >= 0.88  # measured on 150 cohorts of each: 0.95 and 0.93

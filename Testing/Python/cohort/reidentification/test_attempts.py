"""The strongest of several attempts: closed forms, scikit-learn, and what chance makes of a maximum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from deface_compare.cohort.reidentification.attempts import Attempt, attempt, strongest
from deface_compare.cohort.reidentification.auc import reidentify
from deface_compare.cohort.reidentification.bootstrap import estimate_pooled_auc
from deface_compare.cohort.reidentification.linkage import linkage
from deface_compare.cohort.summary import SummaryRow

PERSONS = np.arange(20)


def noise(seed: int, count: int = 20) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, count))


def test_one_attempt_alone_has_the_auc_and_the_interval_of_the_plain_bootstrap() -> None:
    similarity = noise(1) + 1.5 * np.eye(20)
    plain = reidentify(similarity, PERSONS, PERSONS, seed=1).auc
    found = strongest([attempt("", similarity, PERSONS)], PERSONS, seed=1).auc
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high), abs=1e-12)


def test_the_strongest_attempt_counts_as_it_is_and_is_named() -> None:
    weak, strong = noise(1), noise(2) + 3.0 * np.eye(20)
    found = strongest([attempt("weak", weak, PERSONS), attempt("strong", strong, PERSONS)], PERSONS, seed=1)
    assert found.attempt.words == "strong"
    assert found.auc.value == pytest.approx(reidentify(strong, PERSONS, PERSONS, seed=1).auc.value, abs=1e-12)


def test_all_linked_has_the_one_sided_bound_and_a_file_of_few_patients_its_own_gallery() -> None:
    everybody, six = np.eye(20), np.arange(6)
    found = strongest([attempt("all", everybody, PERSONS)], PERSONS, seed=1).auc
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.05 ** (1 / 20)), 1.0)
    file = Attempt("six", noise(4)[:6, :6] + 2.0 * np.eye(6), six, six)
    with_file = strongest([attempt("none", np.full((20, 20), np.nan), PERSONS), file], PERSONS, seed=1)
    assert with_file.attempt.words == "six"
    assert with_file.auc.value == reidentify(file.similarity, six, six, seed=1).auc.value


def test_chance_lies_in_the_interval_of_the_highest_of_six_attempts() -> None:
    """Nobody is linked: the highest of six is above 0.5, its interval says that it may be chance."""
    covered, highest = 0, []
    for seed in range(60):
        tried = [attempt(str(k), noise(1000 * seed + k), PERSONS) for k in range(6)]
        found = strongest(tried, PERSONS, seed=1, resamples=300).auc
        covered += found.low <= 0.60
        highest.append(found.value)
    # measured: mean of the highest 0.58; 59 of 60 intervals begin below the margin of 0.60
    assert 0.54 < np.mean(highest) < 0.62
    assert covered >= 57


@pytest.mark.parametrize(
    ("value", "low", "high", "n", "word"),
    [
        (0.52, 0.46, 0.58, 20, "not linked"),
        (0.52, 0.46, 0.58, 19, "unclear"),
        (0.55, 0.50, 0.61, 97, "unclear"),
        (0.75, 0.50, 1.00, 97, "unclear"),
        (0.64, 0.58, 0.72, 97, "unclear"),
        (0.68, 0.63, 0.73, 62, "linked"),
        (1.00, 0.78, 1.00, 12, "linked"),
        (math.nan, math.nan, math.nan, 4, "not known"),
    ],
)
def test_a_word_for_linkage_needs_the_whole_interval_on_one_side_of_the_margin(
    value: float, low: float, high: float, n: int, word: str
) -> None:
    row = SummaryRow("c", "m", "", "", "", "", "CT", "privacy", "", "auc_headline", "", n, 0, value, low, high)
    assert linkage(row) == word


def test_the_pooled_auc_is_that_of_scikit_learn_and_its_interval_covers_the_truth() -> None:
    similarity = noise(5) + 1.0 * np.eye(20)
    labels = np.eye(20, dtype=bool)
    expected = roc_auc_score(labels.ravel(), similarity.ravel())
    assert estimate_pooled_auc(similarity, PERSONS, PERSONS, seed=1).value == pytest.approx(expected, abs=1e-12)
    truth = 0.760  # of two normal distributions one standard deviation apart: Phi(1 / sqrt 2)
    covered = 0
    for seed in range(100):
        found = estimate_pooled_auc(noise(seed) + np.eye(20), PERSONS, PERSONS, seed=1, resamples=300)
        covered += found.low <= truth <= found.high
    assert covered >= 88  # measured: 96 of 100


def test_an_undetected_probe_counts_one_half_in_the_pooled_auc() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [np.nan] * 3, [0.3, 0.2, 0.8]])
    index = np.arange(3)
    assert estimate_pooled_auc(similarity, index, index, seed=1).value == pytest.approx((8 + 5) / 18)

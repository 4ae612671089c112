"""Re-identification numbers against scikit-learn, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.cohort.reidentification.attempts import attempt, strongest
from deface_compare.cohort.reidentification.auc import reidentify
from deface_compare.cohort.reidentification.bootstrap import (
    Difference,
    difference_of,
    estimate_mean_auc,
    estimate_pooled_auc,
    person_weights,
    weighted_mean_auc,
)
from deface_compare.cohort.reidentification.pairs import (
    compare_pairs,
    highest_impostor,
    pooled_auc,
    probe_auc,
    rank_percent,
)
from deface_compare.errors import NotAvailable
from deface_compare.privacy.similarity import similarity_matrix


def _faces(generator: np.random.Generator, count: int, noise: float, length: int = 8) -> tuple[NDArray, NDArray]:
    """Gallery and probe embeddings, shape (count, 1, length), of `count` persons; probes are noisy copies."""
    gallery = generator.normal(size=(count, 1, length))
    probes = gallery + noise * generator.normal(size=gallery.shape)
    return tuple(each / np.linalg.norm(each, axis=2, keepdims=True) for each in (gallery, probes))  # type: ignore[return-value]


def _similarity(seed: int, count: int, noise: float) -> NDArray[np.float64]:
    gallery, probes = _faces(np.random.default_rng(seed), count, noise)
    return similarity_matrix(probes, gallery)


@pytest.mark.parametrize("seed", range(3, 9))
def test_auc_agrees_with_scikit_learn_with_ties(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    similarity = np.round(_similarity(seed, 17, 1.5), 1)  # one decimal: many ties
    persons = genuine = np.arange(17)
    truth = np.eye(17, dtype=bool)
    expected = [metrics.roc_auc_score(truth[i], similarity[i]) for i in range(17)]
    assert np.unique(similarity).size < 21
    np.testing.assert_allclose(probe_auc(similarity, genuine, persons), expected, rtol=0, atol=1e-12)  # measured 0
    pooled = pooled_auc(similarity[truth], similarity[~truth])
    assert pooled == pytest.approx(metrics.roc_auc_score(truth.ravel(), similarity.ravel()), abs=1e-12)  # measured 1.1e-16


def test_a_probe_without_a_face_counts_one_half_and_is_never_dropped() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [np.nan] * 3, [0.3, 0.2, 0.8]])
    index = np.arange(3)
    np.testing.assert_array_equal(probe_auc(similarity, index, index), [1.0, 0.5, 1.0])
    # 2 detected genuine scores beat all 4 detected impostors: 8 of 18 comparisons won, 10 undecided
    assert pooled_auc(np.diag(similarity), similarity[~np.eye(3, dtype=bool)]) == pytest.approx((8 + 5) / 18)
    assert rank_percent(similarity, index, index, 1) == pytest.approx(200 / 3)


def test_a_constant_model_scores_exactly_one_half() -> None:
    same = np.full((12, 5, 4), 0.5)
    similarity = similarity_matrix(same, same)
    index = np.arange(12)
    result = reidentify(similarity, index, index, seed=1)
    assert result.auc.value == 0.5
    assert result.auc_pooled == 0.5
    assert result.rank1_percent == pytest.approx(100 / 12)
    assert estimate_pooled_auc(similarity, index, index, seed=1).value == 0.5


def test_repeat_scans_of_one_person_are_never_impostors() -> None:
    similarity = np.array([[0.8, 0.9, 0.1], [0.95, 0.9, 0.2], [0.1, 0.2, 0.7]])
    genuine, persons = np.arange(3), np.array(["a", "a", "b"])
    np.testing.assert_array_equal(probe_auc(similarity, genuine, persons), [1.0, 1.0, 1.0])
    pair = highest_impostor(similarity, genuine, persons)
    assert pair is not None
    assert (pair.probe, pair.gallery, pair.similarity) == (1, 2, 0.2)


def test_the_gallery_may_hold_more_people_than_there_are_probes() -> None:
    similarity = np.vstack([_similarity(5, 9, 1.0)[row] for row in (7, 2)])
    expected = probe_auc(_similarity(5, 9, 1.0), np.arange(9), np.arange(9))[[7, 2]]
    np.testing.assert_array_equal(probe_auc(similarity, np.array([7, 2]), np.arange(9)), expected)


def test_views_that_one_side_lacks_are_left_out_of_the_mean_cosine() -> None:
    gallery = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [np.nan, np.nan]]])
    probe = np.array([[[1.0, 0.0], [1.0, 0.0]], [[np.nan] * 2, [np.nan] * 2]])
    np.testing.assert_allclose(similarity_matrix(probe, gallery), [[0.5, 0.6], [np.nan, np.nan]], rtol=0, atol=1e-15)


def test_the_interval_at_a_perfect_score_is_the_exact_binomial_bound() -> None:
    index = np.arange(12)
    auc = reidentify(np.eye(12), index, index, seed=1).auc
    assert (auc.value, auc.high, auc.method) == (1.0, 1.0, "one-sided")
    # Clopper-Pearson for 12 of 12, one-sided 95 %: 0.779 (any textbook table)
    assert auc.low == pytest.approx(0.779, abs=5e-4)


@pytest.mark.parametrize(("count", "noise"), [(12, 1.0), (12, 5.0), (40, 1000.0), (40, 2.0), (40, 1.4)])
def test_the_interval_covers_the_true_auc_about_as_often_as_it_says(count: int, noise: float) -> None:
    """The truth is the mean AUC of 2000 simulated persons.

    Measured in 300 cohorts of 12: 0.956 and 0.960; in 250 cohorts of 40 at AUCs of 0.50, 0.65, 0.77, 0.87 and 0.93: 0.960, 0.956,
    0.964, 0.952 and 0.940.
    """
    people = np.arange(2000)
    truth = probe_auc(_similarity(99, 2000, noise), people, people).mean()
    index = np.arange(count)
    cohorts = 120
    covered = 0
    for seed in range(cohorts):
        pairs = compare_pairs(_similarity(seed, count, noise), index, index)
        auc = estimate_mean_auc(*pairs, index, index, seed=seed, resamples=400)
        covered += auc.low <= truth <= auc.high
    assert covered / cohorts >= 0.89  # 95 % minus three binomial standard errors


def test_a_resample_is_what_drawing_patients_one_by_one_gives() -> None:
    """A patient drawn k times stands k times among the probes and among others' impostors, never among her own."""
    similarity = np.round(_similarity(6, 9, 1.5), 1)
    genuine, persons = np.arange(9), np.array(["a", "a", "b", "c", "d", "e", "f", "g", "g"])
    weights = person_weights(persons, genuine, seed=3, resamples=40)
    assert np.array_equal(weights, person_weights(persons, genuine, seed=3, resamples=40))  # the second time from memory
    found = weighted_mean_auc(*compare_pairs(similarity, genuine, persons), weights, genuine)
    assert weights.max() > 2  # there are duplicates
    for resample, mean in zip(weights.T.astype(int), found, strict=True):
        drawn = np.repeat(np.arange(9), resample)
        each = []
        for scan in drawn:
            others = [column for column in drawn if persons[column] != persons[scan]]
            wins = [np.sign(similarity[scan, scan] - similarity[scan, column]) / 2 + 0.5 for column in others]
            each.append(np.mean(wins))
        assert mean == pytest.approx(np.mean(each), abs=1e-12)  # measured 2e-16


def _difference(first: NDArray, second: NDArray) -> Difference:
    index = np.arange(len(first))
    return difference_of(*(strongest([attempt("", each, index)], index, seed=1).highest for each in (first, second)))


def test_methods_are_told_apart_only_where_the_interval_leaves_zero() -> None:
    index = np.arange(15)
    weak, weak_again, strong = _similarity(1, 15, 0.3), _similarity(2, 15, 0.3), _similarity(1, 15, 20.0)
    far = _difference(weak, strong)
    assert far.distinguishable
    assert far.words == "first higher"
    assert far.value == pytest.approx(
        probe_auc(weak, index, index).mean() - probe_auc(strong, index, index).mean(), abs=1e-12
    )  # measured 0
    assert _difference(weak, weak_again).words == "not distinguishable"
    assert _difference(strong, weak).words == "second higher"


def test_the_same_seed_gives_the_same_interval() -> None:
    index = np.arange(10)
    similarity = _similarity(4, 10, 2.0)
    assert reidentify(similarity, index, index, seed=7).auc == reidentify(similarity, index, index, seed=7).auc
    assert reidentify(similarity, index, index, seed=7).auc != reidentify(similarity, index, index, seed=8).auc


def test_few_heads_are_refused_or_warned_about() -> None:
    with pytest.raises(NotAvailable, match="at least 5 persons, here are 4"):
        reidentify(np.eye(4), np.arange(4), np.arange(4), seed=1)
    with pytest.raises(NotAvailable, match="here are 4"):
        reidentify(np.eye(8), np.arange(8), np.repeat(np.arange(4), 2), seed=1)
    assert "12 persons" in reidentify(np.eye(12), np.arange(12), np.arange(12), seed=1).warning
    assert reidentify(np.eye(20), np.arange(20), np.arange(20), seed=1).warning == ""

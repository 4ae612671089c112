"""ROC and CMC against scikit-learn and the numbers in the tables."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from deface_compare.cohort.reidentification.curves import cmc, roc
from deface_compare.cohort.reidentification.pairs import pooled_auc, rank_percent, tar_percent

PERSONS = 40


def similarity(seed: int, noise: float) -> NDArray[np.float64]:
    """Cosines between noisy copies and originals, shape (40, 40)."""
    generator = np.random.default_rng(seed)
    gallery = generator.normal(size=(PERSONS, 12))
    probes = gallery + noise * generator.normal(size=gallery.shape)
    gallery, probes = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (gallery, probes))
    return probes @ gallery.T


def test_the_roc_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, index, truth = similarity(1, 1.5), np.arange(PERSONS), np.eye(PERSONS, dtype=bool)
    drawn = roc(scores, index, index, seed=1)
    far, tar, _ = metrics.roc_curve(truth.ravel(), scores.ravel())
    expected = np.array([tar[far <= x + 1e-12].max() for x in drawn.x])
    assert np.abs(drawn.y - expected).max() <= 1 / PERSONS  # drawn at 101 thresholds: within one probe; measured 0.006
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(pooled_auc(scores[truth], scores[~truth]), abs=1e-3)  # measured 6.5e-6
    accepted = tar_percent(scores, index, index)
    assert accepted is not None
    assert 100 * drawn.y[1] == pytest.approx(accepted, abs=100 / PERSONS)


def test_the_cmc_is_the_table_of_ranks() -> None:
    scores, index = similarity(2, 2.0), np.arange(PERSONS)
    drawn = cmc(scores, index, index, seed=1)
    expected = [rank_percent(scores, index, index, int(rank)) / 100 for rank in drawn.x]
    np.testing.assert_allclose(drawn.y, expected, rtol=0, atol=1e-12)
    assert (np.diff(drawn.y) >= 0).all()


def test_bands_hold_their_curve_and_a_probe_without_a_face_is_a_guess() -> None:
    scores, index = similarity(3, 2.0), np.arange(PERSONS)
    for drawn in (roc(scores, index, index, seed=1), cmc(scores, index, index, seed=1)):
        assert ((drawn.low <= drawn.y + 1e-12) & (drawn.y <= drawn.high + 1e-12)).all()
        assert (drawn.high - drawn.low).max() > 0.1
    blind = roc(np.full_like(scores, np.nan), index, index, seed=1)
    np.testing.assert_allclose(blind.y, blind.x, rtol=0, atol=1e-12)

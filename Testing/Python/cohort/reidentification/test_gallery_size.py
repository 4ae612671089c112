"""Rank 1 in galleries larger than the cohort: against galleries that really are so large, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from deface_compare.cohort.reidentification.gallery_size import rank1_percents
from deface_compare.privacy.similarity import similarity_matrix

LENGTH = 128
"""Of a face print, as SFace's."""
LEFT = 0.3
"""Cosine of a defaced face and its own original, about: far from sure in a large gallery."""
PEOPLE = 60
OWN = np.arange(PEOPLE)


def faces(count: int, random: np.random.Generator) -> np.ndarray:
    drawn = random.standard_normal((count, LENGTH))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def cosines(probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    return similarity_matrix(probes[:, None], gallery[:, None])


@pytest.mark.parametrize(("size", "draws", "tolerance_percent"), [(100, 200, 1.5), (10_000, 20, 2.5)])  # measured: 0.2, 0.9
def test_a_cohort_of_sixty_tells_what_a_gallery_of_thousands_really_gives(
    size: int, draws: int, tolerance_percent: float
) -> None:
    random = np.random.default_rng(1)
    originals = faces(PEOPLE, random)
    mixed = LEFT * originals + np.sqrt(1 - LEFT**2) * faces(PEOPLE, random)
    probes = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    (found,) = rank1_percents(cosines(probes, originals), OWN, OWN, [size], seed=0)  # it sees sixty people only
    own = np.einsum("ij,ij->i", probes, originals)
    first = [own > cosines(probes, faces(size - 1, random)).max(axis=1) for _ in range(draws)]
    true = 100.0 * float(np.mean(first))
    assert found.value == pytest.approx(true, abs=tolerance_percent)
    assert found.low < true < found.high


def test_two_people_are_told_apart_as_often_as_the_auc_says() -> None:
    random = np.random.default_rng(2)
    gap, spread = 0.1, 0.1
    similarity = random.normal(0.4, spread, (PEOPLE, PEOPLE))
    similarity[OWN, OWN] = 0.4 + gap  # an AUC is P(genuine > one stranger): Phi(gap / spread) = 84.1 %
    (found,) = rank1_percents(similarity, OWN, OWN, [2], seed=0)
    assert found.value == pytest.approx(84.13, abs=1.0)  # measured: 0.1


def test_a_probe_without_a_face_is_a_guess_and_strangers_all_alike_are_passed_or_not() -> None:
    blind = np.full((8, 8), np.nan)
    (guess,) = rank1_percents(blind, np.arange(8), np.arange(8), [100], seed=0)
    assert (guess.value, guess.low) == (pytest.approx(1.0), pytest.approx(0.05 ** (1 / 8)))
    (sure,) = rank1_percents(np.eye(8), np.arange(8), np.arange(8), [1_000_000], seed=0)
    assert (sure.value, sure.high) == (100.0, 100.0)
    assert sure.low == pytest.approx(100 * 0.05 ** (1 / 8))  # eight of eight leave so much open
    (never,) = rank1_percents(1 - np.eye(8), np.arange(8), np.arange(8), [2], seed=0)
    assert (never.value, never.high) == (0.0, pytest.approx(100 * (1 - 0.05 ** (1 / 8))))


def test_a_person_scanned_twice_is_nobodys_stranger_and_one_stranger_is_too_few() -> None:
    random = np.random.default_rng(3)
    once = random.normal(0.4, 0.1, (6, 6)) + np.eye(6)
    twice = np.repeat(once, 2, axis=1)
    (first,), (second,) = (
        rank1_percents(matrix, genuine, persons, [1000], seed=0)
        for matrix, genuine, persons in ((once, np.arange(6), np.arange(6)), (twice, np.arange(0, 12, 2), np.arange(12) // 2))
    )
    assert second.value == pytest.approx(first.value, abs=0.5)  # measured: 0.0
    assert rank1_percents(once[:2, :2], np.arange(2), np.arange(2), [100], seed=0) is None


@pytest.mark.parametrize("people", [12, 40])
def test_the_interval_holds_the_true_rank_1_of_the_population(people: int) -> None:
    held, size, own = [], 100, np.arange(people)
    population = np.random.default_rng(4).normal(2.0, 1.0, 200_000)
    true = 100.0 * float(np.mean(norm.cdf(population) ** (size - 1)))
    for seed in range(60):
        random = np.random.default_rng(seed)
        similarity = random.standard_normal((people, people))
        similarity[own, own] = random.normal(2.0, 1.0, people)
        (found,) = rank1_percents(similarity, own, own, [size], seed=seed, resamples=400)
        held.append(found.low <= true <= found.high)
    assert np.mean(held) >= 0.88  # measured: 0.93 and 0.95 of 60 cohorts

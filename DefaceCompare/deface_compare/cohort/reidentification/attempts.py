"""What an attacker tries on one set of faces, and the strongest of it. Pure numpy; words as in `auc`.

An attacker tries several ways to look at a face: thresholds of the skin, detection scores, files of a package. Taking each
pair's highest similarity over the ways raises strangers' similarities, too, and can make many ways weaker than the best one.
So each way has an AUC of its own, and the highest counts. The highest of several numbers is high by chance: every resample of
the patients takes its own maximum, and the interval holds the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bootstrap import ALPHA, Estimate, estimate_mean_auc, person_weights, weighted_mean_auc
from .pairs import compare_pairs

RESAMPLES = 2000


@dataclass(frozen=True)
class Attempt:
    """One way to look at the probes.

    Parameters
    ----------
    words : str
        What a reader calls it.
    similarity : ndarray, shape (probes, gallery)
        Probe i is of the person in gallery column ``genuine[i]``; NaN where nothing is found.
    genuine : ndarray, shape (probes,)
        Gallery column of each probe's own original.
    columns : ndarray, shape (gallery,)
        Which of all persons' columns the gallery is made of: a file that some patients lack has a smaller gallery.
    """

    words: str
    similarity: NDArray[np.float64]
    genuine: NDArray[np.intp]
    columns: NDArray[np.intp]


@dataclass(frozen=True)
class Strongest:
    """The strongest attempt, and how sure its AUC is.

    Parameters
    ----------
    auc : Estimate
        The highest AUC over the attempts, with the interval of the highest of each resample.
    attempt : Attempt
        The one with the highest AUC on the patients as they are.
    highest : ndarray, shape (1 + RESAMPLES,)
        The highest AUC on the patients as they are, and on each resample: what paired differences are made of.
    """

    auc: Estimate
    attempt: Attempt
    highest: NDArray[np.float64]


def attempt(words: str, similarity: NDArray[np.float64], genuine: NDArray[np.intp]) -> Attempt:
    """An attempt whose gallery is everybody."""
    return Attempt(words, similarity, genuine, np.arange(similarity.shape[1]))


def strongest(attempts: Sequence[Attempt], persons: NDArray, *, seed: int, resamples: int = RESAMPLES) -> Strongest:
    """The strongest of the attempts.

    Parameters
    ----------
    attempts : sequence of Attempt
        At least one.
    persons : ndarray, shape (columns of everybody,)
        Who each column is.

    Notes
    -----
    Where every resample gives the same AUC (all probes linked, or none seen) a bootstrap says nothing, and the interval is that
    of `bootstrap.estimate_mean_auc`.
    """
    probes = np.unique(np.concatenate([each.columns[each.genuine] for each in attempts]))
    drawn = person_weights(persons, probes, seed, resamples)
    weights = np.hstack([np.ones((len(persons), 1)), drawn])
    means = np.stack([_means(each, persons, weights) for each in attempts])
    best = attempts[int(np.nanargmax(means[:, 0]))]
    highest = np.nanmax(means, axis=0)
    if np.all(highest == highest[0]):
        there = persons[best.columns]
        pairs = compare_pairs(best.similarity, best.genuine, there)
        return Strongest(estimate_mean_auc(*pairs, best.genuine, there, seed=seed, resamples=1), best, highest)
    low, high = np.quantile(highest[1:], [ALPHA / 2, 1 - ALPHA / 2])
    return Strongest(Estimate(float(highest[0]), float(low), float(high), "bootstrap"), best, highest)


def _means(each: Attempt, persons: NDArray, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean AUC of one attempt on each column of weights."""
    wins, impostor = compare_pairs(each.similarity, each.genuine, persons[each.columns])
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample may hold nobody who has this file
        return weighted_mean_auc(wins, impostor, weights[each.columns], each.genuine)

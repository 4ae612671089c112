"""ROC and CMC of one similarity matrix, with 95 % bands over patients. Pure numpy; words as in `reidentification`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bootstrap import ALPHA, person_weights
from .pairs import compare_pairs, rank_hits

FAR_STEPS = 101
"""Points of a ROC, at equal steps of the false acceptance rate."""
MOST_RANKS = 20
"""A CMC ends here, or at the gallery's size."""
BAND_RESAMPLES = 500
"""Bootstrap resamples behind a band."""
RESAMPLES_AT_ONCE = 32
"""Of 185 heads 32 resamples take 9 MB at a time; twice as many leave the processor's cache and take twice as long each."""


@dataclass(frozen=True)
class Curve:
    """A curve with its band, all of one length: `x`, `y`, and `low` and `high` around `y`."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def roc(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, *, seed: int) -> Curve:
    """Share of accepted probes over the share of accepted impostor pairs, all pairs pooled.

    A pair without a face is accepted last: between the last pair with a similarity and everything the curve is a straight
    line, which is an attacker who has to guess.
    """
    _, impostor = compare_pairs(similarity, genuine, persons)
    weights = np.hstack([np.ones((len(persons), 1)), person_weights(persons, genuine, seed, BAND_RESAMPLES)])
    known = similarity[impostor & np.isfinite(similarity)]
    thresholds = np.concatenate([[np.inf], np.quantile(known, np.linspace(1, 0, FAR_STEPS)) if known.size else [], [-np.inf]])
    scores = np.where(np.isfinite(similarity), similarity, -np.inf)
    own = scores[np.arange(len(genuine)), genuine]
    probe_weights = weights[genuine]
    far, tar = (np.zeros((len(thresholds) + 1, weights.shape[1])) for _ in range(2))
    far[:-1] = _accepted_impostors(scores, impostor, thresholds, weights, probe_weights)
    for k, threshold in enumerate(thresholds):
        tar[k] = ((own > threshold).astype(np.float64) @ probe_weights) / probe_weights.sum(axis=0)
    far[-1] = tar[-1] = 1.0
    grid = np.linspace(0.0, 1.0, FAR_STEPS)
    drawn = np.stack([np.interp(grid, far[:, b], tar[:, b]) for b in range(weights.shape[1])])
    return _banded(grid, drawn)


def _accepted_impostors(
    scores: NDArray[np.float64],
    impostor: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
    weights: NDArray[np.float64],
    probe_weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The weighted share of impostor pairs above each of the falling thresholds, shape (thresholds, resamples).

    Each pair is weighed once, in the step of thresholds that accepts it first, and the steps are added up: eight times
    faster than weighing all pairs at every threshold (185 heads), and equal, since the weights are whole numbers.
    """
    probe, other = np.nonzero(impostor)
    step = np.searchsorted(-thresholds, -scores[probe, other], side="right")
    order = np.argsort(step, kind="stable")
    probe, other, step = probe[order], other[order], step[order]
    first = np.flatnonzero(np.diff(step, prepend=-1))
    counted = np.zeros((len(thresholds) + 1, weights.shape[1]))
    for b in range(0, weights.shape[1], RESAMPLES_AT_ONCE):
        chunk = slice(b, b + RESAMPLES_AT_ONCE)
        if first.size:
            counted[step[first], chunk] = np.add.reduceat(probe_weights[probe, chunk] * weights[other, chunk], first, axis=0)
    return np.cumsum(counted, axis=0)[:-1] / counted.sum(axis=0)


def cmc(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, *, seed: int) -> Curve:
    """Share of probes with their owner among the first k, over k."""
    ranks = np.arange(1, min(MOST_RANKS, len(np.unique(persons))) + 1)
    hits = rank_hits(similarity, genuine, persons, ranks.tolist())
    weights = np.hstack([np.ones((len(persons), 1)), person_weights(persons, genuine, seed, BAND_RESAMPLES)])[genuine]
    drawn = (weights.T @ hits) / weights.sum(axis=0)[:, None]
    return _banded(ranks.astype(np.float64), drawn)


def _banded(x: NDArray[np.float64], drawn: NDArray[np.float64]) -> Curve:
    """First the sample itself, then its resamples."""
    low, high = np.quantile(drawn[1:], [ALPHA / 2, 1 - ALPHA / 2], axis=0)
    return Curve(x, drawn[0], low, high)

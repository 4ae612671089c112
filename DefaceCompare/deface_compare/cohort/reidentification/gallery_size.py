"""How often a probe would be the best match in a gallery far larger than the cohort. Words as in `auc`.

A cohort holds dozens of people, a hospital's archive tens of thousands. The similarities of a probe to strangers are taken as
normally distributed, each probe about a mean of its own (some faces look like everybody), all with one spread. Then a stranger
stays below the probe's similarity s to its own original with probability Phi((s - mean) / spread), and N - 1 strangers all do
with that to the power of N - 1: independent strangers (P. Grother, P. J. Phillips, Models of large population recognition
performance, CVPR 2004, doi:10.1109/CVPR.2004.159). The mean over the probes is the probability of rank 1.

What it cannot know is whether strangers a million times rarer than those at hand are still normally distributed. In trials of
that paper such a model gave too little rank 1; relatives and doubles in a register make rank 1 rarer than it says. It is an
order of magnitude, not a measurement.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from .bootstrap import ALPHA, Estimate, person_weights
from .pairs import compare_pairs
from .records import interval_numbers

GALLERY_SIZES = {"rank1_gallery_100": 100, "rank1_gallery_10000": 10_000, "rank1_gallery_1000000": 1_000_000}
"""People in the gallery by metric: a small department, a hospital's archive, a country's register."""
EXTRAPOLATED = "extrapolated: strangers taken as normally distributed"
FEWEST_STRANGERS = 2
"""A probe tells a spread from so many strangers on."""


def rank1_percents(
    similarity: NDArray[np.float64],
    genuine: NDArray[np.intp],
    persons: NDArray,
    sizes: Sequence[int],
    *,
    seed: int,
    resamples: int = 2000,
) -> list[Estimate] | None:
    """Probability (percent) that a probe's best match is its owner, in galleries of so many people.

    Parameters
    ----------
    similarity : ndarray, shape (probes, gallery)
    genuine, persons
        As in `auc`.
    sizes : sequence of int
        People in each gallery, the owner among them.

    Returns
    -------
    list of Estimate, or None
        With 95 % intervals: persons are drawn again as probes and as strangers (percentile), and never narrower than what so many
        alike probes leave open (exact binomial bound); None where no probe that has a face has two strangers.

    Notes
    -----
    A probe in which no face is found is a guess: one in N.
    """
    _, impostor = compare_pairs(similarity, genuine, persons)
    known = impostor & np.isfinite(similarity)
    own = similarity[np.arange(len(genuine)), genuine]
    found = np.isfinite(own) & (known.sum(axis=1) >= FEWEST_STRANGERS)
    if np.isfinite(own).any() and not found.any():
        return None
    weights = np.hstack([np.ones((len(persons), 1)), person_weights(persons, genuine, seed, resamples)])
    drawn = weights[genuine]
    above = _spreads_above(similarity, known, np.where(found, own, np.nan), weights, drawn)
    share = ALPHA ** (1.0 / len(np.unique(persons[genuine])))
    estimates = []
    for size in sizes:
        first = np.where(found[:, None], np.exp((size - 1) * log_ndtr(above)), 1.0 / size)
        percents = 100.0 * (first * drawn).sum(axis=0) / drawn.sum(axis=0)
        value, (low, high) = float(percents[0]), np.quantile(percents[1:], [ALPHA / 2, 1 - ALPHA / 2])
        low, high = min(low, value * share), max(high, value + (100.0 - value) * (1.0 - share))
        estimates.append(Estimate(value, float(low), float(high), "bootstrap"))
    return estimates


def gallery_numbers(
    similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, *, seed: int
) -> list[tuple[str, dict[str, object], str]]:
    """Rank 1 in each of `GALLERY_SIZES`: metric, value and interval as columns of a row (none where it cannot be had), words."""
    found = rank1_percents(similarity, genuine, persons, list(GALLERY_SIZES.values()), seed=seed)
    if found is None:
        return [(metric, {}, "fewer than two strangers have a face") for metric in GALLERY_SIZES]
    return [(metric, interval_numbers(each), EXTRAPOLATED) for metric, each in zip(GALLERY_SIZES, found, strict=True)]


def _spreads_above(
    similarity: NDArray[np.float64],
    known: NDArray[np.bool_],
    own: NDArray[np.float64],
    weights: NDArray[np.float64],
    drawn: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How many spreads a probe's own similarity lies above its strangers', shape (probes, resamples); 0 where `own` is NaN."""
    found = np.isfinite(own)[:, None]
    centre = float(np.mean(similarity[known])) if known.any() else 0.0  # squares of small numbers lose nothing
    moved = np.where(known, similarity - centre, 0.0)
    count = known.astype(np.float64) @ weights
    total, squares = moved @ weights, moved**2 @ weights
    mean = total / np.where(count > 0, count, 1.0)
    counted = np.where(found, drawn, 0.0)
    within = (counted * np.maximum(squares - mean * total, 0.0)).sum(axis=0)
    freedom = (counted * np.maximum(count - 1.0, 0.0)).sum(axis=0)
    spread = np.sqrt(within / np.where(freedom > 0, freedom, 1.0))
    gap = np.where(found, own[:, None] - centre - mean, 0.0)
    with np.errstate(divide="ignore"):  # strangers who are all alike: above them, or not
        return np.divide(gap, spread, out=np.zeros_like(gap), where=gap != 0)

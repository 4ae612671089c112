"""Is one method better than another on the same persons, on any of several axes? One exact test for all axes together."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LARGEST_EXACT = 12
"""Up to so many persons all 2 ** n exchanges are counted."""
EXCHANGES = 9999
"""Random exchanges of more persons; with the one that was observed they make 10 000 (Phipson & Smyth 2010)."""
SAME = 1e-9
"""Statistics closer than this are equal: sums in another order differ in their last bits."""


def exchange_p_values(scores: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Two-sided p value of each axis, adjusted for all axes together; shape (axes,).

    If two methods are alike, each person's two results might as well be exchanged, on all axes at once. The standardised sums
    of the scores are compared with the largest one of any axis over such exchanges (single-step maxT, Westfall & Young 1993):
    the chance that any axis of equal methods comes below 0.05 is at most 0.05, however the axes hang together and however
    few persons there are.

    Parameters
    ----------
    scores : ndarray, shape (persons, axes)
        First minus second method: differences, or only their signs (then it is the sign test). 0 where a person has none.
    seed : int
        Of the random exchanges. The order of persons and of the two methods does not matter.
    """
    if not scores.size:
        return np.ones(scores.shape[1])
    ordered = _in_fixed_order(scores)
    size = np.sqrt((ordered**2).sum(axis=0))
    size[size == 0] = 1.0
    observed = np.abs(scores.sum(axis=0)) / size
    largest = np.abs((ordered / size).T @ _exchanges(len(scores), seed)).max(axis=0)
    reached: NDArray[np.float64] = (largest[:, None] >= observed - SAME).sum(axis=0).astype(np.float64)
    if len(scores) <= LARGEST_EXACT:
        return reached / float(len(largest))
    return (reached + 1.0) / float(len(largest) + 1)


def least_p_value(persons: int) -> float:
    """The smallest p value that so many persons can give: of all exchanges, none and all of them are as extreme."""
    return 2.0 / 2**persons if persons <= LARGEST_EXACT else 1.0 / (EXCHANGES + 1)


def _in_fixed_order(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Persons in an order that neither their names nor the order of the two methods decides."""
    first = np.take_along_axis(scores, (scores != 0).argmax(axis=1)[:, None], axis=1)
    upright: NDArray[np.float64] = np.where(first < 0, -scores, scores)
    return upright[np.lexsort(upright.T[::-1])]


@lru_cache(maxsize=16)
def _exchanges(persons: int, seed: int) -> NDArray[np.float64]:
    """Who is exchanged (-1) and who is not (1), shape (persons, exchanges); not to be written to."""
    if persons <= LARGEST_EXACT:
        bits = np.arange(2**persons) >> np.arange(persons)[:, None] & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, size=(persons, EXCHANGES))
    signs: NDArray[np.float64] = np.where(bits == 1, -1.0, 1.0)
    signs.flags.writeable = False
    return signs

"""Pairs of faces: similarity matrices, who beats whom, per-probe AUC, ranks, acceptance. Pure numpy.

Words as in `reidentification`.

A comparison in which either similarity is NaN counts one half: an attacker without a face has to guess. So an undetected
probe's AUC is 0.5; it is never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_IMPOSTOR_PAIRS = 1000
"""A false acceptance rate of 1 % needs so many impostor pairs (docs/design.md#impostor-pairs)."""


def compare_pairs(
    similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Who wins: each probe's genuine similarity against each impostor's.

    Returns
    -------
    wins : ndarray, shape (probes, gallery)
        1 where genuine > impostor, 0.5 on ties and where either is NaN, else 0; 0 where the column is no impostor.
    impostor : ndarray of bool, shape (probes, gallery)
        Which columns are other persons.
    """
    own = similarity[np.arange(len(genuine)), genuine][:, None]
    impostor = persons[genuine][:, None] != persons[None, :]
    wins = np.where(own > similarity, 1.0, np.where(own < similarity, 0.0, 0.5))
    return np.where(impostor, wins, 0.0), impostor


def probe_auc(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray) -> NDArray[np.float64]:
    """P(genuine > impostor) of each probe, ties one half, shape (probes,); NaN for a probe without impostors."""
    wins, impostor = compare_pairs(similarity, genuine, persons)
    count = impostor.sum(axis=1)
    return np.where(count > 0, wins.sum(axis=1) / np.maximum(count, 1), np.nan)


def pooled_auc(genuine_scores: NDArray[np.float64], impostor_scores: NDArray[np.float64]) -> float:
    """AUC of all genuine against all impostor scores (Mann-Whitney), ties and comparisons with NaN one half."""
    total = genuine_scores.size * impostor_scores.size
    if total == 0:
        return float("nan")
    own = genuine_scores[np.isfinite(genuine_scores)]
    other = np.sort(impostor_scores[np.isfinite(impostor_scores)])
    below = np.searchsorted(other, own, side="left").astype(np.float64)
    not_above = np.searchsorted(other, own, side="right").astype(np.float64)
    undecided = total - own.size * other.size
    return float((0.5 * (below + not_above).sum() + 0.5 * undecided) / total)


def rank_hits(
    similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, ranks: Sequence[int]
) -> NDArray[np.float64]:
    """How surely each probe's own original is among the first k, shape (probes, len(ranks)).

    Ties share their places (one of k tied for the last place counts 1/k); a probe without a face is never among them.
    """
    own = similarity[np.arange(len(genuine)), genuine][:, None]
    _, impostor = compare_pairs(similarity, genuine, persons)
    above = (impostor & (similarity > own)).sum(axis=1)[:, None]
    ties = (impostor & (similarity == own)).sum(axis=1)[:, None]
    hits = np.clip((np.array(ranks)[None, :] - above) / (1 + ties), 0.0, 1.0)
    return np.where(np.isfinite(own), hits, 0.0)


def rank_percent(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, rank: int) -> float:
    """Share of probes (percent) whose own original is among the first `rank` of all."""
    return 100.0 * float(rank_hits(similarity, genuine, persons, [rank]).mean())


def tar_percent(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, far: float = 0.01) -> float | None:
    """Share of probes (percent) accepted where at most a share `far` of the impostor pairs is.

    Returns
    -------
    float or None
        None with fewer than `FEWEST_IMPOSTOR_PAIRS`: the threshold would hang on a handful of pairs.
    """
    _, impostor = compare_pairs(similarity, genuine, persons)
    scores = np.where(np.isfinite(similarity), similarity, -np.inf)
    others = np.sort(scores[impostor])[::-1]
    if others.size < FEWEST_IMPOSTOR_PAIRS:
        return None
    threshold = others[int(far * others.size)]
    return 100.0 * float(np.mean(scores[np.arange(len(genuine)), genuine] > threshold))


@dataclass(frozen=True)
class ImpostorPair:
    """The probe and gallery column of two persons who look most alike: a hint at unnoticed repeat scans."""

    probe: int
    gallery: int
    similarity: float


def highest_impostor(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray) -> ImpostorPair | None:
    """The impostor pair with the highest similarity; None if no impostor pair has one."""
    _, impostor = compare_pairs(similarity, genuine, persons)
    scores = np.where(impostor & np.isfinite(similarity), similarity, -np.inf)
    probe, gallery = np.unravel_index(int(np.argmax(scores)), scores.shape)
    value = float(scores[probe, gallery])
    return None if value == -np.inf else ImpostorPair(int(probe), int(gallery), value)

"""Pairs of faces: similarity matrices, who beats whom, per-probe AUC, rank 1. Pure numpy; words as in `reidentification`.

A comparison in which either similarity is NaN counts one half: an attacker without a face has to guess. So an undetected
probe's AUC is 0.5; it is never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def similarity_matrix(probe_embeddings: NDArray[np.floating], gallery_embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean cosine of each probe with each gallery face, same view with same view.

    Parameters
    ----------
    probe_embeddings, gallery_embeddings : ndarray, shapes (probes, views, length) and (gallery, views, length)
        L2-normalised; NaN where a view has no face.

    Returns
    -------
    ndarray, shape (probes, gallery)
        Mean over the views that both have; NaN where they share none.
    """
    probe, gallery = np.asarray(probe_embeddings, np.float64), np.asarray(gallery_embeddings, np.float64)
    cosines = np.einsum("pvd,gvd->pgv", probe, gallery)
    seen = np.isfinite(cosines)
    total = np.where(seen, cosines, 0.0).sum(axis=2)
    count = seen.sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


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


def rank1_percent(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray) -> float:
    """Share of probes (percent) whose own original beats all impostors; a tie of k counts 1/k, no face counts 0."""
    own = similarity[np.arange(len(genuine)), genuine][:, None]
    _, impostor = compare_pairs(similarity, genuine, persons)
    beaten = (impostor & (similarity > own)).any(axis=1)
    ties = (impostor & (similarity == own)).sum(axis=1)
    hit = np.where(beaten | ~np.isfinite(own[:, 0]), 0.0, 1.0 / (1 + ties))
    return 100.0 * float(hit.mean())


def constant_control(similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray) -> float:
    """Mean AUC of a model that sees the same in every face: must be exactly 0.5."""
    same = np.where(np.isfinite(similarity), 1.0, np.nan)
    return float(np.nanmean(probe_auc(same, genuine, persons)))


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

"""How alike faces are: cosines of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

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
    total = np.zeros((len(probe), len(gallery)))
    count = np.zeros_like(total)
    for view in range(probe.shape[1]):
        cosines = probe[:, view] @ gallery[:, view].T
        seen = np.isfinite(cosines)
        total += np.where(seen, cosines, 0.0)
        count += seen
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def highest_similarity(
    views: NDArray[np.float64], others: Sequence[NDArray[np.floating]], frontal_gallery: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The attacker's best: the mean over views, or one frontal picture drawn at another threshold, whichever is higher.

    Parameters
    ----------
    views : ndarray, shape (probes, gallery)
        `similarity_matrix` at the skin's threshold.
    others : sequence of ndarray, shape (levels, length)
        Each probe's frontal embeddings at other thresholds; any number of levels.
    frontal_gallery : ndarray, shape (gallery, length)

    Returns
    -------
    ndarray, shape (probes, gallery)
        NaN only where nothing has a face.
    """
    gallery = np.asarray(frontal_gallery, np.float64)
    best = views.copy()
    for probe, levels in enumerate(others):
        for embedding in np.asarray(levels, np.float64):
            best[probe] = np.fmax(best[probe], gallery @ embedding)
    return best

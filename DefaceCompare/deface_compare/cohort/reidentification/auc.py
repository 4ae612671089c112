"""How often a defaced face leads back to its owner. Pure numpy.

A *probe* is a face to be recognised (a defaced scan), the *gallery* holds the faces of known people (all originals of one
modality). All functions take plain arrays:

- ``embeddings``: shape (scans, views, length), L2-normalised; NaN for a view in which no face was found.
- ``similarity``: shape (probes, gallery), mean cosine over views; NaN where the probe (or gallery face) has no embedding.
- ``genuine``: shape (probes,), the gallery column of each probe's own original.
- ``persons``: shape (gallery,), who each gallery column is (an array of any comparable dtype). Columns of the same person
  as the genuine one are never impostors.

What a study calls, per method and modality::

    from .attempts import attempt, strongest
    from .bootstrap import difference_of, estimate_pooled_auc

    similarity = similarity_matrix(probe_embeddings, gallery_embeddings)               # one way to look at the probes
    result = reidentify(similarity, genuine, persons, seed=seed)                       # Reidentification, or NotAvailable
    best = strongest([attempt(words, each, genuine) for words, each in tried.items()], persons, seed=seed)
    difference = difference_of(best.highest, other.highest)                            # Difference, .words
    pooled = estimate_pooled_auc(similarity, genuine, persons, seed=seed)              # Estimate
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import NotAvailable
from ...words import is_or_are
from .bootstrap import Estimate, estimate_mean_auc
from .pairs import compare_pairs, pooled_auc, probe_auc, rank_percent, tar_percent

FEWEST_PERSONS = 5
"""Below this many persons no AUC is given (docs/design.md#fewest-persons)."""
FEW_PERSONS = 20
"""Below this many persons an AUC carries a warning (docs/design.md#few-persons)."""


@dataclass(frozen=True)
class Reidentification:
    """Re-identification of one set of probes against one gallery.

    Parameters
    ----------
    auc : Estimate
        Mean over probes of P(genuine > impostor), ties one half, with its patient-level bootstrap interval.
    auc_per_probe : ndarray, shape (probes,)
    auc_pooled : float
        AUC of all genuine against all impostor pairs.
    rank1_percent, rank5_percent : float
        Share of probes whose best match (one of whose five best) is their owner; an undetected probe is no match, a tie
        counts its share.
    tar_percent : float or None
        Share of probes accepted at a false acceptance rate of 1 %; None with fewer than 1000 impostor pairs.
    impostor_pairs : int
    detection_percent : float
        Share of probes that have a similarity to their own original at all.
    persons, probes : int
    warning : str
        Not empty if there are few persons.
    """

    auc: Estimate
    auc_per_probe: NDArray[np.float64]
    auc_pooled: float
    rank1_percent: float
    rank5_percent: float
    tar_percent: float | None
    impostor_pairs: int
    detection_percent: float
    persons: int
    probes: int
    warning: str


def reidentify(
    similarity: NDArray[np.float64], genuine: NDArray[np.intp], persons: NDArray, *, seed: int, resamples: int = 2000
) -> Reidentification:
    """Everything that one similarity matrix says.

    Raises
    ------
    NotAvailable
        With fewer than five persons in the gallery.
    """
    count = len(np.unique(persons))
    if count < FEWEST_PERSONS:
        raise NotAvailable(f"an AUC needs at least {FEWEST_PERSONS} persons, here {is_or_are(count)}")
    wins, impostor = compare_pairs(similarity, genuine, persons)
    own = similarity[np.arange(len(genuine)), genuine]
    return Reidentification(
        auc=estimate_mean_auc(wins, impostor, genuine, persons, seed=seed, resamples=resamples),
        auc_per_probe=probe_auc(similarity, genuine, persons),
        auc_pooled=pooled_auc(own, similarity[impostor]),
        rank1_percent=rank_percent(similarity, genuine, persons, 1),
        rank5_percent=rank_percent(similarity, genuine, persons, 5),
        tar_percent=tar_percent(similarity, genuine, persons),
        impostor_pairs=int(impostor.sum()),
        detection_percent=100.0 * float(np.mean(np.isfinite(own))),
        persons=count,
        probes=len(genuine),
        warning=f"only {count} persons: fewer than {FEW_PERSONS}" if count < FEW_PERSONS else "",
    )

"""The terms of the report that a heading explains when one points at it."""

from __future__ import annotations

import re

from ..measurement import metrics

TERMS = {
    "AUC": "Chance that a defaced scan is more similar to its own original than to another patient's: 0.5 is guessing.",
    "Pareto set": "The methods that no other one beats in recognition and every cost, on the patients whom both have.",
    "Recognised?": "Linked: the 95 % interval of the strongest AUC is above 0.60. Not linked: below it, 20 scans or more.",
    "What is left of the face": "Share of each feature's skin that lies where it was, median over patients.",
    "Face still seen": metrics()["face_detected"].meaning,
    "Did what it means to do": metrics()["done_as_intended"].meaning,
    "Data whole": metrics()["data_whole"].meaning,
    "Success": metrics()["success"].meaning,
    "p (Holm)": "Wilcoxon signed rank test, corrected for the number of comparisons by Holm's method.",
    "TAR": "True acceptance rate: share of probes accepted as their own owner.",
    "FAR": "False acceptance rate: share of pairs of strangers accepted.",
    "rank": "Share of probes whose owner is among the k most similar originals.",
    "Similarity": "Cosine of the face model's embeddings: 1 is the same picture.",
}
"""By how a heading begins, or by a word in it; the first that fits explains it."""


def explained(heading: str) -> str:
    """What a heading means, ``""`` if it has no term."""
    for term, meaning in TERMS.items():
        if re.search(rf"(?<!\w){re.escape(term)}(?!\w)", heading):
            return meaning
    return ""

"""The one figure that stands below a method's picture."""

from __future__ import annotations

from collections.abc import Sequence

from deface_compare.measurement import OK, Measurement
from deface_compare.words import number

from .case_summary import primary_image

FIGURES = {"cosine_similarity_own": ("similarity", ""), "face_surface_moved_p95": ("moved", "mm")}
"""Metrics, the one that counts more first: what each is called, and its unit."""


def method_figures(rows: Sequence[Measurement]) -> dict[str, str]:
    """By method key: how alike the faces are, or where no face was scored, how far the skin moved.

    Parameters
    ----------
    rows : sequence of Measurement
        All rows of one case.
    """
    image = primary_image(rows)
    measured = [row for row in rows if row.image == image and row.status == OK and row.metric in FIGURES]
    for metric, (title, unit) in FIGURES.items():
        found = [row for row in measured if row.metric == metric]
        if found:  # one figure for all methods, or they could not be told against each other
            return {row.method: f"{title} {number(row.defaced, unit)} {unit}".strip() for row in reversed(found)}
    return {}

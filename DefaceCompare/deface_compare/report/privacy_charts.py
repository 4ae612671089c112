"""Similarity matrices as values: who resembles whom. Identifiable: for the page in ``identifiable`` only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..cohort.arm_names import ArmNames
from ..cohort.reidentification.summary import FaceCurves
from ..natural_order import natural
from .page_data import finite_list

COSINE_DECIMALS = 3


def matrix_data(curves: Sequence[FaceCurves], names: ArmNames) -> list[dict[str, Any]]:
    """Cosine of every probe (rows) with every original (columns), for each arm."""
    found = []
    for each in curves:
        rows, columns = _in_order(each.probes), _in_order(each.gallery)
        found.append(
            {
                "arm": names.arms.index(each.arm),
                "probes": [each.probes[k] for k in rows],
                "gallery": [each.gallery[k] for k in columns],
                "rows": [finite_list(each.similarity[k][columns], COSINE_DECIMALS) for k in rows],
            }
        )
    return found


def _in_order(ids: Sequence[str]) -> list[int]:
    """The places of ids as a person counts them."""
    return sorted(range(len(ids)), key=lambda place: natural(ids[place]))

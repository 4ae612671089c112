"""Similarity matrices as values: who resembles whom. Identifiable: for the page in ``identifiable`` only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..cohort.arm_names import ArmNames
from ..cohort.reidentification.summary import FaceCurves
from .page_data import finite_list

COSINE_DECIMALS = 3


def matrix_data(curves: Sequence[FaceCurves], names: ArmNames) -> list[dict[str, Any]]:
    """Cosine of every probe (rows) with every original (columns), for each arm."""
    return [
        {
            "arm": names.arms.index(each.arm),
            "probes": list(each.probes),
            "gallery": list(each.gallery),
            "rows": [finite_list(row, COSINE_DECIMALS) for row in each.similarity],
        }
        for each in curves
    ]

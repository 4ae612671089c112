"""How large a measured change is, in a department's tolerances: what the tables are sorted by."""

from __future__ import annotations

import math

from deface_compare.measurement import OK, Measurement
from deface_compare.settings import Tolerances

SORTED_DOMAINS = ("volume", "intensity", "dose")
"""Domains whose lines measure one thing of many structures; lines of the others are different things, and keep their order."""


def effect(row: Measurement, tolerances: Tolerances | None = None) -> float:
    """How many tolerances a method changed a structure by; 0 where that cannot be said.

    Gy and HU count as they are, cc in percent of what it was, percent of a volume as they are. A measurement that is itself a
    difference (mean absolute difference, altered share) counts with its value.

    Parameters
    ----------
    row : Measurement
        Of a domain of `SORTED_DOMAINS`.
    tolerances : Tolerances, optional
        Those of `Settings` if not given.
    """
    within = tolerances or Tolerances()
    changed = row.defaced if math.isnan(row.original) else row.change
    if row.status != OK or math.isnan(changed):
        return 0.0
    if row.unit == "Gy":
        return abs(changed) / within.dose_gy
    if row.unit == "HU":
        return abs(changed) / within.intensity_hu
    if row.unit == "%":
        return abs(changed) / within.volume_percent
    return 100.0 * abs(changed / row.original) / within.volume_percent if row.original else 0.0

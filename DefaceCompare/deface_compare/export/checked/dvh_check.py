"""The DVHs of the written set against those that were measured."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ...case import Case
from ...errors import NotAvailable
from ...measurement import OK, Measurement
from ...readers.checks import dose_warnings
from ...settings import Settings
from ...structures.region import regions
from ...table_cells import stored
from ...utility.dose_sampling import sample_region
from ...utility.dvh import DVH, dvh_metric

DOMAIN = "dose"


def dvh_faults(
    written: Case, settings: Settings, rows: Sequence[Measurement], policy: str, clipped: Collection[str], tolerance_gy: float
) -> tuple[list[str], int]:
    """Compare every dose number of the written set with the measured row.

    Parameters
    ----------
    written : Case
        Read back from what was written.
    rows : sequence of Measurement
        Of this case and method.
    clipped : collection of str
        Names of structures whose contours were clipped: their DVH is another one.
    tolerance_gy : float
        0, but for a blurred dose: its values are rounded to stored integers.

    Returns
    -------
    faults : list of str
    compared : int
        How many numbers were equal or at fault.
    """
    measured = {
        (row.structure, row.metric): row
        for row in rows
        if row.domain == DOMAIN and row.dose_policy == policy and row.status == OK and row.structure not in clipped
    }
    if not measured:
        return [], 0
    found = _dvhs(written, settings, {structure for structure, _ in measured})
    faults, compared = [], 0
    for (structure, metric), row in measured.items():
        if tolerance_gy and not row.unit.startswith("Gy"):
            continue  # a volume at a dose jumps with the rounding of single voxels
        compared += 1
        value = _value(found.get(structure), metric)
        told = stored(value, row.unit)
        if told != stored(row.defaced, row.unit) and not (tolerance_gy and abs(told - row.defaced) <= tolerance_gy):
            faults.append(f"{metric} of {structure} is {value:g} in what was written, measured {row.defaced:g}")
    return faults, compared


def _value(dvh: DVH | None, metric: str) -> float:
    """A number of a DVH, NaN if it cannot be had."""
    try:
        return math.nan if dvh is None else dvh_metric(dvh, metric)
    except NotAvailable:
        return math.nan


def _dvhs(written: Case, settings: Settings, wanted: Collection[str]) -> dict[str, DVH]:
    """The DVHs of the written set by the engine of the measured ones."""
    if written.dose is None or written.structure_set is None:
        return {}
    dose = written.dose
    warnings = dose_warnings(dose.image, dose.unit)
    found = {}
    for region in regions(written.structure_set):
        if region.name not in wanted:
            continue
        try:
            samples = sample_region(region, dose.image, settings.dvh_oversampling, settings.dvh_ends, warnings)
        except NotAvailable:  # nothing is left of its contours: a fault, unless they were clipped on purpose
            continue
        found[region.name] = samples.original
    return found

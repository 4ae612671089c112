"""Are SUV what they say? Units of activity, weight and half-life that headers often get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body_checks import body_warnings

SUV = "SUVbw"
"""The unit of PET that can be compared between patients."""
LARGEST_LIKELY_SUV = 500.0
"""No voxel of a patient reaches this SUVbw: lesions in FDG reach 50, bladder and kidneys of other tracers 200."""
LEAST_LIKELY_SUV = 0.1
"""A patient's mean is about 1 (all activity spread over all weight), so the maximum of a head lies far above this."""
USUAL_SUV = (0.5, 100.0)
"""Where the maximum lies if the likely unit was meant."""
INJECTED_BQ = (1e7, 5e9)
"""Activities that are injected for PET: 10 MBq (zirconium-89) to 5 GBq (rubidium-82, oxygen-15)."""
HEAVIEST_KG = 500.0
NEGATIVE_SHARE = 0.5
"""Reconstructions leave some noise below 0, but not so much of the maximum."""
ACTIVITY_UNITS = {"kBq": 1e3, "MBq": 1e6, "mCi": 3.7e7, "GBq": 1e9}
"""Units of injected activity in Bq."""
KILO = 1e3


@dataclass(frozen=True)
class StatedForSuv:
    """What a header states of what SUVbw are computed from."""

    injected_bq: float
    weight_kg: float
    size_m: float = 0.0
    """0 where it is not stated."""


def suv_warnings(values: NDArray[np.generic], stated: StatedForSuv | None = None) -> tuple[str, ...]:
    """What a reader must know of SUV that no patient has; the likely unit where one explains them.

    Parameters
    ----------
    values : ndarray
        SUVbw.
    stated : StatedForSuv, optional
        Where they were computed from a header.
    """
    largest, lowest = float(values.max()), float(values.min())
    warnings = []
    if largest > 0 and not LEAST_LIKELY_SUV <= largest <= LARGEST_LIKELY_SUV:
        likely = _likely_unit(largest, stated) if stated else ""
        warnings.append(
            f"PET has a maximum of {largest:.2g} SUVbw, which no patient has: {likely or 'its unit is likely another one'};"
            " all SUV are given as the file states them"
        )
    if lowest < -NEGATIVE_SHARE * max(largest, 0.0):
        warnings.append(f"PET has negative uptake (down to {lowest:.2g} SUVbw): its values are likely not what the file says")
    if stated is not None and not any("PatientWeight" in warning for warning in warnings):
        warnings += body_warnings(stated.weight_kg, stated.size_m)
    return tuple(warnings)


def _likely_unit(largest: float, stated: StatedForSuv) -> str:
    """The unit that makes the largest SUV usual, ``""`` if none does."""
    fitting = [sentence for sentence, factor in _readings(stated) if USUAL_SUV[0] <= largest * factor <= USUAL_SUV[1]]
    return " or ".join(fitting)


def _readings(stated: StatedForSuv) -> Iterator[tuple[str, float]]:
    """What a header may have meant, and the factor on SUV if so; the likeliest that hold together first."""
    weights = [("", 1.0)] if stated.weight_kg <= HEAVIEST_KG else [("PatientWeight is likely in g, not kg", 1 / KILO)]
    least, most = INJECTED_BQ
    activities = [
        (f"RadionuclideTotalDose is likely in {unit}, not Bq", 1 / bq)
        for unit, bq in ACTIVITY_UNITS.items()
        if stated.injected_bq < least and least <= stated.injected_bq * bq <= most
    ]
    for weight, weight_factor in weights:
        for activity, activity_factor in activities or [("", 1.0)]:
            if weight or activity:
                yield " and ".join(filter(None, (activity, weight))), weight_factor * activity_factor
    if not activities and weights == [("", 1.0)]:
        yield "the voxels are likely in kBq/ml, not Bq/ml", KILO
        yield "the voxels are likely in MBq/ml, not Bq/ml", KILO**2

"""Whether the values of a dose grid can be a patient's dose."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..errors import NotAvailable

LARGEST_LIKELY_GY = 1000.0
"""No plan reaches this many Gy; a grid in cGy does."""
NEGATIVE_SHARE = 0.01
"""Voxels below minus this share of the maximum are no rounding: no dose is negative."""
LEAST_SHARE = 0.5
"""A plan's dose reaches what was prescribed; one that stays below this share of it is of a fraction or a part."""


def dose_warnings(image: sitk.Image, unit: str, name: str = "", prescription_gy: float | None = None) -> tuple[str, ...]:
    """What a reader must know of a dose grid's values.

    Parameters
    ----------
    unit : str
        ``Gy`` or ``relative``.
    name : str
        The file's name, for the sentence; left out in rows.
    prescription_gy : float, optional
        What was prescribed, if known.

    Raises
    ------
    NotAvailable
        If no voxel has dose, or a voxel is no number or negative dose.
    """
    dose = f"dose {name}" if name else "the dose"
    values = sitk.GetArrayViewFromImage(image)
    if not np.isfinite(values).all():
        raise NotAvailable(f"{dose} holds NaN or infinite voxels and was not used")
    largest = float(values.max())
    if largest <= 0:
        raise NotAvailable(f"{dose} is zero everywhere and was not used")
    lowest = float(values.min())
    if lowest < -NEGATIVE_SHARE * largest:
        raise NotAvailable(f"{dose} holds negative doses (down to {lowest:.2f} {unit}) and was not used")
    if unit == "Gy" and largest > LARGEST_LIKELY_GY:
        return (
            f"{dose} has a maximum of {largest:.0f} Gy: its values are likely cGy; all doses are given as the file states them",
        )
    if unit == "Gy" and prescription_gy and largest < LEAST_SHARE * prescription_gy:
        return (
            f"{dose} has a maximum of {largest:.1f} Gy where {prescription_gy:g} Gy are prescribed: it may be of one fraction"
            " or part of the plan",
        )
    return ()

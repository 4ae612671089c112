"""Are the values what they say? Hounsfield units of a CT, Gy of a dose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from ..case import CT, CaseImage
from ..errors import NotAvailable, UnusableInput
from .hounsfield_checks import AIR_HU, AIR_SHARE, HU_OFFSET, intercept_twice, is_offset, scale_notes, share

SHIFTED_NOTE = f"values were not HU: {HU_OFFSET} subtracted, uncalibrated"

UNCONFIRMED_NOTE = "no air near -1000 in this CT: its values could not be confirmed to be HU"

LARGEST_VALUE, LEAST_RANGE = 1e15, 1e-15
"""Values of a scan lie between (Bq/ml reach 1e10, diffusion in m2/s 1e-9), and their squares within float32 (1e38 to 1e-38)."""

LARGEST_LIKELY_GY = 1000.0
"""No plan reaches this many Gy; a grid in cGy does."""

NEGATIVE_SHARE = 0.01
"""Voxels below minus this share of the maximum are no rounding: no dose is negative."""

LARGEST_CGY = 1e5
"""A plan's dose in cGy stays below this; beyond it no unit explains the values."""

LEAST_LIKELY_GY = 0.01
"""The maximum of a plan, or of one beam of it, lies above: a CT scan gives as much."""

MOST_SHARE = 5.0
"""No plan reaches so many times what was prescribed (radiosurgery to the 50 % isodose reaches 2, brachytherapy is not read)."""

LARGEST_LIKELY_PRESCRIPTION_GY = 200.0
"""No course prescribes more to a head; one stated in cGy does."""

LEAST_SHARE = 0.5
"""A plan's dose reaches what was prescribed; one that stays below this share of it is of a fraction or a part."""


def checked_image(image: CaseImage) -> CaseImage:
    """Return the image, its CT values brought to HU where the histogram supports it (said in `notes`).

    Raises
    ------
    UnusableInput
        If the image is not 3-D and scalar, holds NaN, infinity or numbers that no scan has, is constant, or is a CT whose
        intercept was applied twice.
    """
    where = f"image {image.key}" + (f" ({image.sources[0].name})" if image.sources else "")
    pixels = image.image
    if pixels.GetDimension() != 3 or pixels.GetNumberOfComponentsPerPixel() != 1 or min(pixels.GetSize()) < 2:
        raise UnusableInput(f"{where} is not one 3-D volume of single values; export it as one 3-D series")
    array = image.array()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UnusableInput(f"{where} holds NaN or infinite voxels; repair or re-export it")
    least, largest = float(array.min()), float(array.max())
    if least == largest:
        raise UnusableInput(f"{where} is constant ({least:g} in every voxel); export it again with its pixels")
    if max(abs(least), abs(largest)) > LARGEST_VALUE or largest - least < LEAST_RANGE:
        raise UnusableInput(
            f"{where} holds values from {least:g} to {largest:g}, which no scan has: its scaling is likely wrong; export it again"
        )
    return _in_hounsfield(image, where) if image.modality == CT else image


def _in_hounsfield(image: CaseImage, where: str) -> CaseImage:
    array = image.array()
    step = max(1, round((array.size / 1e6) ** (1 / 3)))
    sample = array[::step, ::step, ::step].astype(np.float32).ravel()
    twice = intercept_twice(sample)
    if twice:
        raise UnusableInput(f"{where} {twice}")
    if share(sample, *AIR_HU) >= AIR_SHARE:
        return replace(image, notes=(*image.notes, *scale_notes(sample)))
    if not is_offset(sample):
        return replace(image, notes=(*image.notes, UNCONFIRMED_NOTE))
    kind = array.dtype
    wider = sitk.sitkInt16 if array.max() - HU_OFFSET <= np.iinfo(np.int16).max else sitk.sitkInt32
    pixels = image.image if kind.kind == "f" else sitk.Cast(image.image, sitk.sitkInt32)
    shifted = pixels - HU_OFFSET
    return replace(image, image=shifted if kind.kind == "f" else sitk.Cast(shifted, wider), notes=(*image.notes, SHIFTED_NOTE))


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
    if unit == "Gy" and not LEAST_LIKELY_GY <= largest <= LARGEST_CGY:
        return (
            f"{dose} has a maximum of {largest:.2g} Gy, which no plan has: its scaling is likely wrong; all doses are given as"
            " the file states them",
        )
    if unit == "Gy" and largest > LARGEST_LIKELY_GY:
        return (
            f"{dose} has a maximum of {largest:.0f} Gy: its values are likely cGy; all doses are given as the file states them",
        )
    if unit == "Gy" and prescription_gy and prescription_gy > LARGEST_LIKELY_PRESCRIPTION_GY:
        return (
            f"{prescription_gy:g} Gy are prescribed for {dose}: the prescription is likely in cGy; it is used as it is stated",
        )
    if unit == "Gy" and prescription_gy and largest > MOST_SHARE * prescription_gy:
        return (
            f"{dose} has a maximum of {largest:.0f} Gy where {prescription_gy:g} Gy are prescribed: one of them is likely in cGy;"
            " both are used as the files state them",
        )
    if unit == "Gy" and prescription_gy and largest < LEAST_SHARE * prescription_gy:
        return (
            f"{dose} has a maximum of {largest:.1f} Gy where {prescription_gy:g} Gy are prescribed: it may be of one fraction"
            " or part of the plan",
        )
    return ()

"""The pixels of a DICOM series, read by SimpleITK (compressed transfer syntaxes included)."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ...case import CT, MR, PET, CaseImage
from ...errors import UnusableInput
from ...native_names import native_name
from ..checks import checked_image
from .header import Header
from .series import Series
from .suv import pet_scale

MODALITIES = {"CT": CT, "MR": MR, "PT": PET}
"""DICOM modality to the tables' word."""


def read_image(series: Series, key: str) -> CaseImage:
    """Read a series as one image: CT in HU, PET in SUVbw where its header allows, MR as stored.

    Raises
    ------
    UnusableInput
        If a file cannot be decoded or the voxels cannot be used.
    """
    notes = list(series.notes)
    unit = "a.u."
    if series.modality == "PT":
        # Each slice has its own slope: only a floating type keeps them all.
        pixels = _pixels(series, sitk.sitkFloat32)
        scale = pet_scale(series.headers)
        pixels = sitk.Cast(pixels * scale.factor, sitk.sitkFloat32)
        unit = scale.unit
        notes.extend(scale.notes)
    elif series.modality == "CT":
        pixels, unit = _smallest_type(_pixels(series, _ct_type(series.headers))), "HU"
    else:
        pixels = _pixels(series, None)
    first = series.headers[0]
    image = CaseImage(
        key=key,
        modality=MODALITIES[series.modality],
        image=pixels,
        unit=unit,
        frame_of_reference_uid=series.frame,
        series_uid=series.uid,
        date=first.text("SeriesDate") or first.text("AcquisitionDate") or first.text("StudyDate"),
        notes=tuple(notes),
        sources=tuple(header.path for header in series.headers),
    )
    return checked_image(image)


def _ct_type(headers: tuple[Header, ...]) -> int:
    """int32 where all slices have whole-number slope and intercept, else float32."""
    numbers = {float(h.dataset.get(k) or d) for h in headers for k, d in (("RescaleSlope", 1), ("RescaleIntercept", 0))}
    return int(sitk.sitkInt32 if all(number.is_integer() for number in numbers) else sitk.sitkFloat32)


def _smallest_type(image: sitk.Image) -> sitk.Image:
    """int16 where the values fit, as CT is stored; the values are the same."""
    if image.GetPixelID() != sitk.sitkInt32:
        return image
    values = sitk.GetArrayViewFromImage(image)
    limits = np.iinfo(np.int16)
    fits = limits.min <= values.min() and values.max() <= limits.max
    return sitk.Cast(image, sitk.sitkInt16) if fits else image


def _pixels(series: Series, pixel_type: int | None) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([native_name(header.path) for header in series.headers])
    if pixel_type is not None:
        reader.SetOutputPixelType(pixel_type)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise UnusableInput(
            f"{series.name} ({series.headers[0].path.name} and {len(series.headers) - 1} more) cannot be decoded;"
            " a file is damaged or its compression is unknown"
        ) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput(f"{series.name} holds colour pictures, not a scan")
    first = series.headers[0].dataset
    row_mm, column_mm = (float(value) for value in first.PixelSpacing)
    image.SetSpacing((column_mm, row_mm, series.step_mm))
    image.SetOrigin([float(value) for value in first.ImagePositionPatient])
    image.SetDirection(series.direction.ravel().tolist())
    return strip_metadata(image)


def strip_metadata(image: sitk.Image) -> sitk.Image:
    """Remove all header texts (they may name the patient) from an image."""
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    return image

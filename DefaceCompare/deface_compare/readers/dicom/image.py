"""A DICOM series as one image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.uid import HTJ2K, JPEG2000, JPEG2000MC, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from ...case import CT, MR, PET, CaseImage
from ...errors import UnusableInput
from ..checks import checked_image
from ..earlier_defacing import stated_defacing
from ..suv_checks import SUV, suv_warnings
from .header import Header
from .real_world import real_world_notes
from .series import Series
from .series_pixels import read_series_pixels
from .spacing import between_slices
from .suv import PetScale, pet_scale

MODALITIES = {"CT": CT, "MR": MR, "PT": PET}
"""DICOM modality to the tables' word."""
UNITS = {"CT": "HU", "MR": "a.u."}
LOSSY = "01"
"""LossyImageCompression of an image that was compressed with loss at any time (PS3.3 C.7.6.1.1.5)."""
LOSING_SYNTAXES = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless})
"""Transfer syntaxes that lose whatever the header says (PS3.5 8.2)."""
EITHER_SYNTAXES = frozenset({JPEG2000, JPEG2000MC, HTJ2K})
"""Transfer syntaxes that may lose or not."""
MAY_BE_HOUNSFIELD = ("HU", "HU_MOD", "US")
"""RescaleType of values that may be HU: HU, modified HU, or unspecified (PS3.3 C.11.1.1.2); their histogram is looked at."""


def read_image(series: Series, key: str) -> CaseImage:
    """Read a series as one image: CT in HU, PET in SUVbw where its header allows, MR as its headers scale it.

    Raises
    ------
    UnusableInput
        If a file cannot be decoded or the voxels cannot be used.
    """
    scale = pet_scale(series.headers) if series.modality == "PT" else PetScale(1.0, UNITS[series.modality])
    if series.modality == "CT":
        _refuse_other_quantities(series)
    mapped = real_world_notes(series.headers, scale.unit) if series.modality != "PT" else ()
    pixels = read_series_pixels(series.headers, series.name, scale.factor)
    warnings = suv_warnings(pixels.values, scale.stated) if scale.unit == SUV else ()
    values = pixels.values if series.planes is None else between_slices(pixels.values, series.planes)
    first = series.headers[0]
    image = CaseImage(
        key=key,
        modality=MODALITIES[series.modality],
        image=_placed(values, series),
        unit=scale.unit,
        frame_of_reference_uid=series.frame,
        series_uid=series.uid,
        date=first.text("SeriesDate") or first.text("AcquisitionDate") or first.text("StudyDate"),
        notes=(*series.notes, *scale.notes, *mapped, *pixels.notes, *warnings, *_compressed_with_loss(series)),
        sources=tuple(header.path for header in series.headers),
        stored_form=replace(pixels.form, planes=series.planes),
        defaced_before=next(filter(None, (stated_defacing(header.path, header.dataset) for header in series.headers)), ""),
    )
    return checked_image(image)


def _compressed_with_loss(series: Series) -> tuple[str, ...]:
    """That the values are near those of the scanner, not the same."""
    losing = [header.text("LossyImageCompression") == LOSSY or _syntax(header) in LOSING_SYNTAXES for header in series.headers]
    unsaid = [not header.text("LossyImageCompression") and _syntax(header) in EITHER_SYNTAXES for header in series.headers]
    if any(losing):
        return (f"{sum(losing)} slices were compressed with loss (LossyImageCompression): values are not the scanner's",)
    if any(unsaid):
        return (f"{sum(unsaid)} slices may have been compressed with loss: JPEG 2000, and no LossyImageCompression says it",)
    return ()


def _syntax(header: Header) -> str:
    return str(header.dataset.file_meta.get("TransferSyntaxUID") or "")


def _placed(values: NDArray[np.generic], series: Series) -> sitk.Image:
    """Voxels where the series lies."""
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((*series.pixel_mm, series.step_mm))
    image.SetOrigin([float(value) for value in series.headers[0].dataset.ImagePositionPatient])
    image.SetDirection(series.direction.ravel().tolist())
    return image


def _refuse_other_quantities(series: Series) -> None:
    """Raise `UnusableInput` if a CT's headers say that its values are something else than HU (electron density ...)."""
    tables = [item for header in series.headers for item in header.dataset.get("ModalityLUTSequence") or []]
    stated = {header.text("RescaleType").upper() for header in series.headers}
    stated |= {str(item.get("ModalityLUTType") or "").upper() for item in tables}
    stated -= {"", *MAY_BE_HOUNSFIELD}
    if stated:
        keyword = "RescaleType" if not tables else "RescaleType or ModalityLUTType"
        raise UnusableInput(f"{series.name} does not hold HU ({keyword} {', '.join(sorted(stated))})")

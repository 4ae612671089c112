"""Patients written as DICOM RT: image series, structure set, plan, dose."""

from __future__ import annotations

from .contours import contours_of_field
from .image_series import Injection, write_image_series
from .rtdose import write_rtdose
from .rtplan import write_rtplan
from .rtstruct import write_rtstruct
from .study import DicomStudy, WrittenSeries

__all__ = [
    "DicomStudy",
    "Injection",
    "WrittenSeries",
    "contours_of_field",
    "write_image_series",
    "write_rtdose",
    "write_rtplan",
    "write_rtstruct",
]

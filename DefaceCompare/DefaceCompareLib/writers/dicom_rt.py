"""All that writes DICOM RT: image series, structure set, plan, dose."""

from .contours import contours_of_field
from .dicom_study import DicomStudy, WrittenSeries
from .image_series import Injection, write_image_series
from .rtdose import write_rtdose
from .rtplan import write_rtplan
from .rtstruct import write_rtstruct

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

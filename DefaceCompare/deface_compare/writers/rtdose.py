"""Writing one RT dose grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, RTPlanStorage

from .image_series import decimal
from .study import DicomStudy, new_object, reference, save

FULL_SCALE = {16: 65000, 32: 4294000000}
"""Stored value of the highest dose; a little below the type's maximum, so that rounding the scaling never overflows."""


def write_rtdose(dose: sitk.Image, path: Path, study: DicomStudy, *, plan_uid: str, bits: int = 32, comment: str = "") -> str:
    """Write a dose grid in Gy.

    Parameters
    ----------
    dose : SimpleITK.Image
        Gy, LPS mm, identity direction.
    path : Path
    study : DicomStudy
    plan_uid : str
        SOPInstanceUID of the plan; the plan names the structure set.
    bits : int
        32 or 16 bits a voxel.
    comment : str
        DoseComment.

    Returns
    -------
    str
        SOPInstanceUID of the object.

    Raises
    ------
    ValueError
        If `bits` is neither 16 nor 32, or the dose is negative.
    """
    values = sitk.GetArrayFromImage(dose).astype(np.float64)
    if bits not in FULL_SCALE or values.min() < 0:
        raise ValueError("a dose must be >= 0 Gy and is stored with 16 or 32 bits")
    scaling = float(f"{max(values.max(), 1e-6) / FULL_SCALE[bits]:.9g}")
    stored = np.rint(values / scaling).astype(f"<u{bits // 8}")
    sop_uid = study.uid("RTDOSE", bits)
    data = new_object(study, RTDoseStorage, sop_uid, "RTDOSE")
    data.SeriesInstanceUID, data.SeriesNumber, data.InstanceNumber = study.uid("RTDOSE series"), 12, 1
    data.SeriesDescription, data.OperatorsName = f"{study.manufacturer} dose", ""
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = study.frame_of_reference_uid, ""
    _grid(data, dose)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    data.DoseUnits, data.DoseType, data.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    data.DoseComment, data.DoseGridScaling, data.TissueHeterogeneityCorrection = comment, decimal(scaling), "IMAGE"
    data.ReferencedRTPlanSequence = [reference(RTPlanStorage, plan_uid)]
    data.PixelData = stored.tobytes()
    data["PixelData"].VR = "OW"
    save(data, path)
    return sop_uid


def _grid(data: Dataset, dose: sitk.Image) -> None:
    """Position and size of the grid; frame offsets are relative to the first frame."""
    columns, rows, frames = dose.GetSize()
    spacing = dose.GetSpacing()
    data.Rows, data.Columns, data.NumberOfFrames = rows, columns, frames
    data.ImagePositionPatient = [decimal(v) for v in dose.GetOrigin()]
    data.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    data.PixelSpacing, data.SliceThickness = [decimal(spacing[1]), decimal(spacing[0])], decimal(spacing[2])
    data.GridFrameOffsetVector = [decimal(spacing[2] * index) for index in range(frames)]
    data.FrameIncrementPointer = 0x3004000C

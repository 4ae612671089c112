"""Writing one RT plan that says what was prescribed."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage, RTStructureSetStorage

from .image_series import decimal
from .study import DicomStudy, new_object, reference, save


def write_rtplan(
    path: Path,
    study: DicomStudy,
    *,
    structure_set_uid: str,
    target_roi_number: int,
    prescription_gy: float,
    fractions: int,
    label: str,
) -> str:
    """Write a plan without beams: prescription, fractions and the structure set it is for.

    Parameters
    ----------
    path : Path
    study : DicomStudy
    structure_set_uid : str
        SOPInstanceUID of the RTSTRUCT.
    target_roi_number : int
        ROI number of the prescribed target in it.
    prescription_gy : float
        Total dose to the target.
    fractions : int
    label : str
        RTPlanLabel, at most 16 characters.

    Returns
    -------
    str
        SOPInstanceUID of the object.
    """
    sop_uid = study.uid("RTPLAN")
    data = new_object(study, RTPlanStorage, sop_uid, "RTPLAN")
    data.SeriesInstanceUID, data.SeriesNumber, data.InstanceNumber = study.uid("RTPLAN series"), 11, 1
    data.SeriesDescription, data.OperatorsName = f"{study.manufacturer} plan", ""
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = study.frame_of_reference_uid, ""
    data.RTPlanLabel, data.RTPlanDate, data.RTPlanTime = label, study.date, study.time
    data.RTPlanGeometry, data.PlanIntent, data.ApprovalStatus = "PATIENT", "CURATIVE", "UNAPPROVED"
    target = Dataset()
    target.DoseReferenceNumber, target.DoseReferenceUID = 1, study.uid("dose reference")
    target.DoseReferenceStructureType, target.DoseReferenceType = "VOLUME", "TARGET"
    target.ReferencedROINumber, target.DoseReferenceDescription = target_roi_number, "PTV"
    target.TargetPrescriptionDose = decimal(prescription_gy)
    data.DoseReferenceSequence = [target]
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfFractionsPlanned = 1, fractions
    group.NumberOfBeams, group.NumberOfBrachyApplicationSetups = 0, 0
    data.FractionGroupSequence = [group]
    data.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, structure_set_uid)]
    save(data, path)
    return sop_uid

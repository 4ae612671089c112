"""What DICOM requires of an image and its source lacked: added empty, so that the export is a valid object of its class."""

from __future__ import annotations

from pydicom.dataset import Dataset

GENERAL = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "InstanceNumber",
    "PositionReferenceIndicator",
    "Manufacturer",
)
"""Attributes of type 2 (they may be empty, not absent) of the patient, study, series, frame and equipment modules of PS3.3."""
OF_MODALITY = {"CT": ("KVP", "AcquisitionNumber"), "MR": ("RepetitionTime", "EchoTime", "EchoTrainLength"), "PT": ()}
"""Those of the image modules."""
THIRD_IMAGE_TYPE = {"CT": "AXIAL", "MR": "OTHER"}
"""Third value of ImageType where these modalities have to have one; no localiser gets this far."""


def complete_image(data: Dataset, frame_uid: str) -> list[str]:
    """Add, in place, what an image has to have; return the names of what was added.

    Parameters
    ----------
    frame_uid : str
        The frame of reference of a series that states none.
    """
    modality = str(data.get("Modality") or "")
    added = [keyword for keyword in (*GENERAL, *OF_MODALITY.get(modality, ())) if keyword not in data]
    for keyword in added:
        setattr(data, keyword, None)
    if not data.get("FrameOfReferenceUID"):
        data.FrameOfReferenceUID = frame_uid
        added.append("FrameOfReferenceUID")
    if "Laterality" not in data and "BodyPartExamined" not in data:
        data.Laterality = ""
        added.append("Laterality")
    kinds = list(data.ImageType)
    if modality in THIRD_IMAGE_TYPE and len(kinds) < 3:
        data.ImageType = [*kinds, *(["PRIMARY"] * (2 - len(kinds))), THIRD_IMAGE_TYPE[modality]]
        added.append("ImageType")
    return added

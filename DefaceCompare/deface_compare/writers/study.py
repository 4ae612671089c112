"""What all DICOM objects of one patient's study share, and how one object is written."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from ..storage.atomic import write_bytes

UID_PREFIX = "1.2.826.0.1.3680043.8.498."
"""pydicom's own root, meant for UIDs that are made from data or random numbers."""
IMPLEMENTATION_UID = UID(UID_PREFIX + "1")


@dataclass(frozen=True)
class DicomStudy:
    """Patient, study and equipment of a set of DICOM objects.

    Parameters
    ----------
    uid_seed : tuple of str
        All UIDs are made from these words, so the same words give the same UIDs.
    patient_name, patient_id, patient_sex, patient_birth_date : str
        As DICOM wants them (``FAMILY^GIVEN``, ``M``, ``YYYYMMDD``).
    date, time : str
        Date ``YYYYMMDD`` and time ``HHMMSS`` of the study and of everything in it.
    weight_kg : float
        Needed for SUV.
    """

    uid_seed: tuple[str, ...]
    patient_name: str
    patient_id: str
    patient_sex: str
    patient_birth_date: str
    date: str
    time: str
    description: str
    manufacturer: str
    model: str
    software: str
    weight_kg: float
    size_m: float
    station: str = "SAMPLE"

    def uid(self, *words: object) -> str:
        """The UID of the thing called `words` in this study."""
        return generate_uid(prefix=UID_PREFIX, entropy_srcs=[*self.uid_seed, *(str(word) for word in words)])

    @property
    def study_uid(self) -> str:
        """UID of the study."""
        return self.uid("study")

    @property
    def frame_of_reference_uid(self) -> str:
        """UID of the frame that all objects share."""
        return self.uid("frame of reference")


@dataclass(frozen=True)
class WrittenSeries:
    """An image series as written, for objects that refer to it.

    Parameters
    ----------
    instances : tuple of (float, str)
        Position along the slice normal in mm and SOPInstanceUID of each slice.
    """

    sop_class_uid: str
    series_uid: str
    study_uid: str
    instances: tuple[tuple[float, str], ...]

    def instance_at(self, position_mm: float) -> str:
        """SOPInstanceUID of the slice nearest to a position along the normal."""
        return min(self.instances, key=lambda instance: abs(instance[0] - position_mm))[1]


def new_object(study: DicomStudy, sop_class: str, sop_uid: str, modality: str) -> Dataset:
    """A dataset with the patient, study and equipment modules filled in."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    data.file_meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = sop_class, sop_uid
    data.Modality = modality
    data.InstanceCreationDate, data.InstanceCreationTime = study.date, study.time
    data.StudyDate = data.SeriesDate = study.date
    data.StudyTime = data.SeriesTime = study.time
    data.AccessionNumber = data.ReferringPhysicianName = ""
    data.PatientName, data.PatientID = study.patient_name, study.patient_id
    data.PatientBirthDate, data.PatientSex = study.patient_birth_date, study.patient_sex
    data.PatientWeight, data.PatientSize = f"{study.weight_kg:.1f}", f"{study.size_m:.2f}"
    data.StudyInstanceUID, data.StudyID, data.StudyDescription = study.study_uid, "1", study.description
    data.Manufacturer, data.ManufacturerModelName = study.manufacturer, study.model
    data.StationName, data.SoftwareVersions, data.DeviceSerialNumber = study.station, study.software, "0"
    return data


def save(data: Dataset, path: Path) -> None:
    """Write one object, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = BytesIO()
    data.save_as(content, enforce_file_format=True)
    write_bytes(path, content.getvalue())


def reference(sop_class: str, sop_uid: str) -> Dataset:
    """One item of a sequence that refers to another object."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_uid
    return item


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """One item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item

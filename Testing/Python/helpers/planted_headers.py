"""Names, dates and identifiers in every attribute that may hold one, planted into one object of each kind; a list of them all."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

KINDS = {
    "CT": "CT",
    "MR": "MR",
    "PET": "PET",
    "RTSTRUCT": "RTSTRUCT.dcm",
    "RTDOSE": "RTDOSE.dcm",
    "RTPLAN": "RTPLAN.dcm",
    "REG": "REG.dcm",
}
"""Where the objects lie in a patient's folder; of a series the first file."""
TEXT_VRS = ("PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "DA", "DT", "CS", "UI")
EVERYWHERE = (
    *("Manufacturer", "ManufacturerModelName", "ScanOptions", "BodyPartExamined", "PositionReferenceIndicator", "DoseComment"),
    *("StudyDescription", "ProtocolName", "InstitutionName", "InstitutionAddress", "OperatorsName", "ReferringPhysicianName"),
    *("AccessionNumber", "StationName", "DeviceSerialNumber", "PatientComments", "RequestingPhysician", "OtherPatientNames"),
)
"""Attributes in which each kind of object names somebody; `SOME` others are drawn."""
SOME, NESTED, SEED = 60, 8, 5
NEEDED = (
    *("SOPClass", "SOPInstance", "StudyInstance", "SeriesInstance", "FrameOfReference", "Modality", "SpecificCharacterSet"),
    *("PhotometricInterpretation", "ImageType", "SeriesDescription", "PatientPosition", "PatientID", "PatientName"),
    *("PatientBirth", "PatientSex", "OtherPatientIDs", "IssuerOfPatientID", "StudyDate", "SeriesDate", "AcquisitionDate"),
    *("ContentDate", "Dose", "Units", "DecayCorrection", "RTPlanGeometry", "ApprovalStatus", "CorrectedImage"),
    *("Deidentification", "SUVType", "TissueHeterogeneity", "Referenced", "ModalityLUT", "RescaleType", "Pixel", "Volumetric"),
    *("RecognizableVisual", "BurnedIn", "Concatenation", "Timezone", "Synchronization", "PatientIdentityRemoved", "Group"),
)
"""Attributes that begin so are what the reader understands the patient by."""


@dataclass(frozen=True)
class Planted:
    """A value, the kind of object that it stands in, and where."""

    kind: str
    keyword: str
    text: str


class _Words:
    """Values that no dictionary has."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def name(self) -> str:
        return "".join(self._random.choice("bdfgklmnprstvz") + self._random.choice("aeiou") for _ in range(4)).capitalize()

    def value(self, vr: str) -> str:
        number = self._random.randint(100000, 999999)
        day = f"{self._random.randint(1950, 2031)}{self._random.randint(1, 12):02d}{self._random.randint(1, 28):02d}"
        kinds = {
            "PN": f"{self.name()}^{self.name()}",
            "SH": f"{self.name()}{number % 100:02d}",
            "AE": f"{self.name()}{number % 100:02d}",
            "CS": self.name().upper(),
            "DA": day,
            "DT": f"{day}101112",
            "UI": f"1.2.276.0.7230010.9.{number}.{number // 7}",
        }
        return kinds.get(vr, f"{self.name()} {number}")

    def choose(self, pool: list[str], count: int) -> list[str]:
        return self._random.sample(pool, count)


def plant(patient: Path) -> list[Planted]:
    """Plant into a patient of `export_patient.write_patient`."""
    words, pool = _Words(SEED), _pool()
    planted: list[Planted] = []
    for kind, place in KINDS.items():
        path = patient / place
        path = sorted(path.glob("*.dcm"))[0] if path.is_dir() else path
        data = pydicom.dcmread(path)
        _plant(data, kind, words, pool, planted)
        path.unlink()
        data.save_as(path, enforce_file_format=True)
    return planted


def _pool() -> list[str]:
    """Every attribute of pydicom's dictionary that may hold a name, a date or an identifier."""
    keywords = [keyword_for_tag(tag) for tag in DicomDictionary if 0x00080000 < tag < 0x50000000 and tag >> 16 != 0xFFFC]
    named = [keyword for keyword in keywords if keyword and not keyword.startswith(NEEDED) and keyword not in EVERYWHERE]
    return [keyword for keyword in named if dictionary_VR(keyword) in TEXT_VRS]


def _plant(data: Dataset, kind: str, words: _Words, pool: list[str], planted: list[Planted]) -> None:
    def put(into: Dataset, keyword: str, where: str = "") -> None:
        vr = dictionary_VR(keyword)
        value = words.value(vr)
        setattr(into, keyword, value)
        planted.extend(Planted(kind, where + keyword, part) for part in value.split("^"))

    for keyword in (*EVERYWHERE, *words.choose(pool, SOME)):
        put(data, keyword)
    inside, deeper, coded = Dataset(), Dataset(), Dataset()
    for keyword in words.choose(pool, NESTED):
        put(inside, keyword, "in a sequence: ")
    put(deeper, "PatientName", "deep in a sequence: ")
    inside.ReferencedStudySequence = [deeper]
    data.RequestAttributesSequence = [inside]
    put(coded, "CodeMeaning", "in a code: ")
    coded.CodeValue, coded.CodingSchemeDesignator = "1", "99X"
    data.AnatomicRegionSequence = [coded]
    _plant_bytes(data, kind, words, planted)
    if kind == "RTSTRUCT":
        for roi in data.StructureSetROISequence[5:7]:
            name = words.name()
            roi.ROIName = f"{roi.ROIName}_{name}"
            planted.append(Planted(kind, "ROIName", name))
        for observed in data.RTROIObservationsSequence:
            put(observed, "ROIInterpreter", "observed: ")
            put(observed, "ROIObservationLabel", "observed: ")
    if kind == "PET":
        put(data.RadiopharmaceuticalInformationSequence[0], "Radiopharmaceutical", "of the tracer: ")


def _plant_bytes(data: Dataset, kind: str, words: _Words, planted: list[Planted]) -> None:
    """Private elements, a document, an element that no dictionary has, file meta, preamble."""
    creator, item = words.name(), Dataset()
    block = data.private_block(0x0099, creator, create=True)
    names = [words.name() for _ in range(7)]
    item.PatientName = names[0]
    block.add_new(1, "SQ", [item])
    block.add_new(2, "LO", names[1])
    block.add_new(3, "UN", names[2].encode())
    data.add_new(0x00420011, "OB", names[3].encode())
    data.add_new(0x00091234, "UN", names[4].encode())
    data.file_meta.SourceApplicationEntityTitle = names[5]
    data.preamble = names[6].encode().ljust(128, b"\0")
    planted += [Planted(kind, "bytes", name) for name in (creator, *names)]

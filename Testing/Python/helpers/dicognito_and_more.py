"""dicognito, and what it leaves: free texts, and the time of an injection whose date stands elsewhere.

A tool for ``--headers-tool``: ``command = ["python", "dicognito_and_more.py", "{input}", "{output}"]`` (`docs/sharing.md`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pydicom
from dicognito.anonymizer import Anonymizer
from pydicom.dataset import Dataset

TEXTS = (
    *("StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments", "PatientComments", "DoseComment"),
    *("StructureSetLabel", "StructureSetName", "StructureSetDescription", "RTPlanLabel", "RTPlanName", "RTPlanDescription"),
    *("Manufacturer", "ManufacturerModelName", "ContentLabel"),
)
LABELS = {"StructureSetLabel": "STRUCTURES", "RTPlanLabel": "PLAN", "ContentLabel": "OBJECT"}
"""What DICOM demands."""


def state_day_of_injection(data: Dataset) -> None:
    """dicognito moves dates and times by hours, a time only where its date stands beside it."""
    for item in data.get("RadiopharmaceuticalInformationSequence") or []:
        if "RadiopharmaceuticalStartTime" in item and "RadiopharmaceuticalStartDateTime" not in item:
            item.RadiopharmaceuticalStartDateTime = str(data.SeriesDate) + str(item.RadiopharmaceuticalStartTime)


def main(given: Path, results: Path) -> None:
    """Clean every file of a folder."""
    anonymizer = Anonymizer(seed="a secret of the site")
    for number, path in enumerate(sorted(given.rglob("*.dcm"))):
        data = pydicom.dcmread(path)
        state_day_of_injection(data)
        anonymizer.anonymize(data)
        for item in data.get("RadiopharmaceuticalInformationSequence") or []:
            if "RadiopharmaceuticalStartTime" in item:
                item.RadiopharmaceuticalStartTime = str(item.RadiopharmaceuticalStartDateTime)[8:]
        for keyword in TEXTS:
            if keyword in data:
                setattr(data, keyword, LABELS.get(keyword, ""))
        data.save_as(results / f"{number:05d}.dcm")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

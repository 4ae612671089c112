"""A small BIDS data set whose subject is the average head, with all that sidecars and headers say of a person."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

SHRINK = 3
"""Every so-many voxels of the average head (2 mm): coarse, but still a head with a face."""
PERSON = {
    "PatientName": "Mustermann^Erika",
    "PatientID": "MRN-4711-0815",
    "PatientBirthDate": "1964-08-12",
    "AcquisitionDateTime": "2020-03-04T05:06:07",
    "InstitutionName": "Charite Berlin",
    "DeviceSerialNumber": "SN-998877",
    "StationName": "AWP45557",
    "OperatorsName": "Dr. Frankenstein",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1234567",
    "ImageComments": "seen by Dr. Frankenstein",
}
"""What converters write into sidecars."""
TECHNICAL = {"Manufacturer": "ACME", "ManufacturersModelName": "Scanner One", "MagneticFieldStrength": 3, "EchoTime": 0.003}
PET = {
    "Units": "Bq/mL",
    "TracerName": "FDG",
    "TracerRadionuclide": "F18",
    "InjectedRadioactivity": 300,
    "InjectedRadioactivityUnits": "MBq",
    "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 3600,
    "InjectionStart": 0,
    "ScanStart": 3600,
    "TimeZero": "11:23:45",
    "InjectedMass": "n/a",
    "InjectedMassUnits": "n/a",
    "SpecificRadioactivity": "n/a",
    "SpecificRadioactivityUnits": "n/a",
    "ModeOfAdministration": "bolus",
    "FrameTimesStart": [0],
    "FrameDuration": [600],
    "AcquisitionMode": "list mode",
    "ReconMethodName": "OSEM",
    "ReconMethodParameterLabels": ["subsets"],
    "ReconMethodParameterUnits": ["none"],
    "ReconMethodParameterValues": [21],
    "ReconFilterType": "none",
    "AttenuationCorrection": "CT",
}
"""All that BIDS requires of a PET."""
DESCRIP = "Mustermann^Erika 1964"
"""A free text of a NIfTI header."""


def make_dataset(root: Path, **description: Any) -> Path:
    """An empty data set."""
    root.mkdir(parents=True, exist_ok=True)
    told = {"Name": "Made up", "BIDSVersion": "1.11.1", "DatasetType": "raw", "License": "CC0", **description}
    (root / "dataset_description.json").write_text(json.dumps(told), encoding="utf-8")
    (root / "README").write_text("A data set for tests.\n", encoding="utf-8")
    return root


def add_image(folder: Path, name: str, told: Mapping[str, Any] | None = None, image: sitk.Image | None = None) -> Path:
    """Write ``name.nii.gz`` with its sidecar; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.nii.gz"
    sitk.WriteImage(average_t1() if image is None else image, str(path))
    with_text(path)
    if told is not None:
        (folder / f"{name}.json").write_text(json.dumps(dict(told)), encoding="utf-8")
    return path


def average_t1(noise: int = 1, shrink: int = SHRINK) -> sitk.Image:
    """The average head as int16."""
    average = sitk.ReadImage(str(files("deface_compare").joinpath("data/templates/average_head.nrrd")))
    head = sitk.Shrink(average, [shrink] * 3)
    values = sitk.GetArrayFromImage(head).astype(float)
    noisy = np.where(values > 0, values + np.random.default_rng(noise).normal(0, 2, values.shape), 0)
    image = sitk.GetImageFromArray(np.clip(noisy, 0, 4000).astype(np.int16))
    image.CopyInformation(head)
    return image


def with_text(path: Path, text: str = DESCRIP) -> None:
    """Put a text into ``descrip`` of a packed NIfTI-1 file."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[148:228] = text.encode().ljust(80, b"\0")
    path.write_bytes(gzip.compress(bytes(content), mtime=0))


def with_scaling(path: Path, slope: float, intercept: float) -> None:
    """Let a packed NIfTI-1 file scale the numbers that it stores."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<2f", content, 112, slope, intercept)
    path.write_bytes(gzip.compress(bytes(content), mtime=0))


def add_subject(root: Path, subject: str, noise: int = 1) -> Path:
    """A subject with a T1w and a PET on the same head."""
    folder = root / subject
    add_image(folder / "anat", f"{subject}_T1w", PERSON | TECHNICAL, average_t1(noise))
    pet = add_image(folder / "pet", f"{subject}_pet", PERSON | TECHNICAL | PET, average_t1(noise))
    with_scaling(pet, 7.5, 0.0)
    return folder

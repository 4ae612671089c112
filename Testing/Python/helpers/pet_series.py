"""A small PET series with all that SUV are computed from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from deface_compare.case import CaseImage
from deface_compare.readers import read_case
from dicom_set import write_series

ACTIVITY_BQ, HALF_LIFE_S, WEIGHT_KG, DELAY_S = 370e6, 6586.2, 70.0, 3600.0
FACTOR = WEIGHT_KG * 1000 / (ACTIVITY_BQ * 2 ** (-DELAY_S / HALF_LIFE_S))
"""SUVbw of 1 Bq/ml: body weight in g over the activity left after an hour."""
LARGEST_BQML = 24000
SUV_MAX = LARGEST_BQML * FACTOR


def pet(
    folder: Path,
    activity: float = ACTIVITY_BQ,
    weight: float = WEIGHT_KG,
    half_life: float = HALF_LIFE_S,
    largest: int = LARGEST_BQML,
    nuclide: str = "^18^Fluorine",
    **extra: object,
) -> CaseImage:
    """A PET whose largest voxel is 24 kBq/ml, read; what is given may be in a wrong unit."""
    drug, code = Dataset(), Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = activity, half_life
    drug.RadiopharmaceuticalStartTime = "091500"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "77004003", "SCT", nuclide
    drug.RadionuclideCodeSequence = [code]
    stored = np.zeros((6, 12, 12), np.uint16)
    stored[1:5, 3:9, 3:9] = max(largest // 4, 1)
    stored[2:4, 5:7, 5:7] = largest
    headers: dict[str, object] = {
        "Units": "BQML",
        "DecayCorrection": "START",
        "PatientWeight": weight,
        "RadiopharmaceuticalInformationSequence": DicomSequence([drug]),
    }
    write_series(folder, stored, modality="PT", extra=headers | extra)
    return read_case(folder).images[0]

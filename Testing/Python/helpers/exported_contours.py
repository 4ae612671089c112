"""The contours of an RTSTRUCT as they stand in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

TAG_OF_CONTOURS = 0x30060050


def contours(path: Path) -> dict[str, list[bytes]]:
    """ContourData of each structure as its bytes in the file."""
    data = pydicom.dcmread(path)
    names = {roi.ROINumber: str(roi.ROIName) for roi in data.StructureSetROISequence}
    found: dict[str, list[bytes]] = {}
    for item in data.ROIContourSequence:
        drawn = item.get("ContourSequence") or []
        found.setdefault(names[item.ReferencedROINumber], []).extend(each.get_item(TAG_OF_CONTOURS).value for each in drawn)
    return found


def points_mm(values: list[bytes]) -> np.ndarray:
    return np.concatenate([np.array(value.strip().split(b"\\"), float).reshape(-1, 3) for value in values])

"""A scan that is padded all around the head: where one air has two stored numbers, they would draw the old skin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from scipy import ndimage

from export_patient import COARSE_MM, compare_patient, copied, edit, export, write_patient

pytestmark = pytest.mark.xdist_group("export")

PADDING, AIR_BELOW = -2000, -500


def pad_around_the_head(data: Dataset) -> None:
    """Everything outside the skin is padding, as scanners write it that mask the background."""
    stored = data.pixel_array.copy()
    hu = stored * float(data.RescaleSlope) + float(data.RescaleIntercept)
    parts, _ = ndimage.label(hu < AIR_BELOW)
    solid = np.argwhere(parts != parts[0, 0])
    stored[parts == parts[0, 0]] = PADDING
    if len(solid):  # air in the head's back, by which the reader knows that the rest is in HU
        stored[tuple(solid[-1])] = round((-1000 - float(data.RescaleIntercept)) / float(data.RescaleSlope))
    data.PixelData = stored.astype("<i2").tobytes()
    data.add_new("PixelPaddingValue", "SS", PADDING)


def test_air_of_the_edit_is_stored_as_the_padding_around_it(tmp_path: Path) -> None:
    patient = write_patient(tmp_path / "patient", COARSE_MM)
    for path in (patient / "CT").glob("*.dcm"):
        edit(path, pad_around_the_head)
    case = compare_patient(patient, tmp_path / "out")
    assert export(case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == 0
    taken = 0
    for path in sorted((patient / "CT").glob("*.dcm")):
        before = pydicom.dcmread(path)
        same = [pydicom.dcmread(each) for each in (tmp_path / "export" / "CT").glob("*.dcm")]
        after = next(each for each in same if each.ImagePositionPatient[2] == before.ImagePositionPatient[2])
        changed = before.pixel_array != after.pixel_array
        taken += int(changed.sum())
        assert set(np.unique(after.pixel_array[changed])) <= {PADDING}
    assert taken > 30  # measured 66


@pytest.mark.parametrize(("offset_mm", "code"), [([0.0, 0.0, 0.0], 0), ([0.0, -60.0, 0.0], 2)])
def test_contours_that_a_vector_moves_are_not_exported(
    coarse_case: Path, tmp_path: Path, offset_mm: list[float], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are judged where they are stored; a reader that knows the vector draws them elsewhere."""

    def move(data: Dataset) -> None:
        data.ROIContourSequence[0].ContourSequence[0].ContourOffsetVector = offset_mm

    case = copied(coarse_case, tmp_path / "moved", lambda patient: edit(patient / "RTSTRUCT.dcm", move))
    assert export(case, tmp_path / "export", "--accept-risk", "--dose-policy", "mask") == code
    told = capsys.readouterr().err
    assert ("ContourOffsetVector" in told) == (code == 2)

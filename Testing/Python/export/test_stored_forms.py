"""A patient whose images are stored in every unusual form is compared, exported, verified and read back.

CT: the spacing changes inside, and padding lies beyond the view. MR: negatives marked MONOCHROME1, 12 bits in the upper part
of 16. PET: modality lookup tables.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from deface_compare.readers import read_case
from export_patient import compare_patient, edit, export, manifest, write_patient

SPACINGS_MM = ((4.0, 4.0, 5.0), (7.0, 7.0, 14.0), (8.0, 8.0, 14.0))
PADDING = -2000
WIDE_AIR = 8
"""So many rows at the back of each CT slice lie beyond the view."""


def height(path: Path) -> float:
    return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])


def thin_out(folder: Path) -> int:
    """Take away every second slice of the upper half and count the others anew; how many are left."""
    paths = sorted(folder.glob("*.dcm"), key=height)
    half = len(paths) // 2
    kept = [*paths[:half], *paths[half::2]]
    for path in set(paths) - set(kept):
        path.unlink()
    for number, path in enumerate(kept, 1):
        edit(path, lambda data, number=number: setattr(data, "InstanceNumber", number))  # type: ignore[misc]
    return len(kept)


def pad(data: Dataset) -> None:
    stored = data.pixel_array.copy()
    stored[-WIDE_AIR:] = PADDING
    data.PixelData = stored.astype("<i2").tobytes()
    data.add_new("PixelPaddingValue", "SS", PADDING)


def turn_into_negative(data: Dataset) -> None:
    data.PixelData = np.left_shift(4095 - data.pixel_array, 4).astype("<u2").tobytes()
    data.PhotometricInterpretation, data.BitsStored, data.HighBit = "MONOCHROME1", 12, 15


def tabulate(data: Dataset) -> None:
    item = Dataset()
    top = int(data.pixel_array.max()) + 1
    entries = np.rint(np.arange(top) * float(data.RescaleSlope)).clip(0, 65535).astype(int)
    item.add_new("LUTDescriptor", "SS", [top % 65536, 0, 16])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "US", entries.tolist())
    data.ModalityLUTSequence = [item]
    del data.RescaleSlope, data.RescaleIntercept


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The patient's folder and the export's."""
    folder = tmp_path_factory.mktemp("forms")
    patient = write_patient(folder / "patient", SPACINGS_MM)
    thin_out(patient / "CT")
    for name, change in (("CT", pad), ("MR", turn_into_negative), ("PET", tabulate)):
        for path in (patient / name).glob("*.dcm"):
            edit(path, change)
    case = compare_patient(patient, folder / "out")
    assert export(case, folder / "export", "--accept-risk") == 0
    return patient, folder / "export"


def by_height(folder: Path) -> dict[float, Dataset]:
    objects = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    return {float(data.ImagePositionPatient[2]): data for data in objects}


def words(data: Dataset) -> NDArray[np.uint16]:
    return np.frombuffer(data.PixelData, "<u2")


@pytest.mark.parametrize(("source", "written"), [("CT", "CT"), ("MR", "MR_T1"), ("PET", "PET")])
def test_each_slice_is_exported_in_its_own_form_and_most_of_it_is_untouched(
    exported: tuple[Path, Path], source: str, written: str
) -> None:
    patient, folder = exported
    before, after = by_height(patient / source), by_height(folder / written)
    assert sorted(before) == sorted(after)
    changed = [int((words(before[z]) != words(after[z])).sum()) for z in before]
    assert 0 < sum(changed) < 0.5 * sum(data.Rows * data.Columns for data in before.values())
    for z, data in before.items():
        for keyword in ("PhotometricInterpretation", "BitsStored", "HighBit", "PixelPaddingValue", "ModalityLUTSequence"):
            assert after[z].get(keyword) == data.get(keyword), keyword


def test_what_is_read_back_is_the_defaced_image(exported: tuple[Path, Path]) -> None:
    patient, folder = exported
    before, after = read_case(patient), read_case(folder)
    for key in ("CT", "MR_T1", "PET"):
        original, defaced = before.image(key), after.image(key)
        assert defaced.image.GetSpacing() == original.image.GetSpacing()
        same = np.isclose(defaced.array(), original.array(), rtol=1e-6)
        assert 0.5 < same.mean() < 1.0, key
    assert before.image("CT").image.GetSpacing()[2] == pytest.approx(5.0)
    assert (before.image("CT").array()[:, -WIDE_AIR:] == -1000).all()
    assert (after.image("CT").array()[:, -WIDE_AIR:] == -1000).all()
    assert before.image("MR_T1").array().max() < 1000


def test_padding_stays_padding(exported: tuple[Path, Path]) -> None:
    for data in by_height(exported[1] / "CT").values():
        assert (data.pixel_array[-WIDE_AIR:] == PADDING).all()


def test_the_pixels_were_verified(exported: tuple[Path, Path]) -> None:
    assert set(manifest(exported[1])["verified"]["pixels"]) == {"CT", "MR_T1", "PET"}  # type: ignore[index]

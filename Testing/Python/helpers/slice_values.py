"""Series whose values are known, read by pydicom alone, and edited and written back."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from deface_compare.case import CaseImage
from deface_compare.export.written.image_slice import SeriesEdit
from deface_compare.export.written.marks import write_object
from deface_compare.geometry.boxes import Patch
from deface_compare.readers import read_case

ADDED, BLOCK = 37.0, (slice(3, 7), slice(8, 14), slice(7, 12))
"""What `written_back` adds to the values of a block of voxels."""


def head_grey(largest: int = 1332) -> NDArray[np.uint16]:
    """A bright box in dark noise, shape (z, y, x)."""
    grey = np.random.default_rng(2).integers(0, 12, (12, 24, 20)).astype(np.uint16)
    grey[2:-2, 5:-5, 5:-5] = largest // 2
    grey[4:-4, 8:-8, 8:-8] = largest
    return grey


def by_place(paths: list[Path]) -> list[Dataset]:
    return sorted((pydicom.dcmread(path) for path in paths), key=lambda data: float(data.ImagePositionPatient[2]))


def of_pydicom(paths: list[Path]) -> NDArray[np.float64]:
    """The values of a series by pydicom alone."""
    return np.stack([apply_modality_lut(data.pixel_array, data).astype(np.float64) for data in by_place(paths)])


def change(paths: list[Path], edit: Callable[[Dataset], None]) -> None:
    for path in paths:
        data = pydicom.dcmread(path)
        edit(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of numbers that are no padding of these bits
            data.save_as(path)


def read(folder: Path) -> CaseImage:
    return read_case(folder).images[0]


def values_in(folder: Path) -> NDArray[np.generic]:
    """A copy of the voxels (a view would not keep its image alive)."""
    image = read(folder)
    return image.array().copy()


def write_back(image: CaseImage, folder: Path) -> NDArray[np.bool_]:
    """Export a series with a block made brighter into another folder; which voxels that were, shape (z, y, x)."""
    wanted = image.array()[BLOCK] + np.array(ADDED).astype(image.array().dtype)
    edit = SeriesEdit(image, Patch((BLOCK[2].start, BLOCK[1].start, BLOCK[0].start), wanted))
    folder.mkdir()
    for index in range(len(edit)):
        write_object(edit.slice(index).data, folder / f"{index:03d}.dcm", plain=True)
    return np.stack([edit.altered(index) for index in range(len(edit))])


def assert_round_trip(image: CaseImage, folder: Path, step: float) -> None:
    """Outside the edit every stored integer is the source's; inside, the value is the wanted one to half a step."""
    altered = write_back(image, folder)
    written = sorted(folder.iterdir())
    before = np.stack([pydicom.dcmread(path).pixel_array for path in image.sources])
    after = np.stack([pydicom.dcmread(path).pixel_array for path in written])
    assert 0 < altered.sum() == np.prod([part.stop - part.start for part in BLOCK])
    np.testing.assert_array_equal(after[~altered], before[~altered])
    again = read(folder)
    assert again.array()[~altered] == pytest.approx(image.array()[~altered], rel=1e-6)
    off = again.array()[altered].astype(float) - (image.array()[altered].astype(float) + ADDED)
    assert np.abs(off).max() <= 0.501 * step  # measured at most 0.5 steps


def rewrite(path: Path, syntax: str) -> None:
    """The same object in another transfer syntax."""
    data = pydicom.dcmread(path)
    big, implicit = syntax == ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    if syntax == RLELossless:
        data.compress(RLELossless, generate_instance_uid=False)
    elif big:
        data.PixelData = np.frombuffer(data.PixelData, "<i2").astype(">i2").tobytes()
    data.file_meta.TransferSyntaxUID = syntax
    path.unlink()
    pydicom.dcmwrite(path, data, implicit_vr=implicit, little_endian=not big, force_encoding=True)

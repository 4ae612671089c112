"""Compressed slices: values do not depend on the compression, and what stream and header say otherwise is told or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, JPEGExtended12Bit

from compressed_series import COMPRESSORS, compress
from deface_compare.errors import UnusableInput
from dicom_set import head_hu, write_series
from slice_values import read, values_in


def noisy_hu() -> NDArray[np.int16]:
    return (head_hu((6, 40, 36)) + np.random.default_rng(3).integers(-20, 20, (6, 40, 36))).astype(np.int16)


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.parametrize(("signed", "bits"), [(True, 16), (True, 12), (False, 16), (False, 12)])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_values_do_not_depend_on_the_compression(tmp_path: Path, compressor: str, signed: bool, bits: int, modality: str) -> None:
    stored = noisy_hu() if signed else (noisy_hu() + 1100).astype(np.uint16)
    extra: dict[str, object] = {"BitsStored": bits, "HighBit": bits - 1}
    paths = write_series(tmp_path, stored, modality=modality, intercept=0.0 if signed else -1100.0, extra=extra)
    compress(paths, compressor)
    np.testing.assert_array_equal(values_in(tmp_path), noisy_hu())


def test_a_stream_of_signed_numbers_under_a_header_without_a_sign_is_refused(tmp_path: Path) -> None:
    compress(write_series(tmp_path, noisy_hu()), "JPEG2000", lambda data: setattr(data, "PixelRepresentation", 0))
    with pytest.raises(
        UnusableInput, match=r"says that its pixels have no sign \(PixelRepresentation\), and they were compressed"
    ):
        read(tmp_path)


def test_a_stream_of_signed_numbers_that_are_all_positive_is_read(tmp_path: Path) -> None:
    paths = write_series(tmp_path, (noisy_hu() + 1100).astype(np.int16), intercept=-1100.0)
    compress(paths, "JPEG2000", lambda data: setattr(data, "PixelRepresentation", 0))
    np.testing.assert_array_equal(values_in(tmp_path), noisy_hu())


def test_a_stream_without_a_sign_under_a_signed_header_is_read_as_the_header_says(tmp_path: Path) -> None:
    paths = write_series(tmp_path, noisy_hu().view(np.uint16))
    compress(paths, "JPEG2000", lambda data: setattr(data, "PixelRepresentation", 1))
    np.testing.assert_array_equal(values_in(tmp_path), noisy_hu())


@pytest.mark.parametrize(
    ("compressor", "syntax", "stated", "note"),
    [
        (
            "JPEG2000",
            JPEG2000,
            "",
            "6 slices may have been compressed with loss: JPEG 2000, and no LossyImageCompression says it",
        ),
        ("JPEG2000", JPEG2000, "00", ""),
        ("JPEG2000", COMPRESSORS["JPEG2000"], "", ""),
        ("JPEG", JPEGExtended12Bit, "", "6 slices were compressed with loss (LossyImageCompression)"),
        ("JPEG", JPEGExtended12Bit, "00", "6 slices were compressed with loss (LossyImageCompression)"),
    ],
)
def test_a_compression_that_loses_is_told_also_where_the_header_does_not_say_so(
    tmp_path: Path, compressor: str, syntax: str, stated: str, note: str
) -> None:
    def label(data: Dataset) -> None:
        data.file_meta.TransferSyntaxUID = syntax
        if stated:
            data.LossyImageCompression = stated

    compress(write_series(tmp_path, noisy_hu()), compressor, label)
    told = [each for each in read(tmp_path).notes if "with loss" in each]
    assert len(told) == bool(note)
    assert all(each.startswith(note) for each in told)


def test_enhanced_objects_of_one_frame_are_counted_and_not_read_by_their_top_level(tmp_path: Path) -> None:
    transformation = Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept = 2, -5
    group = Dataset()
    group.PixelValueTransformationSequence = [transformation]
    write_series(tmp_path, noisy_hu(), extra={"PerFrameFunctionalGroupsSequence": [group], "NumberOfFrames": 1})
    with pytest.raises(UnusableInput, match="6 files were skipped: multi-frame CT objects are not read; export the series as"):
        read(tmp_path)

"""Exported dose grids: kept, masked, treated as the image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from deface_compare.case import Dose
from deface_compare.errors import UnusableInput
from deface_compare.export import export_case as export_module
from deface_compare.export.checked.voxel_check import dose_matches
from deface_compare.export.export_case import export_with
from deface_compare.export.options import ExportOptions
from deface_compare.export.written.dose_grid import edited_dose, grid_bytes
from deface_compare.export.written.image_slice import read_object
from deface_compare.export.written.marks import write_object
from deface_compare.geometry.boxes import Patch
from deface_compare.readers import read_case
from deface_compare.writers import write_rtdose
from export_patient import (
    METHOD,
    STUDY,
    dose,
    edit,
    source,
)

pytestmark = pytest.mark.xdist_group("export")


def test_a_masked_dose_is_zero_where_the_image_went_and_says_so(exported_case: Path, masked_export: Path) -> None:
    before, edited = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm"), pydicom.dcmread(masked_export / "RTDOSE_1.dcm")
    assert before.DoseGridScaling == edited.DoseGridScaling
    assert edited.DoseComment == "defaced: 0 Gy where the image was removed; test"
    changed = before.pixel_array != edited.pixel_array
    assert changed.sum() > 1000
    assert (edited.pixel_array[changed] == 0).all()


def test_a_dose_of_32_bits_finer_than_float32_is_edited_and_verified(tmp_path: Path) -> None:
    """Real planning systems store more digits than our float32 grid holds: untouched voxels keep theirs."""
    write_rtdose(dose(), tmp_path / "dose.dcm", STUDY, plan_uid="1.2.3", bits=32)

    def finer(data: Dataset) -> None:
        digits = np.random.default_rng(5).integers(0, 200, data.pixel_array.shape, dtype=np.uint32)
        data.PixelData = (data.pixel_array + digits).astype("<u4").tobytes()

    edit(tmp_path / "dose.dcm", finer)
    before = pydicom.dcmread(tmp_path / "dose.dcm")
    scaling = float(before.DoseGridScaling)
    values = (before.pixel_array * scaling).astype(np.float32)
    grid = sitk.GetImageFromArray(values)
    box = values[5:30, 3:20, 8:40].copy()
    box[:10] *= np.float32(0.5)
    patch = Patch((8, 3, 5), box)
    after = edited_dose(tmp_path / "dose.dcm", Dose(image=grid, sources=(tmp_path / "dose.dcm",)), patch, "follow")
    stored = np.frombuffer(after.PixelData, "<u4").reshape(before.pixel_array.shape)
    expected = np.zeros(stored.shape, bool)
    expected[5:15, 3:20, 8:40] = values[5:15, 3:20, 8:40] > 0
    np.testing.assert_array_equal(stored[~expected], before.pixel_array[~expected])
    off_gy = np.abs(stored[expected] * scaling - 0.5 * values[expected])
    assert off_gy.max() < scaling  # measured 0.5 steps
    assert dose_matches(before.pixel_array, stored, patch, scaling)
    for spoilt in ((0, 0, 0), (6, 5, 10), (20, 5, 10)):
        wrong = stored.copy()
        wrong[spoilt] += 2000
        assert not dose_matches(before.pixel_array, wrong, patch, scaling)


def test_a_kept_dose_in_big_endian_keeps_its_values(exported_case: Path, tmp_path: Path) -> None:
    before = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm")
    turned = pydicom.dcmread(source(exported_case) / "RTDOSE.dcm")
    turned.PixelData = before.pixel_array.astype(">u2").tobytes()
    turned.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "big.dcm", turned, implicit_vr=False, little_endian=False, force_encoding=True)
    read = read_object(tmp_path / "big.dcm")
    read.PixelData = grid_bytes(read)
    write_object(read, tmp_path / "little.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "little.dcm").pixel_array, before.pixel_array)
    assert pydicom.dcmread(tmp_path / "little.dcm").PixelData == before.PixelData


def test_a_summed_dose_is_exported_untouched_only(exported_case: Path, tmp_path: Path) -> None:
    read = read_case(source(exported_case), "x").dose
    assert read is not None
    summed = replace(read, image=read.image * 2.0)
    patch = Patch((0, 0, 0), np.zeros((2, 2, 2), np.float32))
    with pytest.raises(UnusableInput, match=r"is not the grid of one file .* export it with --dose-policy keep"):
        edited_dose(source(exported_case) / "RTDOSE.dcm", summed, patch, "mask")


def test_an_export_whose_head_is_not_found_again_is_refused_without_the_risk_accepted(
    exported_case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "kept_heads", lambda *_: (None, "the case keeps none"))
    monkeypatch.setattr(export_module, "find_heads", lambda case, settings: ({}, {}))
    monkeypatch.setattr(export_module, "privacy_checks", lambda *_: {"CT": ""})
    with pytest.raises(UnusableInput, match="the head is not found again in image CT: whether dose and contours still draw"):
        export_with(exported_case, tmp_path / "export", ExportOptions(METHOD, "mask"))
    assert not (tmp_path / "export").exists()

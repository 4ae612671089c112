"""Structures as voxels: which of a mask's values are inside, and that no segment, mask or image is lost without a word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deface_compare.case import Case, Structure
from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.found_files import NOT_NAMED
from dicom_set import head_hu

BOX = np.zeros((12, 24, 20), np.uint8)
BOX[4:8, 8:14, 8:14] = 1
INSIDE = int(BOX.sum())
SHARES = BOX.astype(np.float32)
SHARES[3] = SHARES[4] * np.float32(0.2)
TWO = BOX.copy()
TWO[4] *= 2


def _read(folder: Path, structures: str, **described: Any) -> Case:
    sitk.WriteImage(sitk.GetImageFromArray(head_hu()), str(folder / "ct.nrrd"))
    (folder / "case.json").write_text(json.dumps({"images": {"CT": "ct.nrrd"}, "structures": structures} | described))
    return read_case(folder)


def _masks(folder: Path, array: NDArray[Any], name: str = "Brain.nii.gz") -> None:
    (folder / "masks").mkdir(exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / "masks" / name))


def _structures(case: Case) -> tuple[Structure, ...]:
    assert case.structure_set is not None
    return case.structure_set.structures


def _count(structure: Structure) -> int:
    assert structure.labelmap is not None
    return int(sitk.GetArrayViewFromImage(structure.labelmap).sum())


@pytest.mark.parametrize("inside", [1, 255, 0.9999])
def test_the_one_value_beside_0_is_inside(tmp_path: Path, inside: float) -> None:
    _masks(tmp_path, BOX * np.float32(inside))
    (brain,) = _structures(_read(tmp_path, "masks"))
    assert (_count(brain), brain.problem) == (INSIDE, "")


def test_of_a_mask_of_shares_half_is_inside_and_it_is_told(tmp_path: Path) -> None:
    _masks(tmp_path, SHARES)
    (brain,) = _structures(_read(tmp_path, "masks"))
    assert (_count(brain), brain.notes) == (INSIDE, ("a mask of shares: voxels of 50% and more are inside",))


@pytest.mark.parametrize(
    ("mask", "held"),
    [
        (TWO, "3 values from 0 to 2"),
        (BOX + 1, "2 values from 1 to 2"),
        (BOX.astype(np.int16) - 1, "2 values from -1 to 0"),
        (BOX * 0 + 1, "1 in every voxel"),
    ],
    ids=["a labelmap", "no background", "a negative background", "all of it"],
)
def test_a_mask_of_which_nothing_tells_what_is_inside_has_a_reason_and_no_volume(
    tmp_path: Path, mask: NDArray[Any], held: str
) -> None:
    _masks(tmp_path, mask)
    (brain,) = _structures(_read(tmp_path, "masks"))
    reason = f"its mask holds {held}, not 0 and one value for inside: nothing tells which voxels are its own"
    assert (brain.standard_name, brain.problem, _count(brain)) == ("Brain", reason, 0)


def test_an_inverted_mask_is_told(tmp_path: Path) -> None:
    _masks(tmp_path, 1 - BOX)
    (brain,) = _structures(_read(tmp_path, "masks"))
    assert brain.notes == ("its mask is set in all corners of its file: it may be inverted",)


def test_masks_in_deeper_folders_and_what_macos_leaves_are_counted_and_read_by_nobody(tmp_path: Path) -> None:
    _masks(tmp_path, BOX)
    (tmp_path / "masks" / "targets").mkdir()
    _masks(tmp_path, BOX, "targets/PTV.nii.gz")
    (tmp_path / "masks" / "._Brain.nii.gz").write_bytes(b"\0\5\x16\7" + bytes(80))
    case = _read(tmp_path, "masks")
    assert [structure.name for structure in _structures(case)] == ["Brain"]
    assert case.left_out == {NOT_NAMED: 2}
    assert "2 files not read: 2 not named in case.json" in case.notes


def test_the_voxels_of_a_mask_lie_beside_its_header_and_are_no_other_file(tmp_path: Path) -> None:
    _masks(tmp_path, BOX, "Brain.mhd")
    assert _read(tmp_path, "masks").left_out == {}


def test_contours_beside_masks_are_refused(tmp_path: Path) -> None:
    _masks(tmp_path, BOX)
    (tmp_path / "masks" / "PTV.vtp").write_text("<VTKFile/>")
    with pytest.raises(UnusableInput, match=r"folder masks holds masks and contour files \(\.vtp\); give one of the two"):
        _read(tmp_path, "masks")


def test_an_image_that_only_begins_like_a_named_one_is_told(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(head_hu()), str(tmp_path / "ct.contrast.nii.gz"))
    (tmp_path / "ct.txt").write_text("protocol")
    assert _read(tmp_path, "").left_out == {NOT_NAMED: 1}


def _segmentation(path: Path, array: NDArray[Any], **segments: tuple[str, int]) -> None:
    image = sitk.GetImageFromArray(array)
    for key, (name, value) in segments.items():
        image.SetMetaData(f"{key}_Name", name)
        image.SetMetaData(f"{key}_LabelValue", str(value))
    sitk.WriteImage(image, str(path))


def test_segments_behind_a_missing_number_are_read(tmp_path: Path) -> None:
    _segmentation(tmp_path / "s.seg.nrrd", TWO, Segment0=("Brain", 1), Segment2=("PTV", 2), Segment10=("Eye_L", 3))
    found = _structures(_read(tmp_path, "s.seg.nrrd"))
    counts = {structure.name: (_count(structure), structure.problem) for structure in found}
    assert counts == {"Brain": (INSIDE - 36, ""), "PTV": (36, ""), "Eye_L": (0, "the structure is empty")}


def test_values_that_no_segment_has_are_told(tmp_path: Path) -> None:
    _segmentation(tmp_path / "s.seg.nrrd", TWO, Segment0=("Brain", 1))
    (brain,) = _structures(_read(tmp_path, "s.seg.nrrd"))
    assert brain.notes == ("its file holds 1 label value that no segment has: their voxels were not read",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_colour_table_is_read_in_the_encoding_of_any_system(tmp_path: Path, encoding: str) -> None:
    _masks(tmp_path, TWO, "l.nii.gz")
    shutil.move(tmp_path / "masks" / "l.nii.gz", tmp_path / "l.nii.gz")
    (tmp_path / "l.ctbl").write_text("1 Brain 0 0 0 255\n2 Lésion 0 0 0 255\n", encoding=encoding)
    found = _structures(_read(tmp_path, "l.nii.gz"))
    assert {structure.name: _count(structure) for structure in found} == {"Brain": INSIDE - 36, "Lésion": 36}


def test_a_label_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    _masks(tmp_path, BOX, "l.nii.gz")
    with pytest.raises(UnusableInput, match="each once"):
        _read(tmp_path, "masks/l.nii.gz", labels={"1": "Brain", "01": "PTV"})

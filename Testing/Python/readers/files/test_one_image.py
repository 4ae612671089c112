"""One image file as a patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.errors import UnusableInput
from deface_compare.readers import read_case
from deface_compare.readers.choices import ReadingChoices
from deface_compare.readers.found_files import find_files
from deface_compare.study.recipe import hash_files


def write(path: Path, lowest: int = -1000) -> Path:
    values = np.full((8, 8, 8), lowest, np.int16)
    values[2:6, 2:6, 2:6] = 40
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((1.0, 2.0, 3.0))
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ct.nii.gz", "CT"),
        ("smith_CT.nrrd", "CT"),
        ("sub-01_T1w.nii.gz", "MR_T1"),
        ("mr_flair.mha", "MR_FLAIR"),
        ("MRI.nii", "MR"),
        ("pet.nrrd", "PET"),
        ("head.nii.gz", "CT"),  # by its air
    ],
)
def test_its_name_or_its_values_tell_what_it_shows_and_it_is_said(tmp_path: Path, name: str, key: str) -> None:
    case = read_case(write(tmp_path / name))
    (image,) = case.images
    assert (image.key, image.unit) == (key, "HU" if key == "CT" else "a.u.")
    assert image.image.GetSpacing() == (1.0, 2.0, 3.0)
    assert any(f"taken for {'a CT' if name.startswith('head') else key}" in note for note in image.notes)
    assert (case.structure_set, case.dose) == (None, None)


def test_where_nobody_knows_the_user_is_asked_and_can_say_it(tmp_path: Path) -> None:
    path = write(tmp_path / "head.nii.gz", lowest=0)
    with pytest.raises(UnusableInput, match=r"values of head\.nii\.gz tell what it shows; say it: --image"):
        read_case(path)
    assert read_case(path, choices=ReadingChoices(image="MR_T2")).images[0].key == "MR_T2"
    with pytest.raises(UnusableInput, match="an image is called CT, MR or PET"):
        read_case(path, choices=ReadingChoices(image="XR"))
    with pytest.raises(UnusableInput, match="neither the name nor the values"):  # two words that contradict
        read_case(write(tmp_path / "ct_t1.nii.gz"))


def test_a_segmentation_or_another_file_is_no_patient(tmp_path: Path) -> None:
    write(tmp_path / "ct.seg.nrrd")
    (tmp_path / "notes.txt").write_text("ct")
    for name in ("ct.seg.nrrd", "notes.txt", "missing.nii.gz"):
        with pytest.raises(UnusableInput, match="give the folder that holds one patient, or one image file"):
            read_case(tmp_path / name)


def test_only_the_file_itself_and_the_voxels_beside_its_header_are_the_patient(tmp_path: Path) -> None:
    write(tmp_path / "ct.mhd")
    write(tmp_path / "other.nii.gz")
    assert [path.name for path in find_files(tmp_path / "ct.mhd").files] == ["ct.mhd", "ct.raw"]
    assert [name for name, _ in hash_files(tmp_path / "other.nii.gz")] == ["other.nii.gz"]

"""Volumes defaced by another tool: imported, checked, compared by difference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import synthetic_head as synthetic
from deface_compare.case import CaseImage
from deface_compare.defacers.deface import deface
from deface_compare.defacers.defacing import Defacing
from deface_compare.defacers.external.folder import ExternalFolder
from deface_compare.settings import Settings

GRID = synthetic.grid((3.0, 3.0, 3.0))


def defaced(image: CaseImage) -> sitk.Image:
    """The front 40 mm set to air."""
    array = sitk.GetArrayFromImage(image.image)
    array[synthetic.points(image.image)[..., 1] < -70.0] = synthetic.AIR_HU
    result = sitk.GetImageFromArray(array)
    result.CopyInformation(image.image)
    return result


def run(folder: Path, image: CaseImage) -> Defacing:
    return deface(ExternalFolder("mri_reface", folder), synthetic.case(image), {"CT": synthetic.head()}, Settings())


@pytest.mark.parametrize("place", ["CT.nrrd", "CT_deFaced.nii.gz", "case-001/CT.mha", "CT_refaced.nii"])
def test_an_imported_volume_is_taken_voxel_by_voxel(tmp_path: Path, place: str) -> None:
    image = synthetic.ct(GRID)
    (tmp_path / place).parent.mkdir(exist_ok=True)
    sitk.WriteImage(defaced(image), str(tmp_path / place))
    result = run(tmp_path, image)
    assert (result.status, result.method, result.title) == ("ok", "mri_reface", "mri_reface")
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), sitk.GetArrayFromImage(defaced(image)))
    removed = result.edits["CT"].removed(image.image)
    assert np.array_equal(removed, (image.array() > -300) & (synthetic.points(GRID)[..., 1] < -70.0))


@pytest.mark.parametrize("name", ["sub-01_desc-defaced_T1w.nii.gz", "sub-01_desc-refaced_T1w.nii", "sub-01_T1w_deFaced.nii"])
def test_a_bids_derivative_of_the_originals_file_is_found(tmp_path: Path, name: str) -> None:
    image = replace(synthetic.ct(GRID), sources=(tmp_path / "sub-01_T1w.nii.gz",))
    sitk.WriteImage(image.image, str(tmp_path / "sub-01_T1w.nii.gz"))  # the original lies there, too
    sitk.WriteImage(defaced(image), str(tmp_path / name))
    result = run(tmp_path, image)
    assert result.status == "ok", result.note
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), sitk.GetArrayFromImage(defaced(image)))


def test_a_defaced_image_beside_its_bids_mask_is_found_and_the_mask_is_no_image(tmp_path: Path) -> None:
    image = replace(synthetic.ct(GRID), sources=(tmp_path / "raw" / "sub-01_T1w.nii.gz",))
    results = tmp_path / "results"
    results.mkdir()
    gone = synthetic.points(GRID)[..., 1] < -70.0
    mask = sitk.GetImageFromArray((~gone).astype(np.uint8))
    mask.CopyInformation(image.image)
    sitk.WriteImage(mask, str(results / "sub-01_mod-T1w_defacemask.nii.gz"))
    alone = run(results, image)
    assert (alone.status, "there is no file CT.nrrd" in alone.note) == ("failed", True)
    sitk.WriteImage(defaced(image), str(results / "sub-01_T1w.nii.gz"))
    result = run(results, image)
    assert result.status == "ok", result.note
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), sitk.GetArrayFromImage(defaced(image)))


def shifted(image: sitk.Image) -> sitk.Image:
    image.SetOrigin([o + 1.0 for o in image.GetOrigin()])
    return image


def tilted(image: sitk.Image) -> sitk.Image:
    """Turned by 20 degrees about x."""
    sine, cosine = np.sin(np.radians(20.0)), np.cos(np.radians(20.0))
    image.SetDirection((1, 0, 0, 0, cosine, -sine, 0, sine, cosine))
    return image


def thicker(image: sitk.Image) -> sitk.Image:
    image.SetSpacing((3.0, 3.0, 3.1))
    return image


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (shifted, "origin"),
        (thicker, "spacing"),
        (lambda i: i[:, :, 1:], "size"),
        (tilted, "direction"),
    ],
)
def test_a_volume_on_another_grid_fails_and_says_how(tmp_path: Path, spoil, reason: str) -> None:  # type: ignore[no-untyped-def]
    image = synthetic.ct(GRID)
    sitk.WriteImage(spoil(defaced(image)), str(tmp_path / "CT.nrrd"))
    result = run(tmp_path, image)
    assert result.status == "failed"
    assert f"CT.nrrd does not lie on the original's grid: {reason}" in result.note


@pytest.mark.parametrize("file", ["CT.nii.gz", "CT.nrrd"])
def test_a_volume_with_nan_fails_in_every_format(tmp_path: Path, file: str) -> None:
    """ITK's NIfTI reader would turn NaN into 0: soft tissue instead of air."""
    image = synthetic.ct(GRID)
    array = sitk.GetArrayFromImage(defaced(image)).astype(np.float32)
    array[array == synthetic.AIR_HU] = np.nan
    volume = sitk.GetImageFromArray(array)
    volume.CopyInformation(image.image)
    sitk.WriteImage(volume, str(tmp_path / file))
    result = run(tmp_path, image)
    assert result.status == "failed"
    assert f"{file} holds NaN or infinite voxels" in result.note


@pytest.mark.parametrize("axes", ["LAS", "RPI", "SLA", "AIR"])
def test_a_volume_stored_along_other_axes_is_the_same_volume(tmp_path: Path, axes: str) -> None:
    """Converters flip rows; no voxel is changed by putting them back."""
    image = synthetic.ct(GRID)
    sitk.WriteImage(sitk.DICOMOrient(defaced(image), axes), str(tmp_path / "CT.nrrd"))
    result = run(tmp_path, image)
    assert result.status == "ok", result.note
    assert np.array_equal(sitk.GetArrayFromImage(result.edited_image(image)), sitk.GetArrayFromImage(defaced(image)))


def test_an_unchanged_a_missing_and_a_broken_volume_fail(tmp_path: Path) -> None:
    image = synthetic.ct(GRID)
    assert "there is no file CT.nrrd" in run(tmp_path, image).note
    assert "does not exist" in run(tmp_path / "nowhere", image).note
    (tmp_path / "CT.nrrd").write_text("not a volume")
    assert "cannot be read" in run(tmp_path, image).note
    sitk.WriteImage(image.image, str(tmp_path / "CT.nrrd"))
    assert "is the original" in run(tmp_path, image).note

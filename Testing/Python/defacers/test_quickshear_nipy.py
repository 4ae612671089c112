"""`variant=nipy` of Quickshear beside the package that it reproduces: PyPI quickshear 1.2.0, run here as it is."""

from __future__ import annotations

import warnings

import nibabel
import numpy as np
import pytest
import quickshear as published
import SimpleITK as sitk
from numpy.typing import NDArray

import synthetic_head as synthetic
from deface_compare.defacers.quickshear import voxel_shear

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def as_nifti(image: sitk.Image) -> nibabel.Nifti1Image:
    """An image as the package reads it: array (x, y, z), affine to RAS mm."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = LPS_TO_RAS @ direction * np.array(image.GetSpacing())
    affine[:3, 3] = LPS_TO_RAS @ np.array(image.GetOrigin())
    return nibabel.Nifti1Image(sitk.GetArrayFromImage(image).T.astype(np.int16), affine)


def removed_by_the_package(brain: sitk.Image) -> NDArray[np.bool_]:
    """Voxels, (z, y, x), that the published tool sets to zero in an image of ones on the brain's own grid."""
    mask = as_nifti(brain)
    ones = nibabel.Nifti1Image(np.ones(mask.shape, dtype=np.int16), mask.affine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy 2 deprecates the package's cross product of 2-D vectors
        defaced = published.quickshear(ones, mask)
    return np.asarray(defaced.dataobj).T == 0


def blobs(of: sitk.Image, seed: int) -> NDArray[np.bool_]:
    """A lumpy brain: an ellipsoid with seeded lumps on it."""
    random = np.random.default_rng(seed)
    where = synthetic.points(of)
    centre = np.array(synthetic.BRAIN_CENTRE_MM) + random.uniform(-12, 12, 3)
    brain = synthetic.inside(where, synthetic.BRAIN_MM, tuple(centre))
    for _ in range(6):
        on_surface = random.normal(size=3)
        at = centre + np.array(synthetic.BRAIN_MM) * on_surface / np.linalg.norm(on_surface)
        radius = float(random.uniform(5, 20))
        brain |= synthetic.inside(where, (radius, radius, radius), tuple(at))
    return brain


@pytest.mark.parametrize(("seed", "spacing_mm"), [(0, 2.0), (1, 2.5), (2, 3.0), (3, 3.0), (4, 4.0), (5, 4.0)])
def test_the_voxel_variant_is_the_published_tool_voxel_for_voxel_on_isotropic_ras_volumes(seed: int, spacing_mm: float) -> None:
    # at least as many slices as columns: there the package's loop, which counts slices for columns, reaches every column
    grid = sitk.DICOMOrient(synthetic.grid((spacing_mm,) * 3, half_mm=(90.0, 110.0, 124.0)), "RAS")
    assert grid.GetSize()[2] >= grid.GetSize()[1]
    brain = synthetic.mask(grid, blobs(grid, seed))
    expected = removed_by_the_package(brain)
    assert 0.02 < expected.mean() < 0.7
    assert np.array_equal(voxel_shear(grid, brain).removed(grid), expected)


@pytest.mark.parametrize("order", ["LPS", "PIR", "SAL", "IRP"])
def test_the_two_agree_in_other_storage_orders_too(order: str) -> None:
    grid = sitk.DICOMOrient(synthetic.grid((2.0, 2.0, 2.0), half_mm=(90.0, 110.0, 124.0)), order)
    brain = synthetic.mask(grid, blobs(grid, 11))
    assert np.array_equal(voxel_shear(grid, brain).removed(grid), removed_by_the_package(brain))


@pytest.mark.parametrize("cut", [np.s_[62:], np.s_[:, 25:], np.s_[20:, :90]], ids=["below", "in front", "behind"])
def test_the_two_agree_on_a_brain_that_the_scan_cuts_off(cut: tuple[slice, ...]) -> None:
    grid = sitk.DICOMOrient(synthetic.grid((2.0, 2.0, 2.0), half_mm=(90.0, 110.0, 124.0)), "RAS")
    part = sitk.GetImageFromArray(blobs(grid, 3)[cut].astype(np.uint8))
    part.SetSpacing(grid.GetSpacing())
    part.SetDirection(grid.GetDirection())
    part = part[:, :, : part.GetSize()[1]]  # with more slices than columns the package may run over the last column and stop
    expected = removed_by_the_package(part)
    assert 0.02 < expected.mean() < 0.9
    assert np.array_equal(voxel_shear(part, part).removed(part), expected)


def test_on_a_planning_ct_the_package_leaves_the_nose_and_the_mended_variant_does_not() -> None:
    grid = sitk.DICOMOrient(synthetic.grid((4.0, 2.0, 4.0), half_mm=(110.0, 250.0, 124.0)), "RAS")
    where = synthetic.points(grid)
    brain = synthetic.mask(grid, synthetic.inside(where, synthetic.BRAIN_MM, synthetic.BRAIN_CENTRE_MM))
    nose = synthetic.inside(where, synthetic.NOSE_MM, synthetic.NOSE_CENTRE_MM)
    left, mended = (np.mean(removed[nose]) for removed in (removed_by_the_package(brain), voxel_shear(grid, brain).removed(grid)))
    assert grid.GetSize()[1:] == (250, 62)
    assert left == 0.0
    assert mended == 1.0

"""Smoothing of some voxels only is SimpleITK's of the whole; a part of a patched image has the same bytes as the whole."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.anatomy.register_head import coarser
from deface_compare.geometry.boxes import Patch, VoxelBox
from deface_compare.geometry.smoothing import smoothed_at

ROUNDING = 2e-6
"""Of values around 1, added up in another order: measured up to 4e-7."""


def noise(seed: int, shape: tuple[int, int, int] = (31, 42, 53)) -> sitk.Image:
    """Noise on a grid of 2 mm voxels that begins anywhere."""
    image = sitk.GetImageFromArray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin((-31.7, 12.3, 100.1))
    return image


@pytest.mark.parametrize("sigma_mm", [1.0, 2.0, 4.0])
def test_a_part_is_smoothed_as_the_whole_is(sigma_mm: float) -> None:
    image = noise(1)
    places = (slice(3, 40), slice(None, None, 2), slice(5, 29, 3))
    part, whole = smoothed_at(image, sigma_mm, places), sitk.SmoothingRecursiveGaussian(image, sigma_mm)[places]
    np.testing.assert_allclose(sitk.GetArrayFromImage(part), sitk.GetArrayFromImage(whole), rtol=0.0, atol=ROUNDING)
    assert part.GetOrigin() == pytest.approx(whole.GetOrigin(), abs=1e-9)
    assert part.GetSpacing() == whole.GetSpacing()


def test_smoothing_follows_the_axes_of_a_turned_image() -> None:
    image = noise(4)
    image.SetDirection((0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    image.SetSpacing((1.0, 2.0, 3.0))
    places = (slice(2, None, 2), slice(1, 20), slice(None, None, 3))
    part, whole = smoothed_at(image, 2.5, places), sitk.SmoothingRecursiveGaussian(image, 2.5)[places]
    np.testing.assert_allclose(sitk.GetArrayFromImage(part), sitk.GetArrayFromImage(whole), rtol=0.0, atol=ROUNDING)
    assert part.GetOrigin() == pytest.approx(whole.GetOrigin(), abs=1e-9)
    assert part.GetDirection() == whole.GetDirection()


def test_a_mask_is_smoothed_as_its_voxels_are() -> None:
    mask = noise(5) > 0.3
    found, whole = (
        smoothed_at(mask, 2.0, (slice(None),) * 3),
        sitk.SmoothingRecursiveGaussian(sitk.Cast(mask, sitk.sitkFloat32), 2.0),
    )
    np.testing.assert_allclose(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(whole), rtol=0.0, atol=ROUNDING)


@pytest.mark.parametrize("spacing_mm", [4.0, 8.0])
def test_a_coarser_grid_holds_what_smoothing_and_resampling_the_whole_would_give(spacing_mm: float) -> None:
    image = noise(2)
    found = coarser(image, spacing_mm)
    smooth = sitk.SmoothingRecursiveGaussian(image, 0.5 * spacing_mm)
    expected = sitk.Resample(smooth, found, sitk.Transform(), sitk.sitkLinear, 0.0)
    np.testing.assert_allclose(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(expected), rtol=0.0, atol=ROUNDING)


@pytest.mark.parametrize(
    "box",
    [
        VoxelBox((0, 0, 0), (53, 42, 31)),
        VoxelBox((8, 9, 3), (4, 5, 6)),
        VoxelBox((0, 0, 0), (12, 12, 12)),
        VoxelBox((40, 30, 20), (9, 9, 9)),
    ],
)
def test_a_part_of_a_patched_image_is_that_part_of_the_whole_one(box: VoxelBox) -> None:
    image = noise(3)
    patch = Patch((7, 8, 2), np.full((9, 10, 11), 5.0, np.float32))
    part, whole = patch.part(image, box), sitk.RegionOfInterest(patch.whole(image), box.size, box.offset)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(part), sitk.GetArrayFromImage(whole))
    assert part.GetOrigin() == pytest.approx(whole.GetOrigin(), abs=1e-9)

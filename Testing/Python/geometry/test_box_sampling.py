"""Fields and masks at the voxels of another grid: SimpleITK's own resampling is the definition, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.geometry.box_sampling import sample_box, sample_mask, sample_planes
from deface_compare.geometry.boxes import Patch, VoxelBox

STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
TILTED = (1.0, 0.0, 0.0, 0.0, 0.8, -0.6, 0.0, 0.6, 0.8)


def image_of(random: np.random.Generator, size: list[int], spacing: list[float], direction: tuple[float, ...]) -> sitk.Image:
    """An image with noise, near the origin."""
    image = sitk.GetImageFromArray(random.normal(size=size[::-1]).astype(np.float32))
    image.SetSpacing(spacing)
    image.SetOrigin(random.integers(-6, 6, 3).astype(float).tolist())
    image.SetDirection(direction)
    return image


def resampled(field: sitk.Image, grid: sitk.Image, box: VoxelBox, how: int, outside: float) -> np.ndarray:
    """The definition."""
    origin = grid.TransformIndexToPhysicalPoint(box.offset)
    spacing, direction = grid.GetSpacing(), grid.GetDirection()
    found = sitk.Resample(field, box.size, sitk.Transform(), how, origin, spacing, direction, outside, sitk.sitkFloat32)
    return sitk.GetArrayFromImage(found)


@pytest.mark.parametrize("seed", range(60))
def test_a_box_is_sampled_to_the_bytes_of_simpleitks_resampling(seed: int) -> None:
    """Every other pair of grids shares voxel borders: what lies half way between two voxels must go the same way."""
    random = np.random.default_rng(seed)
    on_borders = seed % 2 == 0
    mirrored = tuple(np.diag(random.choice([1.0, -1.0], 3)).ravel().tolist())
    direction = TILTED if seed % 7 == 6 else mirrored if seed % 3 == 0 else STRAIGHT
    coarse = [2.0] * 3 if on_borders else random.uniform(1.0, 3.0, 3).tolist()
    fine = (random.choice([0.25, 0.5, 1.0, 2.0, 3.0], 3) if on_borders else random.uniform(0.3, 3.0, 3)).tolist()
    field = image_of(random, random.integers(1, 20, 3).tolist(), coarse, STRAIGHT)
    grid = image_of(random, random.integers(2, 50, 3).tolist(), fine, direction)
    x, y, z = (int(random.integers(0, n - 1)) for n in grid.GetSize())
    width, height, depth = (int(random.integers(1, n - first + 1)) for n, first in zip(grid.GetSize(), (x, y, z), strict=True))
    box = VoxelBox((x, y, z), (width, height, depth))
    np.testing.assert_array_equal(sample_box(field, grid, box, 7.5), resampled(field, grid, box, sitk.sitkLinear, 7.5))
    mask = field > 0.3
    np.testing.assert_array_equal(sample_mask(mask, grid, box), resampled(mask, grid, box, sitk.sitkNearestNeighbor, 0.0) > 0.5)


def test_infinite_distances_are_sampled_as_simpleitk_does() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(6, 7, 8)).astype(np.float32)
    values[2:4] = np.inf
    field, grid = sitk.GetImageFromArray(values), image_of(random, [20, 20, 20], [0.4] * 3, STRAIGHT)
    grid.SetOrigin((0.0, 0.0, 0.0))
    box = VoxelBox((1, 2, 0), (15, 14, 13))
    found = sample_box(field, grid, box, 0.0)
    assert np.nanmax(found) > 1e38  # SimpleITK holds them inside its type
    np.testing.assert_array_equal(found, resampled(field, grid, box, sitk.sitkLinear, 0.0))


def test_planes_are_those_of_the_box() -> None:
    random = np.random.default_rng(4)
    field = image_of(random, [9, 8, 7], [2.0] * 3, STRAIGHT)
    grid = image_of(random, [30, 30, 30], [0.7, 0.6, 0.9], STRAIGHT)
    box = VoxelBox((2, 0, 3), (20, 21, 22))
    np.testing.assert_array_equal(np.stack(list(sample_planes(field, grid, box, 1.0))), sample_box(field, grid, box, 1.0))


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.float64])
def test_a_patched_image_differs_in_the_box_only_and_keeps_type_and_place(dtype: type) -> None:
    random = np.random.default_rng(5)
    values = random.integers(0, 200, (9, 8, 7)).astype(dtype)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((1.0, 2.0, 0.3))
    image.SetDirection(TILTED)
    image.SetMetaData("patient", "his name")
    changed = values.copy()
    changed[4:7, 1:5, 2:4] = random.integers(0, 200, (3, 4, 2))
    found = Patch((2, 1, 4), changed[4:7, 1:5, 2:4].astype(np.int64)).whole(image)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), changed)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)
    assert found.GetPixelID() == image.GetPixelID()
    assert (found.GetSpacing(), found.GetDirection()) == (image.GetSpacing(), image.GetDirection())
    assert not found.GetMetaDataKeys()

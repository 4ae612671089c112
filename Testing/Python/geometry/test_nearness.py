"""Masks grown, shrunk and filled voxel by voxel are what SciPy makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from deface_compare.geometry import nearness
from deface_compare.geometry.morphology import grown, shrunk, without_holes
from deface_compare.geometry.nearness import BYTE_REACH, LARGEST_REACH, dilated, distance_table, eroded, squared_voxels

SHAPE = (23, 31, 27)
ALL_BUT_ONE_AXIS = ((1, 1, 40), (40, 1, 1), (2, 3, 2))


def blobs(seed: int, shape: tuple[int, int, int] = SHAPE, share: float = 0.4) -> NDArray[np.bool_]:
    """Random bodies that touch the array's ends."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    return noise > np.quantile(noise, 1.0 - share)


@pytest.mark.parametrize("reach", [*range(1, BYTE_REACH + 2), 21, LARGEST_REACH])
def test_squared_distances_are_exact_up_to_the_reach(reach: int) -> None:
    mask = blobs(reach, (23 + 2 * reach, 31, 27), share=0.002)
    mask[23:] = False
    exact = np.rint(ndimage.distance_transform_edt(~mask) ** 2)
    assert exact.max() > reach**2
    assert np.array_equal(squared_voxels(mask, reach), np.where(exact <= reach**2, exact, reach**2 + 1))


def test_distances_are_the_same_in_pieces_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = blobs(3, share=0.01)
    whole = squared_voxels(mask, 7)
    for at_once in (1, 50, 1000):
        monkeypatch.setattr(nearness, "AT_ONCE", at_once)
        assert np.array_equal(squared_voxels(mask, 7), whole)


@pytest.mark.parametrize("shape", ALL_BUT_ONE_AXIS)
def test_flat_and_thin_arrays_have_distances(shape: tuple[int, int, int]) -> None:
    mask = np.zeros(shape, bool)
    mask[0, 0, 0] = True
    exact = np.rint(ndimage.distance_transform_edt(~mask) ** 2)
    assert np.array_equal(squared_voxels(mask, 5), np.where(exact <= 25, exact, 26))


def test_an_empty_mask_is_far_from_everything() -> None:
    assert (squared_voxels(np.zeros(SHAPE, bool), 3) == 10).all()
    assert np.isinf(distance_table(3, 2.0)[10])
    assert not grown(np.zeros(SHAPE, bool), 3.0, 1.0).any()
    assert not shrunk(np.zeros(SHAPE, bool), 3.0, 1.0).any()
    assert shrunk(np.ones(SHAPE, bool), 3.0, 1.0).all()


@pytest.mark.parametrize("reach", [0, LARGEST_REACH + 1])
def test_a_reach_that_is_too_large_or_none_is_refused(reach: int) -> None:
    with pytest.raises(ValueError, match="the reach must be 1 to 40 voxels"):
        squared_voxels(blobs(1), reach)


@pytest.mark.parametrize("reach_mm", [0.0, 0.9, 1.6, 3.0, 4.8, 16.0, 19.2, 40.0])
def test_growing_and_shrinking_by_millimetres_are_distances(reach_mm: float) -> None:
    mask, spacing_mm = blobs(2, share=0.3), 1.6
    away, deep = (np.float32(ndimage.distance_transform_edt(each)) * np.float32(spacing_mm) for each in (~mask, mask))
    assert np.array_equal(grown(mask, reach_mm, spacing_mm), away <= np.float32(reach_mm))
    assert np.array_equal(shrunk(mask, reach_mm, spacing_mm), deep > np.float32(reach_mm))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_steps_across_faces_and_corners_are_scipys(steps: int) -> None:
    mask = blobs(3)
    assert np.array_equal(dilated(mask, steps), ndimage.binary_dilation(mask, iterations=steps))
    assert np.array_equal(eroded(mask, steps), ndimage.binary_erosion(mask, iterations=steps))
    around = ndimage.binary_dilation(mask, np.ones((3, 3, 3)), iterations=steps)
    assert np.array_equal(dilated(mask, steps, corners=True), around)


@pytest.mark.parametrize("seed", range(4))
def test_holes_are_those_that_scipy_fills_in_space_and_in_each_plane(seed: int) -> None:
    mask = blobs(seed, share=0.4) & ~blobs(seed + 10, share=0.02) | (np.random.default_rng(seed).random(SHAPE) < 0.7)
    filled = ndimage.binary_fill_holes(mask)
    assert filled.sum() > mask.sum()
    assert np.array_equal(without_holes(mask), filled)
    assert np.array_equal(without_holes(mask, planes=True), np.stack([ndimage.binary_fill_holes(plane) for plane in mask]))

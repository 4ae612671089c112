"""Blocks of a scan's own noise, laid all at once; an image that shows devices is edited once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

import synthetic_head
from deface_compare.case import Case
from deface_compare.defacers import devices
from deface_compare.defacers.noise_blocks import Blocks, reduced
from deface_compare.defacers.own_noise import copied, known_brain_blocks, noise_level
from deface_compare.geometry.boxes import Patch, whole_box
from deface_compare.settings import Settings


def laid_one_by_one(blocks: Blocks, where: NDArray[np.bool_], random: np.random.Generator) -> NDArray[Any]:
    """The definition: a tile after the other, each a random block, mirrored or not along each axis."""
    tiles = [range(0, length, step) for length, step in zip(where.shape, blocks.size, strict=True)]
    chosen = random.integers(len(blocks.first), size=[len(each) for each in tiles])
    mirrored = random.integers(2, size=(*chosen.shape, 3)).astype(bool)
    laid = np.zeros(where.shape, blocks.values.dtype)
    for place in np.ndindex(chosen.shape):
        target = tuple(slice(each[at], each[at] + step) for each, at, step in zip(tiles, place, blocks.size, strict=True))
        if where[target].any():
            first = blocks.first[chosen[place]]
            block = blocks.values[tuple(slice(a, a + n) for a, n in zip(first, blocks.size, strict=True))]
            block = np.flip(block, np.flatnonzero(mirrored[place]).tolist())
            laid[target] = block[tuple(slice(n) for n in laid[target].shape)]
    return laid


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 5, 3), (4, 4, 4), (30, 7, 2)])
def test_blocks_laid_at_once_are_those_laid_one_by_one(size: tuple[int, int, int]) -> None:
    random = np.random.default_rng(5)
    values = random.integers(-1000, 1000, (40, 41, 42)).astype(np.int16)
    first = np.stack([random.integers(0, n - step + 1, 20) for n, step in zip(values.shape, size, strict=True)], axis=1)
    where = random.random((31, 22, 23)) > 0.98
    blocks = Blocks(values, size, first)
    wanted = laid_one_by_one(blocks, where, np.random.default_rng(9))
    everywhere = blocks.laid(where, np.random.default_rng(9), np.ones_like(where))
    np.testing.assert_array_equal(everywhere, wanted.ravel())
    assert wanted[where].any()
    np.testing.assert_array_equal(blocks.laid(where, np.random.default_rng(9)), wanted[where])


def test_nothing_asked_for_lays_nothing() -> None:
    blocks = Blocks(np.ones((5, 5, 5), np.float32), (2, 2, 2), np.zeros((3, 3), np.intp))
    nowhere = np.zeros((9, 9, 9), bool)
    assert not blocks.laid(nowhere, np.random.default_rng(1), ~nowhere).any()


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("size", [(1, 1, 1), (7, 12, 10), (12, 3, 19)])
def test_blocks_are_reduced_and_summed_as_numpy_does_axis_by_axis(size: tuple[int, int, int], dtype: type) -> None:
    """Sums of floats to the bit: another rounding makes other blocks the usual ones."""
    values = (np.random.default_rng(6).normal(size=(40, 41, 42)) * 100).astype(dtype)
    count = np.floor_divide(values.shape, size)
    first = np.argwhere(np.ones(count, bool)) * size
    for reduce in (np.minimum, np.maximum, np.add):
        wanted: NDArray[Any] = values
        for axis, (step, many) in enumerate(zip(size, count.tolist(), strict=True)):
            wanted = reduce.reduceat(np.take(wanted, range(step * many), axis), range(0, step * many, step), axis=axis)
        found = Blocks(values, size, first).sums() if reduce is np.add else reduced(reduce, values, size).ravel()
        np.testing.assert_array_equal(found, wanted.ravel())


def test_an_array_smaller_than_a_block_has_none() -> None:
    assert reduced(np.maximum, np.zeros((3, 9, 9)), (4, 2, 2)).size == 0


def test_the_noise_of_an_image_is_that_of_all_its_slices_together() -> None:
    image = synthetic_head.ct(synthetic_head.grid((4.0, 4.0, 4.0)))
    values = image.array().astype(np.float32)
    tissue = values > -300.0
    steps = np.abs(np.diff(values, axis=2)[tissue[:, :, 1:] & tissue[:, :, :-1]])
    assert noise_level(image, whole_box(image.image)) == float(np.quantile(steps, 0.25) / 0.3186 / np.sqrt(2.0)) > 0


@pytest.mark.parametrize("in_the_brain", [True, False])
def test_the_blocks_of_a_brain_are_cut_again_only_where_a_copy_changed_it(in_the_brain: bool) -> None:
    image, head = synthetic_head.ct(synthetic_head.grid((2.0, 2.0, 2.0))), synthetic_head.head()
    middle = np.mean(np.argwhere(sitk.GetArrayViewFromImage(head.brain))[:, ::-1], axis=0)
    at = head.grid.TransformContinuousIndexToPhysicalPoint(middle.tolist())
    x, y, z = image.image.TransformPhysicalPointToIndex(at) if in_the_brain else (0, 0, 0)
    changed = replace(image, image=Patch((x, y, z), np.full((1, 1, 1), 777, image.array().dtype)).whole(image.image))
    copied(changed, image)
    own = known_brain_blocks(image, head)
    assert own is not None
    assert (known_brain_blocks(changed, head) is own) is not in_the_brain


class Counted:
    """An edit that counts how often it is applied."""

    def __init__(self) -> None:
        self.applied = 0

    def apply(self, image: Any, head: Any, settings: Settings) -> Patch:
        """Change one voxel."""
        self.applied += 1
        return Patch((1, 1, 1), np.full((1, 1, 1), 7, np.int16))


@pytest.mark.parametrize("shows_devices", [True, False])
def test_an_image_whose_first_edit_nobody_needs_is_edited_once(shows_devices: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    image = synthetic_head.ct(synthetic_head.grid((4.0, 4.0, 4.0)))
    cleared = Patch((2, 2, 2), np.zeros((1, 1, 1), image.array().dtype))
    monkeypatch.setattr(devices, "cleared_of", lambda *_: cleared if shows_devices else None)
    edit, marked = Counted(), sitk.Image(2, 2, 2, sitk.sitkUInt8)
    devices.without_devices(edit, Case("x"), image, synthetic_head.head(), Settings(), None, marked)  # type: ignore[arg-type]
    assert edit.applied == 1

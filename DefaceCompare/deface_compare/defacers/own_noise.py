"""A scan's own noise: what stands where a method took air or tissue away.

One value, or calm tissue, in a noisy scan shows where a method worked. So air is filled with mirrored blocks of this scan's own
air: level, correlation, rounding and clipping come along. Rewritten tissue gets mirrored blocks of what is left of the brain when
its slow part is taken away, as strong as the noise of the tissue around.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.head import Head
from ..case import CaseImage
from ..geometry.boxes import VoxelBox, box_around, box_between, box_of_points, corners_mm, sample_box
from ..geometry.found_once import FoundOnce
from ..geometry.nearness import dilated, eroded
from ..settings import Settings
from .stored_values import stored_level

BLOCK_MM = (12.0, 6.0)
"""Edge of a block; the smaller ones where a scan holds few of the larger."""
FEWEST_BLOCKS = 12
"""From fewer blocks a pattern would be seen."""
FEWEST_VOXELS = 100
"""From fewer single voxels the level alone would be a guess."""
AROUND_MM = 60.0
"""Air is taken from so far around what is filled."""
KEPT_PERCENT = (5.0, 90.0)
"""Of the blocks by their mean: padding lies below, ghosts and streaks lie above."""
BRAIN_DEPTH_MM = 6.0
"""Noise is taken from so deep in the brain: no bone, no cortex's edge."""
SLOW_VOXELS = 2.0
"""Gaussian sigma of a brain's slow part: the noise of a CT kernel is correlated over one to two voxels."""
CALM_QUANTILE, CALM_SIGMAS = 0.25, 0.3186
"""Noise is told by the calmest quarter of the differences between neighbours: of a normal distribution it lies within so many
sigmas, and anatomy adds to the other ones."""
LARGEST_SIGMAS = 3.0
"""Stronger residuals are anatomy, not noise."""
Array = NDArray[np.float32]
_BRAINS = FoundOnce()


@dataclass(frozen=True)
class Blocks:
    """Blocks of one size in an array, shape (z, y, x).

    Parameters
    ----------
    values : ndarray
    size : (int, int, int)
        (z, y, x) voxels.
    first : ndarray of int, shape (n, 3)
        First voxel of each block, (z, y, x).
    """

    values: NDArray[np.generic]
    size: tuple[int, int, int]
    first: NDArray[np.intp]

    def laid(self, where: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.generic]:
        """An array of the shape of `where`, laid out with blocks in random order, each mirrored or not along each axis."""
        count = [-(-length // step) for length, step in zip(where.shape, self.size, strict=True)]
        chosen = random.integers(len(self.first), size=count)
        mirrored = random.integers(2, size=(*chosen.shape, 3)).astype(bool)
        asked = np.zeros(np.multiply(count, self.size), np.bool_)
        asked[tuple(slice(length) for length in where.shape)] = where
        asked_for = _tiles(asked, self.size).any(axis=(3, 4, 5))
        laid = np.zeros(asked.shape, self.values.dtype)
        tiles = _tiles(laid, self.size)
        windows = np.lib.stride_tricks.sliding_window_view(self.values, self.size)
        for turns in itertools.product((False, True), repeat=3):
            places = np.nonzero(asked_for & (mirrored == turns).all(axis=3))
            backwards = (slice(None), *(slice(None, None, -1 if turn else 1) for turn in turns))
            blocks = windows[tuple(self.first[chosen[places]].T)]
            tiles[places] = blocks[backwards]
        return laid[tuple(slice(length) for length in where.shape)]


def _tiles(array: NDArray[np.generic], size: tuple[int, int, int]) -> NDArray[np.generic]:
    """A view of an array of whole tiles, by tile and by place in it, shape (tiles along z, y, x, z, y, x)."""
    (a, b, c), (z, y, x) = np.floor_divide(array.shape, size), size
    return array.reshape(a, z, b, y, c, x).transpose(0, 2, 4, 1, 3, 5)


def background(image: CaseImage, box: VoxelBox, where: NDArray[np.bool_], settings: Settings) -> NDArray[np.generic]:
    """What stands where something became background, in the image's stored type, shape (z, y, x) of `box`.

    Parameters
    ----------
    image : CaseImage
        The original.
    box : VoxelBox
    where : ndarray of bool, shape (z, y, x) of `box`
        Which voxels are asked for; the others hold anything.
    settings : Settings
        ``zero`` fills with 0; else with this scan's own air: blocks of it, without free blocks single voxels, and one air value
        only where hardly a voxel is air.
    """
    dtype = image.array().dtype
    if settings.fill == "zero":
        return np.zeros(box.shape, dtype)
    around, random = _around(image, box), _random(image, settings, "air")
    blocks = _air_blocks(image, around)
    if blocks is not None:
        return blocks.laid(where, random)
    filled = np.full(box.shape, stored_level(air_level(image), dtype), dtype)
    voxels = around[~dilated(np.greater_equal(around, skin_threshold(image)), corners=True)]
    if voxels.size >= FEWEST_VOXELS:
        filled[where] = random.choice(voxels, np.count_nonzero(where))
    return filled


def tissue_noise(image: CaseImage, head: Head, box: VoxelBox, where: NDArray[np.bool_], settings: Settings) -> Array:
    """Noise as it is in this scan's tissue, mean 0, shape (z, y, x) of `box`.

    Without enough brain in the scan it is white and Gaussian.
    """
    random = _random(image, settings, "tissue")
    level = noise_level(image, box)
    found = _known_brain_blocks(image, head)
    if found is None:
        return np.float32(level) * random.standard_normal(box.shape, dtype=np.float32)
    blocks, brain_level = found
    return np.asarray(blocks.laid(where, random), np.float32) * np.float32(min(level, brain_level))


def noise_level(image: CaseImage, box: VoxelBox) -> float:
    """Noise sigma of an image's tissue, from differences of neighbours (the calmer ones, so that anatomy hardly counts)."""
    values = image.array()[box.slices].astype(np.float32)
    return _noise_of(values, values > skin_threshold(image))


def _random(image: CaseImage, settings: Settings, purpose: str) -> np.random.Generator:
    return np.random.default_rng([settings.seed, zlib.crc32(f"{image.key} {purpose}".encode())])


def _noise_of(values: Array, part: NDArray[np.bool_]) -> float:
    """Sigma of white Gaussian noise that has this quantile of differences of neighbours along the rows."""
    both = part[:, :, 1:] & part[:, :, :-1]
    steps = np.abs(np.diff(values, axis=2)[both])
    return 0.0 if steps.size == 0 else float(np.quantile(steps, CALM_QUANTILE) / CALM_SIGMAS / np.sqrt(2.0))


def _block_size(image: CaseImage, edge_mm: float) -> tuple[int, int, int]:
    """Voxels (z, y, x) of a block."""
    x, y, z = (max(1, round(edge_mm / spacing)) for spacing in image.image.GetSpacing())
    return z, y, x


def _around(image: CaseImage, box: VoxelBox) -> NDArray[np.generic]:
    """The values of a box and of `AROUND_MM` around it."""
    reach = AROUND_MM / np.array(image.image.GetSpacing())
    low = np.array(box.offset) - reach
    return image.array()[box_between(low, np.array(box.offset) + np.array(box.size) - 1 + reach, image.image).slices]


def _air_blocks(image: CaseImage, values: NDArray[np.generic]) -> Blocks | None:
    """Blocks of free air in a part of the image: no tissue in them nor beside them."""
    for edge_mm in BLOCK_MM:
        size = _block_size(image, edge_mm)
        highest = _reduced(np.maximum, values, size)
        if highest.size == 0:
            continue
        free = ~dilated(np.greater_equal(highest, skin_threshold(image)), corners=True)
        lowest = _reduced(np.minimum, values, size)
        noisy = free & np.greater(highest, lowest)
        if 2 * np.count_nonzero(noisy) >= np.count_nonzero(free):
            free = noisy  # padding beyond the scanned circle has one value
        first = np.argwhere(free) * size
        if len(first) >= FEWEST_BLOCKS:
            return Blocks(values, size, _usual(values, first, size))
    return None


def _usual(values: NDArray[np.generic], first: NDArray[np.intp], size: tuple[int, int, int]) -> NDArray[np.intp]:
    """The blocks without the lowest and the highest ones."""
    sums = _reduced(np.add, values, size)
    means = sums[tuple((first // size).T)] / np.prod(size)
    low, high = np.percentile(means, KEPT_PERCENT)
    return first[(means >= low) & (means <= high)]


def _known_brain_blocks(image: CaseImage, head: Head) -> tuple[Blocks, float] | None:
    """The same for all edits of an image: looked for once. The head is kept beside, so that its id is no other one's."""
    known: dict[int, tuple[Head, tuple[Blocks, float] | None]] = _BRAINS.of(image, None, dict)
    if id(head) not in known:
        known[id(head)] = head, _brain_blocks(image, head)
    return known[id(head)][1]


def _brain_blocks(image: CaseImage, head: Head) -> tuple[Blocks, float] | None:
    """Blocks of the brain without its slow part, scaled to a noise of 1, and how strong that noise is."""
    deep = sitk.GetArrayViewFromImage(head.brain) > 0
    deep = eroded(deep, round(BRAIN_DEPTH_MM / head.grid.GetSpacing()[0]))
    around = box_around(deep)
    if around is None:
        return None
    mask = sitk.GetImageFromArray(deep.astype(np.uint8))
    mask.CopyInformation(head.grid)
    box = box_of_points(corners_mm(head.grid, around), image.image)
    if box.empty:
        return None
    inside = sample_box(mask, image.image, box, 0.0, nearest=True) > 0.5
    values = image.array()[box.slices].astype(np.float32)
    sigma = [0.0, SLOW_VOXELS, SLOW_VOXELS]  # slice by slice: slices may be thick
    known = scipy.ndimage.gaussian_filter(inside.astype(np.float32), sigma, truncate=3.0)
    slow = scipy.ndimage.gaussian_filter(np.where(inside, values, 0), sigma, truncate=3.0) / np.maximum(known, 1e-3)
    fast = np.where(inside, values - slow, 0).astype(np.float32)
    level = _noise_of(fast, inside)
    if level == 0.0:
        return None
    fast = np.clip(fast / np.float32(level), -LARGEST_SIGMAS, LARGEST_SIGMAS)
    for edge_mm in BLOCK_MM:
        size = _block_size(image, edge_mm)
        whole = _reduced(np.minimum, inside, size)
        first = np.argwhere(whole) * size
        if len(first) >= FEWEST_BLOCKS:
            return Blocks(fast, size, first), level
    return None


def _reduced(reduce: np.ufunc, values: NDArray[np.generic], size: tuple[int, int, int]) -> NDArray[np.generic]:
    """The least, the greatest or the sum of the values of each whole block, shape (blocks along z, y, x)."""
    for axis, step in enumerate(size):
        count = values.shape[axis] // step
        values = np.take(values, range(count * step), axis=axis) if values.shape[axis] % step else values
        if count == 0:
            return values[:0, :0, :0]
        values = reduce.reduceat(values, range(0, count * step, step), axis=axis)
    return values

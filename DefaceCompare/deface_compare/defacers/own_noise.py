"""A scan's own noise: what stands where a method took air or tissue away.

One value, or calm tissue, in a noisy scan shows where a method worked. So air is filled with mirrored blocks of this scan's own
air: level, correlation, rounding and clipping come along. Rewritten tissue gets mirrored blocks of what is left of the brain when
its slow part is taken away, as strong as the noise of the tissue around.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import scipy
import SimpleITK as sitk
from numpy.typing import NDArray

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.head import Head
from ..case import CaseImage
from ..geometry.box_sampling import sample_mask
from ..geometry.boxes import VoxelBox, box_around, box_between, box_of_points, corners_mm
from ..geometry.found_once import FoundOnce
from ..geometry.nearness import dilated, eroded
from ..settings import Settings
from .noise_blocks import Blocks, reduced
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
_BRAINS, _COPIES = FoundOnce(), FoundOnce()


def background(
    image: CaseImage,
    box: VoxelBox,
    where: NDArray[np.bool_],
    settings: Settings,
    at: NDArray[np.bool_] | None = None,
) -> NDArray[np.generic]:
    """What stands where something became background, in the image's stored type, shape (n,), in the order of the array.

    Parameters
    ----------
    image : CaseImage
        The original.
    box : VoxelBox
    where : ndarray of bool, shape (z, y, x) of `box`
        Which voxels become background.
    settings : Settings
        ``zero`` fills with 0; else with this scan's own air: blocks of it, without free blocks single voxels, and one air value
        only where hardly a voxel is air.
    at : ndarray of bool, shape (z, y, x) of `box`, optional
        The voxels whose values are asked for, if not those of `where`; outside `where` they are anything.
    """
    dtype, at = image.array().dtype, where if at is None else at
    if settings.fill == "zero":
        return np.zeros(np.count_nonzero(at), dtype)
    around, random = _around(image, box), _random(image, settings, "air")
    blocks = _air_blocks(image, around)
    if blocks is not None:
        return blocks.laid(where, random, at)
    filled = np.full(np.count_nonzero(at), stored_level(air_level(image), dtype), dtype)
    voxels = around[~dilated(np.greater_equal(around, skin_threshold(image)), corners=True)]
    if voxels.size >= FEWEST_VOXELS:
        single = random.choice(voxels, np.count_nonzero(where))
        filled[where[at]] = single[at[where]]
    return filled


def tissue_noise(
    image: CaseImage, head: Head, box: VoxelBox, where: NDArray[np.bool_], settings: Settings, at: NDArray[np.bool_]
) -> Array:
    """Noise as it is in this scan's tissue, mean 0, shape (n,): at the voxels `at` of `box`, for an edit of those of `where`.

    Without enough brain in the scan it is white and Gaussian.
    """
    random = _random(image, settings, "tissue")
    level = noise_level(image, box)
    found = known_brain_blocks(image, head)
    if found is None:
        return np.float32(level) * random.standard_normal(box.shape, dtype=np.float32)[at]
    blocks, brain_level = found
    return blocks.laid(where, random, at).astype(np.float32, copy=False) * np.float32(min(level, brain_level))


def noise_level(image: CaseImage, box: VoxelBox) -> float:
    """Noise sigma of an image's tissue, from differences of neighbours (the calmer ones, so that anatomy hardly counts)."""
    threshold = skin_threshold(image)
    values = image.array()[box.slices]
    planes = (plane.astype(np.float32) for plane in values)
    return _noise_of(((plane, plane > threshold) for plane in planes), values.size)


def _random(image: CaseImage, settings: Settings, purpose: str) -> np.random.Generator:
    return np.random.default_rng([settings.seed, zlib.crc32(f"{image.key} {purpose}".encode())])


def _noise_of(planes: Iterable[tuple[Array, NDArray[np.bool_]]], most: int) -> float:
    """Sigma of white Gaussian noise that has this quantile of differences of neighbours along the rows.

    Parameters
    ----------
    planes : iterable of (ndarray, ndarray of bool)
        Slice by slice, so that no copy of a large image is made: the values, and which of them count.
    most : int
        No more values than this come.
    """
    steps, count = np.empty(most, np.float32), 0  # only what is filled takes memory
    for values, part in planes:
        found = np.diff(values, axis=1)[part[:, 1:] & part[:, :-1]]
        steps[count : count + len(found)] = np.abs(found)
        count += len(found)
    if count == 0:
        return 0.0
    return float(np.quantile(steps[:count], CALM_QUANTILE, overwrite_input=True) / CALM_SIGMAS / np.sqrt(2.0))


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
        highest = reduced(np.maximum, values, size)
        if highest.size == 0:
            continue
        free = ~dilated(np.greater_equal(highest, skin_threshold(image)), corners=True)
        lowest = reduced(np.minimum, values, size)
        noisy = free & np.greater(highest, lowest)
        if 2 * np.count_nonzero(noisy) >= np.count_nonzero(free):
            free = noisy  # padding beyond the scanned circle has one value
        first = np.argwhere(free) * size
        if len(first) >= FEWEST_BLOCKS:
            return Blocks(values, size, _usual(values, first, size))
    return None


def _usual(values: NDArray[np.generic], first: NDArray[np.intp], size: tuple[int, int, int]) -> NDArray[np.intp]:
    """The blocks without the lowest and the highest ones."""
    means = Blocks(values, size, first).sums() / np.prod(size)
    low, high = np.percentile(means, KEPT_PERCENT)
    return first[(means >= low) & (means <= high)]


def known_brain_blocks(image: CaseImage, head: Head) -> tuple[Blocks, float] | None:
    """The same for all edits of an image: looked for once. The head is kept beside, so that its id is no other one's."""
    _, blocks = _BRAINS.of(image, id(head), lambda: (head, _found_brain_blocks(image, head)))
    return blocks


def _found_brain_blocks(image: CaseImage, head: Head) -> tuple[Blocks, float] | None:
    """Those of the image that this one is a changed copy of, where the brain is the same; else its own."""
    original: CaseImage | None = _COPIES.of(image, None, lambda: None)
    if original is not None and _same_brain(image, original, head):
        return known_brain_blocks(original, head)
    return _brain_blocks(image, head)


def copied(changed: CaseImage, image: CaseImage) -> None:
    """Tell that an image is a changed copy of another one: what is known of a brain that is the same need not be found again."""
    _COPIES.of(changed, None, lambda: image)


def _same_brain(changed: CaseImage, image: CaseImage, head: Head) -> bool:
    found = _deep_brain(image, head)
    if found is None:
        return True
    box, inside = found
    return not np.any(inside & (changed.array()[box.slices] != image.array()[box.slices]))


def _deep_brain(image: CaseImage, head: Head) -> tuple[VoxelBox, NDArray[np.bool_]] | None:
    """The box of an image around the brain, and which of its voxels lie `BRAIN_DEPTH_MM` deep in it; None without any."""
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
    return box, sample_mask(mask, image.image, box)


def _brain_blocks(image: CaseImage, head: Head) -> tuple[Blocks, float] | None:
    """Blocks of the brain without its slow part, scaled to a noise of 1, and how strong that noise is."""
    found = _deep_brain(image, head)
    if found is None:
        return None
    box, inside = found
    values = image.array()[box.slices].astype(np.float32)
    sigma = [0.0, SLOW_VOXELS, SLOW_VOXELS]  # slice by slice: slices may be thick
    known = scipy.ndimage.gaussian_filter(inside.astype(np.float32), sigma, truncate=3.0)
    slow = scipy.ndimage.gaussian_filter(np.where(inside, values, 0), sigma, truncate=3.0) / np.maximum(known, 1e-3)
    fast = np.where(inside, values - slow, 0).astype(np.float32, copy=False)
    del values, known, slow
    level = _noise_of(zip(fast, inside, strict=True), fast.size)
    if level == 0.0:
        return None
    fast /= np.float32(level)
    np.clip(fast, -LARGEST_SIGMAS, LARGEST_SIGMAS, out=fast)
    for edge_mm in BLOCK_MM:
        size = _block_size(image, edge_mm)
        whole = reduced(np.minimum, inside, size)
        first = np.argwhere(whole) * size
        if len(first) >= FEWEST_BLOCKS:
            return Blocks(fast, size, first), level
    return None

"""An affine fit of two smooth masks, carried on until nothing moves: one answer, however the search came near it."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..geometry.boxes import VoxelBox, box_around

MOST_ROUNDS = 30
"""Gauss-Newton rounds."""
STILL_MM = 0.02
"""A round that moves no corner of the head's box by more than this is the last one."""
LONGEST_MM = 6.0
"""No round moves a corner further: beyond the masks' soft edges the slopes say nothing."""
FLAT_PER_MM = 1e-3
"""Where the masks' mean slope is smaller than this there is nothing to compare."""
FEWEST = 500
"""Fewer places to compare are no fit."""
RIDGE = 1e-4
"""Share of the mean diagonal added to the normal equations: a scan that shows little of the head leaves directions open."""
ROOM_MM = 24.0
"""Places are compared so far around the fixed mask: as far as a working grid reaches around a head (`working_grid.MARGIN_MM`)."""


def converge_affine(
    fixed: sitk.Image,
    moving: sitk.Image,
    allowed: sitk.Image,
    moving_allowed: sitk.Image | None,
    start: sitk.AffineTransform,
    still_mm: float = STILL_MM,
) -> tuple[sitk.AffineTransform, bool]:
    """Minimise the mean squared difference of two smooth masks.

    Efficient second-order minimisation (Benhimane & Malis 2004, doi 10.1109/IROS.2004.1389474): the slopes of both images
    are averaged, and the transform is updated on the fixed side.

    Parameters
    ----------
    fixed, moving : SimpleITK.Image
        float32, 0 to 1; `fixed` along LPS axes.
    allowed : SimpleITK.Image
        uint8 on the grid of `fixed`: where it may be compared.
    moving_allowed : SimpleITK.Image or None
        uint8: the same of `moving`.
    start : SimpleITK.AffineTransform
        Fixed mm to moving mm.
    still_mm : float
        A round that moves no corner of the mask's box by more than this is the last one.

    Returns
    -------
    transform : SimpleITK.AffineTransform
        Fixed mm to moving mm; `start` where there is nothing to compare.
    at_rest : bool
        Whether it came to rest within `MOST_ROUNDS`; if not, another start leads elsewhere.
    """
    around = _around(fixed, allowed)
    if around is None:
        return start, False
    middle, half = _box(fixed)
    fixed, allowed = (sitk.RegionOfInterest(each, around.size, around.offset) for each in (fixed, allowed))
    wanted, here = sitk.GetArrayViewFromImage(fixed), sitk.GetArrayViewFromImage(allowed) > 0
    own_slopes = _slopes(wanted, fixed)
    transform = start
    for _ in range(MOST_ROUNDS):
        usable = here
        if moving_allowed is not None:
            there = sitk.Resample(moving_allowed, fixed, transform, sitk.sitkNearestNeighbor, 0)
            usable = here & (sitk.GetArrayViewFromImage(there) > 0)
        laid = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32))
        slopes = [0.5 * (own + other) for own, other in zip(own_slopes, _slopes(laid, fixed), strict=True)]
        at = np.flatnonzero(usable & (sum(slope * slope for slope in slopes) > FLAT_PER_MM**2))
        if len(at) < FEWEST:
            return start, False
        step = _step(
            _places(fixed, at, middle, half),
            np.stack([slope.ravel()[at] for slope in slopes[::-1]], axis=1).astype(np.float64),
            (wanted.ravel()[at] - laid.ravel()[at]).astype(np.float64),
        )
        longest_mm = float(np.abs(step).sum(axis=1).max())  # at a corner, where all coordinates are 1
        step *= min(1.0, LONGEST_MM / longest_mm)
        transform = _after(transform, step, middle, half)
        if longest_mm < still_mm:
            return transform, True
    return transform, False


def _around(fixed: sitk.Image, allowed: sitk.Image) -> VoxelBox | None:
    """Where there is something to compare: the mask as far as it is allowed, and `ROOM_MM` around it."""
    mask = (sitk.GetArrayViewFromImage(fixed) > 0.5) & (sitk.GetArrayViewFromImage(allowed) > 0)
    return box_around(mask, math.ceil(ROOM_MM / min(fixed.GetSpacing())))


def _slopes(values: NDArray[np.float32], grid: sitk.Image) -> list[NDArray[np.float32]]:
    """How the values change along z, y and x, per mm."""
    return [np.gradient(values, spacing, axis=axis) for axis, spacing in enumerate(grid.GetSpacing()[::-1])]


def _box(fixed: sitk.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle of a mask's box and half its edges, LPS mm."""
    box = box_around(sitk.GetArrayViewFromImage(fixed) > 0.5)
    assert box is not None
    spacing, size = np.array(fixed.GetSpacing()), np.array(box.size)
    return np.array(fixed.GetOrigin()) + (np.array(box.offset) + 0.5 * (size - 1)) * spacing, 0.5 * size * spacing


def _places(
    fixed: sitk.Image, at: NDArray[np.intp], middle: NDArray[np.float64], half: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Voxel centres in coordinates that run from -1 to 1 over the mask's box, and a column of ones, shape (n, 4)."""
    z, y, x = np.unravel_index(at, fixed.GetSize()[::-1])
    points = np.stack([x, y, z], axis=1) * np.array(fixed.GetSpacing()) + np.array(fixed.GetOrigin())
    return np.concatenate([(points - middle) / half, np.ones((len(points), 1))], axis=1)


def _step(places: NDArray[np.float64], slopes: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """The displacement that explains the differences best, mm, linear in the places: shape (3, 4)."""
    rows = (slopes[:, :, None] * places[:, None, :]).reshape(len(places), 12)
    squares = rows.T @ rows
    squares += RIDGE * float(np.trace(squares)) / 12.0 * np.eye(12)
    return np.linalg.solve(squares, rows.T @ differences).reshape(3, 4)


def _after(
    transform: sitk.AffineTransform, step: NDArray[np.float64], middle: NDArray[np.float64], half: NDArray[np.float64]
) -> sitk.AffineTransform:
    """`transform` of the points displaced by `step`."""
    own = np.eye(3) + step[:, :3] / half
    shift = step[:, 3] - step[:, :3] @ (middle / half)
    matrix = np.array(transform.GetMatrix()).reshape(3, 3)
    offset = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    after = sitk.AffineTransform(3)
    after.SetMatrix((matrix @ own).ravel().tolist())
    after.SetTranslation((matrix @ shift + offset).tolist())
    return after

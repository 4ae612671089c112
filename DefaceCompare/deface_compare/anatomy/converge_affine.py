"""An affine fit of two smooth masks, carried on until nothing moves: one answer, however the search came near it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

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


def converge_affine(
    fixed: sitk.Image, moving: sitk.Image, allowed: sitk.Image, moving_allowed: sitk.Image | None, start: sitk.AffineTransform
) -> sitk.AffineTransform:
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

    Returns
    -------
    SimpleITK.AffineTransform
        Fixed mm to moving mm; `start` where there is nothing to compare.
    """
    wanted = sitk.GetArrayFromImage(fixed).astype(np.float64)
    spacing = fixed.GetSpacing()[::-1]
    own_slopes = np.gradient(wanted, *spacing)
    middle, half = _box(fixed, wanted)
    transform = start
    for _ in range(MOST_ROUNDS):
        usable = sitk.GetArrayViewFromImage(allowed) > 0
        if moving_allowed is not None:
            usable &= sitk.GetArrayFromImage(sitk.Resample(moving_allowed, fixed, transform, sitk.sitkNearestNeighbor, 0)) > 0
        laid = sitk.GetArrayFromImage(sitk.Resample(moving, fixed, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat64))
        slopes = [0.5 * (own + other) for own, other in zip(own_slopes, np.gradient(laid, *spacing), strict=True)]
        at = np.flatnonzero(usable & (np.square(slopes).sum(axis=0) > FLAT_PER_MM**2))
        if len(at) < FEWEST:
            return start
        step = _step(
            _places(fixed, at, middle, half),
            np.stack([slope.ravel()[at] for slope in slopes[::-1]], axis=1),
            (wanted - laid).ravel()[at],
        )
        longest_mm = float(np.abs(step).sum(axis=1).max())  # at a corner, where all coordinates are 1
        step *= min(1.0, LONGEST_MM / longest_mm)
        transform = _after(transform, step, middle, half)
        if longest_mm < STILL_MM:
            break
    return transform


def _box(fixed: sitk.Image, mask: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle of a mask's box and half its edges, LPS mm."""
    index = np.argwhere(mask > 0.5)[:, ::-1]
    low, high = index.min(axis=0), index.max(axis=0)
    spacing = np.array(fixed.GetSpacing())
    return np.array(fixed.GetOrigin()) + 0.5 * (low + high) * spacing, 0.5 * (high - low + 1) * spacing


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

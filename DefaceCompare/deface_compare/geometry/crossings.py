"""How far a voxel next to a crossing of a level is from it: between voxels, by the values and their slopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Triple = tuple[float, float, float]


def distance_to_crossing_mm(values: NDArray[np.float32], level: float, spacing_mm: Triple, far_mm: float) -> NDArray[np.float32]:
    """Signed distance from where values cross a level, at the voxels that the crossing lies next to.

    A crossing lies between two neighbours along an axis, one above the level and one not; its direction is their mean slope.
    `SimpleITK.IsoContourDistance` gives the same numbers, but looks at each voxel's neighbours, wherever it lies.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    level : float
    spacing_mm : (float, float, float)
        Along z, y and x.
    far_mm : float
        What all other voxels get.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        Positive above the level; of several crossings the nearest counts.
    """
    wide = np.pad(values, 1, mode="edge")  # there is no slope beyond the array
    flat, above = wide.ravel(), wide > level
    distance = np.full(wide.shape, far_mm, np.float32)
    steps = (wide.shape[1] * wide.shape[2], wide.shape[2], 1)
    for axis, step in enumerate(steps):
        first = _first_of_crossed_pairs(above, axis)
        second = first + step
        slopes = [
            (_rise(flat, first, each) + _rise(flat, second, each)) / (4.0 * mm)
            for each, mm in zip(steps, spacing_mm, strict=True)
        ]
        steepness = np.sqrt(sum(slope * slope for slope in slopes))
        rises = [flat[place] - np.float64(level) for place in (first, second)]
        mm_per_rise = np.abs(slopes[axis]) * spacing_mm[axis] / (steepness * np.abs(rises[1] - rises[0]))
        for place, rise in zip((first, second), rises, strict=True):
            _keep_nearest(distance.reshape(-1), place, (rise * mm_per_rise).astype(np.float32))
    return distance[1:-1, 1:-1, 1:-1]


def _first_of_crossed_pairs(above: NDArray[np.bool_], axis: int) -> NDArray[np.intp]:
    """Flat indices of the voxels that lie on one side while their next one along an axis lies on the other, the rim left out."""
    here: list[slice] = [slice(1, -1)] * 3
    following = list(here)
    here[axis], following[axis] = slice(1, -2), slice(2, -1)
    crossed = np.zeros(above.shape, bool)
    np.not_equal(above[tuple(here)], above[tuple(following)], out=crossed[tuple(here)])
    return np.flatnonzero(crossed)


def _rise(flat: NDArray[np.float32], place: NDArray[np.intp], step: int) -> NDArray[np.float64]:
    """From the voxel before to the one after, along an axis."""
    return flat[place + step].astype(np.float64) - flat[place - step]


def _keep_nearest(distance: NDArray[np.float32], place: NDArray[np.intp], found: NDArray[np.float32]) -> None:
    """In place; no voxel may come twice."""
    nearer = np.abs(found) < np.abs(distance[place])
    distance[place[nearer]] = found[nearer]

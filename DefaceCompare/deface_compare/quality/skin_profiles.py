"""Values of an image along the normals of its original skin: every surface that may stand there is a step in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

REACH_MM = 20
"""How far in and out of the original skin values are taken."""

OFFSETS_MM = np.arange(-REACH_MM, REACH_MM + 1, dtype=np.float64)
"""Where along a normal, mm, negative inside: half a voxel of the working grid apart."""

NORMAL_SMOOTHING_VOXELS = 1.0
"""Gaussian sigma of the slope that gives the skin's normals, on top of `SMOOTHING_MM`."""


@dataclass(frozen=True)
class SkinProfiles:
    """Values along the outward normal of skin points.

    Parameters
    ----------
    values : ndarray of float32, shape (n, `OFFSETS_MM`)
        In the image's unit.
    """

    values: NDArray[np.float32]
    _known: dict[float, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Values at one offset of all points: every level asks for the same ones."""

    def __len__(self) -> int:
        """How many points."""
        return len(self.values)

    def at(self, offset_mm: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """The value of each point so far outside its skin (negative: inside), shape (n,)."""
        if np.ndim(offset_mm) == 0:
            return self._at_all(float(offset_mm))
        place = np.clip(np.broadcast_to(offset_mm, len(self)) + REACH_MM, 0.0, 2.0 * REACH_MM - 1e-6)
        first = place.astype(np.intp)
        share, row = place - first, np.arange(len(self))
        return self.values[row, first] * (1.0 - share) + self.values[row, first + 1] * share

    def _at_all(self, offset_mm: float) -> NDArray[np.float64]:
        """The same for one offset: two columns, no search."""
        if offset_mm not in self._known:
            place = np.clip(np.float64(offset_mm + REACH_MM), 0.0, 2.0 * REACH_MM - 1e-6)
            first = int(place)
            share = place - first
            self._known[offset_mm] = self.values[:, first] * (1.0 - share) + self.values[:, first + 1] * share
        return self._known[offset_mm]

    def median_at(self, offset_mm: NDArray[np.float64] | float) -> float:
        """The median of `at` over all points; at whole mm found for every offset at once, since a search asks for most."""
        if np.ndim(offset_mm) == 0 and float(offset_mm) in OFFSETS_MM[1:-1]:
            return float(self._medians[int(float(offset_mm)) + REACH_MM])
        return float(np.median(self.at(offset_mm)))

    @cached_property
    def _medians(self) -> NDArray[np.float64]:
        """Of each of `OFFSETS_MM`."""
        return np.asarray(np.median(self.values.astype(np.float64), axis=0))

    def chosen(self, which: NDArray[np.bool_]) -> SkinProfiles:
        """Those of some points, mask of shape (n,)."""
        return SkinProfiles(self.values[which])

    def crossed(self, step: Step, offset_mm: NDArray[np.float64] | float, within_mm: float) -> NDArray[np.int8]:
        """Where a surface is drawn within `within_mm` of an offset, shape (n,): 1 yes, -1 one that faces the other way, else 0.

        Surfaces that pass by chance face either way equally often, so that the mean counts none of them.
        """
        outside, inside = self.at(np.add(offset_mm, within_mm)), self.at(np.subtract(offset_mm, within_mm))
        rises = (outside < step.level) & (inside > step.level)
        falls = (outside > step.level) & (inside < step.level)
        return (rises.astype(np.int8) - falls.astype(np.int8)) * np.int8(1 if step.rises else -1)

    def crossings_mm(self, step: Step) -> NDArray[np.float64]:
        """Where each profile crosses the level in the step's sense, mm, infinite elsewhere, shape (n, `OFFSETS_MM` - 1)."""
        signed = (self.values - step.level) * (1.0 if step.rises else -1.0)
        inner, outer = signed[:, :-1], signed[:, 1:]
        met = (outer < 0) & (inner >= 0)
        share = inner / np.where(met, inner - outer, 1.0)
        return np.where(met, OFFSETS_MM[:-1] + share, np.inf)


@dataclass(frozen=True)
class Step:
    """A surface: one level, and whether values rise from outside to inside (as from air to tissue) or fall.

    Parameters
    ----------
    level : float
        In the image's unit.
    rises : bool
    """

    level: float
    rises: bool

    def told(self, isovalue: float, air: float) -> str:
        """The level in words: its place between air (0) and the original's skin threshold (1)."""
        place = f"drawn at {(self.level - air) / (isovalue - air):.2f} of the step from air to the skin threshold"
        return place if self.rises else f"{place}, bright and dark exchanged"


def skin_profiles(
    calm: NDArray[np.float32], grid: sitk.Image, points_mm: NDArray[np.float64], normals: NDArray[np.float64]
) -> SkinProfiles:
    """Sample a smoothed image along normals.

    Parameters
    ----------
    calm : ndarray of float32, shape (z, y, x) of `grid`
    grid : SimpleITK.Image
        Along LPS axes.
    points_mm, normals : ndarray, shape (n, 3)
        Skin points, LPS mm, and unit vectors that point outside.
    """
    places = points_mm[:, None, :] + normals[:, None, :] * OFFSETS_MM[None, :, None]
    values = ndimage.map_coordinates(calm, _index(places.reshape(-1, 3), grid), order=1, mode="nearest")
    return SkinProfiles(values.reshape(len(points_mm), len(OFFSETS_MM)))


def skin_normals(
    calm: NDArray[np.float32], limits: tuple[float, float], grid: sitk.Image, points_mm: NDArray[np.float64]
) -> NDArray:
    """Outward unit normals of a skin, shape (n, 3): against the slope of the image.

    Parameters
    ----------
    calm : ndarray of float32, shape (z, y, x) of `grid`
        The original, smoothed.
    limits : (float, float)
        Values are held between air and as much above the skin threshold, so that bone and fat have no say.
    grid : SimpleITK.Image
        Along LPS axes.
    points_mm : ndarray, shape (n, 3)
    """
    soft = ndimage.gaussian_filter(np.clip(calm, *limits), NORMAL_SMOOTHING_VOXELS, truncate=3.0)
    index = _index(points_mm, grid)
    steps = np.eye(3)
    slope = [
        ndimage.map_coordinates(soft, index + steps[axis][:, None], order=1, mode="nearest")
        - ndimage.map_coordinates(soft, index - steps[axis][:, None], order=1, mode="nearest")
        for axis in (2, 1, 0)
    ]
    normals = -np.stack(slope, axis=1).astype(np.float64)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _index(points_mm: NDArray[np.float64], grid: sitk.Image) -> NDArray[np.float64]:
    """Continuous index (z, y, x) of points, shape (3, n)."""
    return ((points_mm - grid.GetOrigin()) / grid.GetSpacing())[:, ::-1].T

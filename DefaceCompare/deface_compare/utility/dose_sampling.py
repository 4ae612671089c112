"""Sub-voxel dose samples of a region: where they lie is found once, their doses for each edited grid.

Sampling is fixed (x4 per axis of the dose voxel): a factor that adapts to the structure could differ between the two sides of
a comparison. Doses are trilinear; nothing outside the dose grid is counted as 0 Gy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..errors import NotAvailable
from ..geometry.boxes import Patch
from ..geometry.lattice import Box, Lattice
from ..settings import SLAB, SURFACE
from ..structures.organs import EXTERNAL, GROUPS
from ..structures.region import Region
from .dvh import DVH

BODY_OVERSAMPLING = 2
"""Samples per axis for body outlines: their x4 lattice would be gigabytes, and x2 is converged for 8 litres."""
MOST_SAMPLES = 16_000_000
"""Box of samples beyond which a structure outside the headline is sampled as a body outline is (an unknown name may be one)."""
MOST_OUTSIDE = 0.05
"""Share of a region outside the dose grid beyond which it has no DVH."""


@dataclass(frozen=True)
class DoseSamples:
    """A region's samples on one dose grid.

    Parameters
    ----------
    low : ndarray, shape (3,)
        Index (x, y, z), on the refined grid, of the first sample of the box.
    inside : ndarray of bool, shape (z, y, x)
        Which samples of the box lie inside the region.
    factor : int
        Samples per dose voxel and axis.
    sample_cc : float
        Volume that one sample stands for: a sub-voxel; of contours as slabs their whole volume, shared out evenly.
    engine : str
    outside_fraction : float
    original_gy : ndarray, shape (n,)
        Doses of the inside samples on the original grid, in (z, y, x) order.
    original : DVH
        The same, sorted.
    dose_warnings : tuple of str
        What a reader must know of the dose itself.
    """

    low: NDArray[np.int64]
    inside: NDArray[np.bool_]
    factor: int
    sample_cc: float
    engine: str
    outside_fraction: float
    original_gy: NDArray[np.float32] = field(repr=False)
    original: DVH = field(repr=False)
    dose_warnings: tuple[str, ...] = ()

    def edited(self, dose_gy: NDArray[np.float32], patch: Patch) -> DVH:
        """The DVH on an edited dose grid; the very same object where the edit does not reach the region.

        Parameters
        ----------
        dose_gy : ndarray, shape (z, y, x)
            The whole edited grid (`patch` put in).
        patch : Patch
            Which box of it may differ from the original.
        """
        reach = self._reach(patch)
        if reach is None:
            return self.original
        low, high = reach
        (x0, y0, z0), (x1, y1, z1) = low - self.low, high - self.low
        part = self.inside[z0:z1, y0:y1, x0:x1]
        changed = np.zeros_like(self.inside)
        changed[z0:z1, y0:y1, x0:x1] = part
        doses = self.original_gy.copy()
        doses[changed[self.inside]] = interpolate(dose_gy, low, part, self.factor)
        if np.array_equal(doses, self.original_gy):
            return self.original
        return _dvh(doses, self.sample_cc, self.engine, self.outside_fraction, self.dose_warnings)

    def _reach(self, patch: Patch) -> Box | None:
        """The refined box whose interpolation can see the patch, cut with the samples' box."""
        offset = np.array(patch.offset)
        size = np.array(patch.values.shape[::-1])
        low = np.maximum((offset - 1) * self.factor, self.low)
        high = np.minimum((offset + size + 1) * self.factor, self.low + self.inside.shape[::-1])
        return (low, high) if np.all(high > low) else None


def sample_region(
    region: Region, dose: sitk.Image, oversampling: int, ends: str = SLAB, warnings: tuple[str, ...] = ()
) -> DoseSamples:
    """Lay samples into a region and read their doses on the original grid.

    Parameters
    ----------
    oversampling : int
        Samples per dose voxel and axis; body outlines, and what is as large, get at most `BODY_OVERSAMPLING`.
    ends : str
        How contours become a body, ``slab`` or ``surface`` (see `structure_mask.mask_in_box`).
    warnings : tuple of str
        What a reader must know of the dose itself; stands in every DVH.

    Raises
    ------
    NotAvailable
        If the region is empty, too small to hold a sample, or more than 5 % of it lies outside the dose grid.
    """
    factor = _factor(region, dose, oversampling)
    engine = f"builtin-{ends if region.contours else SURFACE}-x{factor}"
    lattice = Lattice.of(dose).refined(factor)
    box = region.box(lattice)
    clipped = lattice.clip(box)
    if clipped is None:
        raise NotAvailable("the structure lies outside the dose grid")
    inside = region.inside(lattice, box, ends)
    total = int(np.count_nonzero(inside))
    if total == 0:
        raise NotAvailable("the structure is too small to hold a dose sample")
    # The count of samples is a noisy measure of volume (1 % for 5 cc at x4); the contours' areas are none.
    exact_cc = region.slab_volume_cc() if ends == SLAB else None
    sample_cc = lattice.voxel_cc if exact_cc is None else exact_cc / total
    start, stop = clipped[0] - box[0], clipped[1] - box[0]
    inside = np.ascontiguousarray(inside[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]])
    outside_fraction = 1.0 - np.count_nonzero(inside) / total
    if outside_fraction > MOST_OUTSIDE:
        raise NotAvailable(f"{100 * outside_fraction:.0f} % of the structure lies outside the dose grid")
    doses = interpolate(sitk.GetArrayViewFromImage(dose), clipped[0], inside, factor)
    return DoseSamples(
        low=clipped[0],
        inside=inside,
        factor=factor,
        sample_cc=sample_cc,
        engine=engine,
        outside_fraction=outside_fraction,
        original_gy=doses,
        original=_dvh(doses, sample_cc, engine, outside_fraction, warnings),
        dose_warnings=warnings,
    )


def _factor(region: Region, dose: sitk.Image, oversampling: int) -> int:
    """Samples per axis: fixed for the organs and targets of the headline, which are compared between patients."""
    if region.group in GROUPS and region.group != EXTERNAL:
        return oversampling
    low, high = region.box(Lattice.of(dose))
    large = region.group == EXTERNAL or float(np.prod(high - low, dtype=np.float64)) * oversampling**3 > MOST_SAMPLES
    return min(oversampling, BODY_OVERSAMPLING) if large else oversampling


def interpolate(
    dose_gy: NDArray[np.float32], low: NDArray[np.int64], inside: NDArray[np.bool_], factor: int
) -> NDArray[np.float32]:
    """Trilinear doses at the inside samples of a box of the refined grid, in (z, y, x) order.

    Samples in the outer half of border voxels take the border's dose. The arithmetic of a sample does not depend on the box,
    so equal grids give bit-equal doses.
    """
    (lx, wx), (ly, wy), (lz, wz) = (
        _weights(int(low[axis]), inside.shape[2 - axis], factor, dose_gy.shape[2 - axis]) for axis in range(3)
    )
    first_z, last_z = int(lz[0]), min(int(lz[-1]) + 2, dose_gy.shape[0])
    slab = dose_gy[first_z:last_z].astype(np.float32, copy=False)
    rows = _between(slab, lx, wx, axis=2)
    planes = _between(rows, ly, wy[:, None], axis=1)
    parts = []
    for k in range(inside.shape[0]):
        below = int(lz[k]) - first_z
        above = min(below + 1, len(planes) - 1)
        chosen = inside[k]
        parts.append(planes[below][chosen] * (np.float32(1) - wz[k]) + planes[above][chosen] * wz[k])
    return np.concatenate(parts).astype(np.float32, copy=False)


def _weights(low: int, count: int, factor: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Lower dose voxel and weight of the upper one for each refined index along one axis."""
    position = np.clip((np.arange(low, low + count) + 0.5) / factor - 0.5, 0, size - 1)
    lower = np.minimum(np.floor(position).astype(np.int64), max(size - 2, 0))
    return lower, (position - lower).astype(np.float32)


def _between(
    values: NDArray[np.float32], lower: NDArray[np.int64], weight: NDArray[np.float32], axis: int
) -> NDArray[np.float32]:
    upper = np.minimum(lower + 1, values.shape[axis] - 1)
    return np.asarray(np.take(values, lower, axis=axis) * (np.float32(1) - weight) + np.take(values, upper, axis=axis) * weight)


def _dvh(doses: NDArray[np.float32], sample_cc: float, engine: str, outside_fraction: float, warnings: tuple[str, ...]) -> DVH:
    if outside_fraction:
        warnings = (f"{100 * outside_fraction:.1f} % of the structure lies outside the dose grid", *warnings)
    return DVH(np.sort(doses), len(doses) * sample_cc, engine, outside_fraction, warnings)

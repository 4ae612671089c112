"""On which planes the frames of a DICOM segmentation lie: empty ones may be left out, so neighbours need not be near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .series import Series

POSITION_TOLERANCE_MM = 0.05
"""Frames further from evenly spaced planes than this make no grid (headers round positions to 0.01 mm), and stated distances
that differ by more are others."""
SHARE_OF_DISTANCE = 0.25
"""Thin slices may be off by less: a quarter of their distance."""
SAME_NORMAL = 1e-3
"""Normals whose product is nearer to 1 than this are one (2.6 degrees)."""


@dataclass(frozen=True)
class SegPlanes:
    """Evenly spaced planes along the normal.

    Parameters
    ----------
    apart_mm : float
    of_frames : tuple of int
        The plane of each frame, 0 for the lowest.
    taken_from : tuple of int
        Of each plane: the one whose voxels it has. Itself, but between the slices of a series whose spacing changes.
    begin_mm : float
        Where the lowest plane lies, from the lowest frame.
    notes : tuple of str
        What a reader must know.
    """

    apart_mm: float
    of_frames: tuple[int, ...]
    taken_from: tuple[int, ...]
    begin_mm: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatedMeasures:
    """What the file states of its frames, mm; 0 where it does not."""

    apart_mm: float
    thick_mm: float
    several_thicknesses: bool = False


def planes_of_frames(
    along_mm: NDArray[np.float64], normal: NDArray[np.float64], stated: StatedMeasures, series: Series | None
) -> SegPlanes | None:
    """The planes that frames lie on; None if they make no even stack, or nothing tells how far its planes are apart.

    What the file states, and the series that it was drawn on, tell whether planes between two frames are empty or none.

    Parameters
    ----------
    along_mm : ndarray, shape (n,)
        Positions of the frames along their normal.
    series : Series, optional
        The one that was segmented, if it is here.
    """
    if series is not None and series.planes is not None:
        on_slices = _on_changing_series(along_mm, normal, series)
        if on_slices is not None:
            return on_slices
    heights = along_mm - along_mm.min()
    steps = np.diff(np.sort(heights))
    steps = steps[steps > POSITION_TOLERANCE_MM]
    if not len(steps):
        apart_mm = stated.apart_mm or stated.thick_mm or (series.normal_spacing_mm if series is not None else 0.0)
        return SegPlanes(apart_mm, (0,) * len(heights), (0,)) if apart_mm > 0 else None
    for apart_mm, notes in _distances(float(steps.min()), stated, series):
        planes = _planes(heights, apart_mm)
        if planes is not None and (series is not None or not stated.several_thicknesses):
            count = int(planes.max())
            return SegPlanes(float(heights.max()) / count, tuple(planes.tolist()), tuple(range(count + 1)), notes=notes)
    return None


def _distances(nearest_mm: float, stated: StatedMeasures, series: Series | None) -> Iterator[tuple[float, tuple[str, ...]]]:
    """How far planes may be apart, the likeliest first: never more than the nearest two frames are."""
    of_series = series.normal_spacing_mm if series is not None and series.planes is None else 0.0
    thick_mm = stated.thick_mm
    told = f"its frames lie {nearest_mm:.4g} mm apart and are {thick_mm:.4g} mm thick: planes between them were taken as empty"
    touching = thick_mm if abs(thick_mm - nearest_mm) <= POSITION_TOLERANCE_MM else 0.0
    for apart_mm, notes in ((stated.apart_mm, ()), (touching, ()), (of_series, ()), (thick_mm, (told,))):
        if 0 < apart_mm <= nearest_mm + POSITION_TOLERANCE_MM:
            yield apart_mm, notes
    yield nearest_mm, ()


def _planes(heights_mm: NDArray[np.float64], apart_mm: float) -> NDArray[np.int_] | None:
    """The plane of each frame, if all lie on planes (nearly) so far apart; the stated distance is rounded, so is the nearest."""
    total, tolerance = float(heights_mm.max()), min(POSITION_TOLERANCE_MM, SHARE_OF_DISTANCE * apart_mm)
    least, most = np.ceil(total / (apart_mm + tolerance)), np.floor(total / (apart_mm - tolerance))
    for count in sorted(range(max(1, int(least)), int(most) + 1), key=lambda n: abs(total / n - apart_mm)):
        planes = np.rint(heights_mm * count / total).astype(int)
        if np.abs(heights_mm - planes * total / count).max() <= tolerance:
            return planes
    return None


def _on_changing_series(along_mm: NDArray[np.float64], normal: NDArray[np.float64], series: Series) -> SegPlanes | None:
    """The planes of a series whose spacing changes: those between two slices have the voxels of the nearer one.

    Of two equally near ones the lower one's: a structure's ends then lie where half a slice beyond them ends.
    """
    own = np.cross(series.direction[:, 0], series.direction[:, 1])
    if series.planes is None or abs(abs(float(own @ normal)) - 1) > SAME_NORMAL:
        return None
    at_mm = np.array([np.dot(header.numbers("ImagePositionPatient", 3), normal) for header in series.headers])
    nearest = np.abs(along_mm[:, None] - at_mm).argmin(axis=1)
    if np.abs(at_mm[nearest] - along_mm).max() > POSITION_TOLERANCE_MM:
        return None
    slices = np.array(series.planes) if at_mm[-1] > at_mm[0] else series.planes[-1] - np.array(series.planes)
    known, planes = np.sort(slices), np.arange(series.planes[-1] + 1)
    taken_from = known[np.abs(planes[:, None] - known).argmin(axis=1)]
    apart_mm = series.normal_spacing_mm
    note = f"its slices change their distance: planes every {apart_mm:.4g} mm between them have the voxels of the nearer one"
    begin_mm = float(at_mm.min() - along_mm.min())
    return SegPlanes(apart_mm, tuple(slices[nearest].tolist()), tuple(taken_from.tolist()), begin_mm, (note,))

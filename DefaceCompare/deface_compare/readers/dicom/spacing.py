"""Where slices lie along their normal: evenly, with a spacing that changes once or twice, or with some missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...errors import UnusableInput
from .header import Header, whole_number

SAME_PLACE_MM = 0.05
"""Slices nearer than this lie at one position."""
ROUNDING_MM = 0.18
"""Headers round positions to 0.1 mm at worst: 0.05 mm along each of three axes, of a slice and of the ends it is judged by."""
SHARE_OF_SPACING = 0.25
"""Thin slices may be rounded by less: a quarter of their distance. A missing slice is off by half a distance at least."""
LARGEST_TOLD_MM = 1.0
"""Positions rounded to whole millimetres lie up to so far beside even planes; it is told."""
MISSING_SHARE = 1.5
"""A step of so many spacings, between even ones, is that of a missing slice."""
LEAST_RUN = 2
"""A spacing holds for so many steps at least; else slices are missing."""
MOST_RUNS = 4
"""Head protocols change the spacing once or twice (thin slices through the base of the skull)."""
THICKEST_MM = 10.5
"""Distance beyond which slices make no volume: the thickest head protocols have 10 mm."""
MOST_PARTS = 10
"""The grid of a changing series has planes as far apart as the finest slices, or this part of it where that meets all slices."""
FINEST_PLANES_MM = 0.5
"""Planes are not set nearer than this."""


@dataclass(frozen=True)
class Spacing:
    """The planes of a series along its normal.

    Parameters
    ----------
    plane_mm : float
        Distance of neighbouring planes.
    planes : tuple of int, optional
        The plane of each slice where the distance of slices changes; None where every plane is a slice.
    notes : tuple of str
        What a reader must know.
    """

    plane_mm: float
    planes: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()


def spacing_of(along_mm: NDArray[np.float64], headers: Sequence[Header], name: str) -> Spacing:
    """How far apart slices lie.

    Parameters
    ----------
    along_mm : ndarray, shape (n,)
        Positions along the normal, increasing.
    headers : sequence of Header
        In the same order.
    name : str
        What the series is called in sentences.

    Raises
    ------
    UnusableInput
        If slices are doubled, missing or unevenly spaced.
    """
    steps = np.diff(along_mm)
    if steps.min() < SAME_PLACE_MM:
        raise UnusableInput(f"{name} has several slices at one position; export each acquisition as its own series")
    mean = float(steps.mean())
    off_mm = np.abs(along_mm - along_mm[0] - mean * np.arange(len(along_mm)))
    if steps.max() < MISSING_SHARE * mean:
        if off_mm.max() <= _tolerance_mm(mean):
            return Spacing(mean)
        if off_mm.max() <= min(LARGEST_TOLD_MM, SHARE_OF_SPACING * mean):
            return Spacing(mean, notes=(f"slices lie up to {off_mm.max():.1f} mm beside even spacing and were taken as even",))
    runs = _runs(steps)
    usual = float(np.median(steps))
    if not _is_complete(runs, headers):
        worst = int(np.argmax(np.abs(steps - usual)))
        raise UnusableInput(
            f"{name} has missing or unevenly spaced slices ({steps[worst]:.2f} mm after slice {worst + 1}, elsewhere"
            f" {usual:.2f} mm; first file {headers[0].path.name}); export it complete"
        )
    return _planes(along_mm, runs, name)


def _tolerance_mm(spacing_mm: float) -> float:
    return min(ROUNDING_MM, SHARE_OF_SPACING * spacing_mm)


def _runs(steps: NDArray[np.float64]) -> list[list[float]]:
    """Neighbouring steps of (nearly) one length, in order."""
    runs: list[list[float]] = []
    for step in steps.tolist():
        if runs and abs(step - float(np.mean(runs[-1]))) <= _tolerance_mm(step):
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _is_complete(runs: list[list[float]], headers: Sequence[Header]) -> bool:
    """Whether a series is whole although its spacing changes: a few runs of even steps, and no gap in its numbers."""
    lengths = [float(np.mean(run)) for run in runs]
    long = [length for length, run in zip(lengths, runs, strict=True) if len(run) >= LEAST_RUN]
    between = all(
        len(run) >= LEAST_RUN
        # slices that touch are half of each thickness apart where it changes
        or (0 < k < len(runs) - 1 and min(lengths[k - 1], lengths[k + 1]) < lengths[k] < max(lengths[k - 1], lengths[k + 1]))
        for k, run in enumerate(runs)
    )
    if not between or not 2 <= len(long) <= MOST_RUNS or max(lengths) > THICKEST_MM:
        return False
    numbers = [whole_number(header.dataset, "InstanceNumber") for header in headers]
    known = [number for number in numbers if number is not None]
    counted = len(known) == len(numbers) and set(np.diff(known).tolist()) in ({1}, {-1})
    return counted or _thickness_follows(runs, headers)


def _thickness_follows(runs: list[list[float]], headers: Sequence[Header]) -> bool:
    """Whether slices are as thick as they are far apart, in every run: then nothing lies between them."""
    first = 0
    for run in runs:
        inside = headers[first + 1 : first + len(run)]
        stated = [header.number("SliceThickness") or 0.0 for header in inside]
        if any(abs(thickness - float(np.mean(run))) > ROUNDING_MM for thickness in stated):
            return False
        first += len(run)
    return True


def _planes(along_mm: NDArray[np.float64], runs: list[list[float]], name: str) -> Spacing:
    """Planes as far apart as the finest slices, or as a part of it that meets every slice.

    Raises
    ------
    UnusableInput
        If no such planes meet the slices.
    """
    finest = min(float(np.mean(run)) for run in runs if len(run) >= LEAST_RUN)
    heights = along_mm - along_mm[0]
    told = ", then ".join(f"{np.mean(run):.4g}" for run in runs if len(run) >= LEAST_RUN)
    for parts in range(1, MOST_PARTS + 1):
        count = round(float(heights[-1]) / (finest / parts))
        plane_mm = float(heights[-1]) / count
        planes = np.rint(heights / plane_mm).astype(int)
        if plane_mm < FINEST_PLANES_MM and parts > 1:
            break
        if np.abs(heights - planes * plane_mm).max() <= _tolerance_mm(plane_mm) and (np.diff(planes) > 0).all():
            note = (
                f"slices {told} mm apart: planes every {plane_mm:.4g} mm were interpolated between them for finding and"
                " measuring; an export edits the slices themselves"
            )
            return Spacing(plane_mm, tuple(planes.tolist()), (note,))
    raise UnusableInput(
        f"{name} has slices {told} mm apart, which no evenly spaced planes meet; export it resampled to one spacing"
    )


def between_slices(slices: NDArray[np.generic], planes: Sequence[int]) -> NDArray[np.generic]:
    """All planes of a series from its slices: linear between neighbours, in the slices' own type.

    Parameters
    ----------
    slices : ndarray, shape (n, rows, columns)
    planes : sequence of int
        The plane of each slice, increasing from 0.
    """
    whole = np.empty((planes[-1] + 1, *slices.shape[1:]), slices.dtype)
    whole[0] = slices[0]
    for k, (first, last) in enumerate(pairwise(planes)):
        lower, upper = slices[k].astype(np.float64), slices[k + 1].astype(np.float64)
        for plane in range(first + 1, last):
            mixed = lower + (upper - lower) * ((plane - first) / (last - first))
            whole[plane] = np.rint(mixed) if slices.dtype.kind in "iu" else mixed
        whole[last] = slices[k + 1]
    return whole

"""The cumulative dose-volume histogram of one region, as a value. No bins: the sub-voxel doses themselves, sorted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import NotAvailable

DOSE_AT_PERCENT = re.compile(r"^D(\d+(?:\.\d+)?)%$")
DOSE_AT_CC = re.compile(r"^D(\d+(?:\.\d+)?)cc$")
VOLUME_AT_DOSE = re.compile(r"^V(\d+(?:\.\d+)?)Gy_(percent|cc)$")


CURVE_STEP_GY = 0.01
"""Dose axis of written curves (fine enough for a comparison at 1 % of any prescription)."""


@dataclass(frozen=True)
class Curve:
    """A cumulative DVH as it is drawn or written.

    Parameters
    ----------
    dose_gy : ndarray, shape (n,)
        Dose axis.
    percent : ndarray, shape (n,)
        Share of the volume that receives at least that dose, in percent.
    volume_cc : float
    engine : str
    warnings : tuple of str
    """

    dose_gy: NDArray[np.float64]
    percent: NDArray[np.float64]
    volume_cc: float
    engine: str
    warnings: tuple[str, ...] = ()

    @property
    def volume_axis_cc(self) -> NDArray[np.float64]:
        """The volume axis in cc."""
        return self.percent / 100.0 * self.volume_cc


@dataclass(frozen=True)
class DVH:
    """Doses of equal sub-volumes of a region: a DVH without bins, from which every curve and metric is read.

    Parameters
    ----------
    dose_gy : ndarray, shape (n,)
        Sub-voxel doses, ascending.
    volume_cc : float
        Volume of the region inside the dose grid (n sub-voxels).
    engine : str
        Who computed it: end model and samples per dose voxel and axis, for example ``builtin-slab-x4``.
    outside_fraction : float
        Share of the region outside the dose grid; it is missing, not 0 Gy.
    warnings : tuple of str
    """

    dose_gy: NDArray[np.float32]
    volume_cc: float
    engine: str
    outside_fraction: float = 0.0
    warnings: tuple[str, ...] = ()
    _metrics: dict[str, float] = field(default_factory=dict, repr=False, compare=False)
    """Metrics that were asked for: most regions have one DVH under every method and policy."""

    def mean_gy(self) -> float:
        """Mean dose."""
        return self._mean_gy

    @cached_property
    def _mean_gy(self) -> float:
        return float(self.dose_gy.mean(dtype=np.float64))

    def max_gy(self) -> float:
        """Highest sub-voxel dose."""
        return float(self.dose_gy[-1])

    def dose_at_percent(self, percent: float) -> float:
        """Dose that the hottest `percent` of the volume receives at least (D95% ...), Gy."""
        return self._dose_at_share(percent / 100.0)

    def dose_at_cc(self, volume_cc: float) -> float:
        """Dose that the hottest `volume_cc` receives at least (D0.03cc ...), Gy.

        Raises
        ------
        NotAvailable
            If the region is smaller than that.
        """
        if self.volume_cc < volume_cc:
            raise NotAvailable(f"the structure ({self.volume_cc:.3f} cc) is smaller than {volume_cc:g} cc")
        return self._dose_at_share(volume_cc / self.volume_cc)

    def percent_above(self, dose_gy: float) -> float:
        """Share of the volume, in percent, that receives `dose_gy` or more."""
        count = len(self.dose_gy)
        return 100.0 * (count - int(np.searchsorted(self.dose_gy, np.float32(dose_gy), side="left"))) / count

    def cc_above(self, dose_gy: float) -> float:
        """Volume, in cc, that receives `dose_gy` or more."""
        return self.percent_above(dose_gy) / 100.0 * self.volume_cc

    def cumulative_percent(self, doses_gy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cumulative curve, in percent of the volume, at the given doses."""
        below = np.searchsorted(self.dose_gy, doses_gy.astype(np.float32), side="left")
        return np.asarray(100.0 * (1.0 - below / len(self.dose_gy)))

    def curve(self, step_gy: float = CURVE_STEP_GY) -> Curve:
        """The cumulative curve on an even dose axis from 0 to the first step beyond the maximum."""
        dose_gy = step_gy * np.arange(int(np.ceil(self.max_gy() / step_gy)) + 2, dtype=np.float64)
        return Curve(dose_gy, self.cumulative_percent(dose_gy), self.volume_cc, self.engine, self.warnings)

    def _dose_at_share(self, share: float) -> float:
        """Each sample stands for its own share of the volume; between their middles the curve is straight."""
        count = len(self.dose_gy)
        position = min(max((1.0 - share) * count - 0.5, 0.0), count - 1.0)
        below = int(position)
        above = min(below + 1, count - 1)
        low, high = float(self.dose_gy[below]), float(self.dose_gy[above])
        return low + (high - low) * (position - below)


def dvh_metric(dvh: DVH, name: str) -> float:
    """One metric of ``data/metrics.csv``: ``Dmean``, ``Dmax``, ``D2%``, ``D0.03cc``, ``V20Gy_percent``, ``V20Gy_cc``, ...

    Raises
    ------
    NotAvailable
        If the region is too small for it.
    """
    if name not in dvh._metrics:
        dvh._metrics[name] = _dvh_metric(dvh, name)
    return dvh._metrics[name]


def _dvh_metric(dvh: DVH, name: str) -> float:
    if name == "Dmean":
        return dvh.mean_gy()
    if name == "Dmax":
        return dvh.max_gy()
    if match := DOSE_AT_PERCENT.match(name):
        return dvh.dose_at_percent(float(match.group(1)))
    if match := DOSE_AT_CC.match(name):
        return dvh.dose_at_cc(float(match.group(1)))
    if match := VOLUME_AT_DOSE.match(name):
        dose_gy = float(match.group(1))
        return dvh.percent_above(dose_gy) if match.group(2) == "percent" else dvh.cc_above(dose_gy)
    raise ValueError(f"no dose metric is called {name}")

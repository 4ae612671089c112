"""The DVHs of a cohort: each case's kept curves, and per structure, method and dose policy their median and quartiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..output.folder import OutputFolder
from ..structures.organs import is_place_holder
from ..utility.dvh_table import ORIGINAL, read_dvh_table
from .arms import Arm
from .cohort import PooledCase

STEP_GY = 1.0
"""Dose axis of what is drawn: finer steps are not seen on a chart as wide as a page."""


class DvhKey(NamedTuple):
    """Whose curve it is: a structure as planned, before (`arm` None, `policy` "") or after an arm under a dose policy."""

    structure: str
    arm: Arm | None
    policy: str


@dataclass(frozen=True)
class DvhBand:
    """Median and quartiles of the cumulative DVHs of several patients, in percent of the volume at steps of `STEP_GY`."""

    key: DvhKey
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int


CaseDvhs = Mapping[DvhKey, NDArray[np.float64]]
"""The curves of one case, each in percent of the volume at steps of `STEP_GY` from 0 Gy on."""


def read_case_dvhs(case: PooledCase, *, alone: bool) -> dict[DvhKey, NDArray[np.float64]]:
    """A finished case's kept curves; nothing where there is no dose, or a centre shares tables only.

    Parameters
    ----------
    alone : bool
        The only case: its structures without a standard name are drawn, too.
    """
    path = OutputFolder(case.out).dvh(case.key)
    if not path.is_file():
        return {}
    doses_gy, curves = read_dvh_table(path)
    steps_gy = np.arange(0.0, doses_gy[-1] + STEP_GY, STEP_GY)
    by_method = {arm.method: arm for arm in sorted(case.arms)}
    found = {}
    for name, percents in curves.items():
        if (is_place_holder(name.structure) and not alone) or (name.method != ORIGINAL and name.method not in by_method):
            continue
        arm = None if name.method == ORIGINAL else by_method[name.method]
        found[DvhKey(name.structure, arm, name.policy)] = np.interp(steps_gy, doses_gy, percents, right=0.0)
    return found


def dvh_bands(cases: Sequence[CaseDvhs]) -> list[DvhBand]:
    """Median and quartiles over the patients that have a curve, in the order in which curves come."""
    found: dict[DvhKey, list[NDArray[np.float64]]] = defaultdict(list)
    for curves in cases:
        for key, percents in curves.items():
            found[key].append(percents)
    return [_band(key, curves) for key, curves in found.items()]


def _band(key: DvhKey, curves: Sequence[NDArray[np.float64]]) -> DvhBand:
    longest = max(map(len, curves))
    stacked = np.stack([np.pad(each, (0, longest - len(each))) for each in curves])
    low, median, high = np.percentile(stacked, [25, 50, 75], axis=0)
    return DvhBand(key, median, low, high, len(curves))

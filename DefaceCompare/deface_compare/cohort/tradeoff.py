"""What a defacing costs and what it leaves to an attacker: one number a patient and axis, lower is better."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from ..settings import MASK
from ..structures.organs import is_headline_organ, is_target
from .arms import Arm
from .patient_table import Item, PatientValues, Table

DOSE_POLICY = MASK
"""The dose policy of charts and by-cohort tables: 0 Gy where an image voxel was removed, the same rule for every method."""
CHANCE_AUC = 0.5
"""An AUC below chance ranks as chance: guessing wrong more often than by chance is no better protection."""


@dataclass(frozen=True)
class Axis:
    """One cost of defacing, or what it leaves to an attacker.

    Parameters
    ----------
    values : dict of Arm to dict of case id to float
        One number a patient; lower is better.
    failed : dict of Arm to frozenset of case id
        Patients on whom the arm did not work: worse than any number.
    privacy : bool
        The numbers are AUCs of single scans: their mean counts, `CHANCE_AUC` at best. Of costs the median counts.
    """

    key: str
    title: str
    unit: str
    values: dict[Arm, dict[str, float]] = field(default_factory=dict)
    failed: dict[Arm, frozenset[str]] = field(default_factory=dict)
    privacy: bool = False

    @property
    def label(self) -> str:
        """Title with unit, for headings and chart axes."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def median(self, arm: Arm) -> float:
        """Median over the patients on whom the arm worked, NaN where there are none."""
        return self.quartiles(arm)[1]

    def quartiles(self, arm: Arm) -> tuple[float, float, float]:
        """Lower quartile, median, upper quartile over the patients on whom the arm worked; NaN where there are none."""
        numbers = list(self.worked(arm).values())
        if not numbers:
            return (np.nan, np.nan, np.nan)
        low, median, high = np.percentile(numbers, [25, 50, 75])
        return (float(low), float(median), float(high))

    def worked(self, arm: Arm) -> dict[str, float]:
        """The number of each patient on whom the arm worked."""
        failed = self.failed.get(arm, frozenset())
        return {case: number for case, number in self.values.get(arm, {}).items() if case not in failed}

    def as_run(self, arm: Arm) -> dict[str, float]:
        """The number of each patient, infinite where the arm did not work."""
        return self.values.get(arm, {}) | dict.fromkeys(self.failed.get(arm, ()), math.inf)


def tradeoff_axes(table: Table, image: str) -> list[Axis]:
    """The costs on an image that this cohort can fill: altered organ volume, mean |change of intensity|.

    Without organs, the volume of all edited voxels stands in for the first, under its own name.

    Parameters
    ----------
    image : str
        The image that volumes and intensities are taken from.
    """
    altered = list(_items(table, "intact_volume", "%", image))
    volume = Axis("altered_organ_volume", "Altered organ volume, mean over organs", "%", _over_organs(altered, fmean, sign=-1.0))
    if not volume.values:
        altered = list(_items(table, "edited_volume", "cc", image))
        edited = {arm: dict(found.values) for _, arm, found in altered if found.values}
        volume = Axis("edited_volume", "All edited voxels (no organs in this cohort)", "cc", edited)
    axes = [_with_failures(volume, altered, table, image)]
    units = sorted({item.unit for item in table if item.metric == "mean_absolute_difference" and item.image == image})
    for unit in units:
        items = list(_items(table, "mean_absolute_difference", unit, image))
        symbol = "|ΔHU|" if unit == "HU" else "|Δ intensity|"
        intensity = Axis("intensity", f"Mean {symbol} over organs", unit, _over_organs(items, fmean))
        axes.append(_with_failures(intensity, items, table, image))
    return [axis for axis in axes if axis.values]


def dose_axis(table: Table, image: str, policy: str) -> Axis | None:
    """Largest |change of Dmean| of any organ or target under a dose policy, None where there is no dose.

    Parameters
    ----------
    image : str
        A patient on whose image the method did not work has no package to share.
    """
    items = list(_items(table, "Dmean", "Gy", "", policy))
    dose = _over_organs(items, max, absolute=True, targets=True)
    axis = Axis("dose", f"Largest |ΔDmean| of any organ or target, dose policy “{policy}”", "Gy", dose)
    return _with_failures(axis, items, table, image) if dose else None


def outcomes(table: Table, image: str) -> Mapping[Arm, PatientValues]:
    """Success on an image, by arm."""
    return next((arms for item, arms in table.items() if (item.metric, item.image) == ("success", image)), {})


def _with_failures(axis: Axis, items: list[tuple[Item, Arm, PatientValues]], table: Table, image: str) -> Axis:
    """The axis with the patients on whom each arm failed, or is known not to have worked."""
    failed: dict[Arm, set[str]] = defaultdict(set)
    for _, arm, patients in items:
        failed[arm] |= patients.failed
    for arm, patients in outcomes(table, image).items():
        failed[arm] |= patients.failed | {case for case, worked in patients.values.items() if worked < 0.5}
    return Axis(axis.key, axis.title, axis.unit, axis.values, {arm: frozenset(cases) for arm, cases in failed.items() if cases})


def _items(table: Table, metric: str, unit: str, image: str, policy: str = "") -> Iterator[tuple[Item, Arm, PatientValues]]:
    for item, arms in table.items():
        if (
            (item.metric, item.unit) == (metric, unit)
            and item.image in (image, image or item.image)
            and item.dose_policy == policy
        ):
            for arm, patients in arms.items():
                yield item, arm, patients


def _over_organs(
    items: list[tuple[Item, Arm, PatientValues]],
    combine: Callable[[list[float]], float],
    *,
    sign: float = 1.0,
    absolute: bool = False,
    targets: bool = False,
) -> dict[Arm, dict[str, float]]:
    """One number a patient: `combine` over the headline's organs (and targets) that the patient has.

    The further organs do not enter: which of them are drawn differs from centre to centre, and they lie far from the face.
    """
    collected: dict[Arm, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for item, arm, patients in items:
        if not (is_headline_organ(item.structure) or (targets and is_target(item.structure))):
            continue
        for case, value in patients.values.items():
            collected[arm][case].append(abs(value) if absolute else sign * value)
    return {arm: {case: combine(numbers) for case, numbers in sorted(cases.items())} for arm, cases in sorted(collected.items())}

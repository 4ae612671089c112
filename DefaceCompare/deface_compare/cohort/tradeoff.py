"""What a defacing costs: one number a patient and axis, lower is better, to set against the privacy AUC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from ..settings import MASK
from ..structures.organs import is_headline_organ, is_target
from .arms import Arm
from .patient_table import Item, PatientValues, Table

DOSE_POLICY = MASK
"""The named dose policy of the trade-off: 0 Gy where an image voxel was removed, the same rule for every method."""


@dataclass(frozen=True)
class Axis:
    """One cost of defacing.

    Parameters
    ----------
    values : dict of Arm to dict of case id to float
        One number a patient; lower is better.
    """

    key: str
    title: str
    unit: str
    values: dict[Arm, dict[str, float]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Title with unit, for headings and chart axes."""
        return f"{self.title} ({self.unit})"

    def median(self, arm: Arm) -> float:
        """Median over patients, NaN where the arm has none."""
        return self.quartiles(arm)[1]

    def quartiles(self, arm: Arm) -> tuple[float, float, float]:
        """Lower quartile, median, upper quartile; NaN where the arm has no patient."""
        numbers = list(self.values.get(arm, {}).values())
        if not numbers:
            return (np.nan, np.nan, np.nan)
        low, median, high = np.percentile(numbers, [25, 50, 75])
        return (float(low), float(median), float(high))


def tradeoff_axes(table: Table, image: str) -> list[Axis]:
    """The axes that this cohort can fill: altered organ volume, mean |change of intensity|, largest |change of Dmean|.

    Without organs, the volume of all edited voxels stands in for the first, under its own name.

    Parameters
    ----------
    image : str
        The image that volumes and intensities are taken from.
    """
    altered = _over_organs(_items(table, "intact_volume", "%", image), fmean, sign=-1.0)
    axes = [Axis("altered_organ_volume", "Altered organ volume, mean over organs", "%", altered)]
    if not altered:
        edited = {arm: dict(found.values) for _, arm, found in _items(table, "edited_volume", "cc", image) if found.values}
        axes = [Axis("edited_volume", "All edited voxels (no organs in this cohort)", "cc", edited)]
    units = sorted({item.unit for item in table if item.metric == "mean_absolute_difference" and item.image == image})
    for unit in units:
        intensity = _over_organs(_items(table, "mean_absolute_difference", unit, image), fmean)
        symbol = "|ΔHU|" if unit == "HU" else "|Δ intensity|"
        axes.append(Axis("intensity", f"Mean {symbol} over organs", unit, intensity))
    dose = _over_organs(_items(table, "Dmean", "Gy", "", DOSE_POLICY), max, absolute=True, targets=True)
    axes.append(Axis("dose", f"Largest |ΔDmean| of any organ or target, policy “{DOSE_POLICY}”", "Gy", dose))
    return [axis for axis in axes if axis.values]


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
    items: Iterator[tuple[Item, Arm, PatientValues]],
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

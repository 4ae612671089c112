"""What a method costs: the organs that lose most, the patient whose dose changes most, the patients beyond tolerance."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..case import RELATIVE
from ..measurement import OK, Measurement
from ..natural_order import natural
from ..settings import KEEP, Tolerances
from ..structures.organs import is_place_holder, is_target
from .arms import Arm, arm_of
from .patient_table import patient_table
from .tradeoff import DOSE_POLICY

WORST_ORGANS = 3
"""So many of the organs that lose most are named."""
FEWEST_OF_AN_ORGAN = 5
"""An organ is named among the worst if so many patients have it, or half of a smaller cohort: one drawing decides nothing."""
NO_DOSE, DOSE_IS_RELATIVE, NOT_MEASURED = "no dose", "dose is relative, not in Gy", "not measured"
"""Why there is no patient whose dose changes most."""
INTENSITY_METRIC = "mean"
"""Change of the mean HU: it moves with every altered voxel, the median only from half of a structure on."""


@dataclass(frozen=True)
class Share:
    """``k`` of ``n``."""

    k: int
    n: int

    @property
    def words(self) -> str:
        """``5/6``."""
        return f"{self.k}/{self.n}"


@dataclass(frozen=True)
class OrganLoss:
    """How much of its intact volume an organ or target loses: median and quartiles over patients, and the worst patient."""

    structure: str
    median_percent: float
    low_percent: float
    high_percent: float
    n: int
    worst_percent: float
    worst_case: str


@dataclass(frozen=True)
class DoseChange:
    """The largest change of dose of any patient.

    Parameters
    ----------
    change_gy, original_gy : float
        Of Dmean of an organ or target, or of D95% of a target.
    engine : str
        Who computed the DVH.
    """

    case: str
    structure: str
    metric: str
    policy: str
    change_gy: float
    original_gy: float
    engine: str


@dataclass(frozen=True)
class BeyondTolerance:
    """Patients with an organ or target that changes by more than the tolerance, in all and by kind of number.

    Parameters
    ----------
    patients : Share
        Of those with numbers.
    volume, intensity, dose : Share
        Loss of intact volume in percent, mean HU, and Gy (`DoseChange`, policy ``mask``); ``n`` is 0 where nothing was measured.
    """

    patients: Share
    volume: Share
    intensity: Share
    dose: Share
    tolerances: Tolerances


@dataclass
class MethodRows:
    """The rows of one arm that costs are made of, sorted out once: a study has hundreds of thousands.

    Parameters
    ----------
    cases : set of str
        On whom the arm was run, whatever became of it.
    volumes, intensities, doses : list of Measurement
        Of structures with a standard name: intact volume in percent, mean HU, and what `DoseChange` tells.
    planned_units : set of str
        Units of the planned dose of any structure, whatever became of the edited one.
    """

    cases: set[str] = field(default_factory=set)
    volumes: list[Measurement] = field(default_factory=list)
    intensities: list[Measurement] = field(default_factory=list)
    doses: list[Measurement] = field(default_factory=list)
    planned_units: set[str] = field(default_factory=set)

    @property
    def why_no_dose(self) -> str:
        """Why no dose of this arm can be told."""
        if not self.planned_units:
            return NO_DOSE
        return DOSE_IS_RELATIVE if self.planned_units == {RELATIVE} else NOT_MEASURED


def rows_by_arm(measurements: Iterable[Measurement], image: str) -> dict[Arm, MethodRows]:
    """Sort the rows of a cohort by arm; volumes and intensities are those of one image.

    Structures without a standard name stay out, as in all tables: nobody knows whether they are organs or helpers.
    """
    found: dict[Arm, MethodRows] = defaultdict(MethodRows)
    by_names: dict[tuple[str, str, str, str], MethodRows] = {}
    for row in measurements:
        names = (row.method, row.variant, row.fill, row.protect)
        own = by_names.get(names) or by_names.setdefault(names, found[arm_of(row)])
        own.cases.add(row.case)
        if row.metric == "Dmean" and math.isfinite(row.original):
            own.planned_units.add(row.unit)
        if row.status != OK or not row.structure or is_place_holder(row.structure):
            continue
        if row.metric == "intact_volume" and row.image == image and math.isfinite(row.change_percent):
            own.volumes.append(row)
        elif row.metric == INTENSITY_METRIC and row.image == image and row.unit == "HU" and math.isfinite(row.change):
            own.intensities.append(row)
        elif row.domain == "dose" and row.dose_policy != KEEP and _is_judged_dose(row):
            own.doses.append(row)
    return found


def _is_judged_dose(row: Measurement) -> bool:
    """Dmean of everything, D95% of targets: what organs and targets are planned by."""
    judged = row.metric == "Dmean" or (row.metric == "D95%" and is_target(row.structure))
    return judged and row.unit == "Gy" and math.isfinite(row.change)


def organs_lost(volumes: Sequence[Measurement]) -> tuple[OrganLoss, ...]:
    """The organs and targets that lose most of their intact volume, by median; those that lose nothing are not named.

    Left and right are averaged a patient, as in all medians. Further organs stand beside those of the headline.
    """
    table = patient_table(volumes)
    patients = len({row.case for row in volumes})
    fewest = min(FEWEST_OF_AN_ORGAN, math.ceil(patients / 2))
    found = []
    for item, arms in table.items():
        if item.unit != "%":
            continue
        (values,) = (each.values for each in arms.values())
        if len(values) < fewest:
            continue
        low, median, high = _quartiles(list(values.values()))
        worst = min(values, key=lambda case: (values[case], natural(case)))
        found.append(OrganLoss(item.structure, median, low, high, len(values), values[worst], worst))
    changed = [each for each in found if each.worst_percent < 0]
    changed.sort(key=lambda each: (each.median_percent, each.worst_percent, each.structure))
    return tuple(changed[:WORST_ORGANS])


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return float(low), float(median), float(high)


def worst_dose(doses: Iterable[Measurement], policy: str) -> DoseChange | None:
    """The largest change under a policy, of a single structure of a single patient: sides and targets are not averaged."""
    found = [row for row in doses if row.dose_policy == policy]
    if not found:
        return None
    row = min(found, key=lambda each: (-abs(each.change), natural(each.case), each.structure, each.metric))
    return DoseChange(row.case, row.structure, row.metric, policy, row.change, row.original, row.engine)


def beyond_tolerance(own: MethodRows, tolerances: Tolerances) -> BeyondTolerance | None:
    """How many patients have a structure beyond the tolerance; None where nothing was measured."""
    doses = [row for row in own.doses if row.dose_policy == DOSE_POLICY]
    kinds = (
        ({row.case for row in own.volumes}, {r.case for r in own.volumes if abs(r.change_percent) > tolerances.volume_percent}),
        ({row.case for row in own.intensities}, {r.case for r in own.intensities if abs(r.change) > tolerances.intensity_hu}),
        ({row.case for row in doses}, {row.case for row in doses if abs(row.change) > tolerances.dose_gy}),
    )
    measured, beyond = set().union(*(all_ for all_, _ in kinds)), set().union(*(some for _, some in kinds))
    if not measured:
        return None
    volume, intensity, dose = (Share(len(some), len(all_)) for all_, some in kinds)
    return BeyondTolerance(Share(len(beyond), len(measured)), volume, intensity, dose, tolerances)

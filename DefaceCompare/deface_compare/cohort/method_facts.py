"""What a person wants to know of one method, as values: is the face recognised, what is left of it, what does it cost, whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..measurement import Measurement
from ..settings import DOSE_POLICIES, Tolerances
from .arms import Arm, arm_of
from .method_costs import BeyondTolerance, DoseChange, OrganLoss, Share, beyond_tolerance, organs_lost, rows_by_arm, worst_dose
from .reidentification.auc import FEW_PERSONS
from .reidentification.linkage import UNCLEAR, UNKNOWN, linkage
from .reidentification.summary import HEADLINE
from .summary import SummaryRow, find, first_of_each_arm, is_of_one_arm
from .tradeoff import DOSE_POLICY

PACKAGE_METRIC = "auc_highest_file"
"""The AUC of the strongest file of a package: images, dose grid, outer contour."""


@dataclass(frozen=True)
class Recognition:
    """What the strongest attack of the face model does with the defaced faces.

    Parameters
    ----------
    word : str
        ``linked``, ``unclear``, ``not linked`` or ``not known`` (`reidentification.linkage`).
    auc, low, high : float
        With its 95 % interval over patients; NaN where there is none.
    n : int
        Scans.
    undefaced : int
        Of them, scans that the method failed on: they enter undefaced.
    reason : str
        Why it is unclear for want of patients, or not known; else ``""``.
    """

    word: str
    auc: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    undefaced: int = 0
    reason: str = ""


@dataclass(frozen=True)
class MethodFacts:
    """All of it for one method as it was run.

    Parameters
    ----------
    measured : Share
        Patients with numbers of organs, of all on whom the method was run: what costs rest on.
    packages : mapping of dose policy to Recognition
        The strongest file of the whole package.
    seen : Share or None
        Scans in whose defaced render the detector finds a face.
    left_percent : mapping of feature to percent
        Skin left where it was (median over patients); empty where it was not measured.
    left_n : int
        Patients behind it.
    organs_lost : tuple of OrganLoss
        The worst first.
    worst_dose : DoseChange or None
        Under the policy ``mask``.
    worst_dose_by_policy : mapping of dose policy to DoseChange
    beyond_tolerance : BeyondTolerance or None
    worked : Share or None
        Scans with a face on which the method did what it means to do and left the data whole.
    seconds : float
        Mean a case; NaN where it is not known.
    why_no_dose : str
        Where there is no `worst_dose`.
    """

    arm: Arm
    recognised: Recognition
    measured: Share
    packages: Mapping[str, Recognition] = field(default_factory=dict)
    seen: Share | None = None
    left_percent: Mapping[str, float] = field(default_factory=dict)
    left_n: int = 0
    organs_lost: tuple[OrganLoss, ...] = ()
    worst_dose: DoseChange | None = None
    worst_dose_by_policy: Mapping[str, DoseChange] = field(default_factory=dict)
    beyond_tolerance: BeyondTolerance | None = None
    worked: Share | None = None
    seconds: float = math.nan
    why_no_dose: str = ""

    @property
    def organs_measured(self) -> bool:
        """Whether any volume was measured: only then is no organ lost where none is named."""
        return self.beyond_tolerance is not None and self.beyond_tolerance.volume.n > 0


def method_facts(
    measurements: Sequence[Measurement],
    summary: Sequence[SummaryRow],
    image: str,
    tolerances: Tolerances,
    arms: Sequence[Arm],
    seconds: Mapping[str, float],
) -> dict[Arm, MethodFacts]:
    """The facts of every arm.

    Parameters
    ----------
    summary : sequence of SummaryRow
        Of the pooled cohort only.
    image : str
        The headline's image.
    seconds : mapping of method key to mean seconds a case
    """
    rows = rows_by_arm(measurements, image)
    here = [row for row in summary if is_of_one_arm(row)]
    aucs = first_of_each_arm(find(here, metric=HEADLINE, image=image))
    packages = {
        policy: first_of_each_arm(find(here, metric=PACKAGE_METRIC, dose_policy=policy))
        for policy in DOSE_POLICIES
        if find(here, metric=PACKAGE_METRIC, dose_policy=policy)
    }
    seen, worked = (first_of_each_arm(find(here, metric=name, image=image)) for name in ("detection_rate", "success_rate"))
    moved = find(here, metric="feature_moved", image=image)
    facts = {}
    for arm in arms:
        own = rows[arm]
        left = {row.structure: 100.0 - row.value for row in moved if arm_of(row) == arm and row.n}
        doses = {policy: found for policy in DOSE_POLICIES if (found := worst_dose(own.doses, policy))}
        facts[arm] = MethodFacts(
            arm,
            recognition(aucs.get(arm)),
            Share(len({row.case for row in (*own.volumes, *own.intensities, *own.doses)}), len(own.cases)),
            {policy: recognition(found.get(arm)) for policy, found in packages.items()},
            _rate(seen.get(arm)),
            left,
            max((row.n for row in moved if arm_of(row) == arm), default=0),
            organs_lost(own.volumes),
            doses.get(DOSE_POLICY),
            doses,
            beyond_tolerance(own, tolerances),
            _rate(worked.get(arm)),
            seconds.get(arm.method, math.nan),
            "" if DOSE_POLICY in doses else own.why_no_dose,
        )
    return facts


def recognition(row: SummaryRow | None) -> Recognition:
    """What an AUC row says in a word, with the numbers behind it."""
    word = linkage(row)
    if row is None:
        return Recognition(word, reason="no face was scored")
    undefaced = row.failed if "undefaced" in row.note else 0
    few = f"fewer than {FEW_PERSONS} scans" if word == UNCLEAR and row.n < FEW_PERSONS else ""
    reason = row.note.partition(";")[0] if word == UNKNOWN else few
    return Recognition(word, row.value, row.low, row.high, row.n, undefaced, reason)


def _rate(row: SummaryRow | None) -> Share | None:
    if row is None or math.isnan(row.value):
        return None
    return Share(round(row.value * row.n / 100), row.n)

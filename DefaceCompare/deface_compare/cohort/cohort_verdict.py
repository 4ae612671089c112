"""What may be said of the methods of a cohort: the Pareto set over one image, or over whole packages, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import DOSE_POLICIES
from .arms import Arm, arm_of
from .cohort import Cohort
from .pair_of_methods import SharedAucs
from .patient_table import Table
from .reidentification.any_file import ANY_FILE
from .reidentification.auc import FEW_PERSONS
from .reidentification.summary import HEADLINE, PrivacySummary, ScanAucs, headline
from .tradeoff import Axis, dose_axis, outcomes, tradeoff_axes
from .verdict import PRIVACY, Verdict, judge, working


def decide(pooled: Cohort, table: Table, faces: PrivacySummary, image: str) -> Verdict:
    """The Pareto set over the image's AUC and costs, or why there is none."""
    axes = tradeoff_axes(table, image)
    aucs = headline(faces.rows, image)
    if len(pooled.cases) == 1:
        return Verdict(axes=tuple(axes), reason="No verdict from one case.")
    if not aucs:
        notes = list(dict.fromkeys(row.note for row in faces.rows if row.metric == HEADLINE and row.image == image))
        return Verdict(axes=tuple(axes), reason=f"No verdict: {'; '.join(notes) or 'no face could be scored'}.")
    shared = None
    if (image, "") in faces.as_run:
        axes.insert(0, _auc_axis(f"AUC on {image}", faces.as_run[image, ""], pooled))
    else:
        shared = SharedAucs(aucs, _certain_differences(faces, image))
    return _judged(pooled, table, image, axes, shared)


def decide_packages(pooled: Cohort, table: Table, faces: PrivacySummary, image: str) -> dict[str, Verdict]:
    """The Pareto set of whole packages, by dose policy: the AUC of any file, the image's costs, and the dose's own cost."""
    found = {}
    for policy in DOSE_POLICIES if len(pooled.cases) > 1 else ():
        dose = dose_axis(table, image, policy)  # none for a kept dose: it costs nothing
        costs = [dose] if dose else []
        if (ANY_FILE, policy) in faces.as_run:
            auc = _auc_axis(f"AUC of any file, dose policy “{policy}”", faces.as_run[ANY_FILE, policy], pooled)
            found[policy] = _judged(pooled, table, image, [auc, *tradeoff_axes(table, image), *costs], None)
        elif dose:
            found[policy] = Verdict(axes=(dose,), reason="No verdict: no AUC of any file of single patients.")
    return found


def _judged(pooled: Cohort, table: Table, image: str, axes: Sequence[Axis], shared: SharedAucs | None) -> Verdict:
    worked = working(outcomes(table, image))
    return judge(axes, worked, pooled.persons, seed=pooled.settings.seed, arms=pooled.arms, shared=shared)


def _auc_axis(title: str, scans: ScanAucs, pooled: Cohort) -> Axis:
    """The AUC of each scan as run, on the cases that an arm was run on at all."""
    ran = {case.id: case.arms for case in pooled.cases}
    values = {arm: {case: auc for case, auc in aucs.items() if arm in ran.get(case, ())} for arm, aucs in scans.items()}
    return Axis(PRIVACY, title, "", {arm: aucs for arm, aucs in values.items() if aucs}, privacy=True)


def _certain_differences(faces: PrivacySummary, image: str) -> dict[tuple[Arm, Arm], tuple[float, float]]:
    """The intervals of AUC differences on one image, of arms with so many scans that an interval from tables can be trusted."""
    many = {arm_of(row) for row in faces.rows if row.metric == HEADLINE and row.image == image and row.n >= FEW_PERSONS}
    return {
        (first, second): interval
        for (at, first, second), interval in faces.differences.items()
        if at == image and {first, second} <= many
    }

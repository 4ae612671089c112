"""Success and AUC by cohort and kind of image, as the published comparison lists them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..case import DOSE_IMAGE
from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..cohort.reidentification.summary import HEADLINE
from ..cohort.statistics import wilson_interval
from ..cohort.summary import SummaryRow, find, is_of_one_arm
from ..cohort.tradeoff import DOSE_POLICY
from ..measurement import FAILED, NO_FACE, OK, Measurement
from ..words import NOTHING
from .tables import Cell, ReportTable, arm_table, auc_cell, by_arm

Count = dict[Arm, dict[str, bool]]
"""Success by arm and case."""


def success_by_cohort(measurements: Sequence[Measurement], manifest: Mapping[str, Any], names: ArmNames) -> ReportTable | None:
    """Methods down, cohorts and images across: k/n over the scans with a face; None where nothing was gated.

    A scan of which it is not known whether the method worked counts as one on which it did not; a method that ran nowhere has
    no count.

    A dose grid has no face to be gone: its column counts the cases whose edited dose gave a DVH under every plan.
    """
    cohorts = {case["id"]: case["cohort"] for case in manifest["cases"]}
    several = len(set(cohorts.values())) > 1
    found: dict[tuple[str, str], Count] = defaultdict(lambda: defaultdict(dict))
    ran: set[tuple[str, str, Arm]] = set()
    for row in measurements:
        cohort = cohorts.get(row.case, "")
        if row.metric == "success" and row.status != NO_FACE:
            found[cohort, row.image][arm_of(row)][row.case] = row.status == OK and row.defaced > 0.5
            if row.status in (OK, FAILED):
                ran.add((cohort, row.image, arm_of(row)))
        elif row.domain == "dose" and row.dose_policy == DOSE_POLICY and row.status in (OK, FAILED):
            ran.add((cohort, DOSE_IMAGE, arm_of(row)))
            cases = found[cohort, DOSE_IMAGE][arm_of(row)]
            cases[row.case] = cases.get(row.case, True) and row.status == OK
    found = {key: {arm: cases for arm, cases in counts.items() if (*key, arm) in ran} for key, counts in found.items()}
    found = {key: counts for key, counts in found.items() if counts}
    if not found:
        return None
    order = sorted(found, key=lambda key: (key[0], key[1] == DOSE_IMAGE, key[1]))
    columns = {" · ".join((cohort, image) if several else (image,)): _column(found[cohort, image]) for cohort, image in order}
    note = f"{DOSE_IMAGE}: dose edited (policy “{DOSE_POLICY}”) and its DVHs measured; there is no face in a dose grid."
    return arm_table(
        "Success by image", names, names.arms, columns, note=note if any(image == DOSE_IMAGE for _, image in order) else ""
    )


def _column(counts: Count) -> Any:
    def cell(arm: Arm) -> Cell:
        cases = counts.get(arm, {})
        if not cases:
            return Cell(NOTHING, kind="quiet")
        successes, n = sum(cases.values()), len(cases)
        low, high = wilson_interval(successes, n)
        kind = "good" if successes == n else "bad" if not successes else ""
        small = f"{100 * successes / n:.1f}\u00a0% [{100 * low:.0f},\u00a0{100 * high:.0f}]"
        return Cell(f"{successes}/{n}", small=small, kind=kind)

    return cell


def auc_by_cohort(centres: Sequence[SummaryRow], names: ArmNames) -> ReportTable | None:
    """Methods down, cohorts and images across: the AUC that ranks, each cohort with a gallery of its own; None for one cohort.

    Parameters
    ----------
    centres : sequence of SummaryRow
        The rows of the single cohorts.
    """
    found = [row for row in find(centres, metric=HEADLINE) if is_of_one_arm(row)]
    columns = {
        f"{cohort} · {image}": by_arm(auc_cell, find(found, cohort=cohort, image=image))
        for cohort, image in sorted({(row.cohort, row.image) for row in found})
    }
    return arm_table("AUC by cohort", names, names.arms, columns) if columns else None

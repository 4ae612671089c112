"""Tests between methods on the cohort's utility numbers: the difference rows of ``summary.csv``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .arms import Arm, arm_key, arm_order
from .patient_table import PLANNED_METRICS, Item, PatientValues, Table
from .statistics import LEAST_CASES, Comparison, compare_all
from .summary import ALL_METHODS, IQR, TESTED_DOMAINS, SummaryRow, difference_row


def method_test_rows(table: Table, cohort: str) -> list[SummaryRow]:
    """Paired differences between methods (Friedman, then Wilcoxon with Holm's correction over the pairs of one number).

    Numbers with fewer than `LEAST_CASES` paired cases get no row: nothing is tested there.
    """
    tested = [(item, _by_name(arms)) for item, arms in table.items() if _is_tested(item, arms)]
    comparisons = compare_all([{name: table[item][arm].values for name, arm in by_name.items()} for item, by_name in tested])
    return [
        row
        for (item, by_name), comparison in zip(tested, comparisons, strict=True)
        for row in _rows(item, table[item], by_name, comparison, cohort)
    ]


def _by_name(arms: Iterable[Arm]) -> dict[str, Arm]:
    """The arms in their order, under names that tell them apart."""
    listed = sorted(arms, key=arm_order)
    return {arm_key(arm, listed): arm for arm in listed}


def _is_tested(item: Item, arms: dict[Arm, PatientValues]) -> bool:
    counts = sorted((len(patients.values) for patients in arms.values()), reverse=True)
    known = item.domain in TESTED_DOMAINS and item.metric not in PLANNED_METRICS
    return known and len(counts) > 1 and counts[1] >= LEAST_CASES


def _rows(
    item: Item, arms: dict[Arm, PatientValues], by_name: dict[str, Arm], comparison: Comparison, cohort: str
) -> Iterator[SummaryRow]:
    listed = list(by_name.values())
    if not math.isnan(comparison.friedman_p):
        yield _friedman_row(item, listed, comparison, cohort, frozenset().union(*(each.engines for each in arms.values())))
    for pair in comparison.pairs:
        first, second = by_name[pair.first], by_name[pair.second]
        row = difference_row(
            _blank(item, first, pair.n, cohort, arms[first].engines | arms[second].engines), first, second, listed
        )
        yield replace(
            row,
            value=pair.median_difference,
            low=pair.low,
            high=pair.high,
            interval=IQR,
            p_value=pair.p_value,
            p_holm=pair.p_holm,
            note=pair.note or f"median paired difference; Wilcoxon signed rank, Holm over {len(comparison.pairs)} pairs",
        )


def _friedman_row(item: Item, arms: list[Arm], comparison: Comparison, cohort: str, engines: frozenset[str]) -> SummaryRow:
    shared = {name: getattr(arms[0], name) if len({getattr(a, name) for a in arms}) == 1 else "" for name in Arm._fields[1:]}
    row = _blank(item, Arm(ALL_METHODS, **shared), comparison.n, cohort, engines)
    return replace(row, p_value=comparison.friedman_p, note=f"Friedman over {len(arms)} methods")


def _blank(item: Item, arm: Arm, n: int, cohort: str, engines: frozenset[str]) -> SummaryRow:
    return SummaryRow(
        cohort,
        *arm,
        item.dose_policy,
        item.image,
        item.domain,
        item.structure,
        item.metric,
        item.unit,
        n,
        0,
        engine="; ".join(sorted(engines)),
    )

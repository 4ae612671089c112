"""One number a patient: what medians, tests and trade-offs are made of."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple

from ..measurement import DOSE, FAILED, NO_FACE, NOT_AVAILABLE, OK, PLANNED, VALUE, Measurement, metrics, metrics_of_kind
from ..privacy.rows import BORDER, OWN, REBUILT, REFERENCE
from ..settings import KEEP
from ..structures.organs import SIDE, TARGET, is_place_holder
from ..table_cells import OF_PRESCRIPTION
from .arms import Arm, arm_of, arm_order

PLANNED_METRICS = metrics_of_kind(PLANNED)
"""Described by the original's value; not a change and never tested."""

SIMILARITIES = (OWN, REFERENCE, REBUILT, BORDER)
"""Metrics that each face model measures on a scale of its own."""
UNION = "_all"
"""Ends the name of all GTVs taken together; not averaged with its own parts."""


class Item(NamedTuple):
    """What was measured, whoever defaced it."""

    dose_policy: str
    image: str
    domain: str
    structure: str
    metric: str
    unit: str
    engine: str = ""
    """Title of a further face model; ``""`` for everything else."""


@dataclass
class PatientValues:
    """One number a patient for one arm and item, and what is missing."""

    values: dict[str, float] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    not_available: frozenset[str] = frozenset()
    no_face: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()


Table = dict[Item, dict[Arm, PatientValues]]


def organ(structure: str) -> str:
    """The name under which left, right and several targets are averaged: ``Eye_L`` -> ``Eye``, ``GTV_2`` -> ``GTV``."""
    target = TARGET.match(structure)
    if structure.endswith(UNION):
        return structure
    return target.group(1) if target else SIDE.sub("", structure)


def unnamed_structures(rows: Iterable[Measurement]) -> tuple[int, int]:
    """How many structures without a standard name have rows, and of how many cases; they are never put together."""
    found = {(row.case, row.structure) for row in rows if is_place_holder(row.structure)}
    return len(found), len({case for case, _ in found})


def numbers_of(row: Measurement) -> list[tuple[str, float]]:
    """The numbers of one measurement that enter the cohort table, as (unit, number).

    A change enters in its own unit and, where the measurement has one, in percent; a metric without an original enters as
    its value on the defaced image.
    """
    if row.metric in PLANNED_METRICS:
        return _finite((row.unit, row.original), (row.unit, row.defaced))[:1]
    if row.metric in metrics_of_kind(VALUE):
        return _finite((row.unit, row.defaced), (row.unit, row.change))[:1]
    if row.unit == "%":
        return _finite((row.unit, row.change))
    return _finite((row.unit, row.change), (OF_PRESCRIPTION if row.domain == DOSE else "%", row.change_percent))


def _finite(*numbers: tuple[str, float]) -> list[tuple[str, float]]:
    return [(unit, number) for unit, number in numbers if math.isfinite(number)]


def patient_table(rows: Iterable[Measurement], *, by_side: bool = False) -> Table:
    """One number a patient, left/right and several targets averaged; dose policy ``keep`` stays out (nothing changes there).

    Parameters
    ----------
    by_side : bool
        Left and right by themselves, and nothing else.

    Structures without a standard name stay out where there are several patients: ``structure-07`` of one is not that of another.
    A patient that failed or is not available is so in every unit that the others have a number in.
    """
    rows = list(rows)
    further = _further_engines(rows)
    alone = len({row.case for row in rows}) == 1
    cells: dict[Item, _Cell] = {}
    cell_of: dict[tuple[str, ...], _Cell] = {}  # a study has many rows a cell: each is looked up by its plain texts
    arms: dict[tuple[str, ...], Arm] = {}
    for row in rows:
        if row.dose_policy == KEEP or (is_place_holder(row.structure) and not alone):
            continue
        if by_side and not SIDE.search(row.structure):
            continue
        engine = row.engine if row.engine in further and row.metric in SIMILARITIES else ""
        key = (row.dose_policy, row.image, row.domain, row.structure, row.metric, engine)
        if key not in cell_of:
            shown = row.structure if by_side else organ(row.structure)
            item = Item(row.dose_policy, row.image, row.domain, shown, row.metric, "", engine)
            cell_of[key] = cells.setdefault(item, _Cell(item, row.unit))
        cell = cell_of[key]
        own = (row.method, row.variant, row.fill, row.protect)
        arm = arms.get(own)
        if arm is None:
            arm = arms[own] = arm_of(row)
        if row.status != OK:
            cell.missing[arm][row.status].add(row.case)
            continue
        cell.engines[arm].add(row.engine)
        for unit, number in numbers_of(row):
            cell.numbers[unit][arm][row.case].append(number)
    table = {item: cell.values(unit) for cell in cells.values() for unit, item in cell.items().items()}
    return {item: table[item] for item in sorted(table, key=item_order)}


def _further_engines(rows: Iterable[Measurement]) -> frozenset[str]:
    """Titles of the face models that not most cases were scored by; cosines of two models have no mean."""
    cases: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.metric in SIMILARITIES and row.status == OK and row.image:
            cases[row.engine].add(row.case)
    main = max(cases, key=lambda engine: len(cases[engine]), default="")
    return frozenset(cases) - {main}


@dataclass
class _Cell:
    """All rows of one item, in every unit, while they are collected."""

    item: Item
    first_unit: str
    numbers: dict[str, dict[Arm, dict[str, list[float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )
    missing: dict[Arm, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    engines: dict[Arm, set[str]] = field(default_factory=lambda: defaultdict(set))

    def items(self) -> dict[str, Item]:
        """The item in each unit that has numbers; in the first row's unit if nothing has."""
        return {unit: self.item._replace(unit=unit) for unit in self.numbers or (self.first_unit,)}

    def values(self, unit: str) -> dict[Arm, PatientValues]:
        """One number a patient for each arm."""
        numbers = self.numbers.get(unit, {})
        return {
            arm: PatientValues(
                {case: fmean(found) for case, found in sorted(numbers.get(arm, {}).items())},
                frozenset(self.missing[arm][FAILED] if arm in self.missing else ()),
                frozenset(self.missing[arm][NOT_AVAILABLE] if arm in self.missing else ()),
                frozenset(self.missing[arm][NO_FACE] if arm in self.missing else ()),
                frozenset(self.engines.get(arm, ())),
            )
            for arm in sorted({*numbers, *self.missing}, key=arm_order)
        }


def item_order(item: Item) -> tuple[int, str, str, str, str, str]:
    """Sort key: metrics in the order of ``data/metrics.csv``, then image, policy, structure, further face models last."""
    return (list(metrics()).index(item.metric), item.image, item.dose_policy, item.structure, item.unit, item.engine)

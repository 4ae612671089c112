"""Structures down, methods across: every change of a volume, an intensity or a dose, for the page's heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..case import RELATIVE
from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..cohort.patient_table import PLANNED_METRICS, Item, PatientValues, Table
from ..cohort.summary import SummaryRow, is_change, is_of_one_arm
from ..measurement import VALUE, metrics
from ..natural_order import natural
from ..settings import DOSE_POLICIES, Tolerances
from ..structures.organs import is_further
from ..words import DECIMALS, NOTHING, count, interval, number
from .page_data import finite
from .tables import CHANGED, SIGNIFICANT

DOMAINS = ("volume", "intensity", "dose")
PERFECT = 1.0
"""Of a value that shall be high (Dice coefficient, shares of a surface): how far it is from this is what was lost."""
MAIN_TITLES = {"intact_volume": "Δ intact volume", "mean": "Δ HU", "Dmean": "ΔDmean", "D95%": "ΔD95%"}
"""The four that have a button of their own: intact volume in percent, the mean intensity, mean dose, the dose of a target."""


@dataclass(frozen=True)
class MapCell:
    """One structure and method: what the cell shows, and the two lines over which it is explained.

    Parameters
    ----------
    median, worst : float
        Over patients; the worst is the value furthest from the map's ideal.
    values : tuple of float
        Of each patient in the order of the report's cases; NaN where there is none.
    """

    median: float
    median_text: str
    spread: str
    worst: float
    worst_text: str
    worst_case: str
    n: int
    failed: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class HeatMap:
    """One metric on one image: cells by dose policy (``""`` without one), structure and arm.

    Parameters
    ----------
    main : str
        Title of its button, ``""`` for those of the list.
    tolerance : float
        Beyond it a cell is marked; NaN: none.
    ideal : float
        What every patient would have if nothing was lost: 0, or `PERFECT`.
    """

    metric: str
    unit: str
    image: str
    title: str
    main: str
    tolerance: float
    ideal: float
    cells: Mapping[str, Mapping[str, Mapping[Arm, MapCell]]]


def heat_maps(
    summary: Sequence[SummaryRow], table: Table, image: str, tolerances: Tolerances, cases: Sequence[str]
) -> list[HeatMap]:
    """Every metric of volume, intensity and dose; the four main ones first.

    Parameters
    ----------
    summary : sequence of SummaryRow
        Its medians and quartiles are what the cells show.
    table : Table
        Its patients are the dots.
    image : str
        The headline's image, whose volumes and intensities have the buttons.
    cases : sequence of str
        Ids in the order of the report.
    """
    found: dict[tuple[str, str, str], dict[str, dict[str, dict[Arm, MapCell]]]] = {}
    for row in summary:
        if row.domain not in DOMAINS or row.metric in PLANNED_METRICS or not is_of_one_arm(row) or not row.structure:
            continue
        item = Item(row.dose_policy, row.image, row.domain, row.structure, row.metric, row.unit)
        patients = table.get(item, {}).get(arm_of(row))
        by_policy = found.setdefault((row.metric, row.unit, row.image), {})
        by_policy.setdefault(row.dose_policy, {}).setdefault(row.structure, {})[arm_of(row)] = _cell(row, patients, cases)
    maps = [_map(*key, cells, image, tolerances) for key, cells in found.items()]
    order = list(MAIN_TITLES)
    return sorted(maps, key=lambda each: order.index(each.metric) if each.main else len(order))


def _cell(row: SummaryRow, patients: PatientValues | None, cases: Sequence[str]) -> MapCell:
    known = patients.values if patients else {}
    signed = is_change(row.domain, row.metric)
    ideal = _ideal(row.metric)
    worst = min(known, key=lambda case: (-abs(known[case] - ideal), natural(case)), default="")
    mark = CHANGED if row.p_holm < SIGNIFICANT else ""
    spread = "" if row.n < 2 or math.isnan(row.low) else f"{interval(row.low, row.high, row.unit, signed=signed)}, "
    return MapCell(
        row.value,
        f"{number(row.value, row.unit, signed=signed)}{mark}" if row.n else "failed" if row.failed else NOTHING,
        f"{spread}{count(row.n)}" + (f", {row.failed} failed" if row.failed else ""),
        known[worst] if worst else math.nan,
        number(known[worst], row.unit, signed=signed) if worst else NOTHING,
        worst,
        row.n,
        row.failed,
        tuple(known.get(case, math.nan) for case in cases),
    )


def _ideal(metric: str) -> float:
    """The value at which nothing is lost."""
    known = metrics()[metric]
    return PERFECT if known.kind == VALUE and known.good_direction == "up" else 0.0


def _map(
    metric: str, unit: str, on: str, cells: Mapping[str, dict[str, dict[Arm, MapCell]]], image: str, tolerances: Tolerances
) -> HeatMap:
    known = metrics()[metric]
    here = unit in _main_units(known.domain, unit) and (on == image or known.domain == "dose")
    limit = {
        ("volume", "%"): tolerances.volume_percent,
        ("intensity", "HU"): tolerances.intensity_hu,
        ("dose", "Gy"): tolerances.dose_gy,
    }.get((known.domain, unit), math.nan)
    name = metric.replace("_", " ") if metric.islower() else metric
    in_unit = f" ({unit})" if unit else ""
    title = f"{'Δ ' if is_change(known.domain, metric) else ''}{name}{in_unit}{'' if known.domain == 'dose' else f' · {on}'}"
    main = MAIN_TITLES.get(metric, "") if here else ""
    if metric == "mean" and main and unit != "HU":
        main = "Δ intensity"
    if main and unit == RELATIVE:
        main = f"{main}, {RELATIVE}"
    ordered = {policy: cells[policy] for policy in ("", *DOSE_POLICIES) if policy in cells}
    tolerance = limit if is_change(known.domain, metric) else math.nan
    return HeatMap(metric, unit, on, title, main, tolerance, _ideal(metric), ordered)


def _main_units(domain: str, unit: str) -> tuple[str, ...]:
    """In which units a main metric has its button: percent of a volume, the intensity's own unit, Gy or a relative dose."""
    if domain == "intensity":
        return (unit,) if unit != "%" else ()
    return ("%",) if domain == "volume" else ("Gy", RELATIVE)


def heat_map_data(maps: Sequence[HeatMap], names: ArmNames, cases: Sequence[str]) -> list[dict[str, Any]]:
    """The maps as the page's script reads them."""
    places = {case: place for place, case in enumerate(cases)}
    return [
        {
            "key": f"{each.metric}|{each.unit}|{each.image}",
            "title": each.title,
            "main": each.main,
            "unit": each.unit,
            "meaning": metrics()[each.metric].meaning,
            "tolerance": finite(each.tolerance, 3),
            "ideal": finite(each.ideal, 3),
            "decimals": DECIMALS.get(each.unit, 2),
            "cells": {
                policy: {
                    structure: [_cell_data(arms.get(arm), each.unit, places) for arm in names.arms]
                    for structure, arms in structures.items()
                }
                for policy, structures in each.cells.items()
            },
            "further": sorted({name for structures in each.cells.values() for name in structures if is_further(name)}),
        }
        for each in maps
    ]


def _cell_data(cell: MapCell | None, unit: str, places: Mapping[str, int]) -> dict[str, Any] | None:
    if cell is None:
        return None
    decimals = DECIMALS.get(unit, 2)
    values = [finite(value, decimals) for value in cell.values]
    return {
        "m": finite(cell.median, decimals + 1),
        "t": cell.median_text,
        "s": cell.spread,
        "w": finite(cell.worst, decimals + 1),
        "wt": cell.worst_text,
        "c": places.get(cell.worst_case, -1),
        "n": cell.n,
        "v": values[0] if len(set(values)) == 1 else values,
    }

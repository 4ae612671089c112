"""What a header says its stored integers are in the real world, beside slope and intercept (RealWorldValueMappingSequence).

PS3.3 C.7.6.16.2.11: the mapping starts from the stored integers, as slope and intercept do, and states a unit. Scanners use it
for quantities (an apparent diffusion coefficient, SUVbw), and some MR scanners state no other scaling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from .header import PYDICOM_ERRORS, Header
from .modality_map import Line, modality_map

SUV_BY_WEIGHT = "SUVbw"
SUV_BY_WEIGHT_CODES = ("{suvbw}g/ml", "suvbw", "126401")
"""As a unit (UCUM), in older files as a word, and as the quantity that is measured (PS3.16 CID 7465)."""
UNSTATED = "an unstated unit"
NO_UNITS = frozenset({UNSTATED, "1", "no units", "{no units}", "[arb'u]", "a.u.", "arb"})
HOUNSFIELD = frozenset({"[hnsf'u]", "hu", "hounsfield unit"})
SAME = 1e-4
"""Slopes that differ by a smaller share are one: decimal strings have 16 characters, and some makers write five digits."""
MAPPING = "RealWorldValueMapping"


@dataclass(frozen=True)
class RealWorldMap:
    """One mapping of a slice: a line (None: a lookup table, or one that cannot be read) and its unit."""

    line: Line | None
    unit: str


@dataclass(frozen=True)
class RealWorld:
    """What the mappings of a series say, beside its slopes and intercepts.

    Parameters
    ----------
    factor : float
        On what slope and intercept give; 0 where no one factor leads from them to the mapped values.
    unit : str
        ``""`` where no mapping is stated, or what it states is what is read anyhow.
    alone : bool
        Whether the slices state no slope but this mapping's, each another one: without it their values cannot be compared.
    problem : str
        Why the mapping cannot be used, as the end of a sentence.
    """

    factor: float = 1.0
    unit: str = ""
    alone: bool = False
    problem: str = ""


def real_world(headers: Sequence[Header], unit: str = "") -> RealWorld:
    """What the mappings of a series say.

    Parameters
    ----------
    unit : str
        Which mapping is wanted where a slice states several; ``""``: it must be the only one.
    """
    found = [_map_of(header.dataset, unit) for header in headers]
    stating = [each for each in found if each is not None]
    if not stating:
        return RealWorld()
    stated = stating[0].unit
    if len(stating) < len(found):
        return RealWorld(0.0, stated, problem=f"is stated in {len(stating)} of {len(found)} slices only")
    if any(each.line is None or each.unit != stated for each in stating):
        return RealWorld(0.0, stated, problem="is no single line")
    pairs = [(modality_map(header.dataset, header.path.name), each.line) for header, each in zip(headers, stating, strict=True)]
    factors = {_factor(before, line) for before, line in pairs if line is not None}
    first = next(iter(factors))
    if first and all(abs(each - first) <= SAME * abs(first) for each in factors):
        return RealWorld(first, stated)
    alone = not any(header.dataset.get(keyword) for header in headers for keyword in ("RescaleSlope", "ModalityLUTSequence"))
    return RealWorld(0.0, stated, alone=alone, problem="is no multiple of what slope and intercept give")


def real_world_line(data: Dataset) -> Line:
    """The mapping of a slice that states no other scaling.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = _map_of(data, "")
    if found is None or found.line is None:
        raise ValueError(f"{MAPPING} is missing")
    return found.line


def real_world_notes(headers: Sequence[Header], called: str) -> tuple[str, ...]:
    """What a reader must know of the mapping of a CT or MR whose values are called `called`."""
    found = real_world(headers)
    if not found.unit:
        return ()
    unit = found.unit if found.unit.casefold() not in NO_UNITS else ""
    usual = HOUNSFIELD if called == "HU" else frozenset({""})
    if found.alone:
        return (f"its slices are scaled by their {MAPPING}, each by another slope{f' (in {unit})' if unit else ''}",)
    if found.problem:
        return (f"its {MAPPING}{f' to {unit}' if unit else ''} {found.problem} and was not used",)
    if unit.casefold() in usual and abs(found.factor - 1) <= SAME:
        return ()
    if not unit and called != "HU":
        return ()  # arbitrary units, one factor for all slices
    return (f"its headers map it to {unit or 'other numbers'} ({MAPPING}): {found.factor:g} times the values here, in {called}",)


def _map_of(data: Dataset, unit: str) -> RealWorldMap | None:
    """The one mapping of a slice, or its one mapping to a unit; None if it states none."""
    try:
        items = [_read(item) for item in data.get("RealWorldValueMappingSequence") or []]
    except PYDICOM_ERRORS:
        return RealWorldMap(None, unit)
    wanted = [each for each in items if not unit or each.unit == unit]
    if not wanted:
        return None
    return wanted[0] if len(set(wanted)) == 1 else RealWorldMap(None, wanted[0].unit)


def _read(item: Dataset) -> RealWorldMap:
    slope, intercept = (item.get(f"RealWorldValue{word}") for word in ("Slope", "Intercept"))
    usable = slope is not None and math.isfinite(float(slope)) and float(slope) != 0 and math.isfinite(float(intercept or 0))
    return RealWorldMap(Line(float(slope or 0), float(intercept or 0)) if usable else None, _unit(item))


def _unit(item: Dataset) -> str:
    """The unit's code; `SUV_BY_WEIGHT` in whatever way it is told."""
    codes = [_code(each) for each in item.get("MeasurementUnitsCodeSequence") or []]
    quantities = [
        _code(code) for each in item.get("QuantityDefinitionSequence") or [] for code in each.get("ConceptCodeSequence") or []
    ]
    if any(code.casefold() in SUV_BY_WEIGHT_CODES for code in (*codes, *quantities)):
        return SUV_BY_WEIGHT
    return codes[0] if codes and codes[0] else UNSTATED


def _code(item: Dataset) -> str:
    return str(item.get("CodeValue") or item.get("LongCodeValue") or "").strip()


def _factor(before: Any, line: Line) -> float:
    """By what a line is more than the other; 0 if it is no multiple of it."""
    if not isinstance(before, Line):
        return 0.0
    factor = line.slope / before.slope
    off = abs(line.intercept - factor * before.intercept)
    return factor if off <= SAME * max(abs(line.intercept), abs(factor * before.intercept), abs(line.slope)) else 0.0

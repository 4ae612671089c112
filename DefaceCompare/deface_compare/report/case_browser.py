"""Every case of a study on one line: what each method did, and what to look at."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..measurement import FAILED, OK, Measurement
from ..natural_order import natural
from ..words import number, without_warning
from .merged_notes import pattern_of

WORKED, DID_NOT, NONE = "✓", "✗", "–"
SIMILARITY, MOVED = "cosine_similarity_own", "face_surface_moved_p95"


@dataclass(frozen=True)
class CaseCell:
    """One method on one case: success by image (``CT ✓``), and two numbers of the headline's image."""

    success: tuple[tuple[str, str], ...]
    small: str

    @property
    def told(self) -> list[tuple[str, str]]:
        """What a line has room for: how many images it worked on, and each on which it did not, as (words, mark)."""
        worked = sum(mark == WORKED for _, mark in self.success)
        looked = sum(mark != NONE for _, mark in self.success)
        missed = [(image, mark) for image, mark in self.success if mark == DID_NOT]
        return [*([(f"{worked}/{looked}", WORKED)] if worked else []), *missed] if looked else [("", NONE)]


@dataclass(frozen=True)
class CaseLine:
    """One case; `remarks` are failures, the methods' warnings and the case's notes."""

    id: str
    cells: tuple[CaseCell, ...]
    remarks: tuple[str, ...]
    conspicuous: bool
    """Whether a method failed, did not succeed, or warned of what most cases have no warning of."""


def case_lines(
    measurements: Sequence[Measurement], manifest: Mapping[str, Any], names: ArmNames, image: str
) -> tuple[CaseLine, ...]:
    """All cases in order of their ids, the unreadable ones with their reason.

    Parameters
    ----------
    image : str
        The headline's image, of which similarity and millimetres are told.
    """
    rows: dict[str, dict[Arm, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for row in measurements:
        if row.metric in ("success", SIMILARITY, MOVED) or row.status == FAILED:
            rows[row.case][arm_of(row)].append(row)
    usual = _usual_warnings(manifest)
    lines = [_line(case, rows[case["id"]], names, image, usual) for case in manifest["cases"]]
    nothing = tuple(CaseCell((), "") for _ in names.arms)
    lines += [CaseLine(case, nothing, (f"unreadable: {why}",), True) for case, why in manifest["unreadable"].items()]
    return tuple(sorted(lines, key=lambda line: natural(line.id)))


def _usual_warnings(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(method, pattern) of the warnings that more than half of several cases have: they single out none."""
    cases = [case.get("warnings", {}) for case in manifest["cases"]]
    found = Counter(
        pair for warnings in cases for pair in {(method, pattern_of(each)) for method, told in warnings.items() for each in told}
    )
    return {pair for pair, count in found.items() if 2 * count > len(cases) > 1}


def _line(
    case: Mapping[str, Any],
    rows: Mapping[Arm, Sequence[Measurement]],
    names: ArmNames,
    image: str,
    usual: Collection[tuple[str, str]],
) -> CaseLine:
    cells = tuple(_cell(rows.get(arm, ()), image) for arm in names.arms)
    remarks: list[str] = []
    singled_out = any(mark == DID_NOT for cell in cells for _, mark in cell.success)
    for arm in names.arms:
        failed = dict.fromkeys(without_warning(row.note) for row in rows.get(arm, ()) if row.status == FAILED)
        remarks += [f"{names.title(arm)} failed: {reason}" for reason in failed]
        warnings = case.get("warnings", {}).get(arm.method, ())
        remarks += [f"{names.title(arm)}: {warning}" for warning in warnings]
        singled_out |= bool(failed) or any((arm.method, pattern_of(warning)) not in usual for warning in warnings)
    return CaseLine(case["id"], cells, (*remarks, *case["notes"]), singled_out)


def _cell(rows: Sequence[Measurement], image: str) -> CaseCell:
    success = tuple((row.image, _mark(row)) for row in rows if row.metric == "success")
    told = []
    for metric, title, unit in ((SIMILARITY, "similarity", ""), (MOVED, "moved", "mm")):
        found = [row for row in rows if row.metric == metric and row.image == image and row.status == OK]
        if found and not math.isnan(found[0].defaced):
            told.append(f"{title} {number(found[0].defaced, unit)} {unit}".strip())
    return CaseCell(success, ", ".join(told))


def _mark(row: Measurement) -> str:
    if row.status == OK:
        return WORKED if row.defaced > 0.5 else DID_NOT
    return DID_NOT if row.status == FAILED else NONE

"""Every case of a study on one line: what each method did, and what to look at."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..cohort.arm_names import ArmNames
from ..cohort.arms import Arm, arm_of
from ..measurement import FAILED, OK, Measurement
from ..words import number, without_warning

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
    """Whether a method failed, did not succeed, or warned."""


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
    lines = [_line(case, rows[case["id"]], names, image) for case in manifest["cases"]]
    nothing = tuple(CaseCell((), "") for _ in names.arms)
    lines += [CaseLine(case, nothing, (f"unreadable: {why}",), True) for case, why in manifest["unreadable"].items()]
    return tuple(sorted(lines, key=lambda line: line.id))


def _line(case: Mapping[str, Any], rows: Mapping[Arm, Sequence[Measurement]], names: ArmNames, image: str) -> CaseLine:
    cells = tuple(_cell(rows.get(arm, ()), image) for arm in names.arms)
    remarks = []
    for arm in names.arms:
        failed = dict.fromkeys(without_warning(row.note) for row in rows.get(arm, ()) if row.status == FAILED)
        remarks += [f"{names.title(arm)} failed: {reason}" for reason in failed]
        remarks += [f"{names.title(arm)}: {warning}" for warning in case.get("warnings", {}).get(arm.method, ())]
    missed = any(mark == DID_NOT for cell in cells for _, mark in cell.success)
    return CaseLine(case["id"], cells, (*remarks, *case["notes"]), bool(remarks) or missed)


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

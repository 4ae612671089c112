"""A finished comparison as a scene holds it: its tables, whose it is, its curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deface_compare.cohort.reidentification.percentile import Percentile
from deface_compare.measurement import Measurement

from .dvh_chart import CURVES_ATTRIBUTE
from .measurements_table import VERSION_ATTRIBUTE, holds_rows, rows_of_table
from .report import ORIGINAL_ROLE, PATIENT_ATTRIBUTE, RUN_ATTRIBUTE, STRUCTURES_ATTRIBUTE

PERCENTILES_ATTRIBUTE = "DefaceCompare.Percentiles"
"""Of a privacy table: method key to percent and number of other heads, as JSON."""


@dataclass(frozen=True)
class Run:
    """One comparison of one patient.

    Parameters
    ----------
    tables : tuple of vtkMRMLTableNode
        One a domain and engine, in the order in which they were made.
    """

    tables: tuple[Any, ...]
    _read: list[Measurement] = field(default_factory=list, compare=False, repr=False)

    def rows(self) -> list[Measurement]:
        """All measurements, read once."""
        if not self._read:
            self._read.extend(row for table in self.tables for row in rows_of_table(table))
        return list(self._read)

    @property
    def patient(self) -> str:
        """What the patient is called in the scene; the case's id where the scene does not say."""
        return self.tables[0].GetAttribute(PATIENT_ATTRIBUTE) or str(_first(self.tables[0], "case"))

    @property
    def original(self) -> Any | None:
        """The primary image that was compared, if it is in the scene."""
        return self.tables[0].GetNodeReference(ORIGINAL_ROLE)

    @property
    def percentiles(self) -> dict[str, Percentile]:
        """The percentiles by method among other heads, if there are any."""
        told = [table.GetAttribute(PERCENTILES_ATTRIBUTE) for table in self.tables]
        found = json.loads(next((each for each in told if each), "{}"))
        return {method: Percentile(percent, heads) for method, (percent, heads) in found.items()}

    @property
    def structures(self) -> str:
        """How many structures were measured, in one sentence; ``""`` where that is not known."""
        told = [table.GetAttribute(STRUCTURES_ATTRIBUTE) for table in self.tables]
        return next((sentence for sentence in told if sentence), "")

    @property
    def curves(self) -> Any | None:
        """The table node with its DVH curves, if it has any."""
        run, case = self.tables[0].GetAttribute(RUN_ATTRIBUTE), _first(self.tables[0], "case")
        tables = [table for table in _tables(self.tables[0].GetScene()) if table.GetAttribute(CURVES_ATTRIBUTE) == case]
        return next((table for table in reversed(tables) if table.GetAttribute(RUN_ATTRIBUTE) == run), None)


def runs_of_scene(scene: Any) -> list[Run]:
    """Every comparison whose tables a scene holds (a saved scene's too), the latest last; only their marks are read.

    Tables of scenes that version 0.5.0 saved do not say which run they are of: they follow each other in the order in which they
    were made, and a domain that comes again for the same case and engine belongs to another run.
    """
    marked: dict[str, list[Any]] = {}
    unmarked: list[list[Any]] = []
    seen: set[tuple[str, str, str]] = set()
    for table in _tables(scene):
        if table.GetAttribute(VERSION_ATTRIBUTE) is None or not holds_rows(table):
            continue
        run = table.GetAttribute(RUN_ATTRIBUTE)
        if run:
            marked.setdefault(run, []).append(table)
            continue
        case, domain, engine = about = (_first(table, "case"), _first(table, "domain"), _first(table, "engine"))
        if not unmarked or about in seen or case != _first(unmarked[-1][0], "case"):
            unmarked.append([])
            seen = set()
        unmarked[-1].append(table)
        seen.add((case, domain, engine))
    return [Run(tuple(tables)) for tables in (*unmarked, *marked.values())]


def keep_percentiles(table: Any, found: Mapping[str, Percentile]) -> None:
    """Write the percentiles of a run at its privacy table, so that they come back with a saved scene."""
    told = {method: [each.percent, each.heads] for method, each in found.items()}
    table.SetAttribute(PERCENTILES_ATTRIBUTE, json.dumps(told))


def _tables(scene: Any) -> list[Any]:
    count = scene.GetNumberOfNodesByClass("vtkMRMLTableNode")
    return [scene.GetNthNodeByClass(index, "vtkMRMLTableNode") for index in range(count)]


def _first(node: Any, column: str) -> str:
    return str(node.GetTable().GetColumnByName(column).GetValue(0))

"""The DVH curves of one case as a table: one dose axis, one column a curve (``cases/<id>/dvh.csv``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic import written_csv
from ..settings import KEEP
from .dvh import DVH

STEP_GY = 0.25
"""Dose axis of the written curves: fine enough to be drawn; the metrics in the rows come from the sub-voxel doses themselves."""
ORIGINAL = "original"
DOSE_COLUMN = "dose_gy"
SEPARATOR = "|"


@dataclass(frozen=True, order=True)
class CurveName:
    """Whose curve a column is: structure, method (or ``original``), dose policy (empty for the original) and engine."""

    structure: str
    method: str
    policy: str
    engine: str

    def column(self) -> str:
        """The column's heading."""
        return SEPARATOR.join((self.structure, self.method, self.policy, self.engine))

    @classmethod
    def of_column(cls, heading: str) -> CurveName:
        """Read a column's heading."""
        return cls(*heading.split(SEPARATOR))


@dataclass
class DvhTable:
    """The cumulative curves of one case, collected while its rows are made."""

    curves: dict[CurveName, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, structure: str, method: str, policy: str, original: DVH, edited: DVH) -> None:
        """Keep a structure's curve before and after; ``keep`` changes nothing and gets no curve of its own."""
        self.add_original(structure, original)
        if policy != KEEP:
            name = CurveName(structure, ORIGINAL, "", original.engine)
            self.curves[CurveName(structure, method, policy, edited.engine)] = (
                self.curves[name] if edited is original else _percents(edited)
            )

    def add_original(self, structure: str, original: DVH) -> None:
        """Keep a structure's planned curve, once."""
        name = CurveName(structure, ORIGINAL, "", original.engine)
        if name not in self.curves:
            self.curves[name] = _percents(original)

    def keep(self, path: Path, method: str) -> None:
        """Take over what `write` wrote of one method and of the originals behind it; nothing where there is no such file."""
        if path.is_file():
            for name, percents in read_dvh_table(path)[1].items():
                if name.method in (ORIGINAL, method):
                    self.curves.setdefault(name, np.array(percents))

    def write(self, path: Path) -> None:
        """Write all curves in percent of the volume at steps of `STEP_GY`, to the first dose that none reaches.

        Nothing is written without curves.
        """
        if not self.curves:
            return
        steps = max(len(percents) for percents in self.curves.values())
        columns = [np.pad(percents, (0, steps - len(percents))) for percents in self.curves.values()]
        doses_gy = STEP_GY * np.arange(steps)
        with written_csv(path) as writer:
            writer.writerow([DOSE_COLUMN, *(name.column() for name in self.curves)])
            for dose_gy, *percents in zip(doses_gy, *columns, strict=True):
                texts = [f"{percent:.3f}".rstrip("0").rstrip(".") for percent in percents]
                writer.writerow([f"{dose_gy:g}", *texts])
                if not any(text != "0" for text in texts):
                    break


def _percents(dvh: DVH) -> NDArray[np.float64]:
    """The curve up to the first step beyond its maximum; the sub-voxel doses themselves are not kept."""
    return dvh.curve(STEP_GY).percent


def read_dvh_table(path: Path) -> tuple[list[float], dict[CurveName, list[float]]]:
    """Read what `DvhTable.write` wrote: the dose axis in Gy, and each curve in percent of the volume."""
    with path.open(newline="", encoding="utf-8") as stream:
        heading, *lines = list(csv.reader(stream))
    columns = [list(map(float, column)) for column in zip(*lines, strict=True)]
    return columns[0], {CurveName.of_column(name): column for name, column in zip(heading[1:], columns[1:], strict=True)}

"""The DVH curves of one case as a table with one point of one curve a row (``cases/<id>/dvh.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnusableInput
from ..settings import KEEP
from ..storage.atomic import written_csv
from .dvh import DVH

STEP_GY = 0.25
"""Dose axis of the written curves: fine enough to be drawn; the metrics in the rows come from the sub-voxel doses themselves."""
ORIGINAL = "original"
DOSE_COLUMN = "dose_gy"
COLUMNS = ("case", "structure", "method", "policy", "engine", DOSE_COLUMN, "volume_percent")
"""Columns of the file; of a curve's points inside a run of equal volumes only the first and the last are written."""
SEPARATOR = "|"
"""Parts a curve's name in a table node of Slicer, and in files of the first version, which had one column a curve."""
DECIMALS = 3
"""Of volumes in percent: a thousandth of a percent is less than one sub-voxel of most organs."""


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

    def write(self, path: Path, case: str) -> None:
        """Write all curves in percent of the volume at steps of `STEP_GY`, each to the first dose that none of it reaches.

        Nothing is written without curves.
        """
        if not self.curves:
            return
        with written_csv(path) as writer:
            writer.writerow(COLUMNS)
            for name, percents in self.curves.items():
                whose = (case, name.structure, name.method, name.policy, name.engine)
                writer.writerows((*whose, *point) for point in _points(percents))


def _percents(dvh: DVH) -> NDArray[np.float64]:
    """The curve up to the first step beyond its maximum; the sub-voxel doses themselves are not kept."""
    return dvh.curve(STEP_GY).percent


def _points(percents: NDArray[np.float64]) -> Iterator[tuple[str, str]]:
    """The points of one curve as texts: straight lines between them are the curve, whatever was left out."""
    texts = [f"{percent:.{DECIMALS}f}".rstrip("0").rstrip(".") for percent in percents]
    if "0" not in texts:
        texts.append("0")
    texts = texts[: texts.index("0") + 1]
    for step, text in enumerate(texts):
        inside = 0 < step < len(texts) - 1 and texts[step - 1] == text == texts[step + 1]
        if not inside:
            yield f"{STEP_GY * step:g}", text


def read_dvh_table(path: Path) -> tuple[list[float], dict[CurveName, list[float]]]:
    """Read what `DvhTable.write` wrote, also of the first version: the dose axis in Gy, each curve in percent of the volume.

    Raises
    ------
    UnusableInput
        If it is no table of DVH curves.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        lines = csv.reader(stream)
        heading = next(lines, [])
        if heading[:1] == [DOSE_COLUMN]:
            columns = [list(map(float, column)) for column in zip(*lines, strict=True)]
            return columns[0], {CurveName.of_column(name): column for name, column in zip(heading[1:], columns[1:], strict=True)}
        if not {*COLUMNS} <= {*heading}:
            raise UnusableInput(f"{path} is no table of DVH curves of this version or an earlier one; compare the case again")
        place = itemgetter(*map(heading.index, COLUMNS[1:]))
        points: dict[CurveName, tuple[list[float], list[float]]] = {}
        for line in filter(None, lines):
            *whose, dose_gy, percent = place(line)
            doses_gy, percents = points.setdefault(CurveName(*whose), ([], []))
            doses_gy.append(float(dose_gy))
            percents.append(float(percent))
    last_gy = max((doses_gy[-1] for doses_gy, _ in points.values()), default=0.0)
    axis_gy = STEP_GY * np.arange(round(last_gy / STEP_GY) + 1)
    return axis_gy.tolist(), {name: np.interp(axis_gy, *curve).tolist() for name, curve in points.items()}

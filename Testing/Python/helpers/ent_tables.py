"""SlicerRT's DVH tables of the ENT phantom: reading them, and the agreement of a curve with them."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deface_compare.case import Case
from deface_compare.readers import read_case
from deface_compare.utility.dvh import DVH

Curves = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def read_ent(shared_data: Path, folder: Path) -> Case:
    """The ENT phantom's contours and dose as a case."""
    os.symlink(shared_data / "rt_eclipse_ent", folder / "data")
    described = {"id": "ent", "structures": "data/EclipseEnt_Structures.seg.vtm", "dose": "data/EclipseEnt_Dose.nrrd"}
    (folder / "case.json").write_text(json.dumps(described), encoding="utf-8")
    return read_case(folder)


def read_table(path: Path) -> Curves:
    """Dose and percent of volume of each structure of a SlicerRT DVH table."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    curves = {}
    for column in range(0, len(rows[0]) - 1, 2):
        pairs = [(row[column], row[column + 1]) for row in rows[1:] if len(row) > column + 1 and row[column].strip()]
        points = np.array(pairs, dtype=np.float64)
        # The last row of the Eclipse table is shifted by one column (see the data's README).
        curves[plain(rows[0][column].replace("_DvhArray", "").split(" Dose (")[0])] = (points[:-1, 0], points[:-1, 1])
    return curves


def read_volumes_cc(path: Path) -> dict[str, float]:
    """Volume of each structure of a SlicerRT metrics table."""
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["Structure"]: float(row["Volume (cc)"]) for row in csv.DictReader(stream)}


def plain(name: str) -> str:
    """A name without what the tables spell differently."""
    return "".join(character for character in name.lower() if character.isalnum())


def agreement(dvh: DVH, dose_gy: NDArray[np.float64], percent: NDArray[np.float64], largest_gy: float) -> NDArray[np.bool_]:
    """Which rows of a table the DVH meets at 1 % of the structure's volume and 1 % of the maximum dose (Ebert 2010)."""
    own_gy = np.arange(0.01, largest_gy, 0.01)
    own_percent = dvh.cumulative_percent(own_gy)
    gamma2 = ((own_percent - percent[:, None]) / 1.0) ** 2 + ((own_gy - dose_gy[:, None]) / (0.01 * largest_gy)) ** 2
    return np.asarray(gamma2.min(axis=1) <= 1)


def dose_distance_gy(dvh: DVH, dose_gy: NDArray[np.float64], percent: NDArray[np.float64]) -> float:
    """Largest distance along the dose axis from a table's rows between 1 and 99 % of the volume to the curve.

    The curve is a staircase; a row that lies on a stair (within 0.01 points, the table's rounding) has no distance.
    """
    steep = (percent > 1) & (percent < 99)
    count = len(dvh.dose_gy)
    first = np.ceil(count * (1 - (percent[steep] + 0.01) / 100)).astype(int)
    last = np.floor(count * (1 - (percent[steep] - 0.01) / 100)).astype(int)
    low_gy, high_gy = dvh.dose_gy[np.clip(first - 1, 0, count - 1)], dvh.dose_gy[np.clip(last, 0, count - 1)]
    return float(np.maximum(np.maximum(low_gy - dose_gy[steep], dose_gy[steep] - high_gy), 0).max())

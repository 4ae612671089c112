"""The features in which people differ one by one: nose, lids, chin and so on, and how much (``data/people/modes.csv``)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np

from ...data import data_text

SIDES_TOGETHER = 0.95
"""Correlation of the same feature on the left and on the right."""


@dataclass(frozen=True)
class Mode:
    """One feature.

    Parameters
    ----------
    name : str
    negative, positive : str
        Targets of the two directions; `negative` is empty where there is only one.
    standard_deviation : float
        Of the coefficient among people: the least of 0.35 and of what moves the skin by 2.5 (forehead), 3, 4 (head) or 6 mm
        (neck), times 0.66 (head, forehead, neck), 0.7 (mouth), 1.1 (ears) or 1.32. Chosen so that made-up people resemble
        each other no more than real ones do (see docs/sample_patients.md).
    """

    name: str
    negative: str
    positive: str
    standard_deviation: float

    @property
    def pair(self) -> str:
        """The feature without its side."""
        return self.name.replace("/l-", "/").replace("/r-", "/")

    @property
    def sided(self) -> bool:
        """Whether the other side has the same feature."""
        return self.pair != self.name

    def weights(self, coefficient: float) -> dict[str, float]:
        """The target that a coefficient asks for."""
        if coefficient > 0.0:
            return {self.positive: coefficient}
        return {self.negative: -coefficient} if coefficient < 0.0 and self.negative else {}


@cache
def modes() -> tuple[Mode, ...]:
    """Every mode."""
    rows = csv.DictReader(data_text("people/modes.csv").splitlines())
    return tuple(Mode(row["mode"], row["negative"], row["positive"], float(row["standard_deviation"])) for row in rows)


def random_coefficients(random: np.random.Generator) -> dict[str, float]:
    """A random coefficient, -1 to 1, of each mode."""
    shared: dict[str, float] = {}
    found: dict[str, float] = {}
    for mode in modes():
        drawn = float(random.standard_normal())
        if mode.sided:
            own = float(np.sqrt(1.0 - SIDES_TOGETHER**2)) * drawn
            drawn = SIDES_TOGETHER * shared.setdefault(mode.pair, float(random.standard_normal())) + own
        found[mode.name] = float(np.clip(drawn * mode.standard_deviation, -1.0, 1.0))
    return found

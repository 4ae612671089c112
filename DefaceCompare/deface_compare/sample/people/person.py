"""One made-up person: what a person is born with, and what differs from day to day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .macro import ORIGINS, age_of_years, macro_weights
from .modes import modes, random_coefficients

YEARS = (62.0, 13.0, 25.0, 88.0)
"""Mean, standard deviation, lowest and highest age (SEER's median ages at diagnosis: brain 59, oral cavity and pharynx 64)."""
CHILD_YEARS = (2.0, 4.0)
MALE, MALE_SPREAD = (0.1, 0.9), 0.12
"""MakeHuman's sex axis, 0 female to 1 male: means of the two, and the spread around them."""
BUILD = {"weight": (0.55, 0.2), "muscle": (0.5, 0.18), "height": (0.5, 0.12), "proportions": (0.5, 0.2)}
"""Mean and standard deviation of MakeHuman's other axes."""
MIXTURE = (0.35, 0.35, 0.55)
"""Dirichlet parameters of `ORIGINS`: most people are near one of them, many are mixed."""
BRAIN_CC = {"F": (1160.0, 95.0), "M": (1300.0, 110.0)}
"""Mean and standard deviation of the brain's volume (Allen 2002, doi 10.1002/ajpa.10092: 1131 and 1273 cc)."""
CHILD_BRAIN = 0.8
"""Such a child's brain over an adult's (Dekaban 1978, doi 10.1002/ana.410040410: about 80 to 85 % by weight)."""
LEAN = 0.5
"""What lies inside the bones is mixed with no more weight and muscle than this: fat lies outside of the bone."""
SOFT_MODES = ("cheek-volume", "head-fat", "neck-double", "cheek-inner", "measure-neck-circ")
"""Modes of fat, which the bones do not share."""
ROUNDED = 6
"""Decimals of all coefficients: the same bytes on machines whose sums differ in the last bit."""
EYES_CLOSED = {"eye-left-closure": 1.0, "eye-right-closure": 1.0}
MOOD = {"mouth-corner-puller": 0.06, "mouth-depression": 0.06, "mouth-compression": 0.08, "eyebrows-left-down": 0.1,
        "eyebrows-right-down": 0.1}  # fmt: skip
"""Standard deviations of what a relaxed face does from day to day (expression units of MakeHuman)."""
WEIGHT_CHANGE = 0.06
"""Standard deviation of the change of weight between two visits, on MakeHuman's axis (0.1 is about 4 kg)."""


@dataclass(frozen=True)
class Person:
    """A person as numbers.

    Parameters
    ----------
    sex : str
        ``F`` or ``M``.
    years : float
    male, weight, muscle, height, proportions : float
        MakeHuman's axes, 0 to 1.
    origins : mapping of str to float
        Shares of `ORIGINS`.
    features : mapping of str to float
        Coefficient of each mode.
    brain_cc : float
        The head is as large as this asks for.
    expression : mapping of str to float
        Expression units; the eyes are closed.
    """

    sex: str
    years: float
    male: float
    weight: float
    muscle: float
    height: float
    proportions: float
    origins: Mapping[str, float]
    features: Mapping[str, float]
    brain_cc: float
    expression: Mapping[str, float]

    def targets(self) -> dict[str, float]:
        """Weights of the targets of the person's skin."""
        found = self._macro(self.weight, self.muscle)
        for mode in modes():
            found |= mode.weights(self.features[mode.name])
        for unit, value in self.expression.items():
            found |= {f"expression/units/{origin}/{unit}": value * share for origin, share in self.origins.items()}
        return _rounded(found)

    def lean_targets(self) -> dict[str, float]:
        """The same without fat and expression: what the bones follow."""
        found = self._macro(min(self.weight, LEAN), min(self.muscle, LEAN))
        for mode in modes():
            if not any(soft in mode.name for soft in SOFT_MODES):
                found |= mode.weights(self.features[mode.name])
        return _rounded(found)

    def _macro(self, weight: float, muscle: float) -> dict[str, float]:
        age = age_of_years(self.years)
        return macro_weights(self.male, age, muscle, weight, self.height, self.proportions, self.origins)

    def another_day(self, random: np.random.Generator) -> Person:
        """The same person at another visit: weight and expression differ."""
        weight = float(np.clip(self.weight + WEIGHT_CHANGE * random.standard_normal(), 0.0, 1.0))
        return replace(self, weight=weight, expression=random_expression(random))


def random_person(random: np.random.Generator, child: bool = False) -> Person:
    """A random person, from a seeded generator; an adult unless `child`."""
    sex = "FM"[int(random.integers(2))]
    mean, spread, lowest, highest = YEARS
    years = float(np.clip(mean + spread * random.standard_normal(), lowest, highest))
    childish = float(random.uniform(*CHILD_YEARS))
    male = float(np.clip(MALE["FM".index(sex)] + MALE_SPREAD * random.standard_normal(), 0.0, 1.0))
    build = {name: float(np.clip(middle + width * random.standard_normal(), 0.0, 1.0)) for name, (middle, width) in BUILD.items()}
    shares = random.dirichlet(MIXTURE)
    middle, width = BRAIN_CC[sex]
    brain_cc = middle + width * float(np.clip(random.standard_normal(), -2.5, 2.5))
    if child:
        years, brain_cc = childish, CHILD_BRAIN * brain_cc
        build = dict.fromkeys(build, LEAN)
    return Person(
        sex=sex,
        years=years,
        male=male,
        origins={name: float(share) for name, share in zip(ORIGINS, shares, strict=True)},
        features=random_coefficients(random),
        brain_cc=brain_cc,
        expression=random_expression(random),
        **build,
    )


def random_expression(random: np.random.Generator) -> dict[str, float]:
    """Closed eyes, and a relaxed face as it is on one day."""
    return EYES_CLOSED | {unit: abs(float(random.standard_normal())) * spread for unit, spread in MOOD.items()}


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, ROUNDED) for name, weight in weights.items()}

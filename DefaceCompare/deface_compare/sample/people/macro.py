"""MakeHuman's macro parameters: which of its targets a person's sex, age, build and origins mix, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

ORIGINS = ("african", "asian", "caucasian")
"""MakeHuman's names of its three base shapes."""
AGES, AGE_NAMES = (0.0, 0.1875, 0.5, 1.0), ("baby", "child", "young", "old")
"""MakeHuman's age axis: 1, 12, 25 and 90 years."""
YEARS = (1.0, 12.0, 25.0, 90.0)
THIRDS = (0.0, 0.5, 1.0)
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")


def age_of_years(years: float) -> float:
    """MakeHuman's age, 0 to 1, of so many years."""
    if years <= YEARS[0]:
        return AGES[0]
    for (first, last), (lower, upper) in zip(pairwise(YEARS), pairwise(AGES), strict=True):
        if years <= last:
            return lower + (upper - lower) * (years - first) / (last - first)
    return AGES[-1]


def between(value: float, knots: Sequence[float], names: Sequence[str]) -> dict[str, float]:
    """Shares of the two names between whose knots a value lies; they sum to 1."""
    value = min(max(value, knots[0]), knots[-1])
    upper = next(place for place in range(1, len(knots)) if value <= knots[place])
    share = (value - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    return {name: part for name, part in ((names[upper - 1], 1.0 - share), (names[upper], share)) if part > 0.0}


def macro_weights(
    male: float, age: float, muscle: float, weight: float, height: float, proportions: float, origins: Mapping[str, float]
) -> dict[str, float]:
    """MakeHuman's macro targets and their weights.

    Parameters
    ----------
    male : float
        0 female to 1 male.
    age : float
        See `age_of_years`.
    muscle, weight, height, proportions : float
        0 to 1; 0.5 is average.
    origins : mapping of str to float
        Shares of `ORIGINS`, which sum to 1.
    """
    sexes = {name: share for name, share in (("female", 1.0 - male), ("male", male)) if share > 0.0}
    ages = between(age, AGES, AGE_NAMES)
    sizes = {"minheight": 1.0 - 2.0 * height, "maxheight": 2.0 * height - 1.0}
    forms = {"uncommonproportions": 1.0 - 2.0 * proportions, "idealproportions": 2.0 * proportions - 1.0}
    found: dict[str, float] = {}
    for (sex, of_sex), (years, of_age) in product(sexes.items(), ages.items()):
        for origin, of_origin in origins.items():
            found[f"macrodetails/{origin}-{sex}-{years}"] = of_sex * of_age * of_origin
        builds = product(between(muscle, THIRDS, MUSCLES).items(), between(weight, THIRDS, WEIGHTS).items())
        for (strong, of_muscle), (heavy, of_weight) in builds:
            build, share = f"{sex}-{years}-{strong}-{heavy}", of_sex * of_age * of_muscle * of_weight
            found[f"macrodetails/universal-{build}"] = share
            found |= {f"macrodetails/height/{build}-{name}": share * part for name, part in sizes.items() if part > 0.0}
            found |= {f"macrodetails/proportions/{build}-{name}": share * part for name, part in forms.items() if part > 0.0}
    return {name: weight for name, weight in found.items() if weight > 0.0}

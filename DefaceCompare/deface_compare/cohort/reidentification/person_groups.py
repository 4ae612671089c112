"""Groups of people by sex and by age, and which of them a shared table may speak of.

A row about the women of a cohort tells how many they are, and so how many are no women. Two rows about two sets of people, those
with a FLAIR and those with a T1, tell it of those who are in one set only. So a group is shown if it and what is left beside it
are large enough, in the whole set and in every part of it that two rows together tell of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...demographics import FEMALE, MALE, Demographics
from .records import Faces

FEWEST_IN_GROUP = 5
"""A group of fewer people is not told of (k of k-anonymity: 5 is the common choice where a known recipient gets the data;
El Emam and Dankar, Protecting privacy using k-anonymity, J Am Med Inform Assoc 2008, doi:10.1197/jamia.M2716)."""
AGE_CALIPER_YEARS = 5.0
"""People of similar age differ by so much at most: the five-year bands of vital statistics and of matched case-control studies
(Rothman et al., Modern Epidemiology). Published face tests pair strangers of one sex and one age group likewise (Grother et al.,
Face Recognition Vendor Test part 3: Demographic Effects, 2019, doi:10.6028/NIST.IR.8280)."""
ADULT_YEARS, OLD_YEARS = 18.0, 65.0
"""Children, adults, elderly people (ICH E11 and E7; the age groups of ClinicalTrials.gov)."""

SEX, AGE = "sex", "age"
WOMEN, MEN = "auc_female", "auc_male"
CHILDREN, ADULTS, ELDERLY = "auc_under_18", "auc_18_to_64", "auc_65_and_over"
GROUPS = {SEX: (WOMEN, MEN), AGE: (CHILDREN, ADULTS, ELDERLY)}
"""The groups of people, by the metric that speaks of them."""

Grouped = Mapping[str, str]
"""The group of each person of whom it is known."""


def group_of(known: Demographics, kind: str) -> str:
    """A person's group, ``""`` where it is not known."""
    if kind == SEX:
        return {FEMALE: WOMEN, MALE: MEN}.get(known.sex, "")
    if known.age_years is None:
        return ""
    return CHILDREN if known.age_years < ADULT_YEARS else ADULTS if known.age_years < OLD_YEARS else ELDERLY


def grouped(faces: Faces, scans: list[int], kind: str) -> dict[str, str]:
    """The group of each person; of a person with several scans, the first one's."""
    found: dict[str, str] = {}
    for record in (faces.records[k] for k in scans):
        if group := group_of(record.demographics, kind):
            found.setdefault(record.person, group)
    return found


def peers(faces: Faces) -> NDArray[np.bool_]:
    """Who is of whose sex and of similar age, shape (scans, scans)."""
    sexes = np.array([record.demographics.sex for record in faces.records])
    ages = np.array([np.nan if (years := each.demographics.age_years) is None else years for each in faces.records])
    near = np.abs(ages[:, None] - ages[None, :]) <= AGE_CALIPER_YEARS
    found: NDArray[np.bool_] = (sexes[:, None] == sexes[None, :]) & (sexes != "")[:, None] & near
    return found


class Shown:
    """What the rows of one summary have told of which people; one for all rows that are published together."""

    def __init__(self) -> None:
        self._told: dict[str, list[dict[str, str]]] = {}

    def groups(self, kind: str, people: Grouped) -> frozenset[str]:
        """The groups that may be shown of these people; they count as shown."""
        shown = large_enough(people)
        earlier = self._told.setdefault(kind, [])
        within = dict.fromkeys((person for told in earlier if told.keys() <= people.keys() for person in told), "")
        for more, fewer in [pair for told in (*earlier, within) for pair in ((people, told), (told, people))]:
            apart = {person: group for person, group in more.items() if person not in fewer}
            shown = shown & large_enough(apart) if apart else shown
        if shown and dict(people) not in earlier:
            earlier.append(dict(people))
        return shown


def large_enough(people: Grouped) -> frozenset[str]:
    """The groups that are large enough, and leave enough people beside them.

    Where fewer than `FEWEST_IN_GROUP` would be left beside all of them together, the smallest group stays untold, too: those left
    could be had by subtraction. A group that is everybody would tell it of each of them.
    """
    count = Counter(people.values())
    shown = {group for group, members in count.items() if members >= FEWEST_IN_GROUP}
    while shown and 0 < sum(members for group, members in count.items() if group not in shown) < FEWEST_IN_GROUP:
        shown.remove(min(shown, key=lambda group: (count[group], group)))
    return frozenset() if len(count) == 1 else frozenset(shown)

"""In which order an answer lists the methods, and the sentence that says by what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from .arms import Arm
from .method_facts import MethodFacts
from .reidentification.linkage import LINKED, NOT_LINKED, UNCLEAR, UNKNOWN
from .tradeoff import Axis
from .verdict import LEAST_WORKING

RANKS = (NOT_LINKED, UNCLEAR, LINKED, UNKNOWN)
"""Methods that hide the face come first."""
COST_WORDS = {"altered_organ_volume": "the organ volume altered", "edited_volume": "the volume altered (there are no organs)"}
"""What the order goes by after recognition, by key of the cost."""


def in_order(found: Mapping[Arm, MethodFacts], cost: Axis | None) -> tuple[MethodFacts, ...]:
    """The methods as an answer lists them: by what `decides` says, equal ones as they come."""
    places = {arm: place for place, arm in enumerate(found)}

    def order(facts: MethodFacts) -> tuple[bool, int, float, int]:
        costs = [] if cost is None else list(cost.as_run(facts.arm).values())
        rank = RANKS.index(facts.recognised.word)
        return (not works(facts), rank, median(costs) if costs else math.inf, places[facts.arm])

    return tuple(sorted(found.values(), key=order))


def works(facts: MethodFacts) -> bool:
    """Whether a method worked on more than half of the scans with a face, as far as that was looked at."""
    return facts.worked is None or facts.worked.k > LEAST_WORKING * facts.worked.n


def decides(facts: Sequence[MethodFacts], cost: Axis | None, *, single: bool) -> str:
    """By what these methods are ordered, as far as it was measured; ``""`` for less than two methods.

    Parameters
    ----------
    single : bool
        There is one patient, who has no median and no AUC.
    """
    if len(facts) < 2:
        return ""
    words = {each.recognised.word for each in facts}
    known = [word for word in RANKS if word != UNKNOWN or word in words]
    by = [f"whether the face model still links the face ({', '.join(known)})"] if words != {UNKNOWN} else []
    if cost is not None:
        what = COST_WORDS.get(cost.key, cost.title[:1].lower() + cost.title[1:])
        by.append(what if single else f"{what} in the median patient, failures counting as worse than any number")
    if any(each.worked is not None for each in facts):
        last = "A method that did not work comes last." if single else LAST
    else:
        last = ""
    if not by:
        return " ".join(filter(None, ("Order: that of the program, nothing was measured to order the methods by.", last)))
    return " ".join(filter(None, (f"Order: {'first ' if len(by) > 1 else ''}{', then '.join(by)}.", last)))


LAST = "A method that did not work on more than half of the scans comes last."

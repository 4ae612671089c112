"""The report's first screen: the answer's sentence, and a card for each method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..cohort.answer import Answer
from ..cohort.arms import Arm
from ..cohort.method_costs import NOT_MEASURED, BeyondTolerance, Share
from ..cohort.method_facts import MethodFacts, Recognition
from ..cohort.reidentification.linkage import LINK_MARGIN_AUC, LINKED, NOT_LINKED, UNCLEAR
from ..cohort.tradeoff import CHANCE_AUC
from ..words import auc_number, counted, interval, noun, number
from .small_face import left_words, small_face

ANSWERS = {LINKED: "yes, linked", UNCLEAR: "unclear", NOT_LINKED: "not linked"}
"""What a card says to *Recognised?*."""
MARKS = {LINKED: "✗", UNCLEAR: "?", NOT_LINKED: "✓"}
"""Stands before the words, for eyes that see no colour."""
KINDS = {LINKED: "bad", UNCLEAR: "doubt", NOT_LINKED: "good"}
LEAST_AUC = 0.4
"""Left end of a card's scale of AUC."""


@dataclass(frozen=True)
class Bar:
    """An organ's loss on a card: words, and the length of its bar in percent."""

    title: str
    text: str
    hint: str
    percent: float


@dataclass(frozen=True)
class Scale:
    """An AUC with its interval on a line from `LEAST_AUC` to 1, all in percent of the line's length."""

    value: float
    low: float
    high: float
    chance: float
    margin: float


@dataclass(frozen=True)
class Card:
    """One method as the first screen shows it; every text is made of the answer's values."""

    number: int
    title: str
    detail: str
    colour: str
    kind: str
    recognised: str
    auc: str
    scale: Scale | None
    picture: str
    face: str
    left: str
    seen: str
    organs: tuple[Bar, ...]
    no_organs: str
    dose: str
    dose_detail: str
    dose_case: str
    beyond: str
    beyond_detail: str
    patients: str
    """The word behind a count of `beyond`."""
    packages: str
    worked: str
    scans: str
    """The word behind a count of `worked`."""
    rests: str
    weak: bool


def cards(answer: Answer, pictures: Mapping[Arm, str]) -> list[Card]:
    """The cards in the answer's order.

    Parameters
    ----------
    pictures : mapping of Arm to data URI
        A defaced synthetic face; empty for patients.
    """
    return [_card(k, facts, answer, pictures.get(facts.arm, "")) for k, facts in enumerate(answer.facts, start=1)]


def _card(place: int, facts: MethodFacts, answer: Answer, picture: str) -> Card:
    names = answer.names
    short = names.short_title(facts.arm)
    found, dose, beyond = facts.recognised, facts.worst_dose, facts.beyond_tolerance
    changed = dose if dose is not None and dose.change_gy else None
    measured, worked = facts.measured, facts.worked
    lost = measured.n - measured.k
    missed = worked.n - worked.k if worked else 0
    return Card(
        number=place,
        title=short,
        detail=names.detail(facts.arm),
        colour=names.colour(facts.arm),
        kind=KINDS.get(found.word, "quiet"),
        recognised=f"{MARKS.get(found.word, '')} {ANSWERS.get(found.word, found.word)}".strip(),
        auc=_auc_line(found),
        scale=_scale(found),
        picture=picture,
        face=small_face(facts.left_percent) if facts.left_percent else "",
        left=left_words(facts.left_percent) if facts.left_percent else NOT_MEASURED,
        seen=f"face still seen {facts.seen.words}" if facts.seen else "",
        organs=tuple(
            Bar(
                organ.structure,
                f"{number(organ.median_percent, '%', signed=True)} %",
                f"median {number(organ.median_percent, '%', signed=True)} % "
                f"{interval(organ.low_percent, organ.high_percent, '%', signed=True)}, n {organ.n}; worst patient "
                f"{number(organ.worst_percent, '%', signed=True)} % ({organ.worst_case})",
                min(100.0, abs(organ.median_percent)),
            )
            for organ in facts.organs_lost
        ),
        no_organs="none" if facts.organs_measured else NOT_MEASURED,
        dose="" if not changed else f"{number(changed.change_gy, 'Gy', signed=True)} Gy",
        dose_detail=(facts.why_no_dose if dose is None else "no change")
        if not changed
        else f"{changed.structure} {changed.metric} of {number(changed.original_gy, 'Gy')} Gy",
        dose_case="" if not changed else changed.case,
        beyond=beyond.patients.words if beyond else "",
        beyond_detail=_beyond_detail(beyond) if beyond else NOT_MEASURED,
        patients=noun(beyond.patients.n if beyond else 0, "patient"),
        packages=_packages(facts),
        worked=worked.words if worked else "",
        scans=noun(worked.n if worked else 0, "scan"),
        rests="; ".join(filter(None, (_rests(measured), f"did not work on {missed}" if missed else ""))),
        weak=bool(lost or missed),
    )


def _rests(measured: Share) -> str:
    """On how many patients the figures of a card rest."""
    if measured.k == measured.n:
        return f"figures rest on {counted(measured.n, 'patient')}"
    return (
        f"organs and dose rest on {measured.words} {noun(measured.n, 'patient')}"
        if measured.k
        else "no figures of organs and dose"
    )


def _packages(facts: MethodFacts) -> str:
    """``linked (keep, mask), unclear (follow)``."""
    words = dict.fromkeys(each.word for each in facts.packages.values())
    policies = {word: [policy for policy, each in facts.packages.items() if each.word == word] for word in words}
    return ", ".join(f"{word} ({', '.join(listed)})" for word, listed in policies.items())


def _auc_line(found: Recognition) -> str:
    if math.isnan(found.auc):
        return found.reason
    spread = "" if math.isnan(found.low) else f" {interval(found.low, found.high)}"
    undefaced = f", {found.undefaced} undefaced" if found.undefaced else ""
    return f"AUC {auc_number(found.auc)}{spread}, n\u00a0{found.n}{undefaced}"


def _scale(found: Recognition) -> Scale | None:
    if math.isnan(found.auc) or math.isnan(found.low):
        return None
    at = [
        100.0 * min(1.0, max(0.0, (value - LEAST_AUC) / (1.0 - LEAST_AUC)))
        for value in (found.auc, found.low, found.high, CHANCE_AUC, LINK_MARGIN_AUC)
    ]
    return Scale(*(round(each, 1) for each in at))


def _beyond_detail(beyond: BeyondTolerance) -> str:
    limits = beyond.tolerances
    kinds: Sequence[tuple[str, str, int]] = (
        (f"{limits.volume_percent:g} % volume", beyond.volume.words, beyond.volume.n),
        (f"{limits.intensity_hu:g} HU", beyond.intensity.words, beyond.intensity.n),
        (f"{limits.dose_gy:g} Gy", beyond.dose.words, beyond.dose.n),
    )
    return " · ".join(f"{name} {words}" for name, words, n in kinds if n)

"""The answer of a study: one sentence made from its numbers, and the facts of each method in order.

The report's first screen, the command line's last one and the panel show it; none of them makes words or numbers of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..measurement import Measurement
from ..settings import KEEP, MASK, Tolerances
from ..words import NO_VERDICT_FROM_ONE_CASE, auc_number, counted, interval, listed, noun, number, synthetic_words
from .arm_names import ArmNames
from .arms import Arm
from .method_costs import DoseChange, Share
from .method_facts import MethodFacts, Recognition, method_facts
from .method_order import RANKS, decides, in_order, works
from .reidentification.linkage import LINK_MARGIN_AUC, LINKED, NOT_LINKED, UNCLEAR, UNKNOWN
from .statistics import LEAST_CASES, compare_methods
from .summary import SummaryRow
from .tradeoff import Axis
from .verdict import ALPHA, Verdict


@dataclass(frozen=True)
class Answer:
    """What a study says.

    Parameters
    ----------
    image : str
        The image that recognition, organs and success are of.
    model : str
        Name of the face model; ``""`` if none scored.
    patients : int
        Cases with numbers.
    made : int
        Of them, made-up people: then nothing here is evidence about a method.
    sentences : tuple of str
        Who is still linked; what the others cost; the worst patient of the first method; what its package shows.
    decides : str
        How the methods are ordered.
    facts : tuple of MethodFacts
        In that order.
    names : ArmNames
        Titles and colours of the methods.
    cost : Axis or None
        What the order goes by after recognition.
    """

    image: str
    model: str
    patients: int
    made: int
    sentences: tuple[str, ...]
    decides: str
    facts: tuple[MethodFacts, ...]
    names: ArmNames
    cost: Axis | None = None

    @property
    def synthetic(self) -> bool:
        """Whether any patient is made."""
        return self.made > 0

    @property
    def warning(self) -> str:
        """What must be told of made-up people; ``""`` where there are none."""
        return synthetic_words(self.made, self.patients)

    @property
    def sentence(self) -> str:
        """All sentences as one text."""
        return " ".join(self.sentences)


def make_answer(
    measurements: Sequence[Measurement],
    summary: Sequence[SummaryRow],
    image: str,
    verdict: Verdict,
    names: ArmNames,
    *,
    model: str,
    patients: int,
    made: int,
    tolerances: Tolerances,
    seconds: Mapping[str, float],
) -> Answer:
    """Put the answer together.

    Parameters
    ----------
    summary : sequence of SummaryRow
        Of the pooled cohort only.
    verdict : Verdict
        Its first cost orders methods that are recognised alike.
    model : str
        Name of the face model, ``""`` if none scored.
    made : int
        How many of the patients are made-up people.
    seconds : mapping of method key to mean seconds a case
    """
    found = method_facts(measurements, summary, image, tolerances, names.arms, seconds)
    cost = next((axis for axis in verdict.axes if not axis.privacy), None)
    facts = in_order(found, cost)
    sentences = _one_case() if patients == 1 else _sentences(facts, names, model, cost)
    order = decides(facts, cost, single=patients == 1)
    return Answer(image, model, patients, made, sentences, order, facts, names, cost)


def _one_case() -> tuple[str, ...]:
    return (f"{NO_VERDICT_FROM_ONE_CASE.capitalize()}: whether a face is linked to its owner needs other heads to compare with.",)


def _sentences(facts: Sequence[MethodFacts], names: ArmNames, model: str, cost: Axis | None) -> tuple[str, ...]:
    if not facts:
        return ("No method was compared.",)
    candidates = _candidates([each for each in facts if works(each)])
    parts = [_recognised(facts, names, model)]
    if not candidates and all(each.recognised.word == LINKED for each in facts):
        parts += ["None of them hides a face from it." if len(facts) > 1 else "", _least(facts, names, cost)]
    if candidates:
        parts += [_costs(candidates, names, cost), _worst(candidates[0], names), _package(candidates[0], names, model)]
    parts += [_not_working(each, names) for each in facts if not works(each)]
    return tuple(part for part in parts if part)


def _candidates(facts: Sequence[MethodFacts]) -> list[MethodFacts]:
    """The methods that are not linked; if there is none, those of which it is not clear."""
    for word in (NOT_LINKED, UNCLEAR):
        found = [each for each in facts if each.recognised.word == word]
        if found:
            return found
    return []


def _recognised(facts: Sequence[MethodFacts], names: ArmNames, model: str) -> str:
    """Who is linked, who is not, of whom it is not clear."""
    by_word = {word: [each for each in facts if each.recognised.word == word] for word in RANKS}
    told = []
    if by_word[LINKED]:
        every = "all methods are" if len(by_word[LINKED]) == len(facts) > 1 else _are(by_word[LINKED], names)
        told.append(f"{every} still linked by {model} ({_aucs(by_word[LINKED])})")
    if by_word[NOT_LINKED]:
        limit = f"95 % interval below {LINK_MARGIN_AUC:.2f}"
        told.append(f"{_are(by_word[NOT_LINKED], names)} not linked by {model} ({limit}, {_patients(by_word[NOT_LINKED])})")
    few = [each for each in by_word[UNCLEAR] if each.recognised.reason]
    if few:
        told.append(f"whether {_are(few, names)} linked can't be told from {_patients(few)}")
    unclear = [each for each in by_word[UNCLEAR] if not each.recognised.reason]
    if unclear:
        aucs = f"{_aucs(unclear)}, {_patients(unclear)}"
        told.append(f"whether {_are(unclear, names)} linked by {model} is unclear ({aucs})")
    if by_word[UNKNOWN]:
        why = by_word[UNKNOWN][0].recognised.reason
        told.append(f"whether {_are(by_word[UNKNOWN], names)} recognised is not known{f' ({why})' if why else ''}")
    return _begun("; ".join(told), facts, names)


def _begun(text: str, facts: Sequence[MethodFacts], names: ArmNames) -> str:
    """A sentence with a capital at its beginning, but for the name of a method, which is written as its authors do."""
    named = any(text.startswith(title) for title in _titles(facts, names))
    return f"{text if named else text[:1].upper() + text[1:]}." if text else ""


def _titles(facts: Sequence[MethodFacts], names: ArmNames) -> list[str]:
    return [names.short_title(each.arm) for each in facts]


def _are(facts: Sequence[MethodFacts], names: ArmNames) -> str:
    return f"{listed(_titles(facts, names))} {'is' if len(facts) == 1 else 'are'}"


def _aucs(facts: Sequence[MethodFacts]) -> str:
    aucs = sorted(each.recognised.auc for each in facts)
    least, most = auc_number(aucs[0]), auc_number(aucs[-1])
    return f"AUC {least}" if least == most else f"AUC {least} to {most}"


def _patients(facts: Sequence[MethodFacts]) -> str:
    fewest, most = (pick(each.recognised.n for each in facts) for pick in (min, max))
    return counted(most, "patient") if fewest == most else f"{fewest} to {most} patients"


def _costs(candidates: Sequence[MethodFacts], names: ArmNames, cost: Axis | None) -> str:
    """Which of the candidates costs least, and whether that may be chance."""
    known = [each for each in candidates if cost is not None and cost.worked(each.arm)]
    if cost is None or not known:
        return ""
    first = names.short_title(known[0].arm)
    if len(known) == 1:
        return (
            f"{first} alone of these: {_cost(cost, known[0].arm)}."
            if len(candidates) > 1
            else f"{first}: {_cost(cost, known[0].arm)}."
        )
    second = known[1]
    of = f"Of these {COUNTS.get(len(known), len(known))}, "
    alike = cost.median(known[0].arm) == cost.median(second.arm)
    if alike:
        return f"{of}{first} and {names.short_title(second.arm)} cost alike: {_cost(cost, second.arm)}."
    others = listed(
        [f"{names.short_title(each.arm)} {number(cost.median(each.arm), cost.unit)} {cost.unit}" for each in known[1:]]
    )
    return f"{of}{first} costs least: {_cost(cost, known[0].arm)}; {others} ({_chance(cost, known[0].arm, second.arm)})."


def _least(facts: Sequence[MethodFacts], names: ArmNames, cost: Axis | None) -> str:
    """Where all are linked: who is linked least, and who costs least, of those that work; where all are alike, that they are."""
    working = [each for each in facts if works(each)]
    told = []
    if len({auc_number(each.recognised.auc) for each in working}) > 1:
        linked = min(working, key=lambda each: each.recognised.auc)
        found = linked.recognised
        auc = f"AUC {auc_number(found.auc)} {interval(found.low, found.high)}"
        told.append(f"linked least: {names.short_title(linked.arm)} ({auc})")
    known = [each for each in working if cost is not None and cost.worked(each.arm)]
    if cost is not None and known:
        cheapest = min(known, key=lambda each: cost.median(each.arm))
        costs = {number(cost.median(each.arm), cost.unit) for each in known}
        title, words = names.short_title(cheapest.arm), _cost(cost, cheapest.arm)
        if len(known) == 1:
            told.append(f"{title}: {words}")
        else:
            told.append(f"costs least: {title} ({words})" if len(costs) > 1 else f"all cost alike ({words})")
    return _begun("; ".join(told), facts, names)


COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def _cost(cost: Axis, arm: Arm) -> str:
    """The median cost in words."""
    what = {
        "altered_organ_volume": "of organ volume altered in the median patient",
        "edited_volume": "altered in the median patient",
    }.get(cost.key, f"({cost.title}, median patient)")
    return f"{number(cost.median(arm), cost.unit)} {cost.unit} {what}"


def _chance(cost: Axis, first: Arm, second: Arm) -> str:
    """What a paired test says of a difference of costs."""
    (pair,) = compare_methods({"first": cost.worked(first), "second": cost.worked(second)}).pairs
    if pair.n < LEAST_CASES:
        return f"{counted(pair.n, 'patient')}: too few for a test"
    if math.isnan(pair.p_value):
        return pair.note
    told = "p < 0.001" if pair.p_value < 0.001 else f"p {pair.p_value:.2g}"
    return f"paired test, {pair.n} patients, {told}{'' if pair.p_value < ALPHA else ': may be chance'}"


def dose_words(change: DoseChange) -> str:
    """``GTV D95% −3.12 Gy (case-004)``."""
    return f"{change.structure} {change.metric} {number(change.change_gy, 'Gy', signed=True)} Gy ({change.case})"


def _worst(facts: MethodFacts, names: ArmNames) -> str:
    """The worst patient's dose; where there is none, the organ that loses most."""
    title = names.short_title(facts.arm)
    if facts.worst_dose is not None and facts.worst_dose.change_gy:
        return f"{title}'s worst patient: {dose_words(facts.worst_dose)}, dose policy “{facts.worst_dose.policy}”."
    if facts.organs_lost:
        worst = min(facts.organs_lost, key=lambda organ: organ.worst_percent)
        loss = number(worst.worst_percent, "%", signed=True)
        return f"{title}'s worst patient: {worst.structure} {loss} % of its volume ({worst.worst_case})."
    return ""


def _package(facts: MethodFacts, names: ArmNames, model: str) -> str:
    """Whether another file of the package is still linked although the image is not."""
    linked = [policy for policy, each in facts.packages.items() if each.word == LINKED]
    if not linked:
        return ""
    policies = listed([f"“{policy}”" for policy in linked])
    aucs = listed([auc_number(facts.packages[policy].auc) for policy in linked])
    named = "policy" if len(linked) == 1 else "policies"
    why = ": a kept dose grid draws the head" if KEEP in linked and MASK not in linked else ""
    return f"Its whole package is linked by {model} under the dose {named} {policies} (AUC {aucs}){why}."


def _not_working(facts: MethodFacts, names: ArmNames) -> str:
    worked = facts.worked or Share(0, 0)
    on = f"{worked.words} {noun(worked.n, 'scan')}"
    return f"{names.short_title(facts.arm)} worked on {on} only: its figures are not to be relied on."


def leader(answer: Answer) -> MethodFacts | None:
    """The first method that is not linked and works, if there is one."""
    return next((each for each in answer.facts if each.recognised.word == NOT_LINKED and works(each)), None)


def recognised_words(found: Recognition) -> str:
    """``linked``, with the AUC, its interval and n."""
    if math.isnan(found.auc):
        return f"{found.word}{f': {found.reason}' if found.reason else ''}"
    spread = "" if math.isnan(found.low) else f" [{found.low:.2f}, {found.high:.2f}]"
    return f"{found.word}, AUC {auc_number(found.auc)}{spread}, n {found.n}"

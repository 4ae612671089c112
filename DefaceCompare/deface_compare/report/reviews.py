"""What reviewers said, beside the automatic gate, and how far they agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations

from ..cohort.arms import Arm
from ..cohort.catch_trials import CatchTrials, catch_trials, without_catch_trials
from ..cohort.decision import ANSWERS, FAIL, PASS, QUESTIONS, UNSURE, Decision
from ..cohort.review import cohen_kappa
from ..words import NOTHING, number
from .tables import Cell, ReportTable

TITLES = {"face_gone": "Face gone, reviewed", "data_whole": "Data whole, reviewed"}
KAPPA_NOTE = (
    "Cohen's kappa, unweighted, over the scans that both judged. Reviewers are numbered by their names, "
    "which stand in identifiable/review.csv only."
)
CATCH_NOTE = (
    "A catch trial is an undefaced original among the blinded methods: who calls it gone does not look. "
    "Catch trials count in no other row."
)


def review_columns(reviews: Sequence[Decision], image: str) -> dict[str, Callable[[Arm], Cell]]:
    """Columns of the success table of one image; none where nobody reviewed it."""
    columns: dict[str, Callable[[Arm], Cell]] = {}
    for question in QUESTIONS:
        verdicts = scan_verdicts([each for each in without_catch_trials(reviews) if each.image == image], question)
        if verdicts:
            columns[TITLES[question]] = partial(_share_cell, verdicts)
    return columns


def scan_verdicts(reviews: Sequence[Decision], question: str) -> dict[tuple[str, str], str]:
    """One answer for each (case, method): fail if any reviewer said fail, pass if all said pass, else unsure."""
    said: dict[tuple[str, str], list[str]] = {}
    for decision in reviews:
        if answer := getattr(decision, question):
            said.setdefault((decision.case, decision.method), []).append(answer)
    return {scan: FAIL if FAIL in answers else PASS if set(answers) == {PASS} else UNSURE for scan, answers in said.items()}


def _share_cell(verdicts: Mapping[tuple[str, str], str], arm: Arm) -> Cell:
    """``k/n`` passed, with what the others are."""
    found = [verdict for (_, method), verdict in verdicts.items() if method == arm.method]
    if not found:
        return Cell(NOTHING, kind="quiet")
    passes = found.count(PASS)
    kind = "good" if passes == len(found) else "bad" if not passes else ""
    rest = ", ".join(f"{found.count(answer)} {answer}" for answer in (FAIL, UNSURE) if answer in found)
    return Cell(f"{passes}/{len(found)}", small=rest, kind=kind)


def agreement_table(reviews: Sequence[Decision]) -> ReportTable | None:
    """Kappa of every two reviewers and each question, and each reviewer's catch trials; None where there is neither."""
    names = sorted({decision.reviewer for decision in reviews})
    caught = [_catch_row(names.index(each.reviewer) + 1, each) for each in catch_trials(reviews)]
    reviews = without_catch_trials(reviews)
    rows = []
    for (first, one), (second, two) in combinations(enumerate(names, start=1), 2):
        for question in QUESTIONS:
            pairs = _both_answered(reviews, one, two, question)
            if pairs:
                rows.append(_agreement_row(question, f"{first} and {second}", pairs))
    head = ("Question", "Reviewers", "Scans", "Same answer", "Kappa")
    note = f"{KAPPA_NOTE} {CATCH_NOTE}" if caught else KAPPA_NOTE
    return ReportTable("Agreement of reviewers", head, (*rows, *caught), note=note, words=True) if rows or caught else None


def _catch_row(reviewer: int, trials: CatchTrials) -> tuple[Cell, ...]:
    rest = {"missed": trials.missed, "unsure": trials.unsure}
    told = Cell(
        f"{trials.caught}/{trials.shown}",
        small=", ".join(f"{count} {word}" for word, count in rest.items() if count),
        kind="bad" if trials.missed else "good",
    )
    return Cell("Catch trials, face seen"), Cell(str(reviewer)), Cell(str(trials.shown)), told, Cell(NOTHING)


def _both_answered(reviews: Sequence[Decision], one: str, two: str, question: str) -> list[tuple[str, str]]:
    said: dict[str, dict[tuple[str, str, str], str]] = {one: {}, two: {}}
    for decision in reviews:
        if decision.reviewer in said and getattr(decision, question) in ANSWERS:
            said[decision.reviewer][decision.case, decision.method, decision.image] = getattr(decision, question)
    return [(answer, said[two][scan]) for scan, answer in sorted(said[one].items()) if scan in said[two]]


def _agreement_row(question: str, reviewers: str, pairs: Sequence[tuple[str, str]]) -> tuple[Cell, ...]:
    kappa = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])
    same = sum(a == b for a, b in pairs)
    told = Cell(NOTHING, small="both gave one answer only") if math.isnan(kappa) else Cell(number(kappa))
    title = TITLES[question].partition(",")[0]
    return Cell(title), Cell(reviewers), Cell(str(len(pairs))), Cell(f"{same}/{len(pairs)}"), told

"""Visual quality control by people: which cases, in which order, what each reviewer said, and how far reviewers agree."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

from ..case_report import CaseReport
from ..errors import UnusableInput
from ..measurement_table import write_table
from ..natural_order import natural
from ..output.folder import OutputFolder
from .catch_trials import has_catch_trial
from .decision import ANSWERS, ORIGINAL, QUESTIONS, Decision

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What blinded methods are called, in the order in which they are shown."""

DECISION_COLUMNS = tuple(field.name for field in fields(Decision))


@dataclass(frozen=True)
class ReviewCase:
    """One case to look at.

    Parameters
    ----------
    id : str
    image : str
        The image that is judged, the first one of the case.
    titles : mapping of method key to title
        The methods that ran; empty for a patient who was not compared yet.
    folder : Path
        ``OUT/cases/<id>``, or the patient's folder.
    pictures : mapping of method key (and ``original``) to Path
        Renders of the face, where there are any.
    """

    id: str
    image: str
    titles: Mapping[str, str]
    folder: Path
    pictures: Mapping[str, Path]


def review_cases(folder: Path) -> list[ReviewCase]:
    """The cases of a study's output, or the patients of a folder that was not compared yet.

    Raises
    ------
    UnusableInput
        If the folder is neither.
    """
    if not folder.is_dir():
        raise UnusableInput(f"{folder} is not a folder; give a study's output or a folder of patients")
    finished = OutputFolder(folder).finished_cases()
    if finished:
        return [_finished(OutputFolder(folder), case) for case in finished]
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    patients = sorted(found, key=lambda path: natural(path.name))
    if not patients:
        raise UnusableInput(f"{folder} holds neither finished cases nor patients' folders")
    return [ReviewCase(path.name, "", {}, path, {}) for path in patients]


def _finished(out: OutputFolder, case: Path) -> ReviewCase:
    report = CaseReport.read(case, measurements=False)
    ran = {key: method for key, method in report.methods.items() if method["images"]}
    keys = list(dict.fromkeys(key for method in ran.values() for key in method["images"]))
    image = next((key for key in report.inputs if key in keys and key.startswith("CT")), keys[0] if keys else "")
    pictures = {name: out.render(case.name, image, name) for name in (ORIGINAL, *ran)}
    return ReviewCase(
        id=case.name,
        image=image,
        titles={key: str(method["title"]) for key, method in ran.items()},
        folder=case,
        pictures={name: path for name, path in pictures.items() if path.is_file()},
    )


def read_decisions(file: Path) -> list[Decision]:
    """Read ``review.csv``; an absent file holds no decision.

    Raises
    ------
    UnusableInput
        If the file is not one that `Review` wrote.
    """
    if not file.is_file():
        return []
    with file.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != DECISION_COLUMNS:
            raise UnusableInput(f"{file} is not a review of DefaceCompare: its columns should be {', '.join(DECISION_COLUMNS)}")
        decisions = [Decision(**{name: value or "" for name, value in row.items()}) for row in reader]
    for decision in decisions:
        for question in QUESTIONS:
            if getattr(decision, question) not in ("", *ANSWERS):
                raise UnusableInput(f"{file}: '{getattr(decision, question)}' is no answer; use {', '.join(ANSWERS)}")
    return decisions


class Review:
    """One reviewer's way through a cohort; every answer is on disk before the call returns.

    Parameters
    ----------
    out : Path
        A study's output; decisions lie in its ``identifiable/review.csv``, other reviewers' included.
    reviewer : str
        Name or initials.
    blinded : bool
        Methods are shown as A, B, ... in an order that differs from case to case.
    seed : int
        Of that order, and of the catch trials.
    catch_rate : float
        Share of cases in which a blinded reviewer is shown the undefaced image, too, under a letter of its own (0 to 1).

    Raises
    ------
    UnusableInput
        No name, or no cases.
    """

    def __init__(self, out: Path, reviewer: str, blinded: bool = False, seed: int = 1, catch_rate: float = 0.0) -> None:
        if not reviewer.strip():
            raise UnusableInput("Give your name or initials: every decision is kept with its reviewer.")
        self.reviewer = reviewer.strip()
        self.blinded = blinded
        self.seed = seed
        self.catch_rate = catch_rate if blinded else 0.0
        self.cases = review_cases(out)
        self._file = OutputFolder(out).reviews
        self.position = self._first_open()

    # --- where the reviewer is ---------------------------------------------------------------------------------------

    @property
    def case(self) -> ReviewCase:
        """The case that is looked at."""
        return self.cases[self.position]

    def go(self, step: int) -> ReviewCase:
        """Go some cases forward or, with a negative number, back; stays inside the list."""
        return self.go_to(self.position + step)

    def go_to(self, position: int) -> ReviewCase:
        """Go to the case at a position, counted from 0."""
        self.position = min(max(position, 0), len(self.cases) - 1)
        return self.case

    def place(self) -> str:
        """Where the reviewer is, as ``34 of 97``."""
        return f"{self.position + 1} of {len(self.cases)}"

    def order(self, case: ReviewCase | None = None) -> list[str]:
        """The methods of a case as they are shown: shuffled by seed and case if blinded, so the same each time.

        The undefaced image is among them where the case has a catch trial.
        """
        case = case or self.case
        shown = list(case.titles)
        if self.blinded:
            shown.sort()
            random.Random(f"{self.seed} {case.id}").shuffle(shown)
            if shown and has_catch_trial(case.id, self.catch_rate, self.seed):
                place = random.Random(f"{self.seed} place of the catch trial {case.id}").randint(0, len(shown))
                shown.insert(place, ORIGINAL)
        return shown

    def label(self, method: str, case: ReviewCase | None = None) -> str:
        """What a method is called on the screen."""
        case = case or self.case
        return f"Method {LABELS[self.order(case).index(method)]}" if self.blinded else case.titles[method]

    # --- what was said -----------------------------------------------------------------------------------------------

    def said(self) -> dict[tuple[str, str], Decision]:
        """All that this reviewer has said, by case and method."""
        return self._mine()

    def decision(self, method: str, case: ReviewCase | None = None) -> Decision:
        """What this reviewer has said of a method, empty if nothing yet."""
        case = case or self.case
        return self._mine().get((case.id, method), Decision(self.reviewer, "", case.id, method, case.image))

    def answer(self, method: str, question: str, answer: str) -> Decision:
        """Answer one of the two questions (an empty answer takes one back) and save.

        Raises
        ------
        ValueError
            If there is no such method, question or answer.
        """
        if question not in QUESTIONS or answer not in ("", *ANSWERS):
            raise ValueError(f"{question} cannot be answered with {answer!r}")
        return self._save(method, **{question: answer})

    def comment(self, method: str, text: str) -> Decision:
        """Keep a comment with a method and save."""
        return self._save(method, comment=" ".join(text.split()))

    def is_complete(self, case: ReviewCase) -> bool:
        """Whether this reviewer has answered everything of a case (a case that was not compared has no questions)."""
        return self._complete(case, self._mine())

    def complete(self) -> set[str]:
        """The ids of all cases that this reviewer has finished."""
        mine = self._mine()
        return {case.id for case in self.cases if case.titles and self._complete(case, mine)}

    def done(self) -> int:
        """How many cases this reviewer has finished."""
        return len(self.complete())

    def _complete(self, case: ReviewCase, mine: Mapping[tuple[str, str], Decision]) -> bool:
        return all((found := mine.get((case.id, method))) is not None and found.complete for method in self.order(case))

    def _mine(self) -> dict[tuple[str, str], Decision]:
        return {(each.case, each.method): each for each in read_decisions(self._file) if each.reviewer == self.reviewer}

    def _save(self, method: str, **said: str) -> Decision:
        """Read the file again (a second reviewer may have written), change one row, replace the file."""
        if method not in self.order():
            raise ValueError(f"{method} did not run on {self.case.id}")
        decided = replace(self.decision(method), time=datetime.now(timezone.utc).isoformat(timespec="seconds"), **said)
        others = [each for each in read_decisions(self._file) if _key(each) != _key(decided)]
        rows = sorted([*others, decided], key=_key)
        self._file.parent.mkdir(mode=0o700, exist_ok=True)
        write_table(self._file, DECISION_COLUMNS, rows)
        return decided

    def _first_open(self) -> int:
        """The first case with an open question; the last one if all is said."""
        mine = self._mine()
        for position, case in enumerate(self.cases):
            if case.titles and not self._complete(case, mine):
                return position
        return len(self.cases) - 1 if self.cases[-1].titles else 0


def _key(decision: Decision) -> tuple[str, str, str]:
    return decision.reviewer, decision.case, decision.method


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Cohen's kappa of two raters' answers on the same things, unweighted; NaN without any, or where chance alone agrees fully.

    Parameters
    ----------
    first, second : sequences of str
        Equally long.

    Notes
    -----
    Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.
    """
    n = len(first)
    if n != len(second):
        raise ValueError(f"{n} and {len(second)} answers cannot be compared")
    if not n:
        return float("nan")
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    by_chance = sum(first.count(answer) * second.count(answer) for answer in set(first)) / n**2
    return (agreed - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else float("nan")

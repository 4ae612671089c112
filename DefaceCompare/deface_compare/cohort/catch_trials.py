"""Catch trials of a blinded review: originals among the defaced tell whether a reviewer sees a face that is there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from .decision import FAIL, ORIGINAL, PASS, Decision


@dataclass(frozen=True)
class CatchTrials:
    """How one reviewer answered *face gone?* of undefaced faces.

    Parameters
    ----------
    reviewer : str
    caught, missed, unsure : int
        Answers fail (right: the face is there), pass (wrong) and unsure.
    """

    reviewer: str
    caught: int
    missed: int
    unsure: int

    @property
    def shown(self) -> int:
        """How many were answered."""
        return self.caught + self.missed + self.unsure


def has_catch_trial(case_id: str, rate: float, seed: int) -> bool:
    """Whether a case has a catch trial: the same for every reviewer with the same seed and rate.

    A case that has one at some rate has one at every higher rate.

    Parameters
    ----------
    case_id : str
    rate : float
        Share of cases that have one, 0 to 1.
    seed : int

    Raises
    ------
    ValueError
        If the rate is no share.
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"a rate of catch trials lies between 0 and 1, not at {rate:g}")
    return random.Random(f"{seed} catch trial {case_id}").random() < rate


def catch_trials(decisions: Sequence[Decision]) -> list[CatchTrials]:
    """The catch trials of each reviewer who answered one, by name."""
    said: dict[str, list[str]] = {}
    for decision in decisions:
        if decision.method == ORIGINAL and decision.face_gone:
            said.setdefault(decision.reviewer, []).append(decision.face_gone)
    return [
        CatchTrials(reviewer, answers.count(FAIL), answers.count(PASS), len(answers) - answers.count(FAIL) - answers.count(PASS))
        for reviewer, answers in sorted(said.items())
    ]


def without_catch_trials(decisions: Sequence[Decision]) -> list[Decision]:
    """What was said of methods: no agreement and no share of passes may count an undefaced face."""
    return [decision for decision in decisions if decision.method != ORIGINAL]

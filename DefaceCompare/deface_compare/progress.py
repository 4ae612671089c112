"""How long work tells where it is, and how it is told to stop."""

from __future__ import annotations

from collections.abc import Callable

from .errors import DefaceCompareError

Progress = Callable[[int, int, str], bool]
"""``progress(done, total, text) -> bool``; False asks the work to stop."""
ALREADY_FINISHED = "already finished"
"""Ends the text of a step that took no time: an earlier run had done it."""


class Cancelled(DefaceCompareError):
    """The caller's progress function answered False."""


def silent(done: int, total: int, text: str) -> bool:
    """Report nothing and never cancel."""
    return True


def report_step(progress: Progress, done: int, total: int, text: str) -> None:
    """Tell one step, and raise `Cancelled` if the caller wants to stop."""
    if not progress(done, total, text):
        raise Cancelled(f"cancelled while: {text}")

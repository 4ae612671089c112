"""The cases of a review as a list: a small face, the case, and a letter for every answer."""

from __future__ import annotations

from typing import Any

import qt
from deface_compare.cohort.decision import FAIL, ORIGINAL, PASS, QUESTIONS, UNSURE, Decision
from deface_compare.cohort.review import Review, ReviewCase

LETTERS = {PASS: "P", FAIL: "F", UNSURE: "U", "": "\N{MIDDLE DOT}"}
"""The letter of an answer, which is its key, too; a dot where there is none."""
FINISHED_MARK = "\N{CHECK MARK} "
ICON_PIXELS = 40
ICONS_AT_A_TIME = 4
"""Pictures of a large cohort are read a few at a time: the list is there at once."""


class CaseList:
    """Fills a list and keeps its letters.

    Parameters
    ----------
    widget : QListWidget
    """

    def __init__(self, widget: Any) -> None:
        self._widget = widget
        self._open: list[tuple[int, ReviewCase]] = []

    def show(self, review: Review | None) -> None:
        """List all cases of a review; None: no case."""
        names = self._widget
        names.blockSignals(True)
        names.clear()
        if review is not None:
            said = review.said()
            names.addItems([_entry(review, case, said) for case in review.cases])
        names.blockSignals(False)
        cases = review.cases if review is not None else []
        self._open = [(row, case) for row, case in enumerate(cases) if ORIGINAL in case.pictures]
        self._read_some(self._open)

    def mark(self, review: Review) -> None:
        """Write the letters of the case that the reviewer is at."""
        self._widget.item(review.position).setText(_entry(review, review.case, review.said()))

    def _read_some(self, cases: list[tuple[int, ReviewCase]]) -> None:
        """Give the next few cases their picture, and go on when Slicer has nothing else to do."""
        if cases is not self._open or not cases:
            return
        for row, case in cases[:ICONS_AT_A_TIME]:
            picture = qt.QPixmap(str(case.pictures[ORIGINAL]))
            if not picture.isNull():
                self._widget.item(row).setIcon(qt.QIcon(picture.scaledToWidth(ICON_PIXELS, qt.Qt.SmoothTransformation)))
        del cases[:ICONS_AT_A_TIME]
        qt.QTimer.singleShot(0, lambda: self._read_some(cases))


def _entry(review: Review, case: ReviewCase, said: dict[tuple[str, str], Decision]) -> str:
    """``case-001  PP F·``: two letters a method in the order in which they are shown; nothing for a patient not compared yet."""
    answers = [[getattr(said.get((case.id, method)), question, "") for question in QUESTIONS] for method in review.order(case)]
    letters = " ".join("".join(LETTERS[answer] for answer in of_method) for of_method in answers)
    finished = bool(answers) and all(answer for of_method in answers for answer in of_method)
    return f"{FINISHED_MARK if finished else ''}{case.id}{'  ' if letters else ''}{letters}"

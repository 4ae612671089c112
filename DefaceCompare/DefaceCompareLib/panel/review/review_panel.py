"""The *Review* section: people look at defaced faces one case after the other and answer the gate's two questions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

import qt
from deface_compare.cohort.decision import FAIL, PASS, QUESTIONS, UNSURE
from deface_compare.cohort.review import Review, ReviewCase
from deface_compare.errors import DefaceCompareError

from ..results.column_fit import fit_questions
from ..views.side_by_side import SideBySide
from .case_list import LETTERS, CaseList
from .case_pictures import show_pictures
from .next_case import PAUSE_MS
from .review_volumes import ReviewVolumes, labels_of

HEADINGS = ("method", "face gone?", "data whole?", "comment")
COMMENT = len(HEADINGS) - 1
KEYS = {answer: LETTERS[answer] for answer in (PASS, FAIL, UNSURE)}
NEXT_KEY, PREVIOUS_KEY, BACK_KEY = "N", "B", "Backspace"


class ReviewPanel:
    """One reviewer's way through a cohort.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    views : SideBySide
        Where a case's volumes are shown.
    compare : callable
        Called with a patient's folder that was not compared yet and shall be.
    on_views : callable
        Called when the views were filled.
    """

    def __init__(self, ui: Any, views: SideBySide, compare: Callable[[Path], None], on_views: Callable[[], None]) -> None:
        self._ui = ui
        self._compare = compare
        self._on_views = on_views
        self._volumes = ReviewVolumes(views)
        self._list = CaseList(ui.reviewCasesList)
        self._filling = False
        self._given: list[tuple[int, str, str, str]] = []
        self.review: Review | None = None
        ui.reviewButton.connect("clicked(bool)", self.start)
        ui.previousButton.connect("clicked(bool)", lambda: self.go(-1))
        ui.nextButton.connect("clicked(bool)", lambda: self.go(1))
        ui.reviewCasesList.connect("currentRowChanged(int)", self._on_list)
        ui.reviewTable.connect("currentCellChanged(int,int,int,int)", self._on_cell)
        ui.reviewTable.connect("cellChanged(int,int)", self._on_comment)
        ui.reviewShowButton.connect("clicked(bool)", self.show_volumes)
        ui.reviewTable.setColumnCount(len(HEADINGS))
        ui.reviewTable.setHorizontalHeaderLabels(list(HEADINGS))
        ui.reviewTable.horizontalHeader().stretchLastSection = True
        ui.reviewTable.setEditTriggers(qt.QAbstractItemView.DoubleClicked | qt.QAbstractItemView.EditKeyPressed)
        for answer, button in ((PASS, ui.passButton), (FAIL, ui.failButton), (UNSURE, ui.unsureButton)):
            button.connect("clicked(bool)", lambda checked=False, answer=answer: self.answer(answer))
        self._shortcuts = [self._shortcut(key, partial(self.answer, answer)) for answer, key in KEYS.items()]
        self._shortcuts += [self._shortcut(key, partial(self.go, step)) for key, step in {NEXT_KEY: 1, PREVIOUS_KEY: -1}.items()]
        self._shortcuts.append(self._shortcut(BACK_KEY, self.take_back))
        ui.takeBackButton.connect("clicked(bool)", lambda: self.take_back())
        self._show()

    def _shortcut(self, key: str, act: Callable[[], Any]) -> Any:
        """A key that works while the review section has the focus (and types itself inside a comment)."""
        shortcut = qt.QShortcut(qt.QKeySequence(key), self._ui.reviewTab)
        shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
        shortcut.connect("activated()", act)
        return shortcut

    # --- the cohort --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the cohort where this reviewer left it."""
        ui = self._ui
        try:
            self.review = Review(
                Path(ui.reviewPathEdit.currentPath),
                ui.reviewerLineEdit.text,
                ui.blindCheckBox.checked,
                ui.reviewSeedSpinBox.value,
                0.01 * ui.catchSpinBox.value,
            )
        except DefaceCompareError as error:
            self.review = None
            slicer.util.errorDisplay(str(error))
        self._given.clear()
        self._list.show(self.review)
        self._show()
        ui.cohortCollapsibleButton.collapsed = self.review is not None  # the questions need the room
        if self.review is not None:
            ui.reviewTable.setFocus()

    def go(self, step: int) -> None:
        """Go some cases forward or, with a negative number, back."""
        if self.review is not None:
            self.review.go(step)
            self._show()

    def _on_list(self, row: int) -> None:
        if self.review is not None and row >= 0 and row != self.review.position:
            self.review.go_to(row)
            self._show()

    # --- one case ----------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show the case that the reviewer has come to; views that were on follow, and go where there is nothing to follow to."""
        case = self.review.case if self.review is not None else None
        ui = self._ui
        ui.reviewCaseWidget.visible = case is not None
        if self.review is None or case is None:
            ui.placeLabel.text = ""
            self._leave_views()
            return
        ui.reviewCasesList.currentRow = self.review.position
        ui.placeLabel.text = self._place()
        ui.previousButton.enabled = self.review.position > 0
        ui.nextButton.enabled = self.review.position < len(self.review.cases) - 1
        ui.reviewShowButton.text = _("Show in views") if case.titles else _("Choose for Compare")
        self._fill_table(self.review, case)
        self._go_to_open_question()
        self._show_pictures()
        if self._volumes.shown:
            self._follow(self.review, case)

    def _prepare_next(self, looked_at: ReviewCase) -> None:
        """Load what N will ask for, while the reviewer looks at a case."""
        if (review := self.review) is None or review.case != looked_at or not self._volumes.shown or self._volumes.loading:
            return
        for case in review.cases[review.position + 1 :][:1]:
            if case.titles:
                self._volumes.prepare(case, labels_of(review, case))

    def _follow(self, review: Review, case: ReviewCase) -> None:
        """Bring the next case into the views that show the one before; a case that cannot be shown empties them and says why."""
        if case.titles:
            self._fill_views(review, case, lambda text: setattr(self._ui.placeLabel, "text", f"{self._place()}\n{text}"))
        else:
            self._leave_views()

    def _leave_views(self) -> None:
        if self._volumes.shown:
            self._volumes.clear()
            self._on_views()

    def _place(self) -> str:
        assert self.review is not None
        return _("{place}; {done} finished").format(place=self.review.place(), done=self.review.done())

    def _fill_table(self, review: Review, case: ReviewCase) -> None:
        table = self._ui.reviewTable
        self._filling = True
        methods = review.order()
        table.setRowCount(len(methods))
        for row, method in enumerate(methods):
            said = review.decision(method)
            texts = (review.label(method), *(getattr(said, question) for question in QUESTIONS), said.comment)
            for column, text in enumerate(texts):
                item = qt.QTableWidgetItem(text)
                shown = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
                item.setFlags(shown | qt.Qt.ItemIsEditable if column == COMMENT else shown)
                table.setItem(row, column, item)
        fit_questions(table)
        self._filling = False
        for button in (self._ui.passButton, self._ui.failButton, self._ui.unsureButton):
            button.enabled = bool(case.titles)

    def _go_to_open_question(self) -> None:
        """Choose the first question of this case that has no answer; stay where all are answered."""
        table = self._ui.reviewTable
        cells = [(row, column) for row in range(table.rowCount) for column in range(1, COMMENT)]
        unanswered = next((cell for cell in cells if not table.item(*cell).text()), None)
        if unanswered is not None:
            table.setCurrentCell(*unanswered)
        elif table.rowCount and table.currentRow() < 0:
            table.setCurrentCell(0, 1)

    def _current(self) -> tuple[str, str] | None:
        """Method and question of the chosen cell; a cell that is no question stands for its row's first."""
        row, column = self._ui.reviewTable.currentRow(), self._ui.reviewTable.currentColumn()
        if self.review is None or not 0 <= row < len(self.review.order()):
            return None
        return self.review.order()[row], QUESTIONS[column - 1] if 1 <= column < COMMENT else QUESTIONS[0]

    def answer(self, answer: str) -> None:
        """Answer the chosen question, save, and go on to the next open one of this case; after the last to the next case."""
        current = self._current()
        if self.review is None or current is None:
            return
        method, question = current
        before = getattr(self.review.decision(method), question)
        if not self._saved(lambda review: review.answer(method, question, answer)):
            return
        self._given.append((self.review.position, method, question, before))
        self._ui.reviewTable.item(self.review.order().index(method), 1 + QUESTIONS.index(question)).setText(answer)
        self._mark_finished()
        if self._ui.advanceCheckBox.checked and self.review.is_complete(self.review.case):
            self.go(1)
        else:
            self._go_to_open_question()

    def take_back(self) -> None:
        """Take the last answer back, on whatever case it was; where none was given in this session, the chosen one."""
        if self.review is None or (current := self._current()) is None:
            return
        position, method, question, before = self._given.pop() if self._given else (self.review.position, *current, "")
        if position != self.review.position:
            self.review.go_to(position)
            self._show()
        if self._saved(lambda review: review.answer(method, question, before)):
            row, column = self.review.order().index(method), 1 + QUESTIONS.index(question)
            self._ui.reviewTable.item(row, column).setText(before)
            self._ui.reviewTable.setCurrentCell(row, column)
            self._mark_finished()

    def _on_comment(self, row: int, column: int) -> None:
        if self.review is None or self._filling or column != COMMENT:
            return
        self._saved(lambda review: review.comment(review.order()[row], self._ui.reviewTable.item(row, column).text()))

    def _saved(self, save: Callable[[Review], object]) -> bool:
        """Save an answer; where the disk refuses, say so and show what is really kept."""
        assert self.review is not None
        try:
            save(self.review)
        except (OSError, DefaceCompareError) as error:
            slicer.util.errorDisplay(_("The answer could not be saved: {error}").format(error=error))
            self._fill_table(self.review, self.review.case)
            return False
        return True

    def _mark_finished(self) -> None:
        assert self.review is not None
        self._list.mark(self.review)
        self._ui.placeLabel.text = self._place()

    # --- what is looked at -------------------------------------------------------------------------------------------

    def _on_cell(self) -> None:
        """Look at the method whose question was chosen: pictures and slices."""
        self._show_pictures()
        if self.review is not None and not self._filling and self._volumes.shown:
            self._look_at_chosen(self.review)
            self._on_views()

    def _look_at_chosen(self, review: Review) -> None:
        if (current := self._current()) is not None:
            self._volumes.look_at(review.label(current[0]))

    def _show_pictures(self) -> None:
        current = self._current()
        if self.review is not None and not self._filling:
            hidden = self._volumes.shown and not self._volumes.loading  # views show more
            show_pictures(self._ui, self.review, current[0] if current else "", hidden=hidden)

    def show_volumes(self) -> None:
        """Bring the case's volumes into the side-by-side views, or choose a patient that was not compared yet."""
        if self.review is None:
            return
        if self.review.case.titles:
            self._volumes.bring_back()
            self._fill_views(self.review, self.review.case, slicer.util.errorDisplay)
        else:
            self._compare(self.review.case.folder)

    def _fill_views(self, review: Review, case: ReviewCase, refused: Callable[[str], None]) -> None:
        """Bring a case into the views, at once or when it is loaded; then load what N will ask for."""

        def shown(error: Exception | None) -> None:
            if error is not None:
                self._leave_views()
                refused(str(error))
                return
            self._look_at_chosen(review)
            self._show_pictures()
            self._ui.placeLabel.text = "\n".join(filter(None, [self._place(), self._volumes.note]))
            self._on_views()
            qt.QTimer.singleShot(PAUSE_MS, lambda: self._prepare_next(case))  # once this one is painted

        with slicer.util.WaitCursor():
            self._volumes.show(case, labels_of(review, case), shown)
        if self._volumes.loading:
            self._show_pictures()
            self._ui.placeLabel.text = f"{self._place()}\n{_('The faces are loaded …')}"
            self._on_views()

    def close(self) -> None:
        """Take the case out of the scene (it closes, or the panel goes away)."""
        self._volumes.clear()

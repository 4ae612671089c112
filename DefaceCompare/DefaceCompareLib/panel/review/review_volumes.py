"""The reviewed case in our views, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import slicer
import slicer.util

import qt
from deface_compare.cohort.review import Review, ReviewCase
from deface_compare.errors import DefaceCompareError

from ..views.side_by_side import SideBySide
from .case_nodes import CaseNodes
from .loaded_case import LoadedCase
from .next_case import PAUSE_MS, NextCase


class ReviewVolumes:
    """Shows a case of a study's output.

    Parameters
    ----------
    views : SideBySide
    """

    def __init__(self, views: SideBySide) -> None:
        self._views = views
        self._nodes = CaseNodes()
        self._next = NextCase()
        self._on = self._blank = False

    @property
    def note(self) -> str:
        """Why the shown case's structures are not drawn; empty: they are, or there are none."""
        return self._nodes.note

    def prepare(self, case: ReviewCase, methods: Mapping[str, str]) -> None:
        """Load a case while another is looked at."""
        self._next.prepare(case, list(methods.values()))

    def show(self, case: ReviewCase, methods: Mapping[str, str], then: Callable[[Exception | None], None]) -> None:
        """Show the original and the methods under the given labels; until they are loaded, nothing.

        Parameters
        ----------
        case : ReviewCase
        methods : mapping of label to method key
            In the order of the views; blinded labels say nothing of the method.
        then : callable
            Told when they are shown, or why they cannot be: the original is not there any more, a defaced image is damaged.
        """
        self._on = True

        def fill(loaded: LoadedCase | None, error: Exception | None) -> None:
            if loaded is not None:
                try:
                    self._fill(case, methods, loaded)
                except DefaceCompareError as refused:
                    error = refused
            elif not isinstance(error, DefaceCompareError):
                assert error is not None
                raise error
            if error is not None and not (self._nodes.there or self._blank):
                self._on = False  # nothing of ours was ever shown
            then(error)

        self._next.take(case, list(methods.values()), fill)
        if self._next.waited_for and (self._nodes.there or not self._views.on):  # nobody shall judge the case before in its place
            self._views.blank(len(methods))
            self._nodes.remove()
            self._blank = True

    def bring_back(self) -> None:
        """The reviewer asks for the views, which another layout may hide."""
        self._views.bring_back()

    @property
    def loading(self) -> bool:
        """Whether a case is waited for."""
        return self._next.waited_for

    def _fill(self, case: ReviewCase, methods: Mapping[str, str], loaded: LoadedCase) -> None:
        self._blank = False
        try:
            with slicer.util.RenderBlocker():
                shown = self._nodes.fill(case, methods, loaded)
                self._views.show(shown.original, shown.versions, shown.structures, shown.dose, loaded)
        finally:
            qt.QTimer.singleShot(PAUSE_MS, self._nodes.remove_leaving)

    def look_at(self, label: str) -> None:
        """Show one of the versions in face and slices."""
        if self._nodes.there and label in self._views.labels and label != self._views.looked_at:
            self._views.look_at(label)

    @property
    def shown(self) -> bool:
        """Whether the views are the review's: a case is in them, or comes."""
        return self._on

    def clear(self) -> None:
        """Take the case's volumes out of views and scene."""
        self._next.forget()
        if self._on:
            self._on = self._blank = False
            self._views.restore()
        self._nodes.remove()


def labels_of(review: Review, case: ReviewCase) -> dict[str, str]:
    """What the methods of a case are called on the screen, by that; in the order of the views."""
    return {review.label(method, case): method for method in review.order(case)}

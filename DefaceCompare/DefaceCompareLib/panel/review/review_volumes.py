"""The volumes of one reviewed case in our views; they leave the scene with the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import slicer
import slicer.util

import qt
from deface_compare.case import Structure
from deface_compare.cohort.review import Review, ReviewCase
from deface_compare.errors import DefaceCompareError, UnusableInput

from ...ahead.loaded_case import UNDEFACED
from ...ahead.voxels import Voxels
from ...nodes.batch import in_one_go
from ...nodes.case_folder import DOSE_ATTRIBUTE
from ...nodes.scene_patients import REVIEWED_ATTRIBUTE
from ...nodes.structures import add_structures, show_surfaces
from ...nodes.volumes import add_image_data, remove_node
from ..views.side_by_side import SideBySide
from .loaded_case import Loaded, LoadedCase
from .next_case import PAUSE_MS, NextCase

TURN_MS = 20
"""Between two surfaces of contours: a key that was pressed meanwhile comes first (a choice)."""


class ReviewVolumes:
    """Shows a case of a study's output.

    Parameters
    ----------
    views : SideBySide
    """

    def __init__(self, views: SideBySide) -> None:
        self._views = views
        self._nodes: list[Any] = []
        self._leaving: list[Any] = []
        self._next = NextCase()
        self._on = self._blank = False
        self.note = ""
        """Why the shown case's structures are not drawn; empty: they are, or there are none."""

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
            if error is not None and not (self._nodes or self._blank):
                self._on = False  # nothing of ours was ever shown
            then(error)

        self._next.take(case, list(methods.values()), fill)
        if self._next.waited_for and self._nodes:  # nobody shall judge the case before in this one's place
            self._views.blank()
            _remove(self._nodes)
            self._nodes, self._blank = [], True

    def bring_back(self) -> None:
        """The reviewer asks for the views, which another layout may hide."""
        self._views.bring_back()

    @property
    def loading(self) -> bool:
        """Whether a case is waited for."""
        return self._next.waited_for

    def _fill(self, case: ReviewCase, methods: Mapping[str, str], loaded: LoadedCase) -> None:
        before, self._nodes, self._blank = self._nodes, [], False
        try:
            with slicer.util.RenderBlocker():
                original = self._add(loaded.images[UNDEFACED], f"{case.id} {case.image}")
                defaced = {label: loaded.images[key] for label, key in methods.items() if key in loaded.images}
                versions = {label: self._add(image, f"{case.id} {label}") for label, image in defaced.items()}
                contours, dose = self._contours(case, loaded.planned.structures), self._dose(case, loaded.planned.dose)
                self._views.show(original, versions, contours, dose, loaded)
        finally:
            self._leaving += before  # the views have let them go
            qt.QTimer.singleShot(PAUSE_MS, self._remove_leaving)

    def _remove_leaving(self) -> None:
        """Take the case before out of the scene, once the new one is seen: Slicer looks for each node in all its selectors."""
        leaving, self._leaving = self._leaving, []
        _remove(leaving)

    def _add(self, image: Loaded, name: str) -> Any:
        return self._of_the_review(add_image_data(slicer.mrmlScene, image.data, image.to_ras, name))

    def _of_the_review(self, node: Any) -> Any:
        modified = node.StartModify()
        node.SetAttribute(REVIEWED_ATTRIBUTE, "1")
        node.SetSaveWithScene(False)
        node.EndModify(modified)
        self._nodes.append(node)
        return node

    def _dose(self, case: ReviewCase, dose: Voxels | None) -> Any | None:
        """The planned dose, for its lines."""
        if dose is None:
            return None
        node = self._add(Loaded.of(dose), f"{case.id} dose")
        node.SetAttribute(DOSE_ATTRIBUTE, "1")
        return node

    def _contours(self, case: ReviewCase, structures: Sequence[Structure]) -> Any | None:
        """The patient's structures to be drawn in the slices; None where there are none of one form."""
        self.note = ""
        if not structures:
            return None
        try:
            node = add_structures(slicer.mrmlScene, structures, f"{case.id} structures")
        except UnusableInput as error:
            self.note = str(error)
            return None
        self._of_the_review(node)
        self.note = show_surfaces(node, lambda turn: qt.QTimer.singleShot(TURN_MS, turn))
        return node

    def look_at(self, label: str) -> None:
        """Show one of the versions in face and slices."""
        if self._nodes and label in self._views.labels and label != self._views.looked_at:
            self._views.look_at(label)

    @property
    def shown(self) -> bool:
        """Whether the views are the review's: a case is in them, or comes."""
        return self._on

    def clear(self) -> None:
        """Take the case's volumes out of views and scene."""
        self._next.forget()
        self._remove_leaving()
        if self._on:
            self._on = self._blank = False
            self._views.restore()
            _remove(self._nodes)
            self._nodes = []


def labels_of(review: Review, case: ReviewCase) -> dict[str, str]:
    """What the methods of a case are called on the screen, by that; in the order of the views."""
    return {review.label(method, case): method for method in review.order(case)}


def _remove(nodes: list[Any]) -> None:
    with in_one_go(slicer.mrmlScene):
        for node in nodes:
            if node.GetScene() is not None:
                remove_node(node.GetScene(), node)

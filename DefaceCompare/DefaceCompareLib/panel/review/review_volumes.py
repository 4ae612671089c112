"""The volumes of one reviewed case in our views; they leave the scene with the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import SimpleITK as sitk
import slicer

from deface_compare.case import Case
from deface_compare.cohort.review import ReviewCase
from deface_compare.errors import UnusableInput

from ...nodes.batch import in_one_go
from ...nodes.case_folder import DOSE_ATTRIBUTE
from ...nodes.scene_patients import REVIEWED_ATTRIBUTE
from ...nodes.structures import add_structures, show_surfaces
from ...nodes.volumes import add_volume, remove_node
from ..views.side_by_side import SideBySide
from .loaded_case import NextCase


class ReviewVolumes:
    """Shows a case of a study's output.

    Parameters
    ----------
    views : SideBySide
    """

    def __init__(self, views: SideBySide) -> None:
        self._views = views
        self._nodes: list[Any] = []
        self._next = NextCase()
        self.note = ""
        """Why the shown case's structures are not drawn; empty: they are, or there are none."""

    def prepare(self, case: ReviewCase, methods: Mapping[str, str]) -> None:
        """Load a case while there is nothing else to do."""
        self._next.prepare(case, list(methods.values()))

    def show(self, case: ReviewCase, methods: Mapping[str, str]) -> None:
        """Show the original and the methods under the given labels.

        Parameters
        ----------
        case : ReviewCase
        methods : mapping of label to method key
            In the order of the views; blinded labels say nothing of the method.

        Raises
        ------
        UnusableInput
            If the original is not there any more, or a defaced image is damaged.
        """
        loaded = self._next.take(case, list(methods.values()))
        before, self._nodes = self._nodes, []
        try:
            original = self._add(loaded.original, f"{case.id} {case.image}")
            defaced = {label: loaded.images[key] for label, key in methods.items() if key in loaded.images}
            versions = {label: self._add(image, f"{case.id} {label}") for label, image in defaced.items()}
            contours, dose = self._contours(case, loaded.patient), self._dose(case, loaded.patient)
            self._views.show(original, versions, contours, dose, loaded.skins)
        finally:
            _remove(before)  # after the views have let them go: the layout stays between cases

    def _add(self, image: sitk.Image, name: str) -> Any:
        node = add_volume(slicer.mrmlScene, image, name)
        return self._of_the_review(node)

    def _of_the_review(self, node: Any) -> Any:
        node.SetAttribute(REVIEWED_ATTRIBUTE, "1")
        node.SetSaveWithScene(False)
        self._nodes.append(node)
        return node

    def _dose(self, case: ReviewCase, patient: Case) -> Any | None:
        """The planned dose, for its lines."""
        if patient.dose is None:
            return None
        node = self._add(patient.dose.image, f"{case.id} dose")
        node.SetAttribute(DOSE_ATTRIBUTE, "1")
        return node

    def _contours(self, case: ReviewCase, patient: Case) -> Any | None:
        """The patient's structures to be drawn in the slices; None where there are none of one form."""
        structures = patient.structure_set.structures if patient.structure_set is not None else ()
        self.note = ""
        if not structures:
            return None
        try:
            node = add_structures(slicer.mrmlScene, structures, f"{case.id} structures")
        except UnusableInput as error:
            self.note = str(error)
            return None
        self._of_the_review(node)
        self.note = show_surfaces(node)
        return node

    def look_at(self, label: str) -> None:
        """Show one of the versions in face and slices."""
        if self._nodes and label in self._views.labels and label != self._views.looked_at:
            self._views.look_at(label)

    @property
    def shown(self) -> bool:
        """Whether a case's volumes are in the views."""
        return bool(self._nodes)

    def clear(self) -> None:
        """Take the case's volumes out of views and scene."""
        self._next.forget()
        if self._nodes:
            self._views.restore()
            _remove(self._nodes)
            self._nodes = []


def _remove(nodes: list[Any]) -> None:
    with in_one_go(slicer.mrmlScene):
        for node in nodes:
            if node.GetScene() is not None:
                remove_node(node.GetScene(), node)

"""The volumes of one reviewed case in the side-by-side views; they leave the scene with the case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import SimpleITK as sitk
import slicer

from deface_compare.case import Case
from deface_compare.cohort.review import ReviewCase
from deface_compare.errors import UnusableInput
from deface_compare.output.key import key_source

from ...nodes.scene_patients import REVIEWED_ATTRIBUTE
from ...nodes.structures import add_structures, show_surfaces
from ...nodes.volumes import add_volume, remove_node
from ..views.side_by_side import SideBySide


class ReviewVolumes:
    """Loads a case of a study's output, its original from where the key says it is.

    Parameters
    ----------
    views : SideBySide
    """

    def __init__(self, views: SideBySide) -> None:
        self._views = views
        self._nodes: list[Any] = []
        self.note = ""
        """Why the shown case's structures are not drawn; empty: they are, or there are none."""

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
        from deface_compare.readers import read_case  # brings pydicom, which opening the panel need not wait for

        patient = read_case(source_of(case))
        images = {image.key: image.image for image in patient.images}
        if case.image not in images:
            raise UnusableInput(f"The original of {case.id} has no {case.image} any more: choose the folder it was made from.")
        files = {label: case.folder / key / f"{case.image}.nrrd" for label, key in methods.items()}
        defaced = {label: _read(file) for label, file in files.items() if file.is_file()}
        before, self._nodes = self._nodes, []
        try:
            original = self._add(images[case.image], f"{case.id} {case.image}")
            versions = {label: self._add(image, f"{case.id} {label}") for label, image in defaced.items()}
            self._views.show(original, versions, self._contours(case, patient))
        finally:
            _remove(before)  # after the views have let them go: the layout stays between cases

    def _add(self, image: sitk.Image, name: str) -> Any:
        node = add_volume(slicer.mrmlScene, image, name)
        node.SetAttribute(REVIEWED_ATTRIBUTE, "1")
        node.SetSaveWithScene(False)
        self._nodes.append(node)
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
        node.SetSaveWithScene(False)
        self._nodes.append(node)
        self.note = show_surfaces(node)
        return node

    def look_at(self, label: str) -> None:
        """Show one of the versions in the slices."""
        if self._nodes and label in self._views.labels:
            self._views.look_at(label)

    @property
    def shown(self) -> bool:
        """Whether a case's volumes are in the views."""
        return bool(self._nodes)

    def clear(self) -> None:
        """Take the case's volumes out of views and scene."""
        if self._nodes:
            self._views.restore()
            _remove(self._nodes)
            self._nodes = []


def _remove(nodes: list[Any]) -> None:
    for node in nodes:
        if node.GetScene() is not None:
            remove_node(node.GetScene(), node)


def source_of(case: ReviewCase) -> Path:
    """The folder that a finished case was made from, as ``identifiable/key.csv`` says.

    Raises
    ------
    UnusableInput
        If the key does not say, or the folder is gone.
    """
    source = key_source(case.folder.parents[1], case.id)
    if source is None or not source.is_dir():
        raise UnusableInput(f"The original of {case.id} is not where it was compared from; the pictures are all there is.")
    return source


def _read(file: Path) -> sitk.Image:
    try:
        return sitk.ReadImage(str(file))
    except RuntimeError as error:
        raise UnusableInput(f"The defaced image {file.name} of {file.parent.name} is damaged: compare again.") from error

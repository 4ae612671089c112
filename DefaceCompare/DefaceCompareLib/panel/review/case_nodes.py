"""The nodes of the reviewed case: they stay in the scene between cases, which change only what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import slicer

import qt
from deface_compare.case import Structure
from deface_compare.cohort.review import ReviewCase

from ...ahead.loaded_case import UNDEFACED
from ...nodes.batch import in_one_go
from ...nodes.case_folder import DOSE_ATTRIBUTE
from ...nodes.scene_patients import REVIEWED_ATTRIBUTE
from ...nodes.structures import add_structures, replace_structures, show_surfaces, why_not_drawn
from ...nodes.volumes import add_image_data, fill_volume, remove_node
from .loaded_case import Loaded, LoadedCase

ORIGINAL_PLACE, DOSE_PLACE = "original", "dose"
"""Places of the nodes that every case has; versions have their number."""
TURN_MS = 20
"""Between two surfaces of contours: a key that was pressed meanwhile comes first (a choice)."""


@dataclass(frozen=True)
class InScene:
    """A case's nodes, as the views want them.

    Parameters
    ----------
    original : vtkMRMLScalarVolumeNode
    versions : dict of label to vtkMRMLScalarVolumeNode
    structures : vtkMRMLSegmentationNode, optional
    dose : vtkMRMLScalarVolumeNode, optional
    """

    original: Any
    versions: dict[str, Any]
    structures: Any | None = None
    dose: Any | None = None


class CaseNodes:
    """Volumes of a place (original, first version, ..., dose) in one node each, whatever the case."""

    def __init__(self) -> None:
        self._volumes: dict[str, Any] = {}
        self._structures: Any | None = None
        self._leaving: list[Any] = []
        self.note = ""
        """Why the case's structures are not drawn; empty: they are, or there are none."""

    @property
    def there(self) -> bool:
        """Whether a case is in the scene."""
        return bool(self._volumes)

    def fill(self, case: ReviewCase, methods: Mapping[str, str], loaded: LoadedCase) -> InScene:
        """Bring a case into the scene; what the case before leaves over goes with `remove_leaving`.

        Parameters
        ----------
        case : ReviewCase
        methods : mapping of label to method key
            In the order of the views.
        loaded : LoadedCase
        """
        defaced = {label: loaded.images[key] for label, key in methods.items() if key in loaded.images}
        wanted = {ORIGINAL_PLACE: (loaded.images[UNDEFACED], f"{case.id} {case.image}")}
        wanted |= {str(number): (image, f"{case.id} {label}") for number, (label, image) in enumerate(defaced.items())}
        if loaded.planned.dose is not None:
            wanted[DOSE_PLACE] = (Loaded.of(loaded.planned.dose), f"{case.id} dose")
        self._leaving += [self._volumes.pop(place) for place in list(self._volumes) if place not in wanted]
        with nullcontext() if self._volumes else in_one_go(slicer.mrmlScene):
            for place, (image, name) in wanted.items():
                self._put(place, image, name)
        return InScene(
            self._volumes[ORIGINAL_PLACE],
            {label: self._volumes[str(number)] for number, label in enumerate(defaced)},
            self._put_structures(loaded.planned.structures, f"{case.id} structures"),
            self._volumes.get(DOSE_PLACE),
        )

    def _put(self, place: str, image: Loaded, name: str) -> None:
        """Fill the node of a place; one that the user has deleted comes anew."""
        node = self._volumes.get(place)
        if node is not None and node.GetScene() is not None and node.GetDisplayNode() is not None:
            fill_volume(node, image.data, image.to_ras, name)
            return
        node = _of_the_review(add_image_data(slicer.mrmlScene, image.data, image.to_ras, name))
        if place == DOSE_PLACE:
            node.SetAttribute(DOSE_ATTRIBUTE, "1")
        self._volumes[place] = node

    def _put_structures(self, structures: Sequence[Structure], name: str) -> Any | None:
        """The patient's structures in the slices; None where there are none of one form, or Slicer cannot draw them."""
        self.note = why_not_drawn(structures)
        node, self._structures = self._structures, None
        if not structures or self.note:
            self._leaving += [node] if node is not None else []
            return None
        if node is not None and node.GetScene() is not None and node.GetDisplayNode() is not None:
            replace_structures(node, structures, name)
        else:
            node = _of_the_review(add_structures(slicer.mrmlScene, structures, name))
        self.note = show_surfaces(node, lambda turn: qt.QTimer.singleShot(TURN_MS, turn))
        self._structures = node
        return node

    def remove_leaving(self) -> None:
        """Take what the case before left over out of the scene: Slicer looks for each node in all its selectors."""
        leaving, self._leaving = self._leaving, []
        _remove(leaving)

    def remove(self) -> None:
        """Take everything out of the scene."""
        nodes = [*self._volumes.values(), *self._leaving, *([self._structures] if self._structures is not None else [])]
        self._volumes, self._leaving, self._structures, self.note = {}, [], None, ""
        _remove(nodes)


def _of_the_review(node: Any) -> Any:
    modified = node.StartModify()
    node.SetAttribute(REVIEWED_ATTRIBUTE, "1")
    node.SetSaveWithScene(False)
    node.EndModify(modified)
    return node


def _remove(nodes: Sequence[Any]) -> None:
    there = [node for node in nodes if node.GetScene() is not None]
    if there:
        with in_one_go(slicer.mrmlScene):
            for node in there:
                remove_node(node.GetScene(), node)

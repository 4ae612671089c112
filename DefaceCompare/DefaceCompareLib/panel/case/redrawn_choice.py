"""Structures that were drawn again on a method's defaced image: a segmentation of the scene, or for folders a file or folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

import ctk
import qt
from deface_compare.errors import UnusableInput

from ...nodes.case_folder import STRUCTURE_FILES, write_structures
from ...nodes.owner import mismatch
from ..parameters import NODE, PATH, Parameter

FOLDER = "drawn_again"
"""Where a run's private folder holds segmentations of the scene, one folder a method."""


class RedrawnChoice:
    """A row a method; each chooser is an attribute, as `Parameter` wants it.

    Parameters
    ----------
    layout : QFormLayout
        Where the rows go.
    titles : mapping of method key to title
    """

    def __init__(self, layout: Any, titles: Mapping[str, str]) -> None:
        self._rows: dict[str, tuple[Any, Any]] = {}
        self._labels: dict[str, list[Any]] = {}
        self.parameters: tuple[Parameter, ...] = ()
        for key, title in titles.items():
            node, path = slicer.qMRMLNodeComboBox(), ctk.ctkPathLineEdit()
            node.nodeTypes = ["vtkMRMLSegmentationNode"]
            node.noneEnabled, node.addEnabled, node.removeEnabled = True, False, False
            node.setMRMLScene(slicer.mrmlScene)
            node.setCurrentNode(None)
            path.filters = ctk.ctkPathLineEdit.Dirs | ctk.ctkPathLineEdit.Files
            labels = [qt.QLabel(_("after {method}:").format(method=title)) for _chooser in range(2)]
            for label, widget in zip(labels, (node, path), strict=True):
                widget.toolTip = _("Structures drawn again on the image that {method} defaced; none: not measured").format(
                    method=title
                )
                layout.addRow(label, widget)
            self._rows[key] = node, path
            self._labels[key] = labels
            setattr(self, f"redrawnNode_{key}", node)
            setattr(self, f"redrawnPath_{key}", path)
            self.parameters += (
                Parameter(f"redrawnNode_{key}", NODE, f"Redrawn.{key}"),
                Parameter(f"redrawnPath_{key}", PATH, f"RedrawnPath.{key}"),
            )

    def refresh(self, *, from_folder: bool) -> None:
        """Show the choosers of the chosen source of patients only."""
        for key, choosers in self._rows.items():
            for widget, label, shown in zip(choosers, self._labels[key], (not from_folder, from_folder), strict=True):
                widget.visible = label.visible = shown

    def nodes(self, methods: Iterable[str], images: Mapping[str, Any], *, many: bool) -> dict[str, Any]:
        """The chosen segmentations by method.

        Parameters
        ----------
        methods : iterable of str
            Those that are compared.
        images : mapping of image key to vtkMRMLScalarVolumeNode
            The patient's: of several patients a segmentation is only its own patient's.
        many : bool
            Whether several patients are compared.
        """
        found = {}
        for key in methods:
            node = self._rows[key][0].currentNode() if key in self._rows else None
            if node is not None and not (many and mismatch(images, node) is not None):
                found[key] = node
        return found

    def paths(self, methods: Iterable[str], name: str, *, many: bool) -> dict[str, Path]:
        """The chosen files and folders by method; of several patients a folder holds one each, named as the patient's own."""
        typed = {key: self._rows[key][1].currentPath.strip() for key in methods if key in self._rows}
        places = {key: Path(text) / name if many else Path(text) for key, text in typed.items() if text}
        return {key: place for key, place in places.items() if place.exists() or not many}


def write_redrawn(private: Path, images: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
    """Write the segmentations where `places` says.

    Raises
    ------
    UnusableInput
        If one is of another patient, empty or under a transform.
    """
    for key, node in nodes.items():
        other = mismatch(images, node)
        if other is not None and other.certain:
            raise UnusableInput(other.sentence)
        place = places(private, {key: node})[key]
        place.parent.mkdir(parents=True)
        write_structures(place.parent, node)


def places(private: Path, nodes: Mapping[str, Any]) -> dict[str, Path]:
    """The files by method that hold the segmentations in a run's private folder."""
    sources = {key: node.GetSegmentation().GetSourceRepresentationName() for key, node in nodes.items()}
    return {key: private / FOLDER / key / STRUCTURE_FILES.get(source, "") for key, source in sources.items()}

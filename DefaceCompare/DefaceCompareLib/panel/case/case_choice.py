"""The *Case* section: which patient, from nodes of the scene or from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from deface_compare.case import CT

from ...nodes.case_folder import is_dose, nodes_to_case_folder
from ...nodes.owner import Mismatch, mismatch
from ..parameters import FOLDER, PATIENT_SOURCES

IMAGE_SELECTORS = {"CT": "ctSelector", "MR": "mrSelector", "PET": "petSelector"}
"""Image keys and their selectors; the first that is chosen is the primary image."""


class CaseChoice:
    """Which patient is compared.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        rows = ("ct", "mr", "pet", "segmentation", "dose")
        self._scene_rows = [getattr(ui, name) for row in rows for name in (f"{row}Selector", f"{row}SelectorLabel")]

    @property
    def from_folder(self) -> bool:
        """Whether the patient is a folder on disk, not nodes."""
        return PATIENT_SOURCES[max(self._ui.patientComboBox.currentIndex, 0)] == FOLDER

    @property
    def folder(self) -> Path:
        """The patient's folder."""
        return Path(self._ui.casePathEdit.currentPath)

    @property
    def results_folder(self) -> Path | None:
        """Where the results are kept; None: nowhere, they live in the scene only."""
        path = self._ui.resultsPathEdit.currentPath.strip()
        return Path(path) if path else None

    def images(self) -> dict[str, Any]:
        """The chosen volumes by image key, the primary first."""
        chosen = {key: getattr(self._ui, name).currentNode() for key, name in IMAGE_SELECTORS.items()}
        return {key: node for key, node in chosen.items() if node is not None}

    def primary_key(self) -> str:
        """The key of the image that a single volume of another tool is taken for."""
        return next(iter(self.images()), CT) if not self.from_folder else CT

    def segmentation(self) -> Any | None:
        """The chosen structure set."""
        return self._ui.segmentationSelector.currentNode()

    def refresh(self) -> None:
        """Show the rows of the chosen source only."""
        for widget in self._scene_rows:
            widget.visible = not self.from_folder
        self._ui.casePathEdit.visible = self._ui.casePathLabel.visible = self.from_folder

    def why_not(self) -> str:
        """Why this choice cannot be compared; empty if it can."""
        return self._why_not_patient() or self._why_not_results()

    def _why_not_patient(self) -> str:
        if self.from_folder:
            if not self._ui.casePathEdit.currentPath.strip():
                return _("Choose the folder of one patient.")
            return "" if self.folder.is_dir() else _("There is no folder {path}.").format(path=self.folder)
        images = self.images()
        if not images:
            return _("Choose a CT, an MR or a PET volume.")
        if len({node.GetID() for node in images.values()}) < len(images):
            return _("One volume is chosen twice: choose another, or None.")
        other = self._mismatch()
        return other.sentence if other is not None and other.certain else ""

    def doubt(self) -> str:
        """What must be confirmed before these nodes are compared; empty if nothing."""
        other = None if self.from_folder else self._mismatch()
        return "" if other is None else other.sentence

    def _mismatch(self) -> Mismatch | None:
        return mismatch(self.images(), self.segmentation(), self._ui.doseSelector.currentNode())

    def _why_not_results(self) -> str:
        results = self.results_folder
        if results is None:
            return ""
        if not results.parent.is_dir():
            return _("There is no folder {path} to keep results in.").format(path=results.parent)
        if results.exists() and (not results.is_dir() or any(results.iterdir())):
            return _("The results folder is not empty: choose a new one, or none.")
        return ""

    def case_folder(self, private: Path) -> Path:
        """The folder that the command line reads: the patient's own, or one written from the nodes.

        Parameters
        ----------
        private : Path
            A folder with mode 0700 to write in.

        Raises
        ------
        UnusableInput
            Nodes that cannot be written as they are, with one sentence.
        """
        if self.from_folder:
            return self.folder
        return nodes_to_case_folder(private / "case", self.images(), self.segmentation(), self._ui.doseSelector.currentNode())


def likely_node(key: str) -> Any | None:
    """What is most likely meant: the first segmentation, the marked dose, and as CT the first other volume."""
    scene = slicer.mrmlScene
    if key == "Segmentation":
        return scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    volumes = [
        node
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        if node.GetClassName() == "vtkMRMLScalarVolumeNode" and node.GetAttribute("DefaceCompare.Method") is None
    ]
    wanted = {"CT": [v for v in volumes if not is_dose(v)], "Dose": [v for v in volumes if is_dose(v)]}.get(key, [])
    return wanted[0] if wanted else None

"""The *Case* section: which patient, from nodes of the scene or from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from deface_compare.case import CT

from ...nodes.owner import Mismatch, mismatch
from ...nodes.scene_patients import patients_of_scene
from ..parameters import FOLDER, PATIENT_SOURCES
from .structure_set_choice import StructureSetChoice

IMAGE_SELECTORS = {"CT": "ctSelector", "MR": "mrSelector", "PET": "petSelector"}
"""Image keys and their selectors; the first that is chosen is the primary image."""
SELECTORS = {**IMAGE_SELECTORS, "Segmentation": "segmentationSelector", "Dose": "doseSelector"}
"""Everything that a patient of nodes has."""


class CaseChoice:
    """Which patient is compared.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._folder_number = 0
        self.structure_sets = StructureSetChoice(ui)
        rows = ("ct", "mr", "pet", "segmentation", "dose")
        self._scene_rows = [getattr(ui, name) for row in rows for name in (f"{row}Selector", f"{row}SelectorLabel")]

    @property
    def from_folder(self) -> bool:
        """Whether the patient is a folder on disk, not nodes."""
        return PATIENT_SOURCES[max(self._ui.patientComboBox.currentIndex, 0)] == FOLDER

    @property
    def folder_number(self) -> int:
        """Which patient of a folder of patients is chosen, counted from 0: the last one of a shorter folder; -1 without any."""
        return min(self._folder_number, len(self.folders()) - 1)

    @folder_number.setter
    def folder_number(self, number: int) -> None:
        self._folder_number = number

    @property
    def folder(self) -> Path:
        """The patient's folder."""
        folders = self.folders()
        return folders[min(self._folder_number, len(folders) - 1)] if folders else Path(self._ui.casePathEdit.currentPath)

    def folders(self) -> list[Path]:
        """The folders of all patients that the chosen folder holds; itself where it is one patient's."""
        typed = self._ui.casePathEdit.currentPath.strip()
        return patient_folders(Path(typed)) if typed else []

    def dose(self) -> Any | None:
        """The chosen dose."""
        return self._ui.doseSelector.currentNode()

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
        self.structure_sets.show(self.folder if self.from_folder and self.folders() else None)

    def why_not(self) -> str:
        """Why this choice cannot be compared; empty if it can."""
        return self._why_not_patient() or self.why_not_results()

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
        return mismatch(self.images(), self.segmentation(), self.dose())

    def key(self) -> object:
        """What is shown of whom: primary image, structures and dose, or the folder; None where nobody is chosen."""
        if self.from_folder:
            return self.folder if self.folders() else None
        primary = next(iter(self.images().values()), None)
        chosen = (primary, self.segmentation(), self.dose())
        return tuple(node.GetID() if node is not None else "" for node in chosen) if primary is not None else None

    def why_not_results(self) -> str:
        """Why the results cannot be kept where they shall be; empty if they can."""
        results = self.results_folder
        if results is None:
            return ""
        if not results.parent.is_dir():
            return _("There is no folder {path} to keep results in.").format(path=results.parent)
        if results.exists() and (not results.is_dir() or any(results.iterdir())):
            return _("The results folder is not empty: choose a new one, or none.")
        return ""


def likely_node(key: str) -> Any | None:
    """What is most likely meant: what the scene's first patient has."""
    patient = next(iter(patients_of_scene(slicer.mrmlScene)), None)
    return patient.node(key) if patient is not None else None


def patient_folders(path: Path) -> list[Path]:
    """The patients of a folder: the folder itself where it holds files, else its sub-folders."""
    if not path.is_dir():
        return []
    inside = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    folders = [each for each in inside if each.is_dir()]
    return folders if folders and len(folders) == len(inside) else [path]

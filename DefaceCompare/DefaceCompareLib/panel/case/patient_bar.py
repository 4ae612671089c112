"""The bar on top: who is shown, and one click to the next patient of the scene or of a folder of patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

import qt

from ...nodes.owner import patient_name
from ...nodes.scene_patients import PatientNodes, patients_of_scene
from .case_choice import SELECTORS, CaseChoice


class PatientBar:
    """Steps through patients, and preselects everything that one has.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    case : CaseChoice
    on_patient : callable
        Called without arguments when another patient was chosen here, or the scene has others.
    """

    def __init__(self, ui: Any, case: CaseChoice, on_patient: Callable[[], None]) -> None:
        self._ui = ui
        self._case = case
        self._on_patient = on_patient
        self._patients: list[PatientNodes] = []
        self._looked_at = patients_of_scene(slicer.mrmlScene)
        self._waiting = False
        self._last = ("", 0)
        self.choosing = False
        """Whether one selector after the other is being set: what is chosen meanwhile is of two patients."""
        ui.previousPatientButton.connect("clicked(bool)", lambda: self.go(-1))
        ui.nextPatientButton.connect("clicked(bool)", lambda: self.go(1))
        scene = slicer.mrmlScene
        events = (scene.NodeAddedEvent, scene.NodeRemovedEvent)
        self._tags = [(scene, scene.AddObserver(event, self._on_scene)) for event in events]

    @property
    def patients(self) -> list[PatientNodes]:
        """The scene's patients."""
        return self._patients

    def names(self) -> list[str]:
        """What the patients are called, in order."""
        if self._case.from_folder:
            return [folder.name for folder in self._case.folders()]
        return [patient.name for patient in self._patients]

    @property
    def position(self) -> int:
        """Which of them is chosen, counted from 0; -1: none."""
        if self._case.from_folder:
            return self._case.folder_number
        primary = next(iter(self._case.images().values()), None)
        return next((n for n, each in enumerate(self._patients) if primary is not None and each.has(primary)), -1)

    @property
    def name(self) -> str:
        """What the chosen patient is called; empty: nobody is chosen."""
        names, position = self.names(), self.position
        if position >= 0:
            return names[position]
        primary = next(iter(self._case.images().values()), None) if not self._case.from_folder else None
        return patient_name(primary) if primary is not None else ""

    def go(self, step: int) -> None:
        """Choose the patient some steps further on; stays inside the list."""
        names = self.names()
        if names:
            self.choose(min(max(self.position + step, 0), len(names) - 1))

    def choose(self, number: int) -> None:
        """Choose a patient with everything that belongs to them."""
        if self._case.from_folder:
            self._case.folder_number = number
        else:
            self._select(self._patients[number])
        self._on_patient()

    def _select(self, patient: PatientNodes) -> None:
        self.choosing = True
        try:
            for key, name in SELECTORS.items():
                getattr(self._ui, name).setCurrentNode(patient.node(key))
        finally:
            self.choosing = False

    def refresh(self) -> None:
        """Say who is shown."""
        if not self._case.from_folder:
            self._patients = patients_of_scene(slicer.mrmlScene)
            if len(self._patients) < len(self._looked_at):
                self._looked_at = self._patients
        names, position = self.names(), self.position
        if position >= 0 and not self._case.from_folder:
            self._last = (next(iter(self._case.images().values())).GetID(), position)
        several = len(names) > 1 and position >= 0
        where = _(" ({number} of {count})").format(number=position + 1, count=len(names)) if several else ""
        self._ui.patientNameLabel.text = f"{self.name or _('no patient')}{where}"
        self._ui.patientNameLabel.toolTip = self.name
        self._ui.previousPatientButton.enabled = position > 0
        self._ui.nextPatientButton.enabled = position < len(names) - 1

    def _on_scene(self, *ignored: Any) -> None:
        """Nodes come and go in crowds, and are complete only when their loader is done: look once the event loop runs."""
        if not self._waiting:
            self._waiting = True
            qt.QTimer.singleShot(0, self._look_at_scene)

    def _look_at_scene(self) -> None:
        self._waiting = False
        if not self._tags:
            return
        self._patients = patients_of_scene(slicer.mrmlScene)
        before, self._looked_at = self._looked_at, self._patients  # a refresh meanwhile knows new patients, but chooses none
        if not self._case.from_folder:
            image_id, position = self._last
            removed = bool(image_id) and slicer.mrmlScene.GetNodeByID(image_id) is None
            if not self._case.images() and self._patients and (removed or len(before) < len(self._patients)):
                self.choose(min(position, len(self._patients) - 1) if removed else 0)
            elif self.position >= 0:
                self._take_up_new(self._patients[self.position], before)
        self._on_patient()

    def _take_up_new(self, now: PatientNodes, before: list[PatientNodes]) -> None:
        """Choose what the chosen patient has got meanwhile; what was there and is not chosen was left out by the user."""
        primary = next(iter(self._case.images().values()))
        was = next((each for each in before if each.has(primary)), None)
        for key, name in SELECTORS.items():
            selector = getattr(self._ui, name)
            if selector.currentNode() is None and now.node(key) is not None and (was is None or was.node(key) is None):
                selector.setCurrentNode(now.node(key))

    def close(self) -> None:
        """Follow the scene no longer."""
        for scene, tag in self._tags:
            scene.RemoveObserver(tag)
        self._tags = []

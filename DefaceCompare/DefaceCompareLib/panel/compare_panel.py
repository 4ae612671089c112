"""The panel: choose nodes and methods, press Compare, read the tables."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from ..errors import DefaceCompareError
from ..report.words import NO_VERDICT_FROM_ONE_CASE
from ..slicer_bridge.case_folder import is_dose, nodes_to_case_folder
from ..slicer_bridge.report_nodes import DOMAINS, CaseNodes, report_to_nodes
from .child_run import Answers, ChildRun
from .method_boxes import MethodBoxes

METHODS_PARAMETER = "Methods"
"""Where the parameter node keeps the ticked methods."""


class ComparePanel:
    """Behaviour of ``DefaceCompare.ui``.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self.ui = ui
        self._selectors = {
            "CT": ui.ctSelector,
            "MR": ui.mrSelector,
            "Segmentation": ui.segmentationSelector,
            "Dose": ui.doseSelector,
        }
        self._parameters: Any = None
        self._run: ChildRun | None = None
        self._inputs: dict[str, str] = {}
        self._results: CaseNodes | None = None
        self._methods = MethodBoxes(ui.methodsWidget.layout(), self._on_choice)
        for selector in self._selectors.values():
            selector.connect("currentNodeChanged(vtkMRMLNode*)", self._on_choice)
        ui.tableComboBox.addItems([domain.capitalize() for domain in DOMAINS])
        ui.tableComboBox.connect("currentIndexChanged(int)", self._show_table)
        ui.compareButton.connect("clicked(bool)", self.compare)
        ui.cancelButton.connect("clicked(bool)", self.cancel)
        self._show_table()
        self._refresh()

    # --- choices -----------------------------------------------------------------------------------------------------

    def set_parameter_node(self, node: Any | None) -> None:
        """Follow a parameter node: take its choices, or offer the scene's first volumes where it has none."""
        self._parameters = None
        if node is not None:
            for role, selector in self._selectors.items():
                selector.setCurrentNode(node.GetNodeReference(role) or self._default(role))
            if node.GetParameter(METHODS_PARAMETER):
                self._methods.choose(node.GetParameter(METHODS_PARAMETER).split(","))
            self._parameters = node
        self._on_choice()

    def _default(self, role: str) -> Any | None:
        """What is most likely meant: the first segmentation, the marked dose, and as CT the first other volume."""
        scene = slicer.mrmlScene
        if role == "Segmentation":
            return scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
        volumes = [
            node
            for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
            if node.GetClassName() == "vtkMRMLScalarVolumeNode" and node.GetAttribute("DefaceCompare.Method") is None
        ]
        wanted = {"CT": [v for v in volumes if not is_dose(v)], "Dose": [v for v in volumes if is_dose(v)]}.get(role, [])
        return wanted[0] if wanted else None

    def _on_choice(self) -> None:
        if self._parameters is not None:
            for role, selector in self._selectors.items():
                node = selector.currentNode()
                self._parameters.SetNodeReferenceID(role, node.GetID() if node is not None else None)
            self._parameters.SetParameter(METHODS_PARAMETER, ",".join(self._methods.chosen()))
        self._refresh()

    def _images(self) -> dict[str, Any]:
        """The chosen images by key, the primary first."""
        chosen = {key: self._selectors[key].currentNode() for key in ("CT", "MR")}
        return {key: node for key, node in chosen.items() if node is not None}

    @property
    def running(self) -> bool:
        """Whether a child process is at work."""
        return self._run is not None

    def why_not(self) -> str:
        """Why Compare cannot be pressed; empty if it can."""
        images = self._images()
        if self.running:
            return _("A comparison is running.")
        if not images:
            return _("Choose a CT or an MR volume.")
        if len({node.GetID() for node in images.values()}) < len(images):
            return _("CT and MR are the same volume: choose two, or None for one of them.")
        if not self._methods.chosen():
            return _("Tick at least one method.")
        return ""

    def _refresh(self) -> None:
        reason, running = self.why_not(), self.running
        self.ui.compareButton.enabled = not reason
        self.ui.compareButton.toolTip = reason or _("Deface with every ticked method and measure what each one costs and gains")
        self.ui.cancelButton.enabled = running
        self.ui.cancelButton.visible = running
        self.ui.progressBar.visible = running
        self.ui.inputsCollapsibleButton.enabled = not running

    # --- a run -------------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Write the chosen nodes as a case and start the child process."""
        images, folder = self._images(), Path(tempfile.mkdtemp(prefix="DefaceCompare-", dir=slicer.app.temporaryPath))
        answers = Answers(self._on_progress, self._on_finished, self._on_failed, self._on_cancelled)
        try:
            segmentation, dose = (self._selectors[role].currentNode() for role in ("Segmentation", "Dose"))
            nodes_to_case_folder(folder / "case", images, segmentation, dose)
            self._run = ChildRun(folder, self._methods.chosen(), answers)
        except BaseException as error:
            shutil.rmtree(folder)
            if not isinstance(error, DefaceCompareError):
                raise
            self._on_failed(str(error))
            return
        self._inputs = {key: node.GetID() for key, node in images.items()}
        self.ui.progressBar.maximum = 0
        self._say(_("Starting ..."))
        self._refresh()

    def cancel(self) -> None:
        """Kill the running comparison, if there is one."""
        if self._run is not None:
            self._say(_("Cancelling ..."))
            self._run.cancel()

    def close(self) -> None:
        """End at once and leave nothing behind (module reload, application exit)."""
        if self._run is not None:
            self._run.abandon()
            self._end(_("Cancelled."))

    def _on_progress(self, done: int, total: int, text: str) -> None:
        self.ui.progressBar.maximum = total
        self.ui.progressBar.value = done
        self._say(text)

    def _on_finished(self, out: Path) -> None:
        originals = {key: slicer.mrmlScene.GetNodeByID(node_id) for key, node_id in self._inputs.items()}
        try:
            (self._results,) = report_to_nodes(
                out, slicer.mrmlScene, {k: node for k, node in originals.items() if node is not None}
            )
        except DefaceCompareError as error:
            self._on_failed(str(error))
            return
        self._show_table()
        self._end(_("Compared: {limit}.").format(limit=NO_VERDICT_FROM_ONE_CASE))

    def _on_failed(self, sentence: str) -> None:
        self._end(_("Not compared."))
        slicer.util.errorDisplay(sentence)

    def _on_cancelled(self) -> None:
        self._end(_("Cancelled. Nothing was kept."))

    def _end(self, text: str) -> None:
        self._run = None
        self._say(text)
        self._refresh()

    def _say(self, text: str) -> None:
        self.ui.statusLabel.text = text

    # --- results -----------------------------------------------------------------------------------------------------

    def forget_results(self) -> None:
        """Let go of result nodes (the scene is closing)."""
        self._results = None
        self._show_table()

    def _show_table(self) -> None:
        tables = self._results.comparisons if self._results is not None else {}
        table = tables.get(DOMAINS[max(self.ui.tableComboBox.currentIndex, 0)])
        self.ui.resultsCollapsibleButton.enabled = bool(tables)
        self.ui.tableNoteLabel.text = table.GetDescription() if table is not None else ""
        self.ui.resultTable.setMRMLTableNode(table)
        self.ui.resultTable.resizeColumnsToContents()

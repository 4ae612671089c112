"""The panel: its sections wired together, and one comparison as a child process."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

from deface_compare.case_report import CaseReport
from deface_compare.errors import DefaceCompareError
from deface_compare.output.folder import OutputFolder
from deface_compare.progress import Cancelled
from deface_compare.words import NO_VERDICT_FROM_ONE_CASE

from ..nodes.report import CaseNodes, report_to_nodes
from ..nodes.run import keep_percentiles, runs_of_scene
from ..nodes.structure_colours import Colour
from .case.case_choice import CaseChoice, likely_node
from .case.method_boxes import MethodBoxes, folders_of_results
from .case.patient import FolderPatient, Patient, ScenePatient, patient_of_scene
from .case.slicerrt_choice import SlicerRtChoice
from .child_run import Answers, ChildRun
from .export_section import ExportSection
from .install.install import InstallPanel
from .parameters import FOLDER, PARAMETERS, PATIENT_SOURCES, ParameterLink
from .results.case_summary import primary_image
from .results.dvh_view import DvhView
from .results.results_view import ResultsView
from .review.review_panel import ReviewPanel
from .views.views_section import ViewsSection

PRIVATE_PREFIX = ".DefaceCompare-"
"""Name of the folder (mode 0700) in which a run works; it is gone when the run is."""


class ComparePanel:
    """Behaviour of ``DefaceCompare.ui``.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self.ui = ui
        self._run: ChildRun | None = None
        self._patient: Patient | None = None
        self._stopped = False
        self.slicerrt = SlicerRtChoice(ui, self._go_on)
        self.case = CaseChoice(ui)
        self.methods = MethodBoxes(ui.methodsWidget.layout())
        self.views = ViewsSection(ui)
        self.results = ResultsView(ui, self._on_structure)
        self.chart = DvhView(ui, self._colour_of)
        self.export = ExportSection(ui, lambda: self._run is not None, self._refresh)
        self.review = ReviewPanel(ui, self.views.views, self._choose_folder, self.views.taken)
        self.install = InstallPanel(ui)
        widgets = SimpleNamespace(**{**vars(ui), **vars(self.methods)})
        parameters = (*PARAMETERS, *self.methods.parameters)
        self.parameters = ParameterLink(widgets, parameters, likely_node, self._refresh)
        ui.dosePolicyComboBox.connect("currentIndexChanged(int)", lambda: self.chart.set_policy(self.results.dose_policy))
        ui.compareButton.connect("clicked(bool)", self.compare)
        ui.cancelButton.connect("clicked(bool)", self.cancel)
        self._refresh()

    # --- choices -----------------------------------------------------------------------------------------------------

    def set_parameter_node(self, node: Any | None) -> None:
        """Follow a parameter node, and show what the scene holds of earlier comparisons if nothing is shown yet."""
        self.parameters.follow(node)
        if node is not None and not self.results.rows:
            self.show_scene()

    def _choose_folder(self, folder: Path) -> None:
        """Take a patient's folder as the case."""
        self.ui.patientComboBox.setCurrentIndex(PATIENT_SOURCES.index(FOLDER))
        self.ui.casePathEdit.currentPath = str(folder)

    @property
    def running(self) -> bool:
        """Whether a comparison is at work."""
        return self._run is not None

    def why_not(self) -> str:
        """Why Compare cannot be pressed; empty if it can."""
        if self.running:
            return _("A comparison is running.")
        if self.export.running:
            return _("An export is running.")
        return self.case.why_not() or self.methods.why_not()

    def _refresh(self) -> None:
        reason, running = self.why_not(), self.running
        self.ui.compareButton.enabled = not reason
        self.ui.compareButton.toolTip = reason or _("Deface with every ticked method and measure what each one costs and gains")
        self.ui.cancelButton.visible = running
        self.ui.progressBar.visible = running
        for section in (self.ui.caseCollapsibleButton, self.ui.methodsCollapsibleButton, self.ui.optionsCollapsibleButton):
            section.enabled = not running
        self.case.refresh()
        self.slicerrt.refresh()
        self.export.refresh()

    # --- a run -------------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Write the chosen patient as a case where need be, and start the child process."""
        doubt = self.case.doubt()
        if doubt and not slicer.util.confirmOkCancelDisplay(_("{sentence}\n\nCompare them all the same?").format(sentence=doubt)):
            return
        results = self.case.results_folder
        beside = results.parent if results is not None else slicer.app.temporaryPath
        private = Path(tempfile.mkdtemp(prefix=PRIVATE_PREFIX, dir=beside))
        try:
            folder = self.case.case_folder(private)
            self._patient = self._chosen_patient()
            answers = Answers(
                self._on_progress,
                lambda told: self._on_finished(private / "out", folder, results),
                self._on_failed,
                self._on_cancelled,
            )
            self._run = ChildRun(self._arguments(folder, private / "out"), private, answers)
        except BaseException as error:
            shutil.rmtree(private)
            if not isinstance(error, DefaceCompareError):
                raise
            self._on_failed(str(error))
            return
        self._stopped = False
        self.ui.progressBar.maximum = 0
        self._say(_("Starting …"))
        self._refresh()

    def _arguments(self, folder: Path, out: Path) -> list[str]:
        """The command line of this run: the same options as in a terminal."""
        kept = self.parameters.value
        results = folders_of_results(self.methods.imported(), self.case.primary_key(), out.parent)
        return [
            *("case", str(folder), "--out", str(out), "--methods", ",".join(self.methods.chosen()), "--no-report"),
            *(f"--external={key}={place}" for key, place in results.items()),
            *("--fill", kept("Fill"), "--protect", kept("Protect"), "--face-model", kept("FaceModel")),
        ]

    def _chosen_patient(self) -> Patient:
        if not self.case.from_folder:
            return ScenePatient(self.case.images(), self.case.segmentation())
        if isinstance(self._patient, FolderPatient) and self._patient.folder == self.case.folder:
            return self._patient  # its volumes are in the scene already
        return FolderPatient(self.case.folder)

    def cancel(self) -> None:
        """Kill the running comparison, if there is one."""
        if self._run is not None:
            self._stopped = True
            self._say(_("Cancelling …"))
            self._run.cancel()

    def close(self) -> None:
        """End every run at once and leave nothing behind (scene close, module reload, application exit)."""
        if self._run is not None:
            self._stopped = True
            self._run.abandon()
            self._end(_("Cancelled."))
        self.export.close()
        self.review.close()
        self.views.close()

    def shut_down(self) -> None:
        """Let go of the scene for good: another panel takes over, or the application ends."""
        self.close()
        self.views.shut_down()
        self.install.close()
        self.parameters.follow(None)
        self.chart.clear()

    def _on_progress(self, done: int, total: int, text: str) -> None:
        self.ui.progressBar.maximum = total
        self.ui.progressBar.value = done
        self._say(text)

    def _go_on(self, done: int, total: int, text: str) -> bool:
        """What runs in Slicer itself says where it is, and lets the user stop it."""
        self._on_progress(done, total, text)
        slicer.app.processEvents()
        return not self._stopped

    def _on_finished(self, out: Path, folder: Path, results: Path | None) -> None:
        assert self._patient is not None
        case_id = next((case.name for case in OutputFolder(out).finished_cases()), "")
        segmentation = None if self.case.from_folder else self.case.segmentation()
        try:
            self.slicerrt.measure(out, folder, case_id, segmentation)
            originals = self._patient.originals()
            (nodes,) = report_to_nodes(out, slicer.mrmlScene, originals, self._patient.name)
            self._keep_percentiles(out, nodes)
        except Cancelled:
            self._on_cancelled()
            return
        except DefaceCompareError as error:
            self._on_failed(str(error))
            return
        if results is not None:
            self._keep(out, results, nodes.case_id)
        self.show_scene()
        self._end(_("Compared: {limit}.").format(limit=NO_VERDICT_FROM_ONE_CASE))

    def _keep_percentiles(self, out: Path, nodes: CaseNodes) -> None:
        """Where the user has named other heads: this case's percentile among them, at its privacy table."""
        from deface_compare.cohort.reidentification.percentile import (
            percentiles,  # brings scipy.stats, which opening the panel need not wait for
        )

        heads = self.ui.otherHeadsPathEdit.currentPath.strip()
        image = primary_image(CaseReport.read(OutputFolder(out).case(nodes.case_id)).measurements)
        if heads and "privacy" in nodes.tables:
            keep_percentiles(nodes.tables["privacy"], percentiles(out, Path(heads), nodes.case_id, image))

    def _keep(self, out: Path, results: Path, case_id: str) -> None:
        """Move the finished output to the chosen folder, on the same disk: whole or not at all."""
        if results.exists():
            results.rmdir()  # empty: anything else was refused
        out.rename(results)
        self.export.offer(OutputFolder(results).case(case_id))

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

    def show_scene(self) -> None:
        """Show the latest comparison of the scene: of the run that ended, or of a scene that was saved with its results."""
        run = next(iter(runs_of_scene(slicer.mrmlScene)[-1:]), None)
        if self._patient is None:
            self._patient = patient_of_scene(slicer.mrmlScene, self.case.segmentation())
        rows = run.rows() if run is not None else []
        self.results.show(run)
        self.chart.show(run, rows, self.results.dose_policy)
        originals = self._patient.originals() if rows and self._patient is not None else {}
        segmentation = self._patient.segmentation() if originals and self._patient is not None else None
        self.views.offer(next(iter(originals.values()), None), segmentation)

    def _on_structure(self, structure: str) -> None:
        """Jump to a structure and draw its DVH."""
        centre = self._patient.centre_of(structure) if self._patient is not None else None
        if centre is not None:
            self.views.jump(centre)
        self.chart.choose(structure)

    def _colour_of(self, structure: str) -> Colour | None:
        return self._patient.colour_of(structure) if self._patient is not None else None

    def forget_results(self) -> None:
        """Let go of nodes (the scene is closing and removes them itself)."""
        self._patient = None
        self.results.show(None)
        self.chart.forget()
        self.views.offer(None)

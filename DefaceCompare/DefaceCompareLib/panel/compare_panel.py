"""The panel: its parts wired together, and what a comparison brings into the scene."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
import slicer.util
from slicer.i18n import tr as _

import qt
from deface_compare.case_report import CaseReport
from deface_compare.errors import UnusableInput
from deface_compare.output.folder import OutputFolder

from ..nodes.report import CaseNodes, report_to_nodes
from ..nodes.run import Run, keep_percentiles, runs_of_scene
from ..nodes.structure_colours import Colour
from .case.case_choice import CaseChoice, likely_node
from .case.method_boxes import MethodBoxes
from .case.patient import Patient, ScenePatient, patient_of_scene
from .case.patient_bar import PatientBar
from .case.redrawn_choice import RedrawnChoice
from .case.slicerrt_choice import SlicerRtChoice
from .comparisons import Comparisons, Events, Job
from .event_loop import only_paint
from .export_section import ExportSection
from .freed_memory import give_memory_back
from .hints import Hints
from .install.install import InstallPanel
from .parameters import FOLDER, PARAMETERS, PATIENT_SOURCES, ParameterLink
from .patient_jobs import PatientJobs
from .results.case_summary import primary_image
from .results.dvh_view import DvhView
from .results.method_figure import method_figures
from .results.results_view import ResultsView
from .review.review_panel import ReviewPanel
from .views.views_section import ViewsSection

ALL_IS_GONE_MS = 500
"""After a scene was closed: views and selectors then let go of the last of it (37 MB of a CT of 512 × 512 × 216)."""


class ComparePanel:
    """Behaviour of ``DefaceCompare.ui``.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    """

    def __init__(self, ui: Any) -> None:
        self.ui = ui
        self._patient: Patient | None = None
        self._shown: object = None
        self.comparisons = Comparisons(Events(self._on_progress, self._on_finished, self._end))
        self.slicerrt = SlicerRtChoice(ui, self._go_on)
        self.case = CaseChoice(ui)
        self.bar = PatientBar(ui, self.case, self._refresh)
        self.methods = MethodBoxes(ui.methodsWidget.layout())
        self.redrawn = RedrawnChoice(ui.redrawnWidget.layout(), self.methods.titles)
        self.views = ViewsSection(ui, lambda: method_figures(self.results.rows))
        self.results = ResultsView(ui, self._on_structure, self._planned_names)
        self.chart = DvhView(ui, self._colour_of)
        self.export = ExportSection(ui, lambda: self.running, self._refresh)
        self.review = ReviewPanel(ui, self.views.views, self._choose_folder, self.views.taken)
        self.install = InstallPanel(ui)
        self.hints = Hints(ui)
        widgets = SimpleNamespace(**{**vars(ui), **vars(self.methods), **vars(self.redrawn)})
        parameters = (*PARAMETERS, *self.methods.parameters, *self.redrawn.parameters)
        self.parameters = ParameterLink(widgets, parameters, likely_node, self._refresh)
        self.jobs = PatientJobs(self.case, self.bar, self.methods, self.redrawn, self.parameters.value)
        ui.dosePolicyComboBox.connect("currentIndexChanged(int)", lambda: self.chart.set_policy(self.results.dose_policy))
        ui.tabWidget.connect("currentChanged(int)", self.results.refit)
        ui.compareButton.connect("clicked(bool)", self.compare)
        ui.compareAllButton.connect("clicked(bool)", self.compare_all)
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
        self.ui.tabWidget.setCurrentWidget(self.ui.patientScrollArea)

    @property
    def running(self) -> bool:
        """Whether a comparison is at work."""
        return self.comparisons.running

    def why_not(self) -> str:
        """Why Compare cannot be pressed; empty if it can."""
        return self._busy() or self.case.why_not() or self.methods.why_not()

    def _why_not_all(self) -> str:
        """Why the patients cannot be compared in turn; empty if they can."""
        if len(self.bar.names()) < 2:
            return self._busy() or _("There is one patient, or none: load others, or choose a folder of patients.")
        return self._busy() or self.case.why_not_results() or self.methods.why_not()

    def _busy(self) -> str:
        if self.running:
            return _("A comparison is running.")
        return _("An export is running.") if self.export.running else ""

    def _refresh(self) -> None:
        if self.bar.choosing:  # every selector that is set says so; the last one's patient is shown, once
            return
        ui, reason, reason_all, running = self.ui, self.why_not(), self._why_not_all(), self.running
        ui.compareButton.enabled = not reason
        ui.compareButton.toolTip = reason or _("Deface with every ticked method and measure what each one costs and gains")
        ui.compareAllButton.enabled = not reason_all
        ui.compareAllButton.toolTip = reason_all or _(
            "Compare every patient of this list in turn; you are told when all are done"
        )
        ui.cancelButton.visible = running
        ui.progressBar.visible = running
        for section in (ui.methodsCollapsibleButton, ui.redrawnCollapsibleButton, ui.optionsCollapsibleButton):
            section.enabled = not running
        self.case.refresh()
        self.redrawn.refresh(from_folder=self.case.from_folder)
        self.bar.refresh()
        self.slicerrt.refresh()
        self.export.refresh()
        chosen, scene = self.case.key(), slicer.mrmlScene
        if chosen != self._shown and not (scene.IsImporting() or scene.IsClosing()):  # nodes do not know each other yet
            self._shown = chosen
            self.show_scene()

    # --- a run -------------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Compare the chosen patient, unless the user would not have these nodes taken for one."""
        doubt = self.case.doubt()
        if doubt and not slicer.util.confirmOkCancelDisplay(_("{sentence}\n\nCompare them all the same?").format(sentence=doubt)):
            return
        self._start([self.jobs.of_chosen()])

    def compare_all(self) -> None:
        """Compare every patient of the scene, or of the folder of patients, in turn."""
        self._start(self.jobs.of_all())

    def _start(self, jobs: list[Job]) -> None:
        self.ui.progressBar.maximum = 0
        self.comparisons.start(jobs)
        self._refresh()

    def cancel(self) -> None:
        """Kill the running comparison, if there is one, and start none of the others."""
        if self.running:
            self._say(_("Cancelling …"))
            self.comparisons.cancel()

    def close(self) -> None:
        """End every run at once and leave nothing behind (scene close, module reload, application exit)."""
        self.comparisons.close()
        self.export.close()
        self.review.close()
        self.views.close()

    def shut_down(self) -> None:
        """Let go of the scene for good: another panel takes over, or the application ends."""
        self.close()
        self.bar.close()
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
        return not self.comparisons.stopped

    def _on_finished(self, job: Job, out: Path, folder: Path) -> None:
        case_id = next((case.name for case in OutputFolder(out).finished_cases()), "")
        if not job.patient.originals():
            if job.results is not None:
                self._keep(out, job.results, case_id)
            raise UnusableInput(_("The patient was removed from the scene meanwhile: nothing is shown."))
        self.slicerrt.measure(out, folder, case_id, job.segmentation, job.structures, job.redrawn(out.parent))
        with slicer.util.RenderBlocker():
            (nodes,) = report_to_nodes(out, slicer.mrmlScene, job.patient.originals(), job.patient.name, only_paint)
        self._keep_percentiles(out, nodes)
        if job.results is not None:
            self._keep(out, job.results, nodes.case_id)
        self.show_scene()

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

    def _end(self, text: str) -> None:
        self._say(text)
        self._refresh()
        if self.results.rows and self.ui.tabWidget.currentWidget() == self.ui.patientScrollArea:
            self.ui.tabWidget.setCurrentWidget(self.ui.resultsScrollArea)

    def _say(self, text: str) -> None:
        self.ui.statusLabel.text = text

    # --- results -----------------------------------------------------------------------------------------------------

    def show_scene(self) -> None:
        """Show the chosen patient's latest comparison; where none is chosen, the latest of the scene (one that was saved)."""
        run = self._find_run()
        rows = run.rows() if run is not None else []
        self.results.show(run)
        self.chart.show(run, rows, self.results.dose_policy)
        originals = self._patient.originals() if rows and self._patient is not None else {}
        patient = self._patient if originals else None
        contours, dose = (patient.segmentation(), patient.dose()) if patient is not None else (None, None)
        self.views.offer(next(iter(originals.values()), None), contours, dose)

    def _find_run(self) -> Run | None:
        runs = runs_of_scene(slicer.mrmlScene)
        if self.case.from_folder:
            patient: Patient | None = self.jobs.patient_of_folder(self.case.folder)
        else:
            images = self.case.images()
            patient = ScenePatient(images, self.case.segmentation(), self.case.dose()) if images else None
        if patient is None and not self.case.from_folder:
            patient = patient_of_scene(slicer.mrmlScene, self.case.segmentation())
        self._patient = patient
        mine = [run for run in runs if run.original is None or (patient is not None and patient.owns(run.original))]
        return mine[-1] if mine else None

    def _on_structure(self, structure: str) -> None:
        """Jump to a structure and draw its DVH."""
        centre = self._patient.centre_of(structure) if self._patient is not None else None
        if centre is not None:
            self.views.jump(centre)
        self.chart.choose(structure)

    def _planned_names(self) -> dict[str, str]:
        return self._patient.planned_names() if self._patient is not None else {}

    def _colour_of(self, structure: str) -> Colour | None:
        return self._patient.colour_of(structure) if self._patient is not None else None

    def forget_results(self) -> None:
        """Let go of nodes (the scene is closing and removes them itself)."""
        self._patient, self._shown = None, None
        self.jobs.forget()
        self.results.show(None)
        self.chart.forget()
        self.views.offer(None)
        self._say("")

    def scene_is_empty(self) -> None:
        """The scene was closed: what it held is gone, and so is the memory."""
        give_memory_back()
        qt.QTimer.singleShot(ALL_IS_GONE_MS, give_memory_back)  # what Slicer deletes when its event loop comes to it, too

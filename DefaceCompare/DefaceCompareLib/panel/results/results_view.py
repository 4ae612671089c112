"""The *Results* section: one-case summary, tables by domain, engine, copy and CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

import qt
from deface_compare.cohort.reidentification.percentile import Percentile
from deface_compare.measurement import NOT_AVAILABLE, Measurement
from deface_compare.measurement_table import write_measurements
from deface_compare.settings import DOSE_POLICIES
from deface_compare.words import DOSE_SENTENCE, LINKAGE_SENTENCE, NO_VERDICT_FROM_ONE_CASE, SYNTHETIC_WARNING

from ...nodes.method_names import titles_of_methods
from ...nodes.run import Run
from ..install.hint import in_this_panel, may_be_installed
from .case_summary import (
    case_summary,
    left_out_sentence,
    may_be_left_out,
    not_measured_sentence,
    percentile_sentence,
    primary_image,
)
from .column_fit import SCROLL_BAR_PIXELS
from .measurement_table import VALUES, MeasurementTable, measurement_table
from .organ_changes import least_changed, organ_changes, organ_table, unchanged_sentence
from .sortable_table import SortableTable
from .table_filler import as_text

DOMAINS = {"privacy": "Privacy", "volume": "Volumes", "intensity": "HU and SUV", "dose": "DVH", "quality": "Quality gate"}
"""The tables, and what the list calls them."""
NOTES = {"dose": DOSE_SENTENCE, "privacy": f"{LINKAGE_SENTENCE}; {NO_VERDICT_FROM_ONE_CASE}"}
"""What stands with a table wherever it is shown."""
NO_FACE_MODEL = "no face score: the face model is not installed (section Install of this panel)"
MOST_ORGANS_SEEN = 6
"""The worst organs stand without scrolling, so many of them."""
EMPTY = MeasurementTable((), (), (), ())


class ResultsView:
    """Shows the rows of one case.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    on_structure : callable
        Called with a structure's name when one of its rows is chosen.
    planned_names : callable
        How the shown patient's structures were planned, by the names that rows give them.
    """

    def __init__(self, ui: Any, on_structure: Callable[[str], None], planned_names: Callable[[], Mapping[str, str]]) -> None:
        self._ui = ui
        self._on_structure = on_structure
        self._planned_names = planned_names
        self._summary = SortableTable(ui.summaryTable, may_be_left_out)
        self._organs, self._table = SortableTable(ui.organTable, least_changed), SortableTable(ui.resultTable)
        self._rows: list[Measurement] = []
        self._about = object()
        self._percentiles: Mapping[str, Percentile] = {}
        self._run: Run | None = None
        self._fitted_px: tuple[int, ...] = ()
        self._waiting = False
        self._titles = titles_of_methods()
        ui.tableComboBox.addItems([_(title) for title in DOMAINS.values()])
        ui.valueComboBox.addItems([_(title) for title in VALUES.values()])
        for combo in (ui.tableComboBox, ui.valueComboBox, ui.dosePolicyComboBox):
            combo.connect("currentIndexChanged(int)", self._show_table)
        ui.dosePolicyComboBox.connect("currentIndexChanged(int)", self._show_summary)
        ui.resultTable.connect("itemSelectionChanged()", lambda: self._on_row(self._table))
        ui.organTable.connect("itemSelectionChanged()", lambda: self._on_row(self._organs))
        for table in (ui.summaryTable, ui.organTable, ui.resultTable):
            table.horizontalHeader().connect("sectionResized(int,int,int)", self._on_resized)
            table.horizontalScrollBar().connect("rangeChanged(int,int)", self._on_resized)
        ui.copyButton.connect("clicked(bool)", self.copy)
        ui.saveButton.connect("clicked(bool)", self._ask_and_save)
        self.show(None)

    @property
    def rows(self) -> Sequence[Measurement]:
        """All rows of the shown case."""
        return self._rows

    @property
    def titles(self) -> Mapping[str, str]:
        """Titles by method key."""
        return self._titles

    @property
    def domain(self) -> str:
        """The domain whose table is shown."""
        return list(DOMAINS)[max(self._ui.tableComboBox.currentIndex, 0)]

    @property
    def dose_policy(self) -> str:
        """The dose policy whose rows are shown."""
        return DOSE_POLICIES[max(self._ui.dosePolicyComboBox.currentIndex, 0)]

    def show(self, run: Run | None, extra: Sequence[Measurement] = ()) -> None:
        """Show a comparison; None clears everything.

        Parameters
        ----------
        run : Run, optional
        extra : sequence of Measurement
            Rows of the same case that the scene does not hold.
        """
        self._run, self._about = run, object()
        self._rows = rows = [*(run.rows() if run is not None else ()), *extra]
        self._percentiles = run.percentiles if run is not None else {}
        self._ui.resultsTab.enabled = bool(rows)
        self._ui.summaryLabel.text = self._headline()
        self._show_summary()
        self._show_table()

    def refit(self) -> None:
        """Give the columns the room that the tables have, once they are seen."""
        if self._ui.resultTable.visible and self._widths_px() != self._fitted_px:
            self._show_summary()
            self._show_table()

    def _widths_px(self) -> tuple[int, ...]:
        return tuple(table.viewport().width for table in (self._ui.summaryTable, self._ui.resultTable))

    def _on_resized(self) -> None:
        """The panel may have become wider or narrower: look when it has come to rest."""
        if not self._waiting:
            self._waiting = True
            qt.QTimer.singleShot(0, self._refit_later)

    def _refit_later(self) -> None:
        self._waiting = False
        self.refit()

    def _show_summary(self) -> None:
        summary = case_summary(self._rows, self._titles, self._percentiles, self.dose_policy) if self._rows else EMPTY
        self._summary.show(summary, self._about)
        _fit_height(self._ui.summaryTable, len(summary.lines))
        told = left_out_sentence(summary, self._summary.left_out)
        self._ui.summaryNoteLabel.text, self._ui.summaryNoteLabel.visible = told, bool(told)
        changes = organ_changes(self._rows, primary_image(self._rows), self.dose_policy)
        organs = organ_table(changes, self._titles, self._planned_names() if changes else {})
        self._organs.show(organs, self._about)
        _fit_height(self._ui.organTable, min(len(organs.lines), MOST_ORGANS_SEEN))
        told = unchanged_sentence(changes, organs.structures)
        policy = _("dose policy {policy}").format(policy=self.dose_policy)
        no_room = _("no room for {methods}").format(methods=", ".join(self._organs.left_out)) if self._organs.left_out else ""
        self._ui.organsLabel.text = "; ".join(filter(None, [told, policy, no_room])) if told else ""
        self._ui.organTable.visible = bool(organs.lines)

    def add_rows(self, rows: Sequence[Measurement]) -> None:
        """Add rows of the same case that another engine computed (``SlicerRT-x2``): extra lines, never a replacement."""
        self.show(self._run, rows)

    def _headline(self) -> str:
        if not self._rows:
            return ""
        image = primary_image(self._rows)
        patient = self._run.patient if self._run is not None else self._rows[0].case
        parts = [f"{patient}, {image}" if image else patient, NO_VERDICT_FROM_ONE_CASE]
        lines = ["; ".join(filter(None, [*parts, percentile_sentence(self._rows, self._percentiles)]))]
        if any(row.synthetic for row in self._rows):
            lines.insert(0, SYNTHETIC_WARNING)
        lines += filter(None, [in_this_panel(not_measured_sentence(self._rows))])
        if any(row.domain == "privacy" and row.status == NOT_AVAILABLE and may_be_installed(row.note) for row in self._rows):
            lines.append(NO_FACE_MODEL)
        if self._run is not None and self._run.structures:
            lines.append(self._run.structures)
        return "\n".join(lines)

    def _of_domain(self) -> list[Measurement]:
        return [row for row in self._rows if row.domain == self.domain]

    def _show_table(self) -> None:
        value = list(VALUES)[max(self._ui.valueComboBox.currentIndex, 0)]
        table = measurement_table(self._of_domain(), self._titles, value, self.dose_policy)
        self._table.show(table, (self.domain, self._about))
        self._fitted_px = self._widths_px()
        engines = ", ".join(table.engines)
        policy = _("dose policy {policy}").format(policy=self.dose_policy) if self.domain == "dose" else ""
        told = [NOTES.get(self.domain, ""), "; ".join(filter(None, [_("Engine: {names}").format(names=engines), policy]))]
        self._ui.tableNoteLabel.text = "\n".join(part for part in told if part) if table.lines else ""
        self._ui.copyButton.enabled = self._ui.saveButton.enabled = bool(table.lines)

    def _on_row(self, table: SortableTable) -> None:
        if table.chosen:
            self._on_structure(table.chosen)

    def copy(self) -> None:
        """Put the table as shown on the clipboard."""
        slicer.app.clipboard().setText(as_text(self._ui.resultTable))

    def _ask_and_save(self) -> None:
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), _("Save rows as CSV"), f"{self._rows[0].case} {self.domain}.csv", "CSV (*.csv)"
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write all rows of the shown domain with all columns of ``measurements.csv``, notes in words: one file by itself."""
        write_measurements(path, self._of_domain(), notes_beside_it=False)


def _fit_height(table: Any, lines: int) -> None:
    """As high as its lines, and a scroll bar where it needs one: a summary does not scroll."""
    rows = sum(table.rowHeight(row) for row in range(lines))
    wide = sum(table.columnWidth(column) for column in range(table.columnCount)) > table.viewport().width
    header = table.horizontalHeader().height
    table.setFixedHeight(header + rows + 2 * table.frameWidth + (SCROLL_BAR_PIXELS if wide else 0))

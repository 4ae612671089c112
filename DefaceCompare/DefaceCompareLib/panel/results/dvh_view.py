"""The DVH chart below the tables: which organs it draws, and in whose colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer
from slicer.i18n import tr as _

from deface_compare.measurement import OK, Measurement

from ...nodes.dvh_chart import DvhChart, curves_of_table, remove_saved_charts
from ...nodes.run import Run

VIEW_TAG = "DefaceDVH"
MOST_CHANGED = 2
"""How many organs the chart shows until one is chosen."""


class DvhView:
    """Shows the curves of one case.

    Parameters
    ----------
    ui : object
        The .ui's widgets as attributes.
    colour_of : callable
        A structure's own colour, or None.
    """

    def __init__(self, ui: Any, colour_of: Callable[[str], tuple[float, float, float] | None]) -> None:
        self._ui = ui
        self._colour_of = colour_of
        self._chart: DvhChart | None = None
        self._table: Any = None
        self._rows: Sequence[Measurement] = ()
        self._policy = ""
        self._organs: list[str] = []
        ui.chartComboBox.connect("currentIndexChanged(int)", self._draw)
        self.clear()

    def show(self, run: Run | None, rows: Sequence[Measurement], policy: str) -> None:
        """Offer the organs of a case and draw those whose mean dose changed most.

        Parameters
        ----------
        run : Run, optional
            The comparison; None: nothing is shown.
        rows : sequence of Measurement
            All its rows.
        policy : str
            The dose policy whose curves are drawn beside the original's.
        """
        self.clear()
        scene = slicer.mrmlScene
        self._table = run.curves if run is not None else None
        if self._table is None:
            return
        self._rows, self._policy = rows, policy
        self._organs = list(dict.fromkeys(curve.structure for curve in curves_of_table(self._table)))
        remove_saved_charts(scene)
        self._chart = DvhChart(scene, list(dict.fromkeys(row.method for row in rows)))
        view = _plot_view(scene)
        view.SetPlotChartNodeID(self._chart.node.GetID())
        self._ui.dvhPlot.setMRMLPlotViewNode(view)
        combo = self._ui.chartComboBox
        combo.blockSignals(True)
        combo.addItems([_("Most changed"), *self._organs])
        combo.blockSignals(False)
        self._ui.chartWidget.visible = True
        self._draw()

    def choose(self, organ: str) -> None:
        """Draw one organ, if it has curves."""
        if organ in self._organs:
            self._ui.chartComboBox.setCurrentIndex(1 + self._organs.index(organ))

    def set_policy(self, policy: str) -> None:
        """Draw the curves of another dose policy."""
        self._policy = policy
        self._draw()

    def clear(self) -> None:
        """Take the chart out of the scene and hide its place."""
        if self._chart is not None:
            self._chart.remove()
        self._chart = self._table = None
        self._organs = []
        self._ui.chartComboBox.blockSignals(True)
        self._ui.chartComboBox.clear()
        self._ui.chartComboBox.blockSignals(False)
        self._ui.chartWidget.visible = False

    def forget(self) -> None:
        """Let go of nodes that the closing scene removes itself."""
        self._chart = None
        self.clear()

    def _draw(self) -> None:
        if self._chart is not None:
            index = self._ui.chartComboBox.currentIndex
            organs = [self._organs[index - 1]] if index > 0 else most_changed(self._rows, self._organs, self._policy)
            self._chart.show(self._table, organs, self._policy, self._colour_of)


def most_changed(rows: Sequence[Measurement], organs: Sequence[str], policy: str) -> list[str]:
    """The organs whose mean dose some method changed most under a policy, at most `MOST_CHANGED`.

    Returns
    -------
    list of str
        The first organ where nothing changed.
    """
    change = dict.fromkeys(organs, 0.0)
    for row in rows:
        if row.metric == "Dmean" and row.dose_policy == policy and row.status == OK and row.structure in change:
            change[row.structure] = max(change[row.structure], abs(row.change))
    changed = [organ for organ in sorted(change, key=lambda organ: -change[organ]) if change[organ] > 0.0]
    return changed[:MOST_CHANGED] or list(organs[:1])


def _plot_view(scene: Any) -> Any:
    """Our own plot view node: it follows no other module's choice of a chart."""
    view = scene.GetSingletonNode(VIEW_TAG, "vtkMRMLPlotViewNode")
    if view is None:
        view = slicer.vtkMRMLPlotViewNode()
        view.SetSaveWithScene(False)
        view.SetSingletonTag(VIEW_TAG)
        view.SetLayoutLabel("DVH")
        view.SetDoPropagatePlotChartSelection(False)
        view = scene.AddNode(view)
    return view

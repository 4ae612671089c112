"""The DVH chart in our layout: which organs it draws, and in whose colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer

import qt
from deface_compare.measurement import OK, Measurement

from ...nodes.dvh_chart import DvhChart, curves_of_table, remove_saved_charts
from ...nodes.method_names import short_names, titles_of_methods
from ...nodes.run import Run
from ..views.arrangements import DVH_TAG

MOST_CHANGED = 2
"""How many organs the chart shows until others are ticked."""


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
        ui.chartList.connect("itemChanged(QListWidgetItem*)", self._draw)
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
        organs = list(dict.fromkeys(curve.structure for curve in curves_of_table(self._table)))
        self._organs = by_change(rows, organs, policy)
        remove_saved_charts(scene)
        methods = list(dict.fromkeys(row.method for row in rows))
        titles = titles_of_methods()
        short = short_names(titles.get(method, method) for method in methods)
        self._chart = DvhChart(scene, methods, {method: short[titles.get(method, method)] for method in methods})
        plot_view(scene).SetPlotChartNodeID(self._chart.node.GetID())
        self._ui.chartWidget.visible = True
        self._tick(most_changed(rows, self._organs, policy))

    def choose(self, organ: str) -> None:
        """Draw one organ, if it has curves."""
        if organ in self._organs:
            self._tick([organ])

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
        self._tick([])
        self._ui.chartWidget.visible = False

    def forget(self) -> None:
        """Let go of nodes that the closing scene removes itself."""
        self._chart = None
        self.clear()

    def _tick(self, drawn: Sequence[str]) -> None:
        """List the organs, those that changed most first, with a tick at those that are drawn."""
        chosen = self._ui.chartList
        chosen.blockSignals(True)
        chosen.clear()
        for organ in self._organs:
            item = qt.QListWidgetItem(organ)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if organ in drawn else qt.Qt.Unchecked)
            chosen.addItem(item)
        chosen.blockSignals(False)
        self._draw()

    def _draw(self) -> None:
        if self._table is not None and self._table.GetScene() is None:  # deleted by the user
            self.clear()
        if self._chart is not None:
            items = [self._ui.chartList.item(row) for row in range(len(self._organs))]
            organs = [item.text() for item in items if item.checkState() == qt.Qt.Checked]
            self._chart.show(self._table, organs, self._policy, self._colour_of)


def by_change(rows: Sequence[Measurement], organs: Sequence[str], policy: str) -> list[str]:
    """The organs by how much some method changed their mean dose under a policy, most first; else as they came."""
    change = _changes(rows, organs, policy)
    return sorted(organs, key=lambda organ: -change[organ])


def most_changed(rows: Sequence[Measurement], organs: Sequence[str], policy: str) -> list[str]:
    """The organs whose mean dose some method changed most under a policy, at most `MOST_CHANGED`.

    Returns
    -------
    list of str
        The first organ where nothing changed.
    """
    change = _changes(rows, organs, policy)
    changed = [organ for organ in by_change(rows, organs, policy) if change[organ] > 0.0]
    return changed[:MOST_CHANGED] or list(organs[:1])


def _changes(rows: Sequence[Measurement], organs: Sequence[str], policy: str) -> dict[str, float]:
    change = dict.fromkeys(organs, 0.0)
    for row in rows:
        if row.metric == "Dmean" and row.dose_policy == policy and row.status == OK and row.structure in change:
            change[row.structure] = max(change[row.structure], abs(row.change))
    return change


def plot_view(scene: Any) -> Any:
    """Our own plot view node, which the layout shows: it follows no other module's choice of a chart."""
    view = scene.GetSingletonNode(DVH_TAG, "vtkMRMLPlotViewNode")
    if view is None:
        view = slicer.vtkMRMLPlotViewNode()
        view.SetSingletonTag(DVH_TAG)
        view.SetLayoutLabel("DVH")
        view = scene.AddNode(view)
    view.SetSaveWithScene(False)
    view.SetDoPropagatePlotChartSelection(False)
    return view

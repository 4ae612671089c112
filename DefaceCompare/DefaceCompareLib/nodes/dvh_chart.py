"""DVH curves of a case as Slicer plots: colour = organ, line style = method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import slicer
from vtkmodules.vtkCommonCore import vtkDoubleArray

from deface_compare.utility.dvh_table import DOSE_COLUMN, ORIGINAL, CurveName, read_dvh_table

from .batch import in_one_go
from .structure_colours import colour_in_turn

CURVES_ATTRIBUTE = "DefaceCompare.DvhCurves"
"""Marks the table node that holds a case's curves; its value is the case."""
LINE_WIDTH, DASHED_LINE_WIDTH, DOTTED_LINE_WIDTH = 2.0, 2.5, 3.5
"""Pixels: the more of a line is left blank, the wider the rest of it."""
END_OF_AXIS = 1.02
"""End of the dose axis over the highest dose of the drawn curves."""


def add_dvh_table(scene: Any, file: Path, case_id: str, name: str) -> Any | None:
    """Bring ``cases/<id>/dvh.csv`` into the scene; None where the case has no curves.

    Parameters
    ----------
    scene : vtkMRMLScene
    file : Path
        What `utility.dvh_table.DvhTable` wrote.
    case_id : str
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLTableNode
        Dose in Gy, then one column a curve in percent of the structure's volume.
    """
    if not file.is_file():
        return None
    doses_gy, curves = read_dvh_table(file)
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    node.AddColumn(_column(DOSE_COLUMN, doses_gy))
    for curve, percents in curves.items():
        node.AddColumn(_column(curve.column(), percents))
    node.SetColumnUnitLabel(DOSE_COLUMN, "Gy")
    node.SetLocked(True)
    node.SetAttribute(CURVES_ATTRIBUTE, case_id)
    return node


def curves_of_table(node: Any) -> list[CurveName]:
    """Whose curves a table node holds."""
    names = [node.GetColumnName(index) for index in range(1, node.GetNumberOfColumns())]
    return [CurveName.of_column(name) for name in names]


class DvhChart:
    """The one chart that the panel shows; its series come and go with the choice of organs.

    Parameters
    ----------
    scene : vtkMRMLScene
    methods : sequence of str
        Method keys; the order gives the line styles.
    names : mapping of method key to str, optional
        What the legend calls them; their keys if not given.
    """

    def __init__(self, scene: Any, methods: Sequence[str], names: Mapping[str, str] | None = None) -> None:
        self._scene = scene
        self._names = names or {}
        self._methods = [ORIGINAL, *methods]
        self._series: list[Any] = []
        self.node = scene.AddNode(_of_the_panel(slicer.vtkMRMLPlotChartNode(), "DVH"))
        self.node.SetXAxisTitle("Dose [Gy]")
        self.node.SetYAxisTitle("Volume [%]")
        self.node.SetTitleFontSize(12)
        self.node.SetAxisTitleFontSize(12)
        self.node.SetAxisLabelFontSize(10)
        self.node.SetLegendFontSize(9)
        self.node.YAxisRangeAutoOff()
        self.node.SetYAxisRange(0.0, 102.0)

    def show(
        self, table: Any, organs: Sequence[str], policy: str, colour_of: Callable[[str], tuple[float, float, float] | None]
    ) -> list[CurveName]:
        """Draw the curves of some organs under one dose policy, the originals too.

        Parameters
        ----------
        table : vtkMRMLTableNode
            From `add_dvh_table`.
        organs : sequence of str
        policy : str
            ``keep`` draws the originals only: nothing changes.
        colour_of : callable
            An organ's own colour, or None.

        Returns
        -------
        list of CurveName
            What is drawn.
        """
        self.clear()
        self.node.SetTitle(organs[0] if len(organs) == 1 else "")
        curves = [name for name in curves_of_table(table) if name.structure in organs and name.policy in ("", policy)]
        curves.sort(key=lambda name: (organs.index(name.structure), self._methods.index(name.method)))
        self.node.XAxisRangeAutoOff()
        self.node.SetXAxisRange(0.0, END_OF_AXIS * max([1.0, *(_highest_gy(table, curve) for curve in curves)]))
        for curve in curves:
            number = organs.index(curve.structure)
            name = self._legend(
                curve, first=curve.structure == curves[0].structure, alone=len({c.structure for c in curves}) == 1
            )
            self._add(table, curve, name, colour_of(curve.structure) or colour_in_turn(number))
        return curves

    def _add(self, table: Any, curve: CurveName, name: str, colour: tuple[float, float, float]) -> None:
        node = self._scene.AddNode(_of_the_panel(slicer.vtkMRMLPlotSeriesNode(), name))
        node.SetName(name)  # the scene gives a node without a name one of its own; VTK's legend has no line for an empty one
        node.SetAndObserveTableNodeID(table.GetID())
        node.SetXColumnName(DOSE_COLUMN)
        node.SetYColumnName(curve.column())
        node.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        node.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
        style = self.line_style(curve.method)
        node.SetLineStyle(style)
        node.SetLineWidth(_line_width(style))
        node.SetColor(*colour)
        self.node.AddAndObservePlotSeriesNodeID(node.GetID())
        self._series.append(node)

    def _legend(self, curve: CurveName, *, first: bool, alone: bool) -> str:
        """A curve's name in the legend, which tells colours and line styles once each.

        One organ's curves are its methods. Of several organs each has its original, the first also the methods' line styles; the
        others' curves have no name.
        """
        method = self._names.get(curve.method, curve.method)
        if alone:
            return method
        if curve.method == ORIGINAL:
            return curve.structure
        return method if first else ""

    def line_style(self, method: str) -> int:
        """Solid for the original; the methods take dash, dot, dash-dot and dash-dot-dot in turn."""
        series = slicer.vtkMRMLPlotSeriesNode
        styles = (series.LineStyleDash, series.LineStyleDot, series.LineStyleDashDot, series.LineStyleDashDotDot)
        return series.LineStyleSolid if method == ORIGINAL else styles[(self._methods.index(method) - 1) % len(styles)]

    def clear(self) -> None:
        """Draw nothing."""
        self.node.RemoveAllPlotSeriesNodeIDs()
        with in_one_go(self._scene):
            for node in self._series:
                self._scene.RemoveNode(node)
        self._series = []

    def remove(self) -> None:
        """Take chart and series out of the scene."""
        self.clear()
        self._scene.RemoveNode(self.node)


def remove_saved_charts(scene: Any) -> None:
    """Take out the charts that earlier versions saved with a scene: they doubled at each reopening."""
    for series in _all(scene, "vtkMRMLPlotSeriesNode"):
        table = series.GetTableNode()
        if table is not None and table.GetAttribute(CURVES_ATTRIBUTE) is not None and series.GetSaveWithScene():
            scene.RemoveNode(series)
    for chart in _all(scene, "vtkMRMLPlotChartNode"):
        if chart.GetName() == "DVH" and chart.GetSaveWithScene() and not chart.GetNumberOfPlotSeriesNodes():
            scene.RemoveNode(chart)


def _all(scene: Any, class_name: str) -> list[Any]:
    return [scene.GetNthNodeByClass(index, class_name) for index in range(scene.GetNumberOfNodesByClass(class_name))]


def _of_the_panel(node: Any, name: str) -> Any:
    """A node that the panel draws from the table whenever it is shown: neither saved nor listed."""
    node.SetName(name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node


def _line_width(style: int) -> float:
    series = slicer.vtkMRMLPlotSeriesNode
    return {series.LineStyleSolid: LINE_WIDTH, series.LineStyleDash: DASHED_LINE_WIDTH}.get(style, DOTTED_LINE_WIDTH)


def _highest_gy(table: Any, curve: CurveName) -> float:
    """The last dose that any of the curve's volume receives."""
    rows = table.GetTable()
    doses_gy, percents = (rows.GetColumnByName(name) for name in (DOSE_COLUMN, curve.column()))
    reached = [row for row in range(rows.GetNumberOfRows()) if percents.GetValue(row) > 0.0]
    return float(doses_gy.GetValue(reached[-1])) if reached else 0.0


def _column(name: str, values: Sequence[float]) -> vtkDoubleArray:
    column = vtkDoubleArray()
    column.SetName(name)
    for value in values:
        column.InsertNextValue(value)
    return column

"""Plot views of real MRML nodes, drawn offscreen by VTK's own chart, which Slicer's plot view uses too. Only for tests."""

from __future__ import annotations

from typing import Any

import vtk

import qt
from drawn_views import pixmap_of_window


class PlotView:
    """A plot view: the chart of its node, in black on white.

    Parameters
    ----------
    node : vtkMRMLPlotViewNode
    """

    def __init__(self, node: Any) -> None:
        self._node = node

    def put_in_layout(self, inside: bool) -> None:
        """A chart is drawn only when it is asked for."""

    def picture(self, width: int, height: int) -> Any:
        """Draw it."""
        chart = self._node.GetPlotChartNode()
        if chart is None:
            blank = qt.QtGui.QPixmap(width, height)
            blank.fill(qt.QtGui.QColor("white"))
            return blank
        return chart_picture(chart, (width, height), (0.1, 0.1, 0.1), (1.0, 1.0, 1.0))


def chart_picture(
    chart_node: Any, size: tuple[int, int], ink: tuple[float, float, float], paper: tuple[float, float, float]
) -> Any:
    """Draw a vtkMRMLPlotChartNode with vtk's own chart, which is what Slicer's plot view uses too."""
    from vtkmodules import vtkRenderingContextOpenGL2  # noqa: F401  registers the painter

    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*size)
    window.SetMultiSamples(8)
    view.GetRenderer().SetBackground(*paper)
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    titles = {vtk.vtkAxis.BOTTOM: chart_node.GetXAxisTitle(), vtk.vtkAxis.LEFT: chart_node.GetYAxisTitle()}
    for place, title in titles.items():
        axis = chart.GetAxis(place)
        axis.SetTitle(title)
        for text in (axis.GetTitleProperties(), axis.GetLabelProperties()):
            text.SetColor(*ink)
            text.SetBold(0)
        axis.GetTitleProperties().SetFontSize(chart_node.GetAxisTitleFontSize())
        axis.GetLabelProperties().SetFontSize(chart_node.GetAxisLabelFontSize())
        axis.GetPen().SetColorF(*ink)
        axis.GetGridPen().SetColorF(*(0.75 * p + 0.25 * i for p, i in zip(paper, ink, strict=True)))
    ranges = {vtk.vtkAxis.LEFT: chart_node.GetYAxisRange(), vtk.vtkAxis.BOTTOM: chart_node.GetXAxisRange()}
    automatic = {vtk.vtkAxis.LEFT: chart_node.GetYAxisRangeAuto(), vtk.vtkAxis.BOTTOM: chart_node.GetXAxisRangeAuto()}
    for place, (low, high) in ranges.items():
        if not automatic[place]:
            chart.GetAxis(place).SetRange(low, high)
            chart.GetAxis(place).SetBehavior(vtk.vtkAxis.FIXED)
    chart.SetShowLegend(chart_node.GetLegendVisibility())
    legend = chart.GetLegend()
    legend.GetLabelProperties().SetFontSize(chart_node.GetLegendFontSize())
    legend.GetLabelProperties().SetColor(*ink)
    legend.GetBrush().SetColorF(*paper)
    for index in range(chart_node.GetNumberOfPlotSeriesNodes()):
        _add_line(chart, chart_node.GetNthPlotSeriesNode(index))
    window.Render()
    return pixmap_of_window(window)


def _add_line(chart: Any, series: Any) -> None:
    line = chart.AddPlot(vtk.vtkChart.LINE)
    line.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
    line.SetLabel(series.GetName())
    line.SetColorF(*series.GetColor())
    line.SetWidth(series.GetLineWidth())
    line.GetPen().SetLineType(series.GetLineStyle())  # the numbers are vtkPen's

"""What a person sees in the panel's own views, in the stand-in host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOUR_UP = 3
"""Slicer's own number of its layout with three slices and a 3D view."""
SECONDS_TO_SETTLE = 0.1
"""The views draw themselves 16 ms after they are asked to."""


def settle() -> None:
    """Let the event loop run until every view that was asked to has drawn itself."""
    import slicer

    end = time.monotonic() + SECONDS_TO_SETTLE
    while time.monotonic() < end:
        slicer.app.processEvents()


@contextmanager
def vtk_errors() -> Iterator[list[str]]:
    """What VTK has to complain about meanwhile; filled at the end."""
    from vtkmodules.vtkCommonCore import vtkOutputWindow, vtkStringOutputWindow

    before, listening = vtkOutputWindow.GetInstance(), vtkStringOutputWindow()
    found: list[str] = []
    vtkOutputWindow.SetInstance(listening)
    try:
        yield found
    finally:
        vtkOutputWindow.SetInstance(before)
        found += [line for line in listening.GetOutput().splitlines() if line.strip()]


def seen(tag: str) -> list[NDArray[np.float64]]:
    """The points of each surface that a person sees in a 3D view, RAS mm, shape (n, 3)."""
    import slicer

    name = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLViewNode").GetName()
    shown: list[NDArray[np.float64]] = slicer.app.layoutManager().threeDWidget(name).threeDView().seen
    return shown


def skin_meshes() -> dict[str, NDArray[np.float64]]:
    """The points of the skin models in the scene by the name of their volume, RAS mm, shape (n, 3)."""
    import slicer
    from vtkmodules.util.numpy_support import vtk_to_numpy

    found: list[Any] = [
        model for model in slicer.util.getNodesByClass("vtkMRMLModelNode") if model.GetName().startswith("skin of ")
    ]
    return {model.GetName().removeprefix("skin of "): vtk_to_numpy(model.GetPolyData().GetPoints().GetData()) for model in found}


def layout() -> int:
    """The number of the layout on show."""
    import slicer

    return slicer.app.layoutManager().layoutLogic().GetLayoutNode().GetViewArrangement()


def views() -> dict[str, Any]:
    """The view nodes of the layout on show, by tag."""
    import slicer

    nodes = slicer.app.layoutManager().layoutLogic().GetViewNodes()
    return {node.GetLayoutName(): node for node in (nodes.GetItemAsObject(i) for i in range(nodes.GetNumberOfItems()))}


def composites() -> list[Any]:
    """What our three slice views show."""
    import slicer

    logic = slicer.app.applicationLogic()
    tags = ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")
    return [logic.GetSliceLogicByLayoutName(tag).GetSliceCompositeNode() for tag in tags]


def skins() -> list[Any]:
    """The skin models, hidden from lists."""
    import slicer

    count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    models = [slicer.mrmlScene.GetNthNodeByClass(index, "vtkMRMLModelNode") for index in range(count)]
    return [model for model in models if model.GetName().startswith("skin of")]


def listed(widget: Any) -> list[str]:
    """The texts of a list's items."""
    return [widget.item(row).text() for row in range(widget.count)]


def dvh_chart() -> Any:
    """The chart that our plot view shows."""
    import slicer

    return slicer.mrmlScene.GetSingletonNode("DefaceDVH", "vtkMRMLPlotViewNode").GetPlotChartNode()

"""Lines of equal dose in our slices: surfaces of the planned dose that the slices cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from ...nodes.volumes import remove_node
from .altered_overlay import hidden

MOST_LEVELS = 8
STEPS_GY = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Round steps; the first that needs no more than `MOST_LEVELS` lines is taken."""
COLOURS = ((0.30, 0.45, 1.0), (0.0, 0.75, 0.90), (0.20, 0.85, 0.30), (0.92, 0.90, 0.10), (1.0, 0.60, 0.0), (1.0, 0.15, 0.10))
"""From the lowest to the highest dose; in between they are mixed."""
LEVEL_ARRAY = "isodose"
LINE_PIXELS = 2
LEGEND_PLACE, LEGEND_SIZE = (0.98, 0.02), (0.14, 0.45)
"""In shares of the view: its lower right corner."""


def isodose_levels_gy(highest_gy: float) -> list[float]:
    """The doses that get a line: round, and not above the highest."""
    step_gy = next((step for step in STEPS_GY if highest_gy / step < MOST_LEVELS + 1), STEPS_GY[-1])
    return [number * step_gy for number in range(1, MOST_LEVELS + 1) if number * step_gy < highest_gy]


class Isodoses:
    """One model of all surfaces, seen in slices only, with a legend in the first of them; not saved with the scene.

    Parameters
    ----------
    scene : vtkMRMLScene
    dose : vtkMRMLScalarVolumeNode
        In Gy, without parent transform.
    slices : sequence of vtkMRMLSliceNode
    """

    def __init__(self, scene: Any, dose: Any, slices: Sequence[Any]) -> None:
        self._scene = scene
        self.levels_gy: list[float] = []
        self._table = hidden(slicer.vtkMRMLColorTableNode(), "DefaceCompare isodoses")
        self._table.SetTypeToUser()
        scene.AddNode(self._table)
        self.display = self._new_display(slices)
        self.model = hidden(slicer.vtkMRMLModelNode(), "isodoses")
        self.model.SetAndObserveDisplayNodeID(self.display.GetID())
        scene.AddNode(self.model)
        self._legend: Any = None
        self.fill(dose)
        self._legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(self.display)
        self._show_legend(slices[0])

    @property
    def intact(self) -> bool:
        """Whether nobody has deleted a node of ours."""
        return all(node.GetScene() is not None for node in (self._table, self.display, self.model, self._legend))

    def fill(self, dose: Any) -> None:
        """Draw another dose.

        Parameters
        ----------
        dose : vtkMRMLScalarVolumeNode
            In Gy, without parent transform.
        """
        levels_gy = isodose_levels_gy(dose.GetImageData().GetScalarRange()[1])
        if levels_gy != self.levels_gy or self._legend is None:
            self.levels_gy = levels_gy
            modified = self._table.StartModify()
            self._table.SetNumberOfColors(max(len(levels_gy), 1))
            for number, (level_gy, colour) in enumerate(zip(levels_gy, _colours(len(levels_gy)), strict=True)):
                self._table.SetColor(number, f"{level_gy:g} Gy", *colour, 1.0)
            self._table.EndModify(modified)
            self.display.SetScalarRange(0.0, max(len(levels_gy) - 1.0, 1.0))
            if self._legend is not None:
                self._legend.Modified()
        self.model.SetAndObservePolyData(_surfaces(dose, levels_gy))

    def _new_display(self, slices: Sequence[Any]) -> Any:
        display = hidden(slicer.vtkMRMLModelDisplayNode(), "isodoses display")
        for view in slices:
            display.AddViewNodeID(view.GetID())
        display.SetVisibility2D(True)
        display.SetVisibility3D(False)
        display.SetSliceIntersectionThickness(LINE_PIXELS)
        display.SetAndObserveColorNodeID(self._table.GetID())
        display.SetActiveScalarName(LEVEL_ARRAY)
        display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
        display.SetScalarVisibility(True)
        return self._scene.AddNode(display)

    def _show_legend(self, view: Any) -> None:
        modified = self._legend.StartModify()
        hidden(self._legend, "legend of the isodoses")
        self._legend.SetTitleText("")
        self._legend.SetPosition(*LEGEND_PLACE)
        self._legend.SetSize(*LEGEND_SIZE)
        self._legend.RemoveAllViewNodeIDs()
        self._legend.AddViewNodeID(view.GetID())
        self._legend.EndModify(modified)

    def show(self, shown: bool) -> None:
        """Draw the lines, or not."""
        self.display.SetVisibility(shown)
        self._legend.SetVisibility(shown)

    def remove(self) -> None:
        """Take everything out of the scene."""
        remove_node(self._scene, self.model)
        self._scene.RemoveNode(self._table)


def _surfaces(dose: Any, levels_gy: Sequence[float]) -> vtkPolyData:
    """The surfaces of all levels, RAS mm, with the number of its level at each point."""
    contour = vtkFlyingEdges3D()
    contour.SetInputData(dose.GetImageData())
    for number, level_gy in enumerate(levels_gy):
        contour.SetValue(number, level_gy)
    contour.ComputeNormalsOff()
    to_ras, place = vtkTransform(), vtkMatrix4x4()
    dose.GetIJKToRASMatrix(place)
    to_ras.SetMatrix(place)
    placed = vtkTransformPolyDataFilter()
    placed.SetTransform(to_ras)
    placed.SetInputConnection(contour.GetOutputPort())
    placed.Update()
    surfaces = placed.GetOutput()
    scalars = surfaces.GetPointData().GetScalars()
    doses_gy = vtk_to_numpy(scalars).astype(np.float64) if scalars is not None else np.empty(0)
    nearest = np.abs(doses_gy[:, None] - np.array(levels_gy)[None, :]).argmin(axis=1) if len(doses_gy) else doses_gy
    numbers = numpy_to_vtk(nearest.astype(np.float32), deep=True)
    numbers.SetName(LEVEL_ARRAY)
    surfaces.GetPointData().AddArray(numbers)
    return surfaces


def _colours(count: int) -> NDArray[np.float64]:
    """So many colours from the lowest to the highest dose, shape (count, 3)."""
    stops = np.linspace(0.0, 1.0, len(COLOURS))
    wanted = np.linspace(0.0, 1.0, count) if count > 1 else np.ones(count)
    return np.stack([np.interp(wanted, stops, [colour[part] for colour in COLOURS]) for part in range(3)], axis=1)

"""The colours of a skin's distance from the original's, and their legend."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkPolyData

from deface_compare.privacy.shading import SKIN_COLOUR

from .altered_overlay import hidden
from .surface_distance import distance_from_skin

ARRAY = "distance from the original, mm"
FULL_MM = 15.0
"""End of the scale: half of a nose's height. What lies farther has its colour. A choice."""
STOPS_MM = {0.0: SKIN_COLOUR, 2.0: (0.98, 0.86, 0.42), 8.0: (0.84, 0.25, 0.24), FULL_MM: (0.34, 0.06, 0.45)}
"""Colours between which the scale runs: skin where nothing moved, yellow from 2 mm on (a skin point counts as moved), red,
violet."""
COLOURS, LABELS = 256, 6
PLACE, SIZE = (0.98, 0.5), (0.08, 0.35)
"""Of the legend, in shares of the view: at its right edge, a third as high."""


class DistanceColours:
    """One colour table for all methods; it leaves the scene with `remove`.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._table = hidden(slicer.vtkMRMLColorTableNode(), "DefaceCompare distance")
        self._table.SetTypeToUser()
        self._table.SetNumberOfColors(COLOURS)
        for number, (red, green, blue) in enumerate(_scale()):
            self._table.SetColor(number, f"{FULL_MM * number / (COLOURS - 1):.1f} mm", red, green, blue, 1.0)
        scene.AddNode(self._table)

    @property
    def intact(self) -> bool:
        """Whether nobody has deleted the table."""
        return self._table.GetScene() is not None

    def show(self, model: Any, original: vtkPolyData, view_id: str, *, shown: bool) -> None:
        """Colour a skin by its distance from another one, with a legend; or give it the colour of skin again.

        Parameters
        ----------
        model : vtkMRMLModelNode
        original : vtkPolyData
            RAS mm.
        view_id : str
            The view that has the legend.
        shown : bool
        """
        display = model.GetDisplayNode()
        if shown:
            _measure(model.GetPolyData(), original)
            display.SetAndObserveColorNodeID(self._table.GetID())
            display.SetActiveScalarName(ARRAY)
            display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
            display.SetScalarRange(0.0, FULL_MM)
        display.SetScalarVisibility(shown)
        logic = slicer.modules.colors.logic()
        if shown or logic.GetColorLegendDisplayNode(display) is not None:
            self._legend(logic.AddDefaultColorLegendDisplayNode(display), view_id, shown=shown)

    def _legend(self, legend: Any, view_id: str, *, shown: bool) -> None:
        hidden(legend, "legend of the distance")
        legend.SetTitleText("mm")
        legend.SetLabelFormat("%.0f")
        legend.SetUseColorNamesForLabels(False)
        legend.SetMaxNumberOfColors(COLOURS)
        legend.SetNumberOfLabels(LABELS)
        legend.SetPosition(*PLACE)
        legend.SetSize(*SIZE)
        legend.RemoveAllViewNodeIDs()
        legend.AddViewNodeID(view_id)
        legend.SetVisibility(shown)

    def remove(self) -> None:
        """Take the table out of the scene; legends go with the skins that they belong to."""
        self._scene.RemoveNode(self._table)


def _measure(skin: vtkPolyData, original: vtkPolyData) -> None:
    """Keep the distances with the skin; a skin that has them keeps them."""
    if skin.GetPointData().GetArray(ARRAY) is None:
        points_mm = vtk_to_numpy(skin.GetPoints().GetData()).astype(np.float64)
        found = numpy_to_vtk(distance_from_skin(points_mm, original), deep=True)
        found.SetName(ARRAY)
        skin.GetPointData().AddArray(found)


def _scale() -> NDArray[np.float64]:
    """The colours from 0 to `FULL_MM`, shape (`COLOURS`, 3)."""
    at_mm, stops = np.linspace(0.0, FULL_MM, COLOURS), list(STOPS_MM)
    return np.stack([np.interp(at_mm, stops, [colour[part] for colour in STOPS_MM.values()]) for part in range(3)], axis=1)

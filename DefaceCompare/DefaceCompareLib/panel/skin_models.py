"""Skins as models in the scene: one colour, one light, each in its own view."""

from __future__ import annotations

from typing import Any

import slicer
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ..privacy.render import SKIN_COLOUR
from .hidden_node import hidden

AMBIENT, DIFFUSE, SPECULAR, POWER = 0.15, 0.85, 0.1, 10.0
"""How every skin reflects, so that only shape differs between views."""


def add_skin(scene: Any, surface_ras: vtkPolyData, name: str) -> Any:
    """Add a skin as a model; it is not saved with the scene and not listed.

    Returns
    -------
    vtkMRMLModelNode
    """
    model = scene.AddNode(hidden(slicer.vtkMRMLModelNode(), name))
    model.SetAndObservePolyData(surface_ras)
    display = scene.AddNode(hidden(slicer.vtkMRMLModelDisplayNode(), f"{name} display"))
    display.SetColor(*SKIN_COLOUR)
    display.SetAmbient(AMBIENT)
    display.SetDiffuse(DIFFUSE)
    display.SetSpecular(SPECULAR)
    display.SetPower(POWER)
    display.SetScalarVisibility(False)
    display.SetVisibility2D(False)
    model.SetAndObserveDisplayNodeID(display.GetID())
    return model

"""The skin of a head and of its defaced versions as models in the scene: one isovalue, one colour, one light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from ..anatomy.air import air_level, skin_threshold
from ..anatomy.working_grid import head_grid
from ..case import CT, MR, CaseImage
from ..outer_surface import calm_values, outer_surface
from ..privacy.render import SKIN_COLOUR
from ..slicer_bridge.volumes import image_of_volume, remove_node
from .hidden_node import hidden

LOWEST_OF_MR = -200.0
"""An image with lower values than this is a CT (air is -1000 HU), where nothing else tells."""
AMBIENT, DIFFUSE, SPECULAR, POWER = 0.15, 0.85, 0.1, 10.0
"""How every skin reflects, so that only shape differs between views."""
FEATURE_ANGLE_DEG = 75.0
"""Edges sharper than this stay edges: the borders of a cut must be seen."""


def add_skins(scene: Any, original: Any, versions: Mapping[str, Any]) -> dict[str, Any]:
    """Add the skin of a volume and of its defaced versions, all at the original's isovalue.

    Parameters
    ----------
    scene : vtkMRMLScene
    original : vtkMRMLScalarVolumeNode
    versions : mapping of name to vtkMRMLScalarVolumeNode
        On the original's grid.

    Returns
    -------
    dict of name to vtkMRMLModelNode
        The original's under ``""``. They are not saved with the scene and not listed.

    Raises
    ------
    FaceNotFound, UnusableInput
        If the original shows no head.
    """
    image = image_of_volume(original)
    modality = CT if original.GetImageData().GetScalarRange()[0] < LOWEST_OF_MR else MR
    before = CaseImage(key=modality, modality=modality, image=image, unit="")
    grid, air, skin = head_grid(before), air_level(before), skin_threshold(before)
    no_devices = np.zeros(grid.GetSize()[::-1], dtype=bool)
    models = {}
    for name, volume in {"": original, **versions}.items():
        surface = outer_surface(calm_values(image_of_volume(volume), grid, air), skin, air, grid, no_devices)
        models[name] = _add_model(scene, surface, f"skin of {volume.GetName()}")
    return models


def _add_model(scene: Any, surface_lps: Any, name: str) -> Any:
    to_ras = vtkTransform()
    to_ras.Scale(-1.0, -1.0, 1.0)
    turned = vtkTransformPolyDataFilter()
    turned.SetTransform(to_ras)
    turned.SetInputData(surface_lps)
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(turned.GetOutputPort())
    normals.SetFeatureAngle(FEATURE_ANGLE_DEG)
    normals.Update()
    model = scene.AddNode(hidden(slicer.vtkMRMLModelNode(), name))
    model.SetAndObservePolyData(normals.GetOutput())
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


def remove_skins(scene: Any, models: Mapping[str, Any]) -> None:
    """Take the models out of the scene again."""
    for model in models.values():
        remove_node(scene, model)

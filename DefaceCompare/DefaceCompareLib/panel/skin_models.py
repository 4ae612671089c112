"""The skin of a head and of its defaced versions as models in the scene: one isovalue, one colour, one light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

from ..anatomy.working_grid import WORKING_SPACING_MM, head_grid
from ..case import CT, MR, CaseImage
from ..privacy.render import SKIN_COLOUR
from ..privacy.surface import FaceBox, grey_values, skin_level, surface_at
from ..slicer_bridge.volumes import image_of_volume, remove_node
from .hidden_node import hidden

LOWEST_OF_MR = -200.0
"""An image with lower values than this is a CT (air is -1000 HU), where nothing else tells."""
AMBIENT, DIFFUSE, SPECULAR, POWER = 0.15, 0.85, 0.1, 10.0
"""How every skin reflects, so that only shape differs between views."""


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
    FaceNotFound, UnusableInput, NotAvailable
        If the original shows no head, or hardly anything is left of it.
    """
    image = image_of_volume(original)
    modality = CT if original.GetImageData().GetScalarRange()[0] < LOWEST_OF_MR else MR
    before = CaseImage(key=modality, modality=modality, image=image, unit="")
    grid, level = head_grid(before), skin_level(before)
    box = FaceBox(grid.GetOrigin(), grid.GetSize(), WORKING_SPACING_MM)
    models = {}
    for name, volume in {"": original, **versions}.items():
        surface = surface_at(grey_values(image_of_volume(volume), box, level), box)
        models[name] = _add_model(scene, surface, f"skin of {volume.GetName()}")
    return models


def _add_model(scene: Any, surface_lps: Any, name: str) -> Any:
    to_ras = vtkTransform()
    to_ras.Scale(-1.0, -1.0, 1.0)
    turned = vtkTransformPolyDataFilter()
    turned.SetTransform(to_ras)
    turned.SetInputData(surface_lps)
    turned.Update()
    model = scene.AddNode(hidden(slicer.vtkMRMLModelNode(), name))
    model.SetAndObservePolyData(turned.GetOutput())
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

"""The skin of a volume and of its defaced versions as surfaces, all at one isovalue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import slicer
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData

from deface_compare.privacy.shading import SKIN_COLOUR

from ...ahead.skin_drawing import SkinDrawing
from ...nodes.volumes import image_of_volume, is_ct
from .altered_overlay import hidden

AMBIENT, DIFFUSE, SPECULAR, POWER = 0.15, 0.85, 0.1, 10.0
"""How every skin reflects, so that only shape differs between views."""


class Skins(Protocol):
    """Skins that were drawn: the original's first, and the isovalue of all."""

    surfaces: list[vtkPolyData]
    altered: list[NDArray[np.int64]]
    """Which voxels each version altered, flat indices; empty: nobody has looked."""

    @property
    def body_from(self) -> float:
        """The isovalue, in the image's unit."""


class SkinSurfaces:
    """Keeps the last skins: views that are opened again need not wait."""

    def __init__(self) -> None:
        self._drawn: tuple[Any, ...] = ()
        self._surfaces: list[vtkPolyData] = []
        self.altered: list[NDArray[np.int64]] = []
        """Which voxels each of the last versions altered, flat indices; empty: nobody has looked."""
        self.body_from = 0.0
        """The last original's skin isovalue, in its unit."""

    def forget(self) -> None:
        """Let go of the last skins: some hundred megabytes of a closed scene."""
        self._drawn, self._surfaces, self.altered = (), [], []

    def of(
        self,
        original: Any,
        versions: Sequence[Any],
        drawn: Skins | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> list[vtkPolyData]:
        """The skins, RAS mm, the original's first.

        Parameters
        ----------
        original : vtkMRMLScalarVolumeNode
        versions : sequence of vtkMRMLScalarVolumeNode
            On the original's grid.
        drawn : Skins, optional
            Of these volumes' images, if they were drawn beforehand.
        between : callable
            Called without arguments between two of them: each takes some tenths of a second.

        Raises
        ------
        FaceNotFound, UnusableInput, NotAvailable
            If the original shows no head, or hardly anything is left of it.
        """
        volumes = [original, *versions]
        wanted = tuple((each.GetID(), each.GetMTime(), each.GetImageData().GetMTime()) for each in volumes)
        if drawn is not None or wanted != self._drawn:
            if drawn is None:
                drawn = _drawn(original, versions, between)
            self._surfaces, self.altered = drawn.surfaces, drawn.altered
            self._drawn, self.body_from = wanted, drawn.body_from
        return self._surfaces


def _drawn(original: Any, versions: Sequence[Any], between: Callable[[], None]) -> SkinDrawing:
    between()
    drawn = SkinDrawing(image_of_volume(original), ct=is_ct(original))
    for version in versions:
        between()
        drawn.add(image_of_volume(version))
    between()
    return drawn


def add_skin(scene: Any, surface_ras: vtkPolyData, name: str, view_id: str) -> Any:
    """Add a skin as a model of one view; it is not saved with the scene and not listed.

    What displays it is complete before it comes: a model that has no view yet is loaded by all of them.

    Returns
    -------
    vtkMRMLModelNode
    """
    display = hidden(slicer.vtkMRMLModelDisplayNode(), f"{name} display")
    display.AddViewNodeID(view_id)
    display.SetColor(*SKIN_COLOUR)
    display.SetAmbient(AMBIENT)
    display.SetDiffuse(DIFFUSE)
    display.SetSpecular(SPECULAR)
    display.SetPower(POWER)
    display.SetScalarVisibility(False)
    display.SetVisibility2D(False)
    scene.AddNode(display)
    model = hidden(slicer.vtkMRMLModelNode(), name)
    model.SetAndObservePolyData(surface_ras)
    model.SetAndObserveDisplayNodeID(display.GetID())
    return scene.AddNode(model)


def refill_skin(model: Any, surface_ras: vtkPolyData, name: str) -> None:
    """Let a model of `add_skin` be another skin."""
    modified = model.StartModify()
    model.SetName(name)
    model.SetAndObservePolyData(surface_ras)
    model.EndModify(modified)


def empty_skin(model: Any) -> None:
    """Let a model of `add_skin` be nothing, until `refill_skin`."""
    refill_skin(model, vtkPolyData(), "skin")


def is_drawn(model: Any) -> bool:
    """Whether a model and what displays it are in the scene: a user may delete them."""
    return model.GetScene() is not None and model.GetDisplayNode() is not None

"""One big face: the original against one method at a time, by a wipe, by flicker, or coloured by distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slicer
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ...nodes.volumes import remove_node
from .arrangements import FACE_TAG, ROW
from .camera import THREE_QUARTERS, Direction, stand_before
from .distance_colours import DistanceColours
from .face_row import draw_view, prepare, view_node
from .head_field import HeadField
from .skins import add_skin, empty_skin, is_drawn, refill_skin
from .wipe import Wipe

ORIGINAL_LABEL = "original"
BETWEEN = " | "
"""Between the names of what the view shows left and right of the wipe."""


class FaceView:
    """The skins of all versions in one view, of which two are seen.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._view = view_node(scene, FACE_TAG)
        prepare(self._view, "")
        self._models: list[Any] = []
        self._labels: list[str] = []
        self._wipe = Wipe(scene)
        self._colours = DistanceColours(scene)
        self._share, self._alone, self._coloured, self._shown = 0.5, "", False, ""
        self._camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(self._view)
        self._camera.SetSaveWithScene(False)

    def fits(self, arrangement: str, versions: int) -> bool:
        """Whether this is an arrangement's face, for however many versions, and nobody has deleted a node of it."""
        return arrangement != ROW and self._wipe.intact and self._colours.intact and all(map(is_drawn, self._models))

    def fill(self, volumes: Mapping[str, Any], skins: Sequence[vtkPolyData], head: HeadField, height_over_width: float) -> None:
        """Take other skins; which of them is seen follows with `show`.

        Parameters
        ----------
        volumes : mapping of label to vtkMRMLScalarVolumeNode
            The original first.
        skins : sequence of vtkPolyData
            Of these volumes, RAS mm.
        head : HeadField
            Of the original.
        height_over_width : float
            Of the view.
        """
        self._head, self._height_over_width = head, height_over_width
        self._share, self._alone, self._coloured, self._shown = 0.5, "", False, ""
        names = [f"skin of {volume.GetName()}" for volume in volumes.values()]
        for model in self._models[len(names) :]:
            remove_node(self._scene, model)
        del self._models[len(names) :]
        for model, skin, name in zip(self._models, skins, names, strict=False):
            self._colours.show(model, skin, self._view.GetID(), shown=False)
            refill_skin(model, skin, name)
        for skin, name in list(zip(skins, names, strict=True))[len(self._models) :]:
            self._models.append(add_skin(self._scene, skin, name, self._view.GetID()))
        self._labels = list(volumes)
        stand_before(self._camera, head, THREE_QUARTERS, height_over_width)

    @property
    def _original(self) -> Any:
        return self._models[0]

    @property
    def _versions(self) -> dict[str, Any]:
        return dict(zip(self._labels[1:], self._models[1:], strict=True))

    @property
    def models(self) -> list[Any]:
        """The skins."""
        return list(self._models)

    def show(self, label: str) -> None:
        """Show another version against the original."""
        self._shown = label
        self._apply()

    def wipe(self, share: float) -> None:
        """Show the original up to a share of the picture from its left edge (0 to 1), the version beyond it."""
        self._share, self._alone = share, ""
        self._apply()

    def flicker(self) -> str:
        """Show the original alone, then the version alone, and so on; returns which."""
        self._alone = self._shown if self._alone == ORIGINAL_LABEL else ORIGINAL_LABEL
        self._apply()
        return self._alone

    def colour_by_distance(self, coloured: bool) -> None:
        """Colour the version's skin by how far it lies from the original's, or not."""
        self._coloured = coloured
        self._apply()

    def look_from(self, direction: Direction) -> None:
        """Put the camera before the face; the wipe stays upright in the picture."""
        if self._labels:
            stand_before(self._camera, self._head, direction, self._height_over_width)
            self._apply()

    def blank(self) -> None:
        """Show nothing, and hold no surface."""
        self._labels, self._shown = [], ""
        for model in self._models:
            model.GetDisplayNode().SetVisibility(False)
            self._colours.show(model, model.GetPolyData(), self._view.GetID(), shown=False)
            empty_skin(model)
        self._view.SetLayoutLabel("")

    def _apply(self) -> None:
        """Make the scene say what is seen: a model without a part of it in the picture is not cut at all."""
        if not self._labels:
            return
        version = self._versions.get(self._shown)
        whole = self._alone or (ORIGINAL_LABEL if self._share >= 1.0 else self._shown if self._share <= 0.0 else "")
        seen = [self._original] * (whole != self._shown) + [version] * (whole != ORIGINAL_LABEL)
        for model in self._models:
            display = model.GetDisplayNode()
            modified = display.StartModify()
            display.SetVisibility(model in seen)
            if whole or version is None or model not in seen:
                display.SetClipping(False)
            display.EndModify(modified)
        if version is not None:
            if not whole:
                self._wipe.put(self._camera, self._head, self._share)
                self._wipe.cut(self._original.GetDisplayNode(), version.GetDisplayNode())
            self._colour(version)
        self._view.SetLayoutLabel(whole or f"{ORIGINAL_LABEL}{BETWEEN}{self._shown}")

    def _colour(self, version: Any) -> None:
        for model in self._models[1:]:
            shown = self._coloured and model is version
            self._colours.show(model, self._original.GetPolyData(), self._view.GetID(), shown=shown)

    def draw(self) -> None:
        """Ask the view for a new picture."""
        draw_view(self._view)

    def remove(self) -> None:
        """Take everything out of the scene."""
        for model in self._models:
            remove_node(self._scene, model)
        self._wipe.remove()
        self._colours.remove()

"""The row of 3D views: original and each version, one camera for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import slicer
from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ...nodes.method_names import short_names
from ...nodes.volumes import remove_node
from .arrangements import FACES_IN_A_ROW, ROW, face_rows, face_tags
from .camera import THREE_QUARTERS, Direction, stand_before
from .head_field import HeadField
from .skins import add_skin, empty_skin, is_drawn, refill_skin

VIEW_GROUP = 5206
"""View group of our views: Slicer links cameras and slices inside a group only."""
BACKGROUND = (0.16, 0.17, 0.20)
LETTERS_IN_A_NARROW_BAR = 8
"""Beside its buttons, in a bar of 174 pixels: more are cut at both ends (Slicer 5.12.3)."""
CORNER_FONT_POINTS = 14
"""No larger than the text of the panel beside it."""


class FaceRow:
    """Skins in the views, and cameras that move together.

    Parameters
    ----------
    scene : vtkMRMLScene
    versions : int
        Beside the original.
    """

    def __init__(self, scene: Any, versions: int) -> None:
        self._scene = scene
        self._views = [view_node(scene, tag) for tag in face_tags(versions)]
        self._models: list[Any] = []
        self._tags: list[tuple[Any, int]] = []
        self._copying = False
        self._head: HeadField | None = None
        self._height_over_width = 1.0
        self._cameras = [slicer.modules.cameras.logic().GetViewActiveCameraNode(view) for view in self._views]
        for camera in self._cameras:
            camera.SetSaveWithScene(False)
            self._tags.append((camera, camera.AddObserver(vtkCommand.ModifiedEvent, self._copy_camera)))

    def fits(self, arrangement: str, versions: int) -> bool:
        """Whether this is an arrangement's row for so many versions, and nobody has deleted a node of it."""
        return arrangement == ROW and versions == len(self._views) - 1 and all(map(is_drawn, self._models))

    def fill(self, volumes: Mapping[str, Any], skins: Sequence[vtkPolyData], head: HeadField, height_over_width: float) -> None:
        """Take other skins, and stand before them.

        Parameters
        ----------
        volumes : mapping of label to vtkMRMLScalarVolumeNode
            In the order of the views, the original first.
        skins : sequence of vtkPolyData
            Of these volumes, RAS mm.
        head : HeadField
            Of the original.
        height_over_width : float
            Of a view.
        """
        self._head, self._height_over_width = head, height_over_width
        short = short_names(volumes)
        most = LETTERS_IN_A_NARROW_BAR if len(face_rows(len(volumes) - 1)[0]) == FACES_IN_A_ROW else max(map(len, short.values()))
        for view, label in zip(self._views, volumes, strict=True):
            name = short[label]
            prepare(view, name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}")
            _write_in_corner(view, name)
        names = [f"skin of {volume.GetName()}" for volume in volumes.values()]
        for number, (skin, name, view) in enumerate(zip(skins, names, self._views, strict=True)):
            if number < len(self._models):
                refill_skin(self._models[number], skin, name)
            else:
                self._models.append(add_skin(self._scene, skin, name, view.GetID()))
        self.look_from(THREE_QUARTERS)

    @property
    def models(self) -> list[Any]:
        """The skins."""
        return list(self._models)

    @property
    def displays(self) -> list[Any]:
        """The display nodes of the skins."""
        return [model.GetDisplayNode() for model in self._models]

    def look_from(self, direction: Direction) -> None:
        """Put the first camera before the face; the others follow."""
        if self._head is not None:
            stand_before(self._cameras[0], self._head, direction, self._height_over_width)
            self._copy_camera(self._cameras[0])

    def blank(self) -> None:
        """Show nothing, and hold no surface."""
        self._head = None
        for view in self._views:
            view.SetLayoutLabel("")
            _write_in_corner(view, "")
        for model in self._models:
            empty_skin(model)

    def _copy_camera(self, moved: Any, *ignored: Any) -> None:
        """Give every view the camera of the one that moved (Slicer's own link works while the mouse is down only)."""
        if self._copying:
            return
        self._copying = True
        try:
            for camera in self._cameras:
                if camera is not moved:
                    camera.SetViewAngle(moved.GetViewAngle())
                    camera.SetFocalPoint(*moved.GetFocalPoint())
                    camera.SetPosition(*moved.GetPosition())
                    camera.SetViewUp(*moved.GetViewUp())
                    camera.ResetClippingRange()
        finally:
            self._copying = False

    def draw(self) -> None:
        """Ask every view for a new picture."""
        for view in self._views:
            draw_view(view)

    def remove(self) -> None:
        """Take the skins out of the scene and let the cameras go."""
        for camera, tag in self._tags:
            camera.RemoveObserver(tag)
        self._tags = []
        for model in self._models:
            remove_node(self._scene, model)
        self._models = []


def view_node(scene: Any, tag: str) -> Any:
    """The 3D view node of our layout with a tag."""
    return scene.GetSingletonNode(tag, "vtkMRMLViewNode")


def draw_view(view: Any) -> None:
    """Ask a view for a new picture: one that comes back to the screen keeps its last, which may be another patient's."""
    widget = _widget_of(view)
    if widget is not None:
        widget.threeDView().scheduleRender()


def _widget_of(view: Any) -> Any:
    """The widget of a 3D view; None where there is none yet. Slicer knows it by the node's name, not by its layout name."""
    return slicer.app.layoutManager().threeDWidget(view.GetName())


def _write_in_corner(view: Any, text: str) -> None:
    """Write into the upper left corner of a picture: a bar as narrow as a third of the views has no room for a name."""
    widget = _widget_of(view)
    if widget is not None:
        annotation = widget.threeDView().cornerAnnotation()
        annotation.SetMaximumFontSize(CORNER_FONT_POINTS)
        annotation.SetText(annotation.UpperLeft, text)


def show_nothing(scene: Any, tags: Iterable[str]) -> None:
    """Draw views on the screen at once, without a label: what they showed when they went may be another patient's.

    Parameters
    ----------
    scene : vtkMRMLScene
    tags : iterable of str
        Of 3D views that hold nothing.
    """
    for tag in tags:
        view = view_node(scene, tag)
        view.SetLayoutLabel("")
        _write_in_corner(view, "")
        widget = _widget_of(view)
        if widget is not None:
            widget.threeDView().forceRender()


def prepare(view: Any, label: str) -> None:
    """Give a 3D view our background and a label, without box and letters."""
    view.SetSaveWithScene(False)
    view.SetLayoutLabel(label)
    view.SetViewGroup(VIEW_GROUP)
    view.SetLinkedControl(True)
    view.SetBoxVisible(False)
    view.SetAxisLabelsVisible(False)
    view.SetBackgroundColor(*BACKGROUND)
    view.SetBackgroundColor2(*BACKGROUND)

"""What else the scene draws is kept out of our views while they are on, and put back afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from vtkmodules.vtkCommonCore import VTK_OBJECT

from .own_layout import is_own_view

BEFORE_ATTRIBUTE = "DefaceCompare.ViewsBefore"
"""Of a display node that is kept out of our views: the ids of the views that it had, as JSON. A scene may be saved meanwhile."""


class OtherDisplays:
    """Models, segmentations, markups and volume renderings of the scene: a structure's surface shows the face that a method took.

    A display node without views is drawn in all of them. So each is given the user's views by name, and gets its own list back;
    in a scene that was saved meanwhile, when it is loaded.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._given: dict[str, list[str]] = {}
        self._tag = 0
        self._import_tag = scene.AddObserver(scene.EndImportEvent, lambda *ignored: self._put_back_saved())

    def keep_out(self) -> None:
        """Draw nothing in our views but what was made for them alone; what comes later is kept out when it comes."""
        if self._tag:
            return
        for index in range(self._scene.GetNumberOfNodesByClass("vtkMRMLDisplayNode")):
            self._restrict(self._scene.GetNthNodeByClass(index, "vtkMRMLDisplayNode"))
        self._tag = self._scene.AddObserver(self._scene.NodeAddedEvent, self._on_added)

    def put_back(self) -> None:
        """Give every display node its own views back; one whose views were changed meanwhile keeps the change."""
        if self._tag:
            self._scene.RemoveObserver(self._tag)
            self._tag = 0
        for node_id, given in self._given.items():
            display = self._scene.GetNodeByID(node_id)
            if display is not None:
                _put_back(display, changed=_views_of(display) != given)
        self._given = {}

    def _put_back_saved(self) -> None:
        for index in range(self._scene.GetNumberOfNodesByClass("vtkMRMLDisplayNode")):
            display = self._scene.GetNthNodeByClass(index, "vtkMRMLDisplayNode")
            if display.GetID() not in self._given:
                _put_back(display, changed=False)

    def close(self) -> None:
        """Follow the scene no longer."""
        self.put_back()
        self._scene.RemoveObserver(self._import_tag)

    def _on_added(self, scene: Any, event: str, node: Any) -> None:
        if node.IsA("vtkMRMLDisplayNode"):
            self._restrict(node)

    _on_added.CallDataType = VTK_OBJECT  # type: ignore[attr-defined]

    def _restrict(self, display: Any) -> None:
        if display.IsA("vtkMRMLVolumeDisplayNode"):
            return  # slices show the volumes that they are told to
        before = _views_of(display)
        if before and all(self._is_ours(view) for view in before):
            return  # made for our views
        given = [view for view in before or self._views_of_user() if not self._is_ours(view)]
        if before and given == before:
            return
        self._given[display.GetID()] = given
        modified = display.StartModify()
        display.SetAttribute(BEFORE_ATTRIBUTE, json.dumps(before))
        _set_views(display, given)
        display.EndModify(modified)

    def _views_of_user(self) -> list[str]:
        count = self._scene.GetNumberOfNodesByClass("vtkMRMLAbstractViewNode")
        views = [self._scene.GetNthNodeByClass(index, "vtkMRMLAbstractViewNode") for index in range(count)]
        return [view.GetID() for view in views if not is_own_view(view)]

    def _is_ours(self, view_id: str) -> bool:
        view = self._scene.GetNodeByID(view_id)
        return view is not None and is_own_view(view)


def _put_back(display: Any, *, changed: bool) -> None:
    before = display.GetAttribute(BEFORE_ATTRIBUTE)
    if before is None:
        return
    modified = display.StartModify()
    display.RemoveAttribute(BEFORE_ATTRIBUTE)
    if not changed:
        _set_views(display, json.loads(before))
    display.EndModify(modified)


def _views_of(display: Any) -> list[str]:
    return [display.GetNthViewNodeID(index) for index in range(display.GetNumberOfViewNodeIDs())]


def _set_views(display: Any, views: Sequence[str]) -> None:
    modified = display.StartModify()
    display.RemoveAllViewNodeIDs()
    for view in views:
        display.AddViewNodeID(view)
    display.EndModify(modified)

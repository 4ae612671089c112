"""A wipe between two skins in one view: a plane cuts both, one is kept on each side of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from .altered_overlay import hidden
from .head_field import HeadField


class Wipe:
    """A plane across the picture; left of it stands one model, right of it another.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._placed: tuple[float, ...] = ()
        self._display = scene.AddNode(_unseen())
        plane = hidden(slicer.vtkMRMLMarkupsPlaneNode(), "wipe")
        plane.SetAndObserveDisplayNodeID(self._display.GetID())
        self.plane = _without_being_chosen(scene, plane)
        clip = slicer.vtkMRMLClipNode
        self._sides = [self._side(clip.ClipNegativeSpace), self._side(clip.ClipPositiveSpace)]

    def _side(self, kept: int) -> Any:
        node = self._scene.AddNode(hidden(slicer.vtkMRMLClipNode(), "side of the wipe"))
        node.AddAndObserveClippingNodeID(self.plane.GetID())
        node.SetClippingNodeState(self.plane.GetID(), kept)
        return node

    @property
    def intact(self) -> bool:
        """Whether nobody has deleted a node of ours."""
        return all(node.GetScene() is not None for node in (*self._sides, self._display, self.plane))

    def put(self, camera: Any, head: HeadField, share: float) -> None:
        """Set the plane upright in the picture, at a share of the head's width from its left edge.

        Parameters
        ----------
        camera : vtkMRMLCameraNode
        head : HeadField
        share : float
            0 to 1.
        """
        forward = np.subtract(camera.GetFocalPoint(), camera.GetPosition())
        to_the_right = np.cross(forward, camera.GetViewUp())
        to_the_right /= np.linalg.norm(to_the_right)
        half_mm = 0.5 * float(np.abs(to_the_right) @ head.size_mm)
        placed = (*to_the_right, *(head.centre + (2.0 * share - 1.0) * half_mm * to_the_right))
        if placed == self._placed:
            return  # the models would be cut anew: 36 ms
        self._placed = placed
        modified = self.plane.StartModify()
        self.plane.SetNormal(*placed[:3])
        self.plane.SetOrigin(*placed[3:])
        self.plane.EndModify(modified)

    def cut(self, left: Any, right: Any) -> None:
        """Keep one model's display left of the plane and another's right of it.

        Parameters
        ----------
        left, right : vtkMRMLModelDisplayNode
        """
        for display, side in zip((left, right), self._sides, strict=True):
            display.SetAndObserveClipNodeID(side.GetID())
            display.SetClipping(True)

    def remove(self) -> None:
        """Take plane and sides out of the scene."""
        for node in (*self._sides, self._display, self.plane):
            self._scene.RemoveNode(node)


def _unseen() -> Any:
    """The plane itself is not drawn."""
    display = hidden(slicer.vtkMRMLMarkupsPlaneDisplayNode(), "wipe display")
    display.SetVisibility(False)
    return display


def _without_being_chosen(scene: Any, plane: Any) -> Any:
    """Add a markup without its becoming the one that the user's next click on *Place* goes on with (Slicer's Markups logic)."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    kind, chosen = selection.GetActivePlaceNodeClassName(), selection.GetActivePlaceNodeID()
    added = scene.AddNode(plane)
    selection.SetReferenceActivePlaceNodeClassName(kind or "")
    selection.SetActivePlaceNodeID(chosen or "")
    return added

"""The patient's contours as lines in our slices: Slicer fills segments, which hides the image below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
from vtkmodules.vtkCommonCore import vtkCommand

from .altered_overlay import hidden


class Contours:
    """A second display of a segmentation, for our slices only; colours and what is shown follow the user's own display.

    Parameters
    ----------
    scene : vtkMRMLScene
    segmentation : vtkMRMLSegmentationNode
        With a display node.
    slices : sequence of vtkMRMLSliceNode
    """

    def __init__(self, scene: Any, segmentation: Any, slices: Sequence[Any]) -> None:
        self._scene = scene
        self._users = segmentation.GetDisplayNode()
        self.display = hidden(slicer.vtkMRMLSegmentationDisplayNode(), "contours")
        for view in slices:
            self.display.AddViewNodeID(view.GetID())
        scene.AddNode(self.display)
        self._follow()
        segmentation.AddAndObserveDisplayNodeID(self.display.GetID())
        self._tag = self._users.AddObserver(vtkCommand.ModifiedEvent, lambda *ignored: self._follow())

    def _follow(self) -> None:
        """Take over colours and visibility, but draw lines."""
        modified = self.display.StartModify()
        self.display.CopyContent(self._users)
        self.display.SetVisibility2DFill(False)
        self.display.SetVisibility2DOutline(True)
        self.display.SetVisibility3D(False)
        self.display.EndModify(modified)

    def remove(self) -> None:
        """Take the display out of the scene; the user's stays."""
        self._users.RemoveObserver(self._tag)
        if self.display.GetScene() is not None:
            self._scene.RemoveNode(self.display)

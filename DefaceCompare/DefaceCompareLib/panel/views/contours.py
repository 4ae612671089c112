"""The patient's contours as lines in our slices: Slicer fills segments, which hides the image below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
from vtkmodules.vtkCommonCore import vtkCommand

from ...nodes.structure_colours import told_apart
from .altered_overlay import hidden

_kept: dict[str, Any] = {}
"""The display of each segmentation that was drawn, by the segmentation's address, until that is deleted. Slicer's slice views go
on asking a display that has left the scene whenever its segmentation changes (vtkMRMLSegmentationsDisplayableManager2D,
UpdateAllDisplayNodesForSegment): one that is gone ends the application."""


class Contours:
    """A second display of a segmentation, for our slices only; colours and what is shown follow the user's own display, if any.

    Parameters
    ----------
    scene : vtkMRMLScene
    segmentation : vtkMRMLSegmentationNode
    slices : sequence of vtkMRMLSliceNode
    """

    def __init__(self, scene: Any, segmentation: Any, slices: Sequence[Any]) -> None:
        self._scene = scene
        self._segmentation = segmentation
        self._users = segmentation.GetDisplayNode()
        self._tag = 0
        self.display = hidden(_display_of(segmentation), "contours")
        self.display.RemoveAllViewNodeIDs()
        for view in slices:
            self.display.AddViewNodeID(view.GetID())
        scene.AddNode(self.display)
        self._follow()
        segmentation.AddAndObserveDisplayNodeID(self.display.GetID())
        if self._users is None:
            self._tell_apart()  # only now the display knows the segments
        else:
            self._tag = self._users.AddObserver(vtkCommand.ModifiedEvent, lambda *ignored: self._follow())

    def draws(self, segmentation: Any) -> bool:
        """Whether these are a segmentation's contours, and nobody has deleted them."""
        return segmentation is self._segmentation and self.display.GetScene() is not None

    def refresh(self) -> None:
        """Take up other structures of the same segmentation."""
        self._follow()
        if self._users is None:
            self._tell_apart()

    def _follow(self) -> None:
        """Take over colours and visibility, but draw lines."""
        modified = self.display.StartModify()
        if self._users is not None:
            self.display.CopyContent(self._users)
        self.display.SetVisibility2DFill(False)
        self.display.SetVisibility2DOutline(True)
        self.display.SetVisibility3D(False)
        if self._users is not None:
            self._tell_apart()
        self.display.EndModify(modified)

    def _tell_apart(self) -> None:
        """Give structures that share a colour the one that the DVH draws them in; where the user's display says one, it stays."""
        segments = self._segmentation.GetSegmentation()
        ids = [segments.GetNthSegmentID(number) for number in range(segments.GetNumberOfSegments())]
        own = [segments.GetSegment(each).GetColor() for each in ids]
        for each, before, colour in zip(ids, own, told_apart(own), strict=True):
            chosen = self._users is not None and min(self._users.GetSegmentOverrideColor(each)) >= 0.0  # -1: none
            if colour != before and not chosen:
                self.display.SetSegmentOverrideColor(each, *colour)

    def remove(self) -> None:
        """Take the display out of the scene; the user's stays."""
        if self._users is not None:
            self._users.RemoveObserver(self._tag)
        if self.display.GetScene() is not None:
            self._scene.RemoveNode(self.display)


def _display_of(segmentation: Any) -> Any:
    """Our display of a segmentation: the same one each time, which lives as long as the segmentation."""
    address = segmentation.GetAddressAsString("")
    if address not in _kept:
        _kept[address] = slicer.vtkMRMLSegmentationDisplayNode()
        segmentation.AddObserver(vtkCommand.DeleteEvent, lambda *ignored: _kept.pop(address, None))
    return _kept[address]

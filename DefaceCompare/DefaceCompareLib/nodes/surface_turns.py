"""Surfaces of a segmentation's contours, one segment a turn: all at once would leave Slicer's window dead for a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from .case_folder import CLOSED_SURFACE

Later = Callable[[Callable[[], None]], None]
"""Calls what it is given once, when Slicer has had time for something else."""


class SurfaceTurns:
    """Makes one surface after the other, and lets the views see them together.

    To Slicer a segmentation has the representations of the segment whose id comes first: that one gets its surface last. The
    smallest surface Slicer makes itself, and tells the views.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        With segments. One that leaves the scene, or gets other segments, before it is done stays without surfaces.
    later : callable
        Called before each turn.
    """

    def __init__(self, segmentation: Any, later: Later) -> None:
        self._segmentation, self._later = segmentation, later
        self._all = _segments_of(segmentation)
        source = segmentation.GetSegmentation().GetSourceRepresentationName()
        by_size = sorted(self._all, key=lambda each: self._all[each].GetRepresentation(source).GetNumberOfPoints())
        first = min(self._all)
        self._todo = sorted(by_size[1:], key=lambda each: each != first)  # taken from the end, the largest first
        later(self._step)

    def _step(self) -> None:
        segments = self._segmentation.GetSegmentation()
        if self._segmentation.GetScene() is None or _segments_of(self._segmentation) != self._all:
            self._let_go()
        elif self._todo:
            _make(segments, self._todo.pop())
            self._later(self._step)
        else:
            self._segmentation.CreateClosedSurfaceRepresentation()
            self._let_go()

    def _let_go(self) -> None:
        """Hold nothing: Slicer's timer (PythonQt, `QTimer.singleShot`) never lets go of what it has called."""
        self._segmentation, self._all, self._todo = None, {}, []


def _segments_of(node: Any) -> dict[str, Any]:
    segments = node.GetSegmentation()
    ids = [segments.GetNthSegmentID(number) for number in range(segments.GetNumberOfSegments())]
    return {each: segments.GetSegment(each) for each in ids}


def _make(segments: Any, segment_id: str) -> None:
    """Give one segment the surface that Slicer makes of it."""
    alone = slicer.vtkSegmentation()
    alone.SetSourceRepresentationName(segments.GetSourceRepresentationName())
    alone.CopyConversionParameters(segments)
    alone.CopySegmentFromSegmentation(segments, segment_id)
    if alone.CreateRepresentation(CLOSED_SURFACE):
        surface = alone.GetSegment(segment_id).GetRepresentation(CLOSED_SURFACE)
        segments.GetSegment(segment_id).AddRepresentation(CLOSED_SURFACE, surface)

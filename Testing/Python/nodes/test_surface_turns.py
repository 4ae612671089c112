"""Surfaces one by one: Slicer is asked between them, the views see them together, and what left is left alone."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from node_images import ct_image, masks, segmentation_of

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from DefaceCompareLib.nodes.case_folder import CLOSED_SURFACE  # noqa: E402
from DefaceCompareLib.nodes.surface_turns import SurfaceTurns  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core


@pytest.fixture
def turns() -> list[Callable[[], None]]:
    """What waits for Slicer to have time."""
    return []


def surfaces(segmentation: Any) -> list[int]:
    """How many faces each segment's surface has; 0: it has none."""
    segments = segmentation.GetSegmentation()
    found = [segments.GetNthSegment(number).GetRepresentation(CLOSED_SURFACE) for number in range(segments.GetNumberOfSegments())]
    return [surface.GetNumberOfPolys() if surface is not None else 0 for surface in found]


def test_the_views_see_no_surface_before_all_are_there_and_they_are_those_made_at_once(
    scene: Any, turns: list[Callable[[], None]]
) -> None:
    ct = add_volume(scene, ct_image(), "CT")
    one_by_one, at_once = segmentation_of(scene, ct, masks()), segmentation_of(scene, ct, masks())
    at_once.CreateClosedSurfaceRepresentation()
    SurfaceTurns(one_by_one, turns.append)
    made, seen = [], []
    while turns:
        seen.append(one_by_one.GetSegmentation().ContainsRepresentation(CLOSED_SURFACE))
        made.append(sum(map(bool, surfaces(one_by_one))))
        turns.pop()()
    count = len(surfaces(at_once))
    assert count > 1
    assert made == [*range(count)]  # one more each time Slicer was asked, the last one by itself
    assert not any(seen[:-1])  # before the last turn, the smallest only is missing
    assert surfaces(one_by_one) == surfaces(at_once)


@pytest.mark.parametrize("gone", ["node", "segment"])
def test_a_segmentation_that_left_or_got_other_segments_is_left_alone(
    scene: Any, turns: list[Callable[[], None]], gone: str
) -> None:
    segmentation = segmentation_of(scene, add_volume(scene, ct_image(), "CT"), masks())
    SurfaceTurns(segmentation, turns.append)
    turns.pop()()
    if gone == "node":
        scene.RemoveNode(segmentation)
    else:
        segmentation.GetSegmentation().RemoveSegment(segmentation.GetSegmentation().GetNthSegmentID(0))
    before = surfaces(segmentation)
    turns.pop()()
    assert not turns
    assert surfaces(segmentation) == before


@pytest.mark.parametrize("finished", [True, False])
def test_a_timer_that_keeps_what_it_has_called_keeps_no_segmentation(
    scene: Any, turns: list[Callable[[], None]], finished: bool
) -> None:
    segmentation = segmentation_of(scene, add_volume(scene, ct_image(), "CT"), masks())
    deleted: list[bool] = []
    segmentation.AddObserver("DeleteEvent", lambda *ignored: deleted.append(True))
    SurfaceTurns(segmentation, turns.append)
    called = 0
    while finished and called < len(turns):
        turns[called]()
        called += 1
    scene.RemoveNode(segmentation)
    while called < len(turns):
        turns[called]()
        called += 1
    assert turns  # kept, as PythonQt's QTimer.singleShot keeps them
    del segmentation
    gc.collect()
    assert deleted == [True]

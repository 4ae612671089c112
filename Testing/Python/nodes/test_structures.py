"""Structures as segments: coloured at once, drawn where Slicer can, and said where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from node_images import ct_image, masks, segmentation_of
from small_patient import small_patient

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from deface_compare.sample.patient import SamplePatient  # noqa: E402
from DefaceCompareLib.nodes.sample import sample_to_nodes  # noqa: E402
from DefaceCompareLib.nodes.structure_colours import NOT_COLOURED, colour_in_turn, told_apart  # noqa: E402
from DefaceCompareLib.nodes.structures import NOT_DRAWN, show_surfaces  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("slicer_numbers")]


@pytest.fixture(scope="module")
def patient() -> SamplePatient:
    """A small synthetic patient."""
    return small_patient()


def colours(segmentation: Any) -> list[tuple[float, float, float]]:
    """The segments' colours, to two decimals."""
    segments = segmentation.GetSegmentation()
    found = [segments.GetNthSegment(index).GetColor() for index in range(segments.GetNumberOfSegments())]
    return [(round(red, 2), round(green, 2), round(blue, 2)) for red, green, blue in found]


def test_structures_have_colours_and_a_display_as_soon_as_they_are_there(scene: Any, patient: SamplePatient) -> None:
    segmentation = sample_to_nodes(patient, scene).segmentation
    assert segmentation.GetDisplayNode() is not None  # a module that is open already would make one that shows all in grey
    found = colours(segmentation)
    assert len(set(found)) == len(found) == len(patient.structures)
    assert NOT_COLOURED not in found


def test_colours_that_tell_segments_apart_stay_and_shared_ones_are_replaced() -> None:
    green, red = (0.5, 0.68, 0.5), (0.84, 0.15, 0.16)
    found = told_apart([green, red, green, NOT_COLOURED])
    assert found[1] == red
    assert len({found[0], found[2], found[3], red, green, NOT_COLOURED}) == 6
    assert len({colour_in_turn(number) for number in range(60)}) == 60


def test_masks_become_surfaces_that_are_drawn_as_lines_and_stay_masks(scene: Any) -> None:
    segmentation = segmentation_of(scene, add_volume(scene, ct_image(), "CT"), masks())
    segmentation.CreateDefaultDisplayNodes()
    assert show_surfaces(segmentation) == ""
    display = segmentation.GetDisplayNode()
    assert display.GetPreferredDisplayRepresentationName2D() == "Closed surface"
    assert display.GetPreferredDisplayRepresentationName3D() == "Closed surface"
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (0, 1)
    assert segmentation.GetSegmentation().GetSegment("Brain").GetRepresentation("Closed surface").GetNumberOfPoints()
    assert segmentation.GetSegmentation().GetSourceRepresentationName() == "Binary labelmap"


def test_contours_without_a_rule_to_surfaces_are_said_not_to_be_drawn(scene: Any, patient: SamplePatient) -> None:
    segmentation = sample_to_nodes(patient, scene).segmentation
    assert show_surfaces(segmentation) == NOT_DRAWN  # slicer-core has no rule; SlicerRT brings one
    assert segmentation.GetSegmentation().GetSourceRepresentationName() == "Planar contour"

"""The head in a scan with shoulders: cameras, slices and the width of the views."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import vtk
from vtkmodules.util.numpy_support import vtk_to_numpy

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from DefaceCompareLib.panel.views.arrangements import ARRANGEMENTS, ROW, face_rows, face_tags, layout_description  # noqa: E402
from DefaceCompareLib.panel.views.camera import FRONT, LEFT, RIGHT, THREE_QUARTERS, Direction, stand_before  # noqa: E402
from DefaceCompareLib.panel.views.head_field import head_field  # noqa: E402
from panel_host import require_host  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

LONG_CHIN = (5.0, 75.0, 60.0)
"""RAS mm: in front, 240 mm below the vertex of `head_on_shoulders` (the sample patients' heads are that high)."""
PANEL_PIXELS, WINDOW_PIXELS = 480, 1280


def head_on_shoulders() -> vtk.vtkPolyData:
    """A head of 160 x 200 x 230 mm above shoulders of 450 mm, RAS mm; its vertex is at 300."""
    head, shoulders, both = vtk.vtkSphereSource(), vtk.vtkCubeSource(), vtk.vtkAppendPolyData()
    head.SetRadius(1.0)
    head.SetThetaResolution(60)
    head.SetPhiResolution(60)
    shape, placed = vtk.vtkTransform(), vtk.vtkTransformPolyDataFilter()
    shape.Translate(5.0, -20.0, 185.0)
    shape.Scale(80.0, 100.0, 115.0)
    placed.SetTransform(shape)
    placed.SetInputConnection(head.GetOutputPort())
    shoulders.SetBounds(-225.0, 225.0, -120.0, 60.0, -200.0, 60.0)
    both.AddInputConnection(placed.GetOutputPort())
    both.AddInputConnection(shoulders.GetOutputPort())
    both.Update()
    return both.GetOutput()


def test_the_field_is_the_heads_and_not_the_shoulders() -> None:
    head = head_field(head_on_shoulders())
    assert head.high[2] == pytest.approx(300.0, abs=0.5)
    assert head.size_mm[2] == pytest.approx(210.0, abs=0.5)
    # the sphere's facets cut up to 1 mm off its sides (measured 0.2 and 0.3)
    assert head.size_mm[:2] == pytest.approx([160.0, 200.0], abs=1.0)
    face = head.face
    assert face[0] == pytest.approx(5.0, abs=0.5)
    assert 0.0 < 80.0 - face[1] < 40.0  # inside, near the front
    assert np.isclose(face[2], 195.0, atol=0.5)


def test_a_scan_that_ends_above_the_chin_gives_what_there_is() -> None:
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(60.0)
    sphere.SetPhiResolution(40)
    sphere.Update()
    assert head_field(sphere.GetOutput()).size_mm[2] == pytest.approx(120.0, abs=0.1)


@pytest.mark.parametrize("versions", range(1, 9))
def test_views_of_any_number_of_methods_fit_beside_the_panel_in_a_window_of_1280_pixels(versions: int) -> None:
    require_host()
    from layout_manager import narrowest

    for arrangement in ARRANGEMENTS:
        assert PANEL_PIXELS + narrowest(ElementTree.fromstring(layout_description(arrangement, versions))) <= WINDOW_PIXELS
    description = ElementTree.fromstring(layout_description(ROW, versions))
    assert [view.get("singletontag") for view in description.iter("view")][: versions + 1] == face_tags(versions)
    lengths = [len(row) for row in face_rows(versions)]
    assert max(lengths) - min(lengths) <= 2


@pytest.mark.parametrize("height_over_width", [1.6, 1.0], ids=["one face", "row"])
@pytest.mark.parametrize("direction", [FRONT, LEFT, RIGHT, THREE_QUARTERS])
def test_no_part_of_the_head_is_outside_the_view_from_any_side(direction: Direction, height_over_width: float) -> None:
    require_host()
    skin = head_on_shoulders()
    head, camera = head_field(skin), slicer.vtkMRMLCameraNode()
    stand_before(camera, head, direction, height_over_width)
    points = vtk_to_numpy(skin.GetPoints().GetData()).astype(float)
    points = np.vstack([points[points[:, 2] >= head.low[2]], LONG_CHIN]) - camera.GetPosition()
    forward = np.subtract(camera.GetFocalPoint(), camera.GetPosition())
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, camera.GetViewUp())
    right /= np.linalg.norm(right)
    depth, up = points @ forward, np.cross(right, forward)
    half = np.tan(np.deg2rad(0.5 * camera.GetViewAngle()))
    seen_height, seen_width = np.abs(points @ up) / depth / half, np.abs(points @ right) / depth / half * height_over_width
    assert max(seen_height.max(), seen_width.max()) <= 1.0  # the chin is nearer than the middle of the head, and so larger
    assert max(seen_height.max(), seen_width.max()) > 0.7  # and yet it fills the view

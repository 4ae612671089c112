"""Side by side: our own views on the toggle only, one camera, equal light, overlay, fade."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vtk

from panel_host import click, press, spin
from views_on_screen import FOUR_UP, composites, layout, seen, settle, skin_meshes, skins, views

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


def test_the_layout_changes_on_the_toggle_only_and_comes_back_on_the_next(with_views: Any) -> None:
    button = with_views.ui.sideBySideButton
    assert layout() == FOUR_UP
    click(button)
    assert list(views()) == [
        "DefaceOriginal",
        "DefaceVersion1",
        "DefaceVersion2",
        "DefaceAxial",
        "DefaceSagittal",
        "DefaceCoronal",
    ]
    faces = list(views().values())[:3]
    assert [node.GetLayoutLabel() for node in faces] == ["original", "Quicksh…", "Surface…"]  # a narrow bar
    corners = [slicer.app.layoutManager().threeDWidget(node.GetName()).threeDView().cornerAnnotation() for node in faces]
    assert [corner.GetText(corner.UpperLeft) for corner in corners] == ["original", "Quickshear", "Surface blur"]
    click(button)
    assert layout() == FOUR_UP
    assert skins() == []
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 0


def test_without_a_defaced_volume_the_button_says_why_it_is_off(panel: Any) -> None:
    assert not panel.ui.sideBySideButton.enabled
    assert panel.ui.sideBySideButton.toolTip == "Compare first: there is no defaced volume yet."


def test_every_skin_stands_in_its_own_view_under_one_light_and_one_camera(with_views: Any) -> None:
    click(with_views.ui.sideBySideButton)
    shown = {view.GetID() for tag, view in views().items() if tag.startswith("DefaceO") or tag.startswith("DefaceV")}
    displays = [model.GetDisplayNode() for model in skins()]
    assert {display.GetNthViewNodeID(0) for display in displays} == shown
    assert all(display.GetNumberOfViewNodeIDs() == 1 for display in displays)
    light = {(d.GetColor(), d.GetAmbient(), d.GetDiffuse(), d.GetSpecular(), d.GetPower()) for d in displays}
    assert len(light) == 1
    points = {model.GetPolyData().GetNumberOfPoints() for model in skins()}
    assert len(points) == 3  # three different surfaces
    logic = slicer.modules.cameras.logic()
    cameras = [logic.GetViewActiveCameraNode(view) for view in views().values() if view.GetID() in shown]
    cameras[1].SetPosition(100.0, 200.0, 300.0)
    cameras[1].SetViewUp(0.0, 1.0, 0.0)
    for camera in cameras:
        assert camera.GetPosition() == (100.0, 200.0, 300.0)
        assert camera.GetViewUp() == (0.0, 1.0, 0.0)


def test_the_camera_begins_before_the_face(with_views: Any) -> None:
    click(with_views.ui.sideBySideButton)
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(views()["DefaceOriginal"])
    towards = np.array(camera.GetPosition()) - np.array(camera.GetFocalPoint())
    assert towards[1] > abs(towards[0]) > 0  # anterior, and a little to patient left (RAS: x < 0)
    assert towards[0] < 0
    bounds = np.zeros(6)
    skins()[0].GetRASBounds(bounds)
    assert camera.GetFocalPoint() == pytest.approx(0.5 * (bounds[::2] + bounds[1::2]), abs=1e-6)


def test_slices_fade_from_the_original_to_the_chosen_method_with_its_altered_voxels(with_views: Any) -> None:
    ui, ct = with_views.ui, with_views.ui.ctSelector.currentNode()
    click(ui.sideBySideButton)
    for number, method in enumerate(("quickshear", "surface_blur")):
        ui.methodList.setCurrentRow(number)
        for composite in composites():
            defaced = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
            assert defaced.GetAttribute("DefaceCompare.Method") == method
            assert composite.GetBackgroundVolumeID() == ct.GetID()
        marked = slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(composites()[0].GetLabelVolumeID()))
        expected = slicer.util.arrayFromVolume(ct) != slicer.util.arrayFromVolume(defaced)
        assert np.array_equal(marked, expected.astype(np.uint8))
        assert 0 < marked.sum() < marked.size
    assert {composite.GetForegroundOpacity() for composite in composites()} == {1.0}
    ui.fadeSlider.value = 25
    assert {composite.GetForegroundOpacity() for composite in composites()} == {0.25}
    opacities = {composite.GetLabelOpacity() for composite in composites()}
    assert opacities == {1.0}
    press(ui.alteredCheckBox, "Space")
    assert {composite.GetLabelOpacity() for composite in composites()} == {0.0}


def test_the_views_stay_when_the_module_is_left_and_take_up_a_new_run(with_views: Any, panel_widget: Any) -> None:
    click(with_views.ui.sideBySideButton)
    ours = layout()
    assert not hasattr(panel_widget, "exit")  # leaving the module runs nothing of ours
    panel_widget.enter()
    assert layout() == ours
    first = [model.GetName() for model in skins()]
    click(with_views.ui.compareButton)
    spin(lambda: not with_views.running)
    assert layout() == ours
    assert [model.GetName() for model in skins()] == first
    assert with_views.ui.sideBySideButton.checked


def test_views_that_are_opened_again_show_the_same_skins_without_drawing_them_anew_unless_a_volume_changed(
    with_views: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.ahead import skin_drawing as skin_surfaces

    drawn: list[Any] = []
    draw = skin_surfaces.surface_at
    monkeypatch.setattr(skin_surfaces, "surface_at", lambda *given, **how: drawn.append(given) or draw(*given, **how))
    button = with_views.ui.sideBySideButton
    points = []
    for _ in range(2):
        click(button)
        points.append([model.GetPolyData().GetNumberOfPoints() for model in skins()])
        click(button)
    assert len(drawn) == len(points[0]) == 3
    assert points[0] == points[1]
    ct = with_views.ui.ctSelector.currentNode()
    slicer.util.arrayFromVolume(ct)[:, :8] = -1000
    ct.GetImageData().GetPointData().GetScalars().Modified()
    click(button)
    assert len(drawn) == 6
    assert skins()[0].GetPolyData().GetNumberOfPoints() < points[0][0]


def test_views_that_come_back_show_the_volume_as_it_is_now(with_views: Any) -> None:
    button, ct = with_views.ui.sideBySideButton, with_views.ui.ctSelector.currentNode()
    click(button)
    settle()
    click(button)
    settle()
    slicer.util.arrayFromVolume(ct)[:, :8] = -1000
    ct.GetImageData().GetPointData().GetScalars().Modified()
    click(button)
    settle()
    (shown,) = seen("DefaceOriginal")
    assert np.array_equal(shown, skin_meshes()[ct.GetName()])


def test_the_slices_show_the_face_from_the_first_time_on(with_views: Any) -> None:
    ct = with_views.ui.ctSelector.currentNode()
    moved = vtk.vtkMatrix4x4()
    ct.GetIJKToRASMatrix(moved)
    for axis, millimetres in enumerate((300.0, -200.0, 900.0)):
        moved.SetElement(axis, 3, moved.GetElement(axis, 3) + millimetres)
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        node.SetIJKToRASMatrix(moved)
    click(with_views.ui.sideBySideButton)
    settle()
    points = skin_meshes()[ct.GetName()]
    low, high = points.min(axis=0), points.max(axis=0)
    for node in (node for tag, node in views().items() if node.IsA("vtkMRMLSliceNode")):
        middle = np.array([node.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)])
        assert (low < middle).all(), node.GetName()
        assert (middle < high).all(), node.GetName()
        if node.GetOrientation() == "Coronal":
            assert middle[1] > 0.5 * (low[1] + high[1])  # cut through the face, not through the middle of the head
        assert max(node.GetFieldOfView()[:2]) < 300.0


@pytest.mark.parametrize("window", [None, (2000.0, 300.0)], ids=["nobody's", "the user's"])
def test_original_and_versions_have_one_window_and_a_chosen_one_stays(
    with_views: Any, window: tuple[float, float] | None
) -> None:
    ct = with_views.ui.ctSelector.currentNode()
    if window is not None:
        ct.GetDisplayNode().SetAutoWindowLevel(False)
        ct.GetDisplayNode().SetWindowLevel(*window)
        click(with_views.ui.compareButton)  # versions take the window of their original
        spin(lambda: not with_views.running)
    click(with_views.ui.sideBySideButton)
    shown = {composite.GetBackgroundVolumeID() for composite in composites()}
    shown |= {composite.GetForegroundVolumeID() for composite in composites()}
    displays = [slicer.mrmlScene.GetNodeByID(each).GetDisplayNode() for each in shown]
    assert len(displays) == 2
    assert {(display.GetWindow(), display.GetLevel()) for display in displays} == {window or (400.0, 40.0)}


@pytest.mark.parametrize("chosen", [None, (1000.0, 0.0)], ids=["nobody's", "chosen in the views"])
def test_slicers_own_window_is_back_when_the_views_go_and_a_chosen_one_stays(
    with_views: Any, chosen: tuple[float, float] | None
) -> None:
    display = with_views.ui.ctSelector.currentNode().GetDisplayNode()
    display.SetAutoWindowLevel(True)
    before = (display.GetWindow(), display.GetLevel())
    click(with_views.ui.sideBySideButton)
    assert (display.GetWindow(), display.GetLevel()) == (400.0, 40.0) != before
    if chosen is not None:
        display.SetWindowLevel(*chosen)
    click(with_views.ui.sideBySideButton)
    assert (display.GetWindow(), display.GetLevel()) == (chosen or before)
    assert bool(display.GetAutoWindowLevel()) is (chosen is None)


def test_while_the_skins_are_drawn_no_view_shows_who_was_there_last(with_views: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from DefaceCompareLib.panel.views import skins as drawn

    click(with_views.ui.sideBySideButton)
    settle()
    assert seen("DefaceOriginal") != []
    click(with_views.ui.sideBySideButton)
    slicer.util.arrayFromVolume(with_views.ui.ctSelector.currentNode())[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(with_views.ui.ctSelector.currentNode())  # its skin is drawn anew
    meanwhile: list[Any] = []
    really = drawn._drawn
    monkeypatch.setattr(drawn, "_drawn", lambda *given: (meanwhile.append(seen("DefaceOriginal")), really(*given))[1])
    click(with_views.ui.sideBySideButton)
    assert meanwhile == [[]]
    settle()
    assert seen("DefaceOriginal") != []


def test_skins_are_complete_and_drawing_is_paused_when_they_come_into_the_scene(with_views: Any) -> None:
    seen_at_arrival: list[tuple[bool, int]] = []

    def on_added(scene: Any, event: str, node: Any) -> None:
        if node.IsA("vtkMRMLModelNode"):
            assert node.GetPolyData().GetNumberOfPoints()
            seen_at_arrival.append((slicer.app.render_pauses > 0, node.GetDisplayNode().GetNumberOfViewNodeIDs()))

    on_added.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]
    tag = slicer.mrmlScene.AddObserver(slicer.mrmlScene.NodeAddedEvent, on_added)
    click(with_views.ui.sideBySideButton)
    slicer.mrmlScene.RemoveObserver(tag)
    assert seen_at_arrival == [(True, 1)] * 3
    assert slicer.app.render_pauses == 0


def test_a_volume_without_a_head_is_refused_in_one_sentence_and_the_layout_stays(with_views: Any) -> None:
    ct = with_views.ui.ctSelector.currentNode()
    slicer.util.arrayFromVolume(ct)[:] = -1000
    slicer.util.arrayFromVolume(ct)[0, 0, 0] = -999
    click(with_views.ui.sideBySideButton)
    assert layout() == FOUR_UP
    assert not with_views.ui.sideBySideButton.checked
    (message,) = slicer.app.shown_messages
    assert "head" in message

"""Side by side: our own views on the toggle only, one camera, equal light, overlay, fade, and the user's layout back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from panel_host import click, install_copier, load_ct, press, spin
from views_on_screen import seen, settle, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FOUR_UP = 3


@pytest.fixture
def compared(panel: Any, two_methods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The panel after a run of two methods; the layout is Slicer's own."""
    slicer.app.layoutManager().setLayout(FOUR_UP)
    install_copier(tmp_path, monkeypatch, two_methods)
    panel.ui.ctSelector.setCurrentNode(load_ct())
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key in ("quickshear", "surface_blur")
    panel.ui.alteredCheckBox.checked = True
    panel.ui.fadeSlider.value = 100
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    return panel


def layout() -> int:
    """The number of the layout on show."""
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode().GetViewArrangement()


def views() -> dict[str, Any]:
    """The view nodes of the layout on show, by tag."""
    nodes = slicer.app.layoutManager().layoutLogic().GetViewNodes()
    return {node.GetLayoutName(): node for node in (nodes.GetItemAsObject(i) for i in range(nodes.GetNumberOfItems()))}


def composites() -> list[Any]:
    """What our three slice views show."""
    logic = slicer.app.applicationLogic()
    tags = ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")
    return [logic.GetSliceLogicByLayoutName(tag).GetSliceCompositeNode() for tag in tags]


def skins() -> list[Any]:
    """The skin models, hidden from lists."""
    count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    models = [slicer.mrmlScene.GetNthNodeByClass(index, "vtkMRMLModelNode") for index in range(count)]
    return [model for model in models if model.GetName().startswith("skin of")]


def test_the_layout_changes_on_the_toggle_only_and_comes_back_on_the_next(compared: Any) -> None:
    button = compared.ui.sideBySideButton
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
    assert [node.GetLayoutLabel() for node in views().values()][:3] == [
        "original",
        "quickshear",
        "surface_blur",
    ]
    click(button)
    assert layout() == FOUR_UP
    assert skins() == []
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 0


def test_without_a_defaced_volume_the_button_says_why_it_is_off(panel: Any) -> None:
    assert not panel.ui.sideBySideButton.enabled
    assert panel.ui.sideBySideButton.toolTip == "Compare first: there is no defaced volume yet."


def test_every_skin_stands_in_its_own_view_under_one_light_and_one_camera(compared: Any) -> None:
    click(compared.ui.sideBySideButton)
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


def test_the_camera_begins_before_the_face(compared: Any) -> None:
    click(compared.ui.sideBySideButton)
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(views()["DefaceOriginal"])
    towards = np.array(camera.GetPosition()) - np.array(camera.GetFocalPoint())
    assert towards[1] > abs(towards[0]) > 0  # anterior, and a little to patient left (RAS: x < 0)
    assert towards[0] < 0
    bounds = np.zeros(6)
    skins()[0].GetRASBounds(bounds)
    assert camera.GetFocalPoint() == pytest.approx(0.5 * (bounds[::2] + bounds[1::2]), abs=1e-6)


def test_slices_fade_from_the_original_to_the_chosen_method_with_its_altered_voxels(compared: Any) -> None:
    ui, ct = compared.ui, compared.ui.ctSelector.currentNode()
    click(ui.sideBySideButton)
    for number, method in enumerate(("quickshear", "surface_blur")):
        ui.sliceVersionComboBox.setCurrentIndex(number)
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
    assert opacities == {0.45}
    press(ui.alteredCheckBox, "Space")
    assert {composite.GetLabelOpacity() for composite in composites()} == {0.0}


def test_the_views_stay_when_the_module_is_left_and_take_up_a_new_run(compared: Any, panel_widget: Any) -> None:
    click(compared.ui.sideBySideButton)
    ours = layout()
    assert not hasattr(panel_widget, "exit")  # leaving the module runs nothing of ours
    panel_widget.enter()
    assert layout() == ours
    first = [model.GetName() for model in skins()]
    click(compared.ui.compareButton)
    spin(lambda: not compared.running)
    assert layout() == ours
    assert [model.GetName() for model in skins()] == first
    assert compared.ui.sideBySideButton.checked


def test_views_that_are_opened_again_show_the_same_skins_without_drawing_them_anew_unless_a_volume_changed(
    compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.panel.views import skins as skin_surfaces

    drawn: list[Any] = []
    draw = skin_surfaces.surface_at
    monkeypatch.setattr(skin_surfaces, "surface_at", lambda *given, **how: drawn.append(given) or draw(*given, **how))
    button = compared.ui.sideBySideButton
    points = []
    for _ in range(2):
        click(button)
        points.append([model.GetPolyData().GetNumberOfPoints() for model in skins()])
        click(button)
    assert len(drawn) == len(points[0]) == 3
    assert points[0] == points[1]
    ct = compared.ui.ctSelector.currentNode()
    slicer.util.arrayFromVolume(ct)[:, :8] = -1000
    ct.GetImageData().GetPointData().GetScalars().Modified()
    click(button)
    assert len(drawn) == 6
    assert skins()[0].GetPolyData().GetNumberOfPoints() < points[0][0]


def test_views_that_come_back_show_the_volume_as_it_is_now(compared: Any) -> None:
    button, ct = compared.ui.sideBySideButton, compared.ui.ctSelector.currentNode()
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


def test_a_layout_that_the_user_chose_meanwhile_stays(compared: Any) -> None:
    click(compared.ui.sideBySideButton)
    slicer.app.layoutManager().setLayout(6)
    click(compared.ui.sideBySideButton)
    assert layout() == 6


def test_closing_the_scene_gives_the_layout_back_and_leaves_nothing_of_ours(compared: Any) -> None:
    click(compared.ui.sideBySideButton)
    slicer.mrmlScene.Clear()
    assert layout() == FOUR_UP
    assert not compared.ui.sideBySideButton.checked
    assert skins() == []
    assert {composite.GetBackgroundVolumeID() for composite in composites()} == {None}
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 0


def test_a_volume_without_a_head_is_refused_in_one_sentence_and_the_layout_stays(compared: Any) -> None:
    ct = compared.ui.ctSelector.currentNode()
    slicer.util.arrayFromVolume(ct)[:] = -1000
    slicer.util.arrayFromVolume(ct)[0, 0, 0] = -999
    click(compared.ui.sideBySideButton)
    assert layout() == FOUR_UP
    assert not compared.ui.sideBySideButton.checked
    (message,) = slicer.app.shown_messages
    assert "head" in message

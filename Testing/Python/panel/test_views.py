"""Side by side: our own views on the toggle only, one camera, equal light, overlay, fade, and the user's layout back."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vtk

from panel_host import click, install_copier, load_ct, press, spin
from views_on_screen import seen, settle, skin_meshes, vtk_errors

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
    assert opacities == {1.0}
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


def surface(name: str, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Any:
    """A segmentation with one closed surface, shown by Slicer in every view."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    sphere = vtk.vtkSphereSource()
    sphere.SetCenter(*centre)
    sphere.SetRadius(40.0)
    sphere.Update()
    segment = slicer.vtkSegment()
    segment.SetName("BODY")
    segment.AddRepresentation("Closed surface", sphere.GetOutput())
    node.GetSegmentation().AddSegment(segment, "BODY")
    return node


def views_of(node: Any) -> list[str]:
    """The views that a node's display is restricted to."""
    display = node.GetDisplayNode()
    return [display.GetNthViewNodeID(index) for index in range(display.GetNumberOfViewNodeIDs())]


def test_other_surfaces_stay_out_of_our_views_and_get_their_own_views_back(compared: Any) -> None:
    button = compared.ui.sideBySideButton
    body, placed = surface("BODY"), surface("placed")
    placed.GetDisplayNode().AddViewNodeID("vtkMRMLViewNode1")
    click(button)
    late = surface("loaded meanwhile")
    settle()
    for tag in ("DefaceOriginal", "DefaceVersion1", "DefaceVersion2"):
        assert len(seen(tag)) == 1, tag
    ours = {node.GetID() for node in views().values()}
    for node in (body, placed, late):
        assert views_of(node)
        assert not ours & set(views_of(node))
    click(button)
    assert [views_of(node) for node in (body, placed, late)] == [[], ["vtkMRMLViewNode1"], []]


def test_the_compared_patients_contours_are_drawn_in_our_slices_only(compared: Any) -> None:
    own, other = surface("own"), surface("other")
    compared.ui.segmentationSelector.setCurrentNode(own)
    click(compared.ui.compareButton)
    spin(lambda: not compared.running)
    click(compared.ui.sideBySideButton)
    slices = {tag: node.GetID() for tag, node in views().items() if tag in ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")}
    faces = {node.GetID() for node in views().values()} - set(slices.values())
    assert set(slices.values()) <= set(views_of(own))
    assert not faces & set(views_of(own))
    assert not set(slices.values()) & set(views_of(other))


def test_a_change_of_a_displays_views_made_meanwhile_stays(compared: Any) -> None:
    body = surface("BODY")
    click(compared.ui.sideBySideButton)
    body.GetDisplayNode().RemoveAllViewNodeIDs()
    body.GetDisplayNode().AddViewNodeID("vtkMRMLSliceNodeRed")
    click(compared.ui.sideBySideButton)
    assert views_of(body) == ["vtkMRMLSliceNodeRed"]


def test_a_scene_saved_with_the_views_on_reopens_with_the_users_own(compared: Any, panel_widget: Any, tmp_path: Path) -> None:
    surface("BODY")
    ct = compared.ui.ctSelector.currentNode()
    click(compared.ui.sideBySideButton)
    slicer.mrmlScene.SetURL(str(tmp_path / "saved.mrml"))
    slicer.mrmlScene.Commit()
    assert compared.ui.sideBySideButton.checked
    saved = (tmp_path / "saved.mrml").read_text()
    for ours in ("LayoutNode", "DefaceOriginal", "DefaceAxial", "skin of", "altered"):
        assert ours not in saved
    assert ct.GetName() in saved
    for arrangement in ("", "5208", "5211"):  # as saved now; as version 0.5.0 saved it; with more methods than there are here
        tag = 'id="vtkMRMLLayoutNodevtkMRMLLayoutNode" singletonTag="vtkMRMLLayoutNode"'
        node = f'<Layout {tag} currentViewArrangement="{arrangement}" />' if arrangement else ""
        (tmp_path / "saved.mrml").write_text(saved.replace("</MRML>", f"{node}</MRML>"))
        slicer.mrmlScene.Clear()
        assert layout() == FOUR_UP
        slicer.mrmlScene.SetURL(str(tmp_path / "saved.mrml"))
        slicer.mrmlScene.Import()
        assert layout() == FOUR_UP
        assert views_of(slicer.util.getNode("BODY")) == []


def test_views_that_are_on_go_when_another_scene_is_loaded_into_theirs(compared: Any, tmp_path: Path) -> None:
    slicer.mrmlScene.SetURL(str(tmp_path / "other.mrml"))
    slicer.mrmlScene.Commit()
    click(compared.ui.sideBySideButton)
    slicer.mrmlScene.Import()
    assert layout() == FOUR_UP
    assert not compared.ui.sideBySideButton.checked
    assert skins() == []


def test_nothing_is_logged_when_views_come_change_and_go(compared: Any) -> None:
    button = compared.ui.sideBySideButton
    with vtk_errors() as complaints:
        for _ in range(2):
            click(button)
            settle()
            compared.ui.sliceVersionComboBox.setCurrentIndex(1)
            click(compared.ui.compareButton)  # a new run refills them
            spin(lambda: not compared.running)
            click(button)
            settle()
    assert complaints == []
    assert slicer.app.logged == []


def test_the_slices_show_the_face_from_the_first_time_on(compared: Any) -> None:
    ct = compared.ui.ctSelector.currentNode()
    moved = vtk.vtkMatrix4x4()
    ct.GetIJKToRASMatrix(moved)
    for axis, millimetres in enumerate((300.0, -200.0, 900.0)):
        moved.SetElement(axis, 3, moved.GetElement(axis, 3) + millimetres)
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        node.SetIJKToRASMatrix(moved)
    click(compared.ui.sideBySideButton)
    settle()
    points = skin_meshes()[ct.GetName()]
    low, high = points.min(axis=0), points.max(axis=0)
    for node in (node for tag, node in views().items() if node.IsA("vtkMRMLSliceNode")):
        middle = np.array([node.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)])
        assert (low < middle).all(), node.GetName()
        assert (middle < high).all(), node.GetName()
        assert middle[1] > 0.5 * (low[1] + high[1])  # in the face, not in the middle of the head
        assert max(node.GetFieldOfView()[:2]) < 300.0


@pytest.mark.parametrize("window", [None, (2000.0, 300.0)], ids=["nobody's", "the user's"])
def test_original_and_versions_have_one_window_and_a_chosen_one_stays(compared: Any, window: tuple[float, float] | None) -> None:
    ct = compared.ui.ctSelector.currentNode()
    if window is not None:
        ct.GetDisplayNode().SetAutoWindowLevel(False)
        ct.GetDisplayNode().SetWindowLevel(*window)
        click(compared.ui.compareButton)  # versions take the window of their original
        spin(lambda: not compared.running)
    click(compared.ui.sideBySideButton)
    shown = {composite.GetBackgroundVolumeID() for composite in composites()}
    shown |= {composite.GetForegroundVolumeID() for composite in composites()}
    displays = [slicer.mrmlScene.GetNodeByID(each).GetDisplayNode() for each in shown]
    assert len(displays) == 2
    assert {(display.GetWindow(), display.GetLevel()) for display in displays} == {window or (400.0, 40.0)}


def test_skins_are_complete_and_drawing_is_paused_when_they_come_into_the_scene(compared: Any) -> None:
    seen_at_arrival: list[tuple[bool, int]] = []

    def on_added(scene: Any, event: str, node: Any) -> None:
        if node.IsA("vtkMRMLModelNode"):
            assert node.GetPolyData().GetNumberOfPoints()
            seen_at_arrival.append((slicer.app.render_pauses > 0, node.GetDisplayNode().GetNumberOfViewNodeIDs()))

    on_added.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]
    tag = slicer.mrmlScene.AddObserver(slicer.mrmlScene.NodeAddedEvent, on_added)
    click(compared.ui.sideBySideButton)
    slicer.mrmlScene.RemoveObserver(tag)
    assert seen_at_arrival == [(True, 1)] * 3
    assert slicer.app.render_pauses == 0


def test_a_closed_scene_leaves_no_skins_in_memory(compared: Any) -> None:
    click(compared.ui.sideBySideButton)
    kept = weakref.ref(skins()[0].GetPolyData())
    slicer.mrmlScene.Clear()
    gc.collect()
    assert kept() is None


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

"""Our views beside what else is in a scene: other surfaces, saved scenes, the user's own layout, memory."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
import vtk

from panel_host import ball, click, spin
from review_study import without_face
from views_on_screen import FOUR_UP, composites, layout, seen, settle, skins, views, vtk_errors

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from DefaceCompareLib.nodes.structure_colours import told_apart  # noqa: E402
from DefaceCompareLib.panel.views.contours import Contours  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


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


def test_other_surfaces_stay_out_of_our_views_and_get_their_own_views_back(with_views: Any) -> None:
    button = with_views.ui.sideBySideButton
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


def test_the_compared_patients_contours_are_drawn_in_our_slices_only(with_views: Any) -> None:
    own, other = surface("own"), surface("other")
    with_views.ui.segmentationSelector.setCurrentNode(own)
    click(with_views.ui.compareButton)
    spin(lambda: not with_views.running)
    click(with_views.ui.sideBySideButton)
    slices = {tag: node.GetID() for tag, node in views().items() if tag in ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")}
    faces = {node.GetID() for node in views().values()} - set(slices.values())
    users, ours = (own.GetNthDisplayNode(number) for number in range(2))
    assert {ours.GetNthViewNodeID(index) for index in range(ours.GetNumberOfViewNodeIDs())} == set(slices.values())
    assert (ours.GetVisibility2DFill(), ours.GetVisibility2DOutline(), ours.GetVisibility3D()) == (0, 1, 0)  # lines only
    assert users.GetVisibility2DFill()  # the user's own display stays as it is, and out of our views
    assert not {*slices.values(), *faces} & {*views_of(own), *views_of(other)}
    users.SetSegmentVisibility("BODY", False)
    assert not ours.GetSegmentVisibility("BODY")
    click(with_views.ui.sideBySideButton)
    assert own.GetNumberOfDisplayNodes() == 1


@pytest.mark.parametrize("displayed", [True, False], ids=["displayed", "without display nodes"])
def test_masks_of_one_green_are_told_apart_in_our_slices_as_in_the_chart(with_views: Any, displayed: bool) -> None:
    node = surface("masks")
    second = slicer.vtkSegment()
    second.DeepCopy(node.GetSegmentation().GetNthSegment(0))
    second.SetName("Brain")
    node.GetSegmentation().AddSegment(second, "Brain")
    green = (0.5, 0.68, 0.5)
    for number in range(2):
        node.GetSegmentation().GetNthSegment(number).SetColor(*green)
    if not displayed:
        slicer.mrmlScene.RemoveNode(node.GetDisplayNode())
    contours = Contours(slicer.mrmlScene, node, [])
    assert [tuple(contours.display.GetSegmentColor(each)) for each in ("BODY", "Brain")] == told_apart([green, green])
    if displayed:
        assert tuple(node.GetDisplayNode().GetSegmentColor("BODY")) == green  # the user's own display is not touched
        node.GetDisplayNode().SetSegmentOverrideColor("BODY", 1.0, 0.0, 0.0)
        assert tuple(contours.display.GetSegmentColor("BODY")) == (1.0, 0.0, 0.0)
    contours.remove()


@pytest.mark.parametrize("displayed", [True, False], ids=["displayed", "without display nodes"])
def test_slicer_lives_when_a_patients_structures_are_shown_again_and_again(compared: Any, displayed: bool) -> None:
    """Slicer's own code draws the slices here: it asks displays that have left the scene, and one that is gone ends it."""
    (own,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    if displayed:
        own.CreateDefaultDisplayNodes()
    for _ in range(3):
        click(compared.ui.sideBySideButton)
        settle()
        slicer.app.layoutManager().paint()
        ours = own.GetNthDisplayNode(own.GetNumberOfDisplayNodes() - 1)
        assert (own.GetNumberOfDisplayNodes(), ours.GetVisibility2DOutline()) == (1 + displayed, 1)
        click(compared.ui.sideBySideButton)
        own.Modified()
        assert own.GetNumberOfDisplayNodes() == displayed


def test_what_leaves_with_the_views_leaves_at_once(with_views: Any) -> None:
    """Each node that goes by itself is looked for in every selector and tree of Slicer's window (10 to 25 ms)."""
    button, scene = with_views.ui.sideBySideButton, slicer.mrmlScene
    click(button)
    settle()
    alone: list[bool] = []
    tag = scene.AddObserver(scene.NodeRemovedEvent, lambda *ignored: alone.append(not scene.IsBatchProcessing()))
    try:
        click(button)
    finally:
        scene.RemoveObserver(tag)
    assert len(alone) > 8
    assert not any(alone)
    assert not scene.IsBatchProcessing()


def test_switching_the_views_on_draws_them_once_not_in_the_middle(with_views: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiting cursor lets Slicer's event loop run before it comes: every view is drawn then, half ready."""
    with_views.ui.arrangementComboBox.setCurrentIndex(0)
    half_ready: list[bool] = []
    cursor = slicer.util.WaitCursor
    monkeypatch.setattr(slicer.util, "WaitCursor", lambda: half_ready.append(with_views.views.views.on) or cursor())
    click(with_views.ui.sideBySideButton)
    settle()
    assert half_ready == [False]


def test_a_change_of_a_displays_views_made_meanwhile_stays(with_views: Any) -> None:
    body = surface("BODY")
    click(with_views.ui.sideBySideButton)
    body.GetDisplayNode().RemoveAllViewNodeIDs()
    body.GetDisplayNode().AddViewNodeID("vtkMRMLSliceNodeRed")
    click(with_views.ui.sideBySideButton)
    assert views_of(body) == ["vtkMRMLSliceNodeRed"]


def test_a_scene_saved_with_the_views_on_reopens_with_the_users_own(with_views: Any, panel_widget: Any, tmp_path: Path) -> None:
    surface("BODY")
    ct = with_views.ui.ctSelector.currentNode()
    click(with_views.ui.sideBySideButton)
    slicer.mrmlScene.SetURL(str(tmp_path / "saved.mrml"))
    slicer.mrmlScene.Commit()
    assert with_views.ui.sideBySideButton.checked
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


def test_views_that_are_on_go_when_another_scene_is_loaded_into_theirs(with_views: Any, tmp_path: Path) -> None:
    slicer.mrmlScene.SetURL(str(tmp_path / "other.mrml"))
    slicer.mrmlScene.Commit()
    click(with_views.ui.sideBySideButton)
    slicer.mrmlScene.Import()
    assert layout() == FOUR_UP
    assert not with_views.ui.sideBySideButton.checked
    assert skins() == []


def test_nothing_is_logged_when_views_come_change_and_go(with_views: Any) -> None:
    button = with_views.ui.sideBySideButton
    with vtk_errors() as complaints:
        for _ in range(2):
            click(button)
            settle()
            with_views.ui.methodList.setCurrentRow(1)
            click(with_views.ui.compareButton)  # a new run refills them
            spin(lambda: not with_views.running)
            click(button)
            settle()
    assert complaints == []
    assert slicer.app.logged == []


def test_a_closed_scene_leaves_no_skins_in_memory(with_views: Any) -> None:
    click(with_views.ui.sideBySideButton)
    kept = weakref.ref(skins()[0].GetPolyData())
    slicer.mrmlScene.Clear()
    gc.collect()
    assert kept() is None


def test_a_layout_that_the_user_chose_meanwhile_stays(with_views: Any) -> None:
    click(with_views.ui.sideBySideButton)
    slicer.app.layoutManager().setLayout(6)
    click(with_views.ui.sideBySideButton)
    assert layout() == 6


def test_closing_the_scene_gives_the_layout_back_and_leaves_nothing_of_ours(with_views: Any) -> None:
    click(with_views.ui.sideBySideButton)
    slicer.mrmlScene.Clear()
    assert layout() == FOUR_UP
    assert not with_views.ui.sideBySideButton.checked
    assert skins() == []
    assert {composite.GetBackgroundVolumeID() for composite in composites()} == {None}
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 0


def resident_mb() -> float:
    """Memory that this process has of the computer."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="memory is read from /proc")
def test_ten_patients_with_views_leave_no_voxel_behind_and_memory_as_it_was(panel: Any) -> None:
    from DefaceCompareLib.nodes.report import METHOD_ATTRIBUTE, ORIGINAL_ROLE
    from DefaceCompareLib.nodes.volumes import add_volume

    alive: set[str] = set()
    closed_mb = []
    head = ball(160)  # 8 MB
    head.SetSpacing((0.8, 0.8, 0.8))
    for number in range(10):
        ct = add_volume(slicer.mrmlScene, head, f"CT {number}")
        versions = [add_volume(slicer.mrmlScene, without_face(head, slab), f"version {slab}") for slab in (60, 70)]
        for key, version in zip(("quickshear", "surface_blur"), versions, strict=True):
            version.SetAttribute(METHOD_ATTRIBUTE, key)
            version.SetNodeReferenceID(ORIGINAL_ROLE, ct.GetID())
        settle()
        panel.views.offer(ct)
        panel.ui.sideBySideButton.checked = True
        settle()
        panel.ui.methodList.setCurrentRow(1)
        label = slicer.mrmlScene.GetNodeByID(composites()[0].GetLabelVolumeID())
        for node in (ct, *versions, label):
            name = f"{number} {node.GetName()}"
            alive.add(name)
            node.GetImageData().AddObserver("DeleteEvent", lambda *ignored, name=name: alive.discard(name))
        del ct, versions, version, label, node
        slicer.mrmlScene.Clear()
        settle()
        assert alive == set()
        closed_mb.append(resident_mb())
    assert closed_mb[-1] < closed_mb[1] + 8.0, closed_mb  # a patient has four times as much

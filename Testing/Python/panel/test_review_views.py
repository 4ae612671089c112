"""The reviewed case in the views: the faces that a person sees are this case's, not the one's before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from panel_host import click, press, spin
from review_study import METHODS, opened, volumes, write_study
from views_on_screen import FOUR_UP, layout, seen, settle, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FACE, ROW = 0, 2
"""Places of *One face* and *All faces in a row* in the list of arrangements."""
FACE_VIEWS = ("DefaceOriginal", "DefaceVersion1", "DefaceVersion2")


@pytest.fixture
def study(panel: Any, tmp_path: Path) -> Path:
    """Five cases, each with a head of its own size; the faces will stand in a row."""
    panel.ui.arrangementComboBox.setCurrentIndex(ROW)
    return write_study(tmp_path, cases=5, looked_at=range(1, 6))


def assert_faces_are_of(case: str) -> None:
    """Each view shows one surface, and it is that of its own volume."""
    there = skin_meshes()
    settle()
    spin(lambda: all(seen(tag) for tag in FACE_VIEWS))  # a loaded machine draws later
    for tag, name in zip(FACE_VIEWS, (f"{case} CT", *(f"{case} {title}" for title in METHODS.values())), strict=True):
        (points,) = seen(tag)
        assert np.array_equal(points, there[name]), (tag, name)


def test_five_cases_in_a_row_show_their_own_faces(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    sizes = []
    for number in range(1, 6):
        assert_faces_are_of(f"case-{number:03d}")
        sizes.append(len(skin_meshes()[f"case-{number:03d} CT"]))
        press(ui.reviewTable, "N")
    assert len(set(sizes)) == 5  # five different heads


def test_the_views_stay_on_between_cases(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    layouts: list[int] = []
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    tag = node.AddObserver("ModifiedEvent", lambda *ignored: layouts.append(node.GetViewArrangement()))
    press(ui.reviewTable, "N")
    node.RemoveObserver(tag)
    assert set(layouts) <= {node.GetViewArrangement()}  # another one in between would drop what the views shall draw
    spin(lambda: all(name.startswith("case-002") for name in volumes()))


def node_ids() -> set[str]:
    """The ids of all nodes of the scene, each of which Slicer lists in its selectors."""
    return {slicer.mrmlScene.GetNthNode(number).GetID() for number in range(slicer.mrmlScene.GetNumberOfNodes())}


def defaced_voxels(study: Path, case: str, method: str) -> NDArray[np.int32]:
    """The voxels of a defaced image as its file has them."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(study / "cases" / case / method / "CT.nrrd"))).astype(np.int32)


@pytest.mark.parametrize("arrangement", [FACE, ROW])
def test_between_two_cases_no_node_comes_or_goes_and_none_holds_what_the_case_before_held(
    panel: Any, study: Path, arrangement: int
) -> None:
    panel.ui.arrangementComboBox.setCurrentIndex(arrangement)
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    there = node_ids()
    for number in (2, 3, 2):
        case = f"case-{number:03d}"
        (ui.nextButton if case > names_of_case() else ui.previousButton).click()  # no turn of the event loop
        assert {name.split()[0] for name in volumes()} == {case}
        settle()
        assert node_ids() == there
        for method, title in METHODS.items():
            shown = slicer.util.arrayFromVolume(slicer.util.getNode(f"{case} {title}"))
            assert np.array_equal(shown, defaced_voxels(study, case, method)), (case, title)
    panel.review.close()
    assert volumes() == []


def names_of_case() -> str:
    """The case whose volumes are in the scene."""
    (case,) = {name.split()[0] for name in volumes()}
    return case


def test_altered_voxels_are_marked_where_this_case_was_altered(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    for case in ("case-001", "case-002"):
        settle()
        original = slicer.util.arrayFromVolume(slicer.util.getNode(f"{case} CT")).astype(np.int32)
        for row, method in enumerate(METHODS):
            ui.reviewTable.setCurrentCell(row, 2)
            defaced = defaced_voxels(study, case, method)
            altered = (original != defaced) & (np.maximum(original, defaced) > panel.views.views._skins.body_from)
            marked = slicer.util.arrayFromVolume(slicer.util.getNode("altered voxels"))
            assert altered.any()
            assert np.array_equal(marked, altered), (case, method)
        press(ui.reviewTable, "N")


def test_what_the_user_deletes_of_a_case_is_there_again_in_the_next(panel: Any, study: Path) -> None:
    from DefaceCompareLib.nodes.volumes import remove_node

    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    slicer.mrmlScene.RemoveNode(slicer.util.getNode("case-001 CT").GetDisplayNode())
    remove_node(slicer.mrmlScene, slicer.util.getNode(f"case-001 {METHODS['surface_blur']}"))  # not in the slices
    settle()
    press(ui.reviewTable, "N")
    click(ui.reviewShowButton)
    assert_faces_are_of("case-002")
    assert len(volumes()) == 1 + len(METHODS)
    assert slicer.util.getNode("case-002 CT").GetDisplayNode() is not None


def test_faces_are_right_when_the_views_are_opened_again(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    settle()
    click(ui.sideBySideButton)
    click(ui.nextButton)
    settle()
    click(ui.reviewShowButton)
    assert_faces_are_of("case-002")


def test_the_slices_show_the_method_whose_question_is_chosen(panel: Any, study: Path) -> None:
    ui = opened(panel, study, blinded=True)
    click(ui.reviewShowButton)
    for row in (1, 0, 1):
        ui.reviewTable.setCurrentCell(row, 2)
        label = ui.reviewTable.item(row, 0).text()
        shown = {slicer.mrmlScene.GetNodeByID(each.GetForegroundVolumeID()).GetName() for each in our_composites()}
        assert shown == {f"case-001 {label}"}
        assert ui.methodList.currentItem().text() == label
    press(ui.reviewTable, "P")  # the answer leads to the next open question: the first method's first
    shown = {slicer.mrmlScene.GetNodeByID(each.GetForegroundVolumeID()).GetName() for each in our_composites()}
    assert shown == {f"case-001 {ui.reviewTable.item(ui.reviewTable.currentRow(), 0).text()}"}


def our_composites() -> list[Any]:
    """What our three slice views show."""
    logic = slicer.app.applicationLogic()
    return [
        logic.GetSliceLogicByLayoutName(tag).GetSliceCompositeNode() for tag in ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")
    ]


def test_a_reviewed_ct_is_shown_in_the_window_of_soft_tissue(panel: Any, study: Path) -> None:
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    displays = [node.GetDisplayNode() for node in map(slicer.util.getNode, volumes())]
    assert {(display.GetWindow(), display.GetLevel()) for display in displays} == {(400.0, 40.0)}


def test_a_reviewed_patients_structures_are_drawn_in_the_slices_and_go_with_the_case(panel: Any, tmp_path: Path) -> None:
    out = write_study(tmp_path, cases=2, looked_at=(1, 2), eye=True)
    ui = opened(panel, out)
    click(ui.reviewShowButton)
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    display = segmentation.GetNthDisplayNode(1)
    shown = {display.GetNthViewNodeID(index) for index in range(display.GetNumberOfViewNodeIDs())}
    assert {f"vtkMRMLSliceNode{tag}" for tag in ("DefaceAxial", "DefaceSagittal", "DefaceCoronal")} <= shown
    assert not {f"vtkMRMLViewNode{tag}" for tag in FACE_VIEWS} & shown
    assert display.GetPreferredDisplayRepresentationName2D() == "Closed surface"
    first = segmentation.GetName()
    press(ui.reviewTable, "N")
    spin(lambda: len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1)
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert (first, segmentation.GetName()) == ("case-001 structures", "case-002 structures")
    slicer.mrmlScene.Clear()
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []


def test_a_layout_that_the_reviewer_chooses_stays_until_the_views_are_asked_for_again(panel: Any, study: Path) -> None:
    conventional = slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView
    slicer.app.layoutManager().setLayout(FOUR_UP)
    ui = opened(panel, study)
    click(ui.reviewShowButton)
    ours = layout()
    assert ours != FOUR_UP
    slicer.app.layoutManager().setLayout(conventional)
    press(ui.reviewTable, "N")
    settle()
    assert layout() == conventional
    click(ui.reviewShowButton)
    assert layout() == ours
    assert_faces_are_of("case-002")
    panel.review.close()
    assert layout() == conventional  # what stood there before
    slicer.app.layoutManager().setLayout(FOUR_UP)
    click(ui.reviewShowButton)
    assert layout() == ours
    panel.review.close()
    assert layout() == FOUR_UP

"""What a user deletes in the Data module while our views and charts show it."""

from __future__ import annotations

from typing import Any

import pytest

from panel_host import click, press, show_tab_of
from views_on_screen import FOUR_UP, layout, listed, seen, settle, skin_meshes, vtk_errors

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FACE = 0
"""Place of *One face* in the list of arrangements."""


def delete(*nodes: Any) -> None:
    """As the Data module does: what displays a node goes with it. A slice that shows a volume gives it a display once more."""
    from DefaceCompareLib.nodes.volumes import remove_node

    for node in nodes:
        remove_node(slicer.mrmlScene, node)
    slicer.app.logged.clear()  # of that second display, which is Slicer's own
    settle()


@pytest.fixture
def one_face(with_views: Any) -> Any:
    """The panel whose views show one face of two methods."""
    with_views.ui.arrangementComboBox.setCurrentIndex(FACE)
    click(with_views.ui.sideBySideButton)
    settle()
    return with_views


def use(ui: Any) -> None:
    """Everything that can be done with the views."""
    for row in range(ui.methodList.count):
        ui.methodList.setCurrentRow(row)
        settle()
    press(ui.methodList, "O")
    ui.wipeSlider.value = 30
    ui.distanceCheckBox.checked = not ui.distanceCheckBox.checked
    for arrangement in (2, 1, 0):
        ui.arrangementComboBox.setCurrentIndex(arrangement)
        settle()


def test_a_defaced_volume_that_is_deleted_leaves_the_views_with_the_others(one_face: Any) -> None:
    ui = one_face.ui
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    (gone,) = [node for node in volumes if node.GetAttribute("DefaceCompare.Method") == "quickshear"]
    name = gone.GetName()
    with vtk_errors() as errors:
        delete(gone)
        assert [text.partition("\n")[0] for text in listed(ui.methodList)] == ["Surface blur"]
        use(ui)
    assert errors == []
    assert name not in skin_meshes()
    assert ui.sideBySideButton.checked


def test_an_original_that_is_deleted_takes_the_views_with_it(one_face: Any) -> None:
    ui = one_face.ui
    with vtk_errors() as errors:
        delete(ui.ctSelector.currentNode())
        use(ui)
    assert errors == []
    assert (layout(), skin_meshes(), ui.sideBySideButton.checked) == (FOUR_UP, {}, False)


def test_all_defaced_volumes_deleted_at_once_give_the_layout_back(one_face: Any) -> None:
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    delete(*(node for node in volumes if node.GetAttribute("DefaceCompare.Method") is not None))
    assert (layout(), skin_meshes(), one_face.ui.sideBySideButton.checked) == (FOUR_UP, {}, False)
    assert not one_face.ui.sideBySideButton.enabled


def test_a_skin_that_is_deleted_by_a_script_does_not_break_the_views(one_face: Any) -> None:
    with vtk_errors() as errors:
        for model in slicer.util.getNodesByClass("vtkMRMLModelNode"):
            delete(model)
        use(one_face.ui)
        click(one_face.ui.sideBySideButton)
        click(one_face.ui.sideBySideButton)
        settle()
    assert errors == []
    assert len(seen("DefaceFace")) == 2


def test_curves_that_are_deleted_take_the_chart_with_them(compared: Any) -> None:
    ui = compared.ui
    show_tab_of(ui.chartWidget)
    assert ui.chartWidget.visible
    (curves,) = [node for node in slicer.util.getNodesByClass("vtkMRMLTableNode") if node.GetName().endswith("DVH curves")]
    slicer.mrmlScene.RemoveNode(curves)
    settle()
    ui.dosePolicyComboBox.setCurrentIndex(2)
    ui.organTable.setCurrentCell(0, 0)
    settle()
    assert slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode") == []
    assert not ui.chartWidget.visible


def test_structures_that_are_deleted_leave_tables_that_can_still_be_used(compared: Any) -> None:
    ui = compared.ui
    delete(ui.segmentationSelector.currentNode())
    for row in range(ui.organTable.rowCount):
        ui.organTable.setCurrentCell(row, 0)
    ui.dosePolicyComboBox.setCurrentIndex(2)
    settle()
    assert compared.results.rows


def test_a_patient_who_is_renamed_keeps_results_and_views(one_face: Any) -> None:
    ui, faces = one_face.ui, len(skin_meshes())
    ui.ctSelector.currentNode().SetName("Renamed")
    settle()
    use(ui)
    assert one_face.results.rows
    assert ui.sideBySideButton.checked
    assert len(skin_meshes()) == faces

"""One big face: wipe, flicker, colour by distance, directions, pictures of the methods; isodoses and DVH beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk
from vtkmodules.util.numpy_support import vtk_to_numpy

from panel_host import ball, click, press, spin
from views_on_screen import dvh_chart, listed, seen, settle, skin_meshes, skins, views

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

FACE = 0
"""Place of *One face* in the list of arrangements."""
OURS = (
    "vtkMRMLClipNode",
    "vtkMRMLMarkupsPlaneNode",
    "vtkMRMLColorLegendDisplayNode",
    "vtkMRMLColorTableNode",
    "vtkMRMLModelNode",
)


@pytest.fixture
def with_face(with_views: Any) -> Any:
    """The panel with two methods compared; one big face is on the screen."""
    ui = with_views.ui
    ui.arrangementComboBox.setCurrentIndex(FACE)
    ui.wipeSlider.value = 50
    ui.distanceCheckBox.checked = False
    click(ui.sideBySideButton)
    ui.methodList.setCurrentRow(0)
    window = ui.methodList.window()
    window.activateWindow()  # keys are heard in the active window
    spin(lambda: window.isActiveWindow)
    settle()
    return with_views


def sees_alone(mesh: Any) -> bool:
    """Whether a person sees one surface, and it is this one."""
    shown = seen("DefaceFace")
    return len(shown) == 1 and np.array_equal(shown[0], mesh)


def test_the_original_stands_left_of_the_wipe_and_the_chosen_method_right_of_it(with_face: Any) -> None:
    assert list(views()) == ["DefaceFace", "DefaceAxial", "DefaceSagittal", "DefaceCoronal"]
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(views()["DefaceFace"])
    with_face.ui.frontButton.click()
    settle()
    assert camera.GetPosition()[1] > 100.0 + camera.GetFocalPoint()[1]
    for share in (50, 25):
        with_face.ui.wipeSlider.value = share
        settle()
        left, right = sorted(seen("DefaceFace"), key=lambda points: -points[:, 0].mean())  # patient right (+R) is picture left
        boundary = left[:, 0].min()
        assert boundary == pytest.approx(right[:, 0].max(), abs=1e-3)
        mesh = skin_meshes()["planning CT"]
        high, low = mesh[:, 0].max(), mesh[:, 0].min()
        assert (high - boundary) / (high - low) == pytest.approx(0.01 * share, abs=1e-3)
    for share, whole in ((100, 0), (0, 1)):
        with_face.ui.wipeSlider.value = share
        spin(lambda whole=whole: sees_alone(list(skin_meshes().values())[whole]))


def test_the_wipe_stays_upright_in_the_picture_from_every_direction(with_face: Any) -> None:
    ui = with_face.ui
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(views()["DefaceFace"])
    (plane,) = slicer.util.getNodesByClass("vtkMRMLMarkupsPlaneNode")
    for button, towards in ((ui.leftButton, (-1, 0)), (ui.rightButton, (1, 0)), (ui.frontButton, (0, 1))):
        button.click()
        from_face = np.subtract(camera.GetPosition(), camera.GetFocalPoint())
        assert from_face[:2] / np.linalg.norm(from_face) == pytest.approx(towards, abs=1e-6)
        normal = np.array(plane.GetNormal())
        assert abs(normal @ from_face) < 1e-6
        assert normal @ np.cross(-from_face, camera.GetViewUp()) > 0.0


def test_a_key_shows_original_and_method_by_turns_in_the_same_place(with_face: Any) -> None:
    labels = []
    for _ in range(4):
        press(with_face.ui.methodList, "O")
        spin(lambda: len(seen("DefaceFace")) == 1)
        labels.append(views()["DefaceFace"].GetLayoutLabel())
    assert labels == ["original", "Quickshear (ours)"] * 2
    with_face.ui.wipeSlider.value = 49
    spin(lambda: len(seen("DefaceFace")) == 2)
    assert views()["DefaceFace"].GetLayoutLabel() == "original | Quickshear (ours)"


def test_a_picture_of_a_method_is_chosen_and_face_and_slices_show_it(with_face: Any) -> None:
    ui = with_face.ui
    assert listed(ui.methodList) == ["Quickshear\nmoved 3.2 mm", "Surface blur\nmoved 6.5 mm"]
    assert [ui.methodList.item(row).toolTip() for row in range(2)] == [
        "Quickshear (ours): quickshear",
        "Surface blur (CuratAI-style): surface_blur",
    ]
    assert all(not ui.methodList.item(row).icon().isNull() for row in range(2))
    ui.methodList.setCurrentRow(1)
    ui.wipeSlider.value = 0
    spin(lambda: len(seen("DefaceFace")) == 1)
    (points,) = seen("DefaceFace")
    assert [name for name, mesh in skin_meshes().items() if np.array_equal(mesh, points)] == [skins()[2].GetName()[8:]]
    assert views()["DefaceFace"].GetLayoutLabel() == "Surface blur (CuratAI-style)"


def test_the_colour_is_the_distance_from_the_originals_skin_and_a_legend_tells_it(with_face: Any) -> None:
    with_face.ui.distanceCheckBox.checked = True
    original, shown, hidden = skins()
    display = shown.GetDisplayNode()
    assert (display.GetScalarVisibility(), display.GetScalarRange()) == (True, (0.0, 15.0))
    assert not original.GetDisplayNode().GetScalarVisibility()
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(display)
    assert (legend.GetVisibility(), legend.GetTitleText()) == (True, "mm")
    assert [legend.GetNthViewNodeID(0), legend.GetNumberOfViewNodeIDs()] == [views()["DefaceFace"].GetID(), 1]
    found = vtk_to_numpy(shown.GetPolyData().GetPointData().GetArray(display.GetActiveScalarName()))
    exact, distance = vtk.vtkDoubleArray(), vtk.vtkImplicitPolyDataDistance()
    distance.SetInput(original.GetPolyData())
    distance.EvaluateFunction(shown.GetPolyData().GetPoints().GetData(), exact)
    apart = np.abs(found - np.abs(vtk_to_numpy(exact).ravel()))
    assert found.max() > 5.0
    assert apart.max() < 0.4  # measured 0.19 mm, on a mesh of 2 mm
    assert np.percentile(apart, 95) < 0.01  # measured 0
    with_face.ui.methodList.setCurrentRow(1)
    assert not display.GetScalarVisibility()
    assert not legend.GetVisibility()
    assert hidden.GetDisplayNode().GetScalarVisibility()


def test_nothing_of_the_face_is_left_when_the_views_go_and_the_users_place_mode_is_as_it_was(with_views: Any) -> None:
    selection = slicer.app.applicationLogic().GetSelectionNode()
    mine = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "points of the user")
    assert selection.GetActivePlaceNodeID() == mine.GetID()  # Slicer's Markups logic: what was added last
    before = {name: slicer.mrmlScene.GetNumberOfNodesByClass(name) for name in OURS}
    with_views.ui.arrangementComboBox.setCurrentIndex(FACE)
    with_views.ui.distanceCheckBox.checked = True
    click(with_views.ui.sideBySideButton)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLClipNode") > before["vtkMRMLClipNode"]
    assert selection.GetActivePlaceNodeID() == mine.GetID()
    assert selection.GetActivePlaceNodeClassName() == "vtkMRMLMarkupsFiducialNode"
    settle()
    click(with_views.ui.sideBySideButton)
    settle()
    assert {name: slicer.mrmlScene.GetNumberOfNodesByClass(name) for name in OURS} == before


def test_isodoses_lie_where_the_dose_has_their_value_in_slices_only(with_views: Any) -> None:
    from DefaceCompareLib.nodes.volumes import add_volume
    from DefaceCompareLib.panel.views.isodoses import LEVEL_ARRAY, isodose_levels_gy

    image = ball()
    size = image.GetSize()[0]
    rising = np.broadcast_to(np.linspace(0.0, 63.0, size), (size, size, size)).astype(np.float32)  # along x, 4.2 Gy a voxel
    dose = sitk.GetImageFromArray(np.ascontiguousarray(rising))
    dose.CopyInformation(image)
    with_views.ui.doseSelector.setCurrentNode(add_volume(slicer.mrmlScene, dose, "dose"))
    with_views.ui.isodosesCheckBox.checked = True
    click(with_views.ui.sideBySideButton)
    (model,) = (node for node in slicer.util.getNodesByClass("vtkMRMLModelNode") if node.GetName() == "isodoses")
    display = model.GetDisplayNode()
    assert isodose_levels_gy(63.0) == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    points = vtk_to_numpy(model.GetPolyData().GetPoints().GetData())
    level = vtk_to_numpy(model.GetPolyData().GetPointData().GetArray(LEVEL_ARRAY))
    first_mm, voxel_mm = image.GetOrigin()[0], image.GetSpacing()[0]
    dose_gy = (-points[:, 0] - first_mm) / voxel_mm * 63.0 / (size - 1)
    assert dose_gy == pytest.approx(10.0 * (level + 1.0), abs=1e-3)
    assert set(level) == set(range(6))
    assert {display.GetNthViewNodeID(index) for index in range(display.GetNumberOfViewNodeIDs())} == {
        view.GetID() for view in views().values() if view.IsA("vtkMRMLSliceNode")
    }
    assert (display.GetVisibility(), display.GetVisibility2D(), display.GetVisibility3D()) == (1, 1, 0)
    with_views.ui.isodosesCheckBox.checked = False
    assert not display.GetVisibility()
    assert "10, 20, 30, 40, 50, 60 Gy" in with_views.ui.isodosesCheckBox.toolTip


def test_the_dvh_stands_in_a_view_of_the_layout_with_the_structures_that_are_ticked(compared: Any) -> None:
    import qt

    ui = compared.ui
    assert listed(ui.chartList) == ["Eye_L"]
    click(ui.dvhButton)
    settle()
    assert list(views()) == ["DefaceDVH", "DefaceFace", "DefaceAxial", "DefaceSagittal", "DefaceCoronal"]
    assert views()["DefaceDVH"].GetPlotChartNode() is dvh_chart()
    assert dvh_chart().GetNumberOfPlotSeriesNodes() == 3
    ui.chartList.item(0).setCheckState(qt.Qt.Unchecked)
    assert dvh_chart().GetNumberOfPlotSeriesNodes() == 0
    ui.chartList.item(0).setCheckState(qt.Qt.Checked)
    assert dvh_chart().GetNumberOfPlotSeriesNodes() == 3
    click(ui.dvhButton)
    assert "DefaceDVH" not in views()
    assert not ui.sideBySideButton.checked


def test_the_legend_of_several_structures_names_each_colour_and_each_line_style_once(compared: Any) -> None:
    from DefaceCompareLib.nodes.dvh_chart import DvhChart

    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    columns = [f"{organ}|{method}|{policy}|x" for organ in ("Eye_L", "Eye_R") for method, policy in METHODS]
    for name in ("dose_gy", *columns):
        column = vtk.vtkDoubleArray()
        column.SetName(name)
        column.InsertNextValue(1.0)
        table.AddColumn(column)
    chart = DvhChart(slicer.mrmlScene, ["quickshear", "surface_blur"])
    chart.show(table, ["Eye_L", "Eye_R"], "mask", lambda organ: None)
    names = [chart.node.GetNthPlotSeriesNode(index).GetName() for index in range(chart.node.GetNumberOfPlotSeriesNodes())]
    chart.remove()
    assert names == ["Eye_L", "quickshear", "surface_blur", "Eye_R", "", ""]


METHODS = (("original", ""), ("quickshear", "mask"), ("surface_blur", "mask"))

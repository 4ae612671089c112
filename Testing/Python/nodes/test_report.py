"""A finished comparison in the scene: volumes, tables, folder, and back from a saved scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from node_images import ct_image, one_method_output

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

from deface_compare.errors import UnusableInput  # noqa: E402
from deface_compare.measurement import Scope  # noqa: E402
from deface_compare.measurement_table import TABLE_COLUMNS, cells_of, read_measurements  # noqa: E402
from deface_compare.version import __version__  # noqa: E402
from DefaceCompareLib.nodes import compare as logic  # noqa: E402
from DefaceCompareLib.nodes.comparison_table import add_comparison_table  # noqa: E402
from DefaceCompareLib.nodes.measurements_table import VERSION_ATTRIBUTE  # noqa: E402
from DefaceCompareLib.nodes.report import METHOD_ATTRIBUTE, ORIGINAL_ROLE, PARAMETERS_ATTRIBUTE, report_to_nodes  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core


def test_a_report_becomes_volumes_and_tables_with_units_under_one_folder(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    (nodes,) = report_to_nodes(one_method_output(tmp_path), scene, {"CT": ct})
    defaced = nodes.volumes["quickshear", "CT"]
    assert defaced.GetName() == "planning defaced (Quickshear (ours))"
    assert defaced.GetNodeReference("DefaceCompare.Original").GetID() == ct.GetID()
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(defaced), sitk.GetArrayFromImage(ct_image()))
    assert sorted(nodes.tables) == ["dose", "quality", "volume"]
    assert "dose was not recalculated" in nodes.tables["dose"].GetDescription()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for table in nodes.tables.values():
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(table)) == nodes.folder_item
    method_folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(defaced))
    assert hierarchy.GetItemName(method_folder) == "Quickshear (ours)"
    assert hierarchy.GetItemParent(method_folder) == nodes.folder_item


def under_study(scene: Any, *nodes: Any) -> int:
    """Put nodes under a patient and a study, as the DICOM module does; returns the study's item."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "patient")
    study = hierarchy.CreateStudyItem(patient, "planning")
    for node in nodes:
        hierarchy.CreateItem(study, node)
    return int(study)


def test_results_lie_under_the_study_and_say_how_they_were_made(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    study = under_study(scene, ct)
    (nodes,) = report_to_nodes(one_method_output(tmp_path), scene, {"CT": ct})
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetItemParent(nodes.folder_item) == study
    defaced = nodes.volumes["quickshear", "CT"]
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(defaced))
    for read in (defaced.GetAttribute, lambda name: hierarchy.GetItemAttribute(folder, name)):
        assert read(METHOD_ATTRIBUTE) == "quickshear"
        assert read(VERSION_ATTRIBUTE) == __version__
        assert json.loads(read(PARAMETERS_ATTRIBUTE)) == {"variant": "nipy", "buffer_mm": 10.0}


def test_a_saved_bundle_reopens_with_results_where_they_were(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    under_study(scene, ct)
    (nodes,) = report_to_nodes(one_method_output(tmp_path / "out"), scene, {"CT": ct})
    values = slicer.util.arrayFromVolume(nodes.volumes["quickshear", "CT"]).copy()
    assert scene.WriteToMRB(str(tmp_path / "saved.mrb"))
    scene.Clear()
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert scene.ReadFromMRB(str(tmp_path / "saved.mrb"))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    (defaced,) = (n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if n.GetAttribute(METHOD_ATTRIBUTE))
    assert defaced.GetNodeReference(ORIGINAL_ROLE).GetName() == "planning"
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(defaced), values)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(defaced))
    path = []
    while folder != hierarchy.GetSceneItemID():
        path.append(hierarchy.GetItemName(folder))
        folder = hierarchy.GetItemParent(folder)
    assert path == ["Quickshear (ours)", "DefaceCompare patient", "planning", "patient"]
    volumes = slicer.util.getNode("patient: volume")
    assert volumes.GetTable().GetColumnByName("original").GetValue(0) == 12.25
    assert np.isnan(slicer.util.getNode("patient: dose").GetTable().GetColumnByName("original").GetValue(0))
    assert "dose was not recalculated" in slicer.util.getNode("patient: dose").GetDescription()


def test_an_original_that_left_the_scene_is_as_good_as_none(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    scene.Clear()
    (nodes,) = report_to_nodes(one_method_output(tmp_path), scene, {"CT": ct})
    defaced = nodes.volumes["quickshear", "CT"]
    assert defaced.GetName() == "CT defaced (Quickshear (ours))"
    assert defaced.GetNodeReferenceID(ORIGINAL_ROLE) is None


def test_a_scene_closed_during_a_comparison_gets_no_results(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ct = add_volume(scene, ct_image(), "planning")

    def compare(case: Any, methods: Any, settings: Any, progress: Any, out: Path) -> None:
        scene.Clear()  # the user closes it while a method works
        one_method_output(out)

    monkeypatch.setattr(logic, "compare_case", compare)
    with pytest.raises(UnusableInput, match="scene was closed"):
        logic.compare_nodes({"CT": ct}, methods=["quickshear"])
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0
    with pytest.raises(UnusableInput, match="scene was closed"):
        logic.compare_nodes({"CT": ct}, methods=["quickshear"])


def test_tables_hold_the_rows_of_the_file_cell_for_cell(scene: Any, tmp_path: Path) -> None:
    out = one_method_output(tmp_path)
    (nodes,) = report_to_nodes(out, scene)
    for row in read_measurements(out / "cases" / "case-001" / "measurements.csv"):
        table = nodes.tables[row.domain].GetTable()
        for column, expected in zip(TABLE_COLUMNS, cells_of(row), strict=True):
            cell = table.GetColumnByName(column).GetValue(0)
            assert cell == expected or (np.isnan(cell) and np.isnan(expected))
    assert nodes.tables["volume"].GetTable().GetColumnByName("unit").GetValue(0) == "cc"


def test_methods_stand_side_by_side_with_value_change_and_reasonless_gaps(scene: Any) -> None:
    first, second = (Scope("case-001", method, "", "background", "none") for method in ("quickshear", "biometric_mask"))
    rows = [
        first.row("intact_volume", original=10.0, defaced=7.5, structure="Eye_L", image="CT"),
        first.row("done_as_intended", defaced=1.0, image="CT"),
        second.missing("intact_volume", "the method failed", structure="Eye_L", image="CT", status="failed"),
        second.row("done_as_intended", defaced=0.0, image="CT"),
    ]
    table = add_comparison_table(scene, "side by side", rows)
    columns = [table.GetColumnName(index) for index in range(table.GetNumberOfColumns())]
    assert columns[-2:] == ["Quickshear (ours)", "Biometric_mask (ours, from its description)"]
    cells = [[table.GetCellText(row, column) for column in range(len(columns))] for row in range(2)]
    assert cells == [
        ["CT", "Eye_L", "intact_volume", "cc", "10.00", "7.50 (−2.50)", "failed"],
        ["CT", "", "done_as_intended", "", "", "yes", "no"],
    ]


def test_a_damaged_report_brings_no_node_into_the_scene(scene: Any, tmp_path: Path) -> None:
    out = one_method_output(tmp_path)
    (out / "cases" / "case-001" / "quickshear" / "PET.nrrd").write_bytes(b"NRRD0004\n")
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    before = scene.GetNumberOfNodes()
    with pytest.raises(UnusableInput, match=r"PET\.nrrd"):
        report_to_nodes(out, scene)
    assert scene.GetNumberOfNodes() == before
    with pytest.raises(UnusableInput, match="did not finish"):
        report_to_nodes(tmp_path / "elsewhere", scene)

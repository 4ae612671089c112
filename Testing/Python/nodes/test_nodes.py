"""Nodes to case folder and back, on the real MRML scene of slicer-core."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from made_report import write_made_report
from places import SLICER_HOST

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
sys.path.insert(0, str(SLICER_HOST))

import scene_host  # noqa: E402
from deface_compare.errors import UnusableInput  # noqa: E402
from deface_compare.measurement import COLUMNS, Scope, read_measurements  # noqa: E402
from deface_compare.readers import read_case  # noqa: E402
from deface_compare.readers.dicom.patient import SAMPLE_MANUFACTURER  # noqa: E402
from deface_compare.sample.patient import SamplePatient, sample_patient  # noqa: E402
from deface_compare.version import __version__  # noqa: E402
from DefaceCompareLib.nodes import compare as logic  # noqa: E402
from DefaceCompareLib.nodes.case_folder import DOSE_UNIT_ATTRIBUTE, SYNTHETIC_ATTRIBUTE, nodes_to_case_folder  # noqa: E402
from DefaceCompareLib.nodes.comparison_table import add_comparison_table  # noqa: E402
from DefaceCompareLib.nodes.report import (  # noqa: E402
    METHOD_ATTRIBUTE,
    ORIGINAL_ROLE,
    PARAMETERS_ATTRIBUTE,
    VERSION_ATTRIBUTE,
    report_to_nodes,
)
from DefaceCompareLib.nodes.sample import sample_to_nodes  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume, image_of_volume  # noqa: E402

pytestmark = pytest.mark.slicer_core

SIZE = (20, 24, 16)
"""Voxels in x, y, z."""


@pytest.fixture
def scene() -> Any:
    """The application's scene, empty."""
    app = scene_host.bootstrap()
    app.scene.Clear()
    return app.scene


def oblique_image(pixel_type: int, seed: int = 1) -> sitk.Image:
    """Random voxels on an oblique, anisotropic grid."""
    values = np.random.default_rng(seed).integers(0, 120, SIZE[::-1])
    image = sitk.Cast(sitk.GetImageFromArray(values.astype(np.int16)), pixel_type)
    turn = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.3, -0.2, 0.1)
    image.SetSpacing((1.5, 2.0, 3.0))
    image.SetOrigin((-30.0, 12.5, 400.0))
    image.SetDirection(turn.GetMatrix())
    return image


def ct_image() -> sitk.Image:
    """A CT-like block in air."""
    values = np.full(SIZE[::-1], -1000, np.int16)
    values[4:12, 4:20, 4:16] = 40
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(oblique_image(sitk.sitkInt16))
    return image


def masks() -> dict[str, np.ndarray]:
    """Two structures that overlap, shape (z, y, x)."""
    brain, target = np.zeros(SIZE[::-1], np.uint8), np.zeros(SIZE[::-1], np.uint8)
    brain[6:12, 6:18, 5:15] = 1
    target[8:13, 10:14, 8:18] = 1
    return {"Brain": brain, "GTV 1": target}


def segmentation_of(scene: Any, volume: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A segmentation node with a labelmap a structure, on the volume's grid."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "plan")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, array in arrays.items():
        node.GetSegmentation().AddEmptySegment(name, name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, name, volume)
    return node


def test_a_volume_keeps_every_voxel_its_type_and_its_place(scene: Any) -> None:
    for pixel_type in (sitk.sitkUInt8, sitk.sitkInt16, sitk.sitkUInt16, sitk.sitkInt32, sitk.sitkFloat32, sitk.sitkFloat64):
        image = oblique_image(pixel_type)
        node = add_volume(scene, image, "volume")
        back = image_of_volume(node)
        assert back.GetPixelID() == pixel_type
        np.testing.assert_array_equal(sitk.GetArrayViewFromImage(back), sitk.GetArrayViewFromImage(image))
        # measured 0 for origin and spacing, 6e-17 for the direction
        np.testing.assert_allclose(back.GetOrigin(), image.GetOrigin(), atol=1e-9)
        np.testing.assert_allclose(back.GetSpacing(), image.GetSpacing(), atol=1e-12)
        np.testing.assert_allclose(back.GetDirection(), image.GetDirection(), atol=1e-12)


def test_a_volume_lies_where_slicer_itself_would_load_it(scene: Any, tmp_path: Path) -> None:
    image = oblique_image(sitk.sitkInt16)
    sitk.WriteImage(image, str(tmp_path / "volume.nrrd"))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(tmp_path / "volume.nrrd"))
    by_slicer = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "by Slicer")
    assert storage.ReadData(by_slicer)
    ours, theirs = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    add_volume(scene, image, "ours").GetIJKToRASMatrix(ours)
    by_slicer.GetIJKToRASMatrix(theirs)
    # measured 6e-14 mm: the file keeps decimal digits
    np.testing.assert_allclose(slicer.util.arrayFromVTKMatrix(ours), slicer.util.arrayFromVTKMatrix(theirs), atol=1e-9)


def test_a_case_folder_is_read_back_voxel_for_voxel(scene: Any, tmp_path: Path) -> None:
    image, dose = ct_image(), sitk.Cast(oblique_image(sitk.sitkInt16, seed=3), sitk.sitkFloat32) * 0.5
    ct, dose_node = add_volume(scene, image, "DOE^JANE"), add_volume(scene, dose, "dose")
    folder = nodes_to_case_folder(tmp_path / "case", {"CT": ct}, segmentation_of(scene, ct, masks()), dose_node)
    case = read_case(folder)
    assert case.id == "case-001"
    assert case.primary is not None
    assert case.primary.image.GetPixelID() == sitk.sitkInt16
    np.testing.assert_array_equal(case.primary.array(), sitk.GetArrayViewFromImage(image))
    assert case.dose is not None
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(case.dose.image), sitk.GetArrayViewFromImage(dose))
    assert case.structure_set is not None
    by_name = {structure.name: structure for structure in case.structure_set.structures}
    for name, mask in masks().items():
        labelmap = by_name[name].labelmap
        assert labelmap is not None
        on_grid = sitk.Resample(labelmap, image, sitk.Transform(), sitk.sitkNearestNeighbor)
        np.testing.assert_array_equal(sitk.GetArrayViewFromImage(on_grid), mask)


def test_a_case_folder_is_private_and_carries_no_node_name(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "DOE^JANE")
    folder = nodes_to_case_folder(tmp_path / "case", {"CT": ct}, segmentation_of(scene, ct, masks()))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not [path for path in folder.rglob("*") if b"DOE" in path.read_bytes() or "DOE" in path.name]


@pytest.mark.parametrize("source", ["Planar contour", "Closed surface"])
def test_contours_stay_contours_and_surfaces_stay_surfaces(scene: Any, tmp_path: Path, source: str) -> None:
    ct = add_volume(scene, ct_image(), "ct")
    drawn = vtk.vtkPolyData()
    points, polygons = vtk.vtkPoints(), vtk.vtkCellArray()
    corners = [(5.0, 6.0, 7.0), (25.0, 6.0, 7.0), (25.0, 36.0, 7.0), (5.0, 36.0, 7.0)]
    polygons.InsertNextCell(4)
    for corner in corners:
        polygons.InsertCellPoint(points.InsertNextPoint(corner))
    drawn.SetPoints(points)
    (drawn.SetLines if source == "Planar contour" else drawn.SetPolys)(polygons)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "plan")
    node.GetSegmentation().SetSourceRepresentationName(source)
    segment = slicer.vtkSegment()
    segment.SetName("Parotid Lt")
    segment.AddRepresentation(source, drawn)
    node.GetSegmentation().AddSegment(segment)
    case = read_case(nodes_to_case_folder(tmp_path / "case", {"CT": ct}, node))
    assert case.structure_set is not None
    (structure,) = case.structure_set.structures
    assert structure.standard_name == "Parotid_L"
    in_lps = np.array(corners) * (-1.0, -1.0, 1.0)
    if source == "Planar contour":
        assert structure.contours is not None
        np.testing.assert_array_equal(structure.contours[0], in_lps)
    else:
        assert structure.surface is not None
        np.testing.assert_array_equal([structure.surface.GetPoint(index) for index in range(4)], in_lps)


def test_a_node_under_a_transform_is_refused_and_leaves_nothing(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "ct")
    plan = segmentation_of(scene, ct, masks())
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    plan.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(UnusableInput, match="harden"):
        nodes_to_case_folder(tmp_path / "case", {"CT": ct}, plan)
    assert list(tmp_path.iterdir()) == []


def test_a_marked_dose_is_refused_as_image_and_an_unknown_key_too(scene: Any, tmp_path: Path) -> None:
    node = add_volume(scene, ct_image(), "rtdose")
    with pytest.raises(UnusableInput, match="CT, MR or PET"):
        nodes_to_case_folder(tmp_path / "case", {"US": node})
    node.SetAttribute("DicomRtImport.DoseVolume", "1")
    with pytest.raises(UnusableInput, match="is a dose"):
        nodes_to_case_folder(tmp_path / "case", {"CT": node})


def test_a_dose_in_centigray_becomes_gray_and_a_relative_dose_is_refused(scene: Any, tmp_path: Path) -> None:
    ct, dose = add_volume(scene, ct_image(), "ct"), add_volume(scene, oblique_image(sitk.sitkUInt16, seed=3), "dose")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "plan")
    hierarchy.CreateItem(study, dose)
    hierarchy.SetItemAttribute(study, DOSE_UNIT_ATTRIBUTE, "cGy")
    case = read_case(nodes_to_case_folder(tmp_path / "case", {"CT": ct}, dose=dose))
    assert case.dose is not None
    expected = sitk.GetArrayFromImage(oblique_image(sitk.sitkUInt16, seed=3)) / np.float32(100)
    # measured 0: one rounding to float32
    np.testing.assert_allclose(sitk.GetArrayViewFromImage(case.dose.image), expected, rtol=1e-7)
    hierarchy.SetItemAttribute(study, DOSE_UNIT_ATTRIBUTE, "%")
    with pytest.raises(UnusableInput, match="not in Gy"):
        nodes_to_case_folder(tmp_path / "other", {"CT": ct}, dose=dose)


def test_a_pet_keeps_the_unit_that_slicer_notes(scene: Any, tmp_path: Path) -> None:
    pet = add_volume(scene, oblique_image(sitk.sitkFloat32), "pet")
    unit = slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning("{SUVbw}g/ml", "UCUM", "Standardized Uptake Value body weight")
    pet.SetVoxelValueUnits(unit)
    folder = nodes_to_case_folder(tmp_path / "case", {"PET": pet})
    assert json.loads((folder / "case.json").read_text())["units"] == {"PET": "SUVbw"}
    assert read_case(folder).image("PET").unit == "SUVbw"


def test_a_synthetic_patient_stays_marked_as_such(scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked, dicom, real = (add_volume(scene, ct_image(), name) for name in ("marked", "dicom", "real"))
    marked.SetAttribute(SYNTHETIC_ATTRIBUTE, "1")
    dicom.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    real.SetAttribute("DICOM.instanceUIDs", "1.2.5")
    makers = {"1.2.3": SAMPLE_MANUFACTURER, "1.2.5": "A scanner"}
    database = SimpleNamespace(instanceValue=lambda uid, tag: makers[uid] if tag == "0008,0070" else "")
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    synthetic = [read_case(nodes_to_case_folder(tmp_path / n.GetName(), {"CT": n})).synthetic for n in (marked, dicom, real)]
    assert synthetic == [True, True, False]


@pytest.fixture(scope="session")
def patient() -> SamplePatient:
    """A small synthetic patient."""
    return sample_patient(1, seed=1, site="brain", ct_size=(64, 64, 54), ct_spacing_mm=(4.0, 4.0, 5.0))


def test_a_synthetic_patient_goes_through_nodes_unchanged(scene: Any, tmp_path: Path, patient: SamplePatient) -> None:
    nodes = sample_to_nodes(patient, scene)
    case = read_case(nodes_to_case_folder(tmp_path / "case", {"CT": nodes.ct, "MR": nodes.mr}, nodes.segmentation, nodes.dose))
    assert case.synthetic
    assert case.structure_set is not None
    for written, read in zip(patient.structures, case.structure_set.structures, strict=True):
        assert (read.name, read.standard_name) == (written.name, written.standard_name)
        assert written.contours is not None
        assert read.contours is not None
        for before, after in zip(written.contours, read.contours, strict=True):
            np.testing.assert_array_equal(after, before)
    np.testing.assert_array_equal(case.image("CT").array(), sitk.GetArrayViewFromImage(patient.ct))
    np.testing.assert_array_equal(case.image("MR").array(), sitk.GetArrayViewFromImage(patient.mr))


def finished_output(folder: Path) -> Path:
    """An output folder as the command line writes it: one case, one method, rows of three domains."""
    scope = Scope(case="case-001", method="quickshear", variant="", fill="background", protect="none")
    rows = [
        scope.row("success", original=float("nan"), defaced=1.0, image="CT"),
        scope.row("planned_volume", original=12.25, defaced=12.25, structure="Brain", image="CT"),
        scope.missing("Dmean", "the dose does not cover it", structure="Lens_L", dose_policy="mask"),
    ]
    method = folder / "cases" / "case-001" / "quickshear"
    method.mkdir(parents=True)
    sitk.WriteImage(ct_image(), str(method / "CT.nrrd"))
    told = {"quickshear": {"title": "Quickshear (ours)", "variant": "nipy", "parameters": {"buffer_mm": 10.0}}}
    write_made_report(method.parent, told, rows=rows)
    return folder


def test_a_report_becomes_volumes_and_tables_with_units_under_one_folder(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    (nodes,) = report_to_nodes(finished_output(tmp_path), scene, {"CT": ct})
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
    (nodes,) = report_to_nodes(finished_output(tmp_path), scene, {"CT": ct})
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
    (nodes,) = report_to_nodes(finished_output(tmp_path / "out"), scene, {"CT": ct})
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
    assert path == ["Quickshear (ours)", "DefaceCompare case-001", "planning", "patient"]
    volumes = slicer.util.getNode("case-001 volume")
    assert volumes.GetTable().GetColumnByName("original").GetValue(0) == 12.25
    assert np.isnan(slicer.util.getNode("case-001 dose").GetTable().GetColumnByName("original").GetValue(0))
    assert "dose was not recalculated" in slicer.util.getNode("case-001 dose").GetDescription()


def test_an_original_that_left_the_scene_is_as_good_as_none(scene: Any, tmp_path: Path) -> None:
    ct = add_volume(scene, ct_image(), "planning")
    scene.Clear()
    (nodes,) = report_to_nodes(finished_output(tmp_path), scene, {"CT": ct})
    defaced = nodes.volumes["quickshear", "CT"]
    assert defaced.GetName() == "CT defaced (Quickshear (ours))"
    assert defaced.GetNodeReferenceID(ORIGINAL_ROLE) is None


def test_a_scene_closed_during_a_comparison_gets_no_results(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ct = add_volume(scene, ct_image(), "planning")

    def compare(case: Any, methods: Any, settings: Any, progress: Any, out: Path) -> None:
        scene.Clear()  # the user closes it while a method works
        finished_output(out)

    monkeypatch.setattr(logic, "compare_case", compare)
    with pytest.raises(UnusableInput, match="scene was closed"):
        logic.compare_nodes({"CT": ct}, methods=["quickshear"])
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0
    with pytest.raises(UnusableInput, match="scene was closed"):
        logic.compare_nodes({"CT": ct}, methods=["quickshear"])


def test_tables_hold_the_rows_of_the_file_cell_for_cell(scene: Any, tmp_path: Path) -> None:
    out = finished_output(tmp_path)
    (nodes,) = report_to_nodes(out, scene)
    for row in read_measurements(out / "cases" / "case-001" / "measurements.csv"):
        table = nodes.tables[row.domain].GetTable()
        for column in COLUMNS:
            cell = table.GetColumnByName(column).GetValue(0)
            expected = getattr(row, column)
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
    out = finished_output(tmp_path)
    (out / "cases" / "case-001" / "quickshear" / "PET.nrrd").write_bytes(b"NRRD0004\n")
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    before = scene.GetNumberOfNodes()
    with pytest.raises(UnusableInput, match=r"PET\.nrrd"):
        report_to_nodes(out, scene)
    assert scene.GetNumberOfNodes() == before
    with pytest.raises(UnusableInput, match="did not finish"):
        report_to_nodes(tmp_path / "elsewhere", scene)

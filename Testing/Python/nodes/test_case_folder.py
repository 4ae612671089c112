"""Nodes to case folder and back, on the real MRML scene of slicer-core."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from node_images import ct_image, masks, oblique_image, segmentation_of
from small_patient import small_patient

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

import vtk  # noqa: E402

from deface_compare.errors import UnusableInput  # noqa: E402
from deface_compare.readers import read_case  # noqa: E402
from deface_compare.readers.dicom.patient import SAMPLE_MANUFACTURER  # noqa: E402
from deface_compare.sample.patient import SamplePatient  # noqa: E402
from DefaceCompareLib.nodes.case_folder import DOSE_UNIT_ATTRIBUTE, SYNTHETIC_ATTRIBUTE, nodes_to_case_folder  # noqa: E402
from DefaceCompareLib.nodes.sample import sample_to_nodes  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("slicer_numbers")]


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
    corners = [(5.0, -36.0, 412.0), (25.0, -36.0, 412.0), (25.0, -16.0, 412.0), (5.0, -16.0, 412.0)]
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
    return small_patient()


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

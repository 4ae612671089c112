"""SlicerRT's engine through a stand-in that knows only what was read in SlicerRT's sources, on real MRML nodes."""

from __future__ import annotations

import ast
import csv
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from places import SLICER_HOST

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
sys.path.insert(0, str(SLICER_HOST))

import scene_host  # noqa: E402
import slicerrt_stand_in  # noqa: E402
from deface_compare.case import Structure  # noqa: E402
from deface_compare.errors import NotAvailable, UnusableInput  # noqa: E402
from DefaceCompareLib.nodes.case_folder import LABELMAP  # noqa: E402
from DefaceCompareLib.nodes.structures import add_structures  # noqa: E402
from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402
from DefaceCompareLib.slicerrt import dvh as slicerrt_dvh  # noqa: E402
from DefaceCompareLib.slicerrt.dvh import segment_dvhs, slicerrt_logic  # noqa: E402

pytestmark = pytest.mark.slicer_core

RADIUS_MM, GRADIENT_GY_PER_MM, MIDDLE_GY = 15.0, 0.2, 17.2
"""A sphere in a dose that grows along x; its middle receives `MIDDLE_GY`."""


@pytest.fixture
def scene() -> Any:
    """The application's scene, empty."""
    app = scene_host.bootstrap()
    app.scene.Clear()
    return app.scene


@pytest.fixture
def logic(scene: Any, monkeypatch: pytest.MonkeyPatch) -> slicerrt_stand_in.DvhLogic:
    """SlicerRT's module in place."""
    return slicerrt_stand_in.install(scene, monkeypatch)


def ramp() -> sitk.Image:
    """A dose of 3 mm voxels that is linear along x."""
    x = np.broadcast_to(np.arange(24.0), (20, 24, 24))
    image = sitk.GetImageFromArray((MIDDLE_GY + GRADIENT_GY_PER_MM * 3.0 * (x - 12)).astype(np.float32))
    image.SetSpacing((3.0, 3.0, 3.0))
    image.SetOrigin((-36.0, -36.0, -30.0))
    return image


def spheres(scene: Any, **middles_mm: float) -> Any:
    """Spheres as closed surfaces, with their middles on the x axis (RAS)."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "plan")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    for name, middle_mm in middles_mm.items():
        source = vtk.vtkSphereSource()
        source.SetRadius(RADIUS_MM)
        source.SetCenter(middle_mm, 0.0, 0.0)
        source.SetPhiResolution(90)
        source.SetThetaResolution(90)
        source.Update()
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation("Closed surface", source.GetOutput())
        node.GetSegmentation().AddSegment(segment, name)
    return node


def node_ids(scene: Any) -> list[str]:
    """The ids of all nodes, in order."""
    return [scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())]


def test_the_adapter_calls_only_what_was_read_in_slicerrts_sources() -> None:
    tree = ast.parse(Path(slicerrt_dvh.__file__).read_text(encoding="utf-8"))
    used: dict[str, set[str]] = {"logic": set(), "parameters": set()}
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in used:
            used[node.value.id].add(node.attr)
    api = slicerrt_stand_in.API
    assert used["logic"] == set(api["logic"]["methods"])
    of_every_node = {"GetNodeReference"}
    assert used["parameters"] - of_every_node == {*api["parameter node"]["methods"], *api["parameter node"]["constants"]}
    assert {text for text in api["strings"] if text not in strings} == {"DicomRtImport.DoseVolume"}  # lives in case_folder.py


def test_a_sphere_in_a_linear_dose_has_the_metrics_of_the_formulas(scene: Any, logic: Any) -> None:
    (dvh,) = segment_dvhs(logic, scene, spheres(scene, Eye_L=0.0), ramp(), ["Eye_L"]).values()
    assert not isinstance(dvh, str)
    # measured +0.84 %: voxel centres of 1.5 mm in a sphere of 14.14 cc
    assert dvh.volume_cc == pytest.approx(4.0 / 3.0 * math.pi * RADIUS_MM**3 / 1000.0, rel=0.015)
    # measured 0, -0.15 and +0.15 Gy and +0.43 points; a sample is 0.3 Gy wide, and text has six digits
    reach_gy = GRADIENT_GY_PER_MM * RADIUS_MM
    assert dvh.values["Dmean"] == pytest.approx(MIDDLE_GY, abs=1e-4)
    assert dvh.values["Dmax"] == pytest.approx(MIDDLE_GY + reach_gy, abs=0.2)
    assert dvh.values["D50%"] == pytest.approx(MIDDLE_GY, abs=0.2)
    height = (MIDDLE_GY + reach_gy - 20.0) / reach_gy  # of the cap above 20 Gy, in radii
    cap = height**2 * (3.0 - height) / 4.0
    assert dvh.values["V20Gy_percent"] == pytest.approx(100.0 * cap, abs=0.6)
    assert dvh.values["V20Gy_cc"] == pytest.approx(dvh.values["V20Gy_percent"] * dvh.volume_cc / 100.0, rel=1e-4)


def test_nothing_stays_in_the_scene_and_the_users_settings_come_back(scene: Any, logic: Any) -> None:
    plan = spheres(scene, Eye_L=0.0, far=500.0)
    logic.SetStepSize(0.5)
    logic.SetDefaultDoseVolumeOversamplingFactor(3.0)
    before = node_ids(scene)
    segment_dvhs(logic, scene, plan, ramp(), ["Eye_L", "far"])
    assert node_ids(scene) == before
    assert plan.GetNumberOfNodeReferences(slicerrt_stand_in.CREATED_ROLE) == 0
    settings = (logic.GetStartValue(), logic.GetStepSize(), logic.GetDefaultDoseVolumeOversamplingFactor())
    assert settings == (0.1, 0.5, 3.0)


def test_one_segment_outside_the_dose_costs_the_others_nothing(scene: Any, logic: Any) -> None:
    found = segment_dvhs(logic, scene, spheres(scene, far=500.0, Eye_L=0.0, away=-400.0), ramp(), ["far", "Eye_L", "away"])
    assert (found["far"], found["away"]) == (slicerrt_stand_in.NO_OVERLAP, slicerrt_stand_in.NO_OVERLAP)
    assert not isinstance(found["Eye_L"], str)
    assert logic.calls == [["far"], ["Eye_L"], ["away"], ["Eye_L"]]
    assert not logic.events_off  # the last call succeeded: SlicerRT's own panel follows its logic again


def test_slicer_stays_alive_between_segments_and_measuring_can_be_ended_there(scene: Any, logic: Any) -> None:
    plan, before = spheres(scene, Eye_L=0.0, Eye_R=10.0, Brain=-10.0), node_ids(scene)
    calls: list[int] = []

    def between() -> None:
        calls.append(len(logic.calls))
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment_dvhs(logic, scene, plan, ramp(), ["Eye_L", "Eye_R", "Brain"], between)
    assert calls == [0, 1, 2]  # one segment a call, and the event loop before each
    assert node_ids(scene) == before


def test_an_edited_dose_with_another_maximum_is_measured_afresh(scene: Any, logic: Any) -> None:
    plan = spheres(scene, Eye_L=0.0)
    half = ramp() * 0.5
    for dose, middle_gy in ((ramp(), MIDDLE_GY), (half, MIDDLE_GY / 2.0), (ramp(), MIDDLE_GY)):
        (dvh,) = segment_dvhs(logic, scene, plan, dose, ["Eye_L"]).values()
        assert not isinstance(dvh, str)
        assert dvh.values["Dmean"] == pytest.approx(middle_gy, abs=1e-4)


def wide_ramp(dark_mm: float = -1000.0) -> sitk.Image:
    """A dose of 200 mm and 2 mm voxels that grows along x (LPS) to 61 Gy, and is 0 below `dark_mm`."""
    x_mm = np.broadcast_to(2.0 * np.arange(100.0) - 100.0, (100, 100, 100))
    image = sitk.GetImageFromArray(np.where(x_mm < dark_mm, 0.0, 31.0 + 0.3 * x_mm).astype(np.float32))
    image.SetSpacing((2.0, 2.0, 2.0))
    image.SetOrigin((-100.0, -100.0, -100.0))
    return image


@pytest.mark.parametrize(("middle_ras_mm", "dark_mm"), [(10.0, -1000.0), (92.0, -1000.0), (-92.0, -1000.0), (40.0, 60.0)])
def test_slicerrt_gets_the_dose_around_a_segment_and_gives_the_numbers_of_the_whole_dose(
    scene: Any, logic: Any, middle_ras_mm: float, dark_mm: float
) -> None:
    plan, dose = spheres(scene, Eye_L=middle_ras_mm), wide_ramp(dark_mm)  # inside, over either edge, and where all dose is gone
    whole = add_volume(scene, dose, "dose")
    whole.SetAttribute("DicomRtImport.DoseVolume", "1")
    logic.SetStartValue(slicerrt_dvh.STEP_GY)
    logic.SetStepSize(slicerrt_dvh.STEP_GY)
    by_hand = slicerrt_dvh.compute(logic, scene, plan, whole, ["Eye_L"])
    assert segment_dvhs(logic, scene, plan, dose, ["Eye_L"]) == by_hand
    assert logic.dose_voxels[1] < 0.15 * logic.dose_voxels[0]  # all of a clinical dose for each segment: seconds without Slicer


def test_a_segment_smaller_than_the_asked_volume_has_no_such_dose(scene: Any, logic: Any) -> None:
    image = sitk.Image((24, 24, 20), sitk.sitkUInt8)
    image.CopyInformation(ramp())
    image[12, 12, 10] = 1  # 0.027 cc
    plan = add_structures(scene, [Structure(name="clip", standard_name="structure-01", labelmap=image)], "plan")
    assert plan.GetSegmentation().GetSourceRepresentationName() == LABELMAP
    (dvh,) = segment_dvhs(logic, scene, plan, ramp(), [plan.GetSegmentation().GetNthSegmentID(0)]).values()
    assert not isinstance(dvh, str)
    assert "D0.03cc" not in dvh.values
    assert dvh.values["Dmean"] == pytest.approx(MIDDLE_GY, abs=0.2)  # measured 0.00 Gy


def test_without_slicerrt_nothing_is_asked_and_a_foreign_scene_is_refused(scene: Any) -> None:
    assert slicerrt_logic() is None
    with pytest.raises(NotAvailable, match="parameter node"):
        segment_dvhs(slicerrt_stand_in.DvhLogic(), scene, spheres(scene, Eye_L=0.0), ramp(), ["Eye_L"])
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_a_segmentation_under_a_transform_is_refused(scene: Any, logic: Any) -> None:
    plan = spheres(scene, Eye_L=0.0)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    plan.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(UnusableInput, match="harden"):
        segment_dvhs(logic, scene, plan, ramp(), ["Eye_L"])


def test_arguments_of_another_kind_are_refused_by_the_stand_in(scene: Any, logic: Any) -> None:
    with pytest.raises(TypeError, match="ComputeDvh wants"):
        logic.ComputeDvh(scene)
    with pytest.raises(AttributeError):
        logic.GetDvhTableNodes()
    parameters = scene.AddNewNodeByClass("vtkMRMLDoseVolumeHistogramNode")
    with pytest.raises(TypeError, match="SetVDoseValues wants"):
        parameters.SetVDoseValues([20.0])


ENT_NUMBERS = (1, 2, 3, 5, 6, 8)
"""Brain, brainstem, CTV, GTV, a lens and the chiasm of the phantom; the body takes ten seconds."""


def ent_plan(scene: Any, folder: Path) -> tuple[Any, dict[str, dict[str, str]]]:
    """SlicerRT's own closed surfaces of the ENT phantom as a segmentation, and the line of its metrics table for each."""
    with (folder / "SlicerRT_x2_metrics.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "ENT")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    recorded = {}
    for number in ENT_NUMBERS:
        reader = vtk.vtkXMLPolyDataReader()
        reader.SetFileName(str(folder / f"closed_surface_{number}.vtp"))
        reader.Update()
        segment = slicer.vtkSegment()
        segment.SetName(lines[number]["Structure"])
        segment.AddRepresentation("Closed surface", reader.GetOutput())
        node.GetSegmentation().AddSegment(segment, str(number))
        recorded[str(number)] = lines[number]
    return node, recorded


@pytest.mark.shared
def test_the_stand_in_gives_the_numbers_that_slicerrt_itself_gave_on_the_ent_phantom(
    scene: Any, logic: Any, shared_data: Path
) -> None:
    folder = shared_data / "rt_eclipse_ent"
    plan, recorded = ent_plan(scene, folder / "slicerrt_computed")
    dose = add_volume(scene, sitk.ReadImage(str(folder / "EclipseEnt_Dose.nrrd"), sitk.sitkFloat32), "dose")
    dose.SetAttribute("DicomRtImport.DoseVolume", "1")
    found = slicerrt_dvh.compute(logic, scene, plan, dose, list(recorded))  # with SlicerRT's default bins, as recorded
    assert not isinstance(found, str), found
    columns = {"Dmean": "Mean intensity", "Dmax": "Max intensity", "V20Gy_cc": "V20 (cc)", "V20Gy_percent": "V20 (%)"}
    for segment_id, line in recorded.items():
        # both are text of six digits
        assert found[segment_id].volume_cc == pytest.approx(float(line["Volume (cc)"]), rel=1e-5), line["Structure"]
        for name, value in found[segment_id].values.items():
            if name != "D0.03cc":
                assert value == pytest.approx(float(line[columns.get(name, name)]), rel=1e-5, abs=1e-5), (line["Structure"], name)

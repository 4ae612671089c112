"""Structures that were drawn again on a defaced image: chosen in the panel, measured by the command line and by SlicerRT."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from deface_compare.case import Structure
from panel_host import ball, click, load_ct, only, spin
from result_tables import column

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

import segment_comparison_stand_in  # noqa: E402
from DefaceCompareLib.nodes.structures import add_structures  # noqa: E402

VOLUME = 1
"""Place of *Volumes* in the list of tables."""


def segmentation(name: str, moved_voxels: int = 0) -> Any:
    """A mask of a cube in the ball's middle."""
    head = ball()
    values = sitk.GetArrayFromImage(head) * 0
    values[6:10, 6:10, 6 + moved_voxels : 10 + moved_voxels] = 1
    mask = sitk.Cast(sitk.GetImageFromArray(values), sitk.sitkUInt8)
    mask.CopyInformation(head)
    return add_structures(slicer.mrmlScene, [Structure(name="Brain", standard_name="Brain", labelmap=mask)], name)


def test_a_segmentation_of_the_scene_goes_to_the_command_line_and_the_choice_is_kept_with_the_scene(
    panel: Any, child: Callable[[str], Path]
) -> None:
    marker = child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    panel.ui.segmentationSelector.setCurrentNode(segmentation("planned"))
    only(panel, "quickshear", "surface_blur")
    again = segmentation("again", 1)
    panel.redrawn.redrawnNode_surface_blur.setCurrentNode(again)
    panel.redrawn.redrawnNode_biometric_mask.setCurrentNode(again)  # not compared: not sent
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert json.loads(marker.read_text())["again"] == {"surface_blur": "structures.seg.nrrd"}
    node = slicer.modules.DefaceCompareWidget.logic.getParameterNode()
    assert node.GetNodeReference("Redrawn.surface_blur").GetID() == again.GetID()
    assert not list(Path(slicer.app.temporaryPath).iterdir())


def test_structures_of_another_patient_are_refused_and_in_a_queue_they_are_their_own_patients_only(
    panel: Any, child: Callable[[str], Path]
) -> None:
    marker = child("finishes")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    for name in ("Anna", "Bert"):
        item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), name)
        hierarchy.CreateItem(item, load_ct("CT"))
        hierarchy.CreateItem(item, segmentation("planned"))
    spin(lambda: panel.ui.patientNameLabel.text == "Anna (1 of 2)")
    again = segmentation("again")
    hierarchy.CreateItem(hierarchy.GetItemByName("Bert"), again)
    panel.redrawn.redrawnNode_quickshear.setCurrentNode(again)
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    (told,) = slicer.app.shown_messages
    assert "'again' of Bert: choose nodes of one patient" in told.replace("structure set ", "")
    assert not marker.exists()
    slicer.app.shown_messages.clear()
    click(panel.ui.compareAllButton)
    spin(lambda: not panel.running, seconds=180.0)
    assert slicer.app.shown_messages == []
    assert json.loads(marker.read_text())["again"] == {"quickshear": "structures.seg.nrrd"}  # Bert came last


def test_the_choosers_are_those_of_the_chosen_source_of_patients(panel: Any, tmp_path: Path) -> None:
    section = panel.ui.redrawnCollapsibleButton
    assert section.collapsed
    section.collapsed = False
    node, path = panel.redrawn.redrawnNode_quickshear, panel.redrawn.redrawnPath_quickshear
    assert (node.isVisibleTo(section), path.isVisibleTo(section)) == (True, False)
    panel.ui.patientComboBox.setCurrentIndex(1)
    assert (node.isVisibleTo(section), path.isVisibleTo(section)) == (False, True)
    (tmp_path / "again" / "anna").mkdir(parents=True)
    path.currentPath = str(tmp_path / "again")
    assert panel.redrawn.paths(["quickshear"], "anna", many=True) == {"quickshear": tmp_path / "again" / "anna"}
    assert panel.redrawn.paths(["quickshear"], "bert", many=True) == {}
    assert panel.redrawn.paths(["quickshear"], "anna", many=False) == {"quickshear": tmp_path / "again"}


@pytest.mark.slow
def test_slicerrt_and_the_built_in_engine_tell_dice_and_hausdorff_distance_side_by_side(
    panel: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real command line, on the sample patient of the module's own test; drawn again means here: the planned ones."""
    import sys

    import slicerrt_stand_in
    from DefaceCompareLib.nodes.sample import SELF_TEST, load_sample_patient
    from panel_host import install_launcher

    install_launcher(tmp_path, monkeypatch, f'"{sys.executable}" "$@"')
    slicerrt_stand_in.install(slicer.mrmlScene, monkeypatch)
    segment_comparison_stand_in.install(slicer.mrmlScene, monkeypatch)
    nodes = load_sample_patient(size=SELF_TEST)
    panel.ui.ctSelector.setCurrentNode(nodes.ct)
    panel.ui.segmentationSelector.setCurrentNode(nodes.segmentation)
    panel.ui.doseSelector.setCurrentNode(None)
    panel.redrawn.redrawnNode_quickshear.setCurrentNode(nodes.segmentation)
    panel.ui.faceModelComboBox.setCurrentIndex(1)
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running, seconds=180.0)
    assert slicer.app.shown_messages == []
    panel.ui.tableComboBox.setCurrentIndex(VOLUME)
    panel.ui.valueComboBox.setCurrentIndex(0)
    table = panel.ui.resultTable
    lines = list(zip(*(column(table, heading) for heading in ("measurement", "engine", "Quickshear (ours)")), strict=True))
    engines = {engine for measured, engine, _value in lines if measured == "resegmented_dice"}
    assert {engine.split("-")[0].split(" ")[0] for engine in engines} == {"builtin", "SlicerRT"}
    dice = [float(value) for measured, _engine, value in lines if measured == "resegmented_dice"]
    assert dice == [1.0] * len(dice)  # the same structures

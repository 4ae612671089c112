"""The panel in the stand-in host: real module file, real .ui, real scene, real child processes; clicks by QTest."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deface_compare.defacers import REGISTRY, external_methods
from panel_host import ROOT, alive, click, load_ct, require_host, spin
from views_on_screen import dvh_chart

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
PACKAGES = ("deface_compare", "DefaceCompareLib")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


def leftovers() -> list[Path]:
    """What lies in Slicer's temporary folder."""
    return list(Path(slicer.app.temporaryPath).iterdir())


def boxes(panel: Any) -> list[Any]:
    """The check boxes of the methods."""
    import qt

    return panel.ui.methodsWidget.findChildren(qt.QtWidgets.QCheckBox)


def test_compare_says_what_is_missing_until_a_volume_is_there(panel: Any) -> None:
    button = panel.ui.compareButton
    assert not button.enabled
    assert button.toolTip == "Choose a CT, an MR or a PET volume."
    click(button)
    assert not panel.running
    ct = load_ct()
    panel.ui.ctSelector.setCurrentNode(ct)
    assert button.enabled
    panel.ui.mrSelector.setCurrentNode(ct)
    assert (button.enabled, button.toolTip) == (False, "One volume is chosen twice: choose another, or None.")
    panel.ui.mrSelector.setCurrentNode(None)
    for box in boxes(panel):
        box.checked = False
    assert (button.enabled, button.toolTip) == (False, "Tick at least one method.")
    boxes(panel)[0].checked = True
    assert button.enabled


def test_every_method_has_a_box_and_says_in_words_why_it_cannot_run(panel: Any) -> None:
    import qt

    methods = (*REGISTRY, *external_methods())
    assert [box.text for box in boxes(panel)] == [method.title for method in methods]
    told = [label.text for label in panel.ui.methodsWidget.findChildren(qt.QtWidgets.QLabel)]
    away = [method for method in methods if method.available()]
    for method, text in zip(away, told, strict=True):
        assert text == f"not available: {method.available()}" or "choose what it made elsewhere" in text
        assert "--external" not in text  # a panel has no command line
    for box, method in zip(boxes(panel), methods, strict=True):
        assert box.enabled == (not method.available())


def test_a_finished_run_brings_volumes_and_tables_and_leaves_no_file(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    panel.ui.protectComboBox.setCurrentIndex(1)
    panel.ui.faceModelComboBox.setCurrentIndex(1)
    click(panel.ui.compareButton)
    assert panel.ui.cancelButton.visible
    assert panel.ui.compareButton.toolTip == "A comparison is running."
    (private,) = leftovers()
    assert private.stat().st_mode & 0o777 == 0o700
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert panel.ui.statusLabel.text == "Compared: no verdict from one case."
    volumes = [
        node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute("DefaceCompare.Method")
    ]
    assert sorted(node.GetAttribute("DefaceCompare.Method") for node in volumes) == sorted(panel.methods.chosen())
    arguments = json.loads(marker.read_text())["arguments"]
    options = {name: value for name, value in itertools.pairwise(arguments) if name.startswith("--")}
    assert (options["--protect"], options["--fill"], options["--face-model"]) == ("targets", "background", "none")
    assert leftovers() == []


def test_cancel_kills_the_child_within_a_second_and_leaves_no_file_and_no_node(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    before = slicer.mrmlScene.GetNumberOfNodes()
    click(panel.ui.compareButton)
    spin(lambda: panel.ui.statusLabel.text == "reading")
    process_id = json.loads(marker.read_text())["process"]
    click(panel.ui.cancelButton)
    spin(lambda: not alive(process_id), seconds=1.0)
    spin(lambda: not panel.running)
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    assert leftovers() == []
    assert panel.ui.statusLabel.text == "Cancelled. Nothing was kept."
    assert panel.ui.compareButton.enabled


def test_cancel_before_the_child_has_said_who_it_is_kills_it_all_the_same(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    click(panel.ui.cancelButton)
    spin(lambda: not panel.running)
    time.sleep(0.2)
    assert not marker.exists() or not alive(json.loads(marker.read_text())["process"])
    assert leftovers() == []


def test_closing_the_scene_ends_a_running_comparison(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    spin(lambda: panel.ui.statusLabel.text == "reading")
    slicer.mrmlScene.Clear()
    assert not panel.running
    assert leftovers() == []
    process_id = json.loads(marker.read_text())["process"]
    spin(lambda: not alive(process_id))
    assert panel.ui.compareButton.toolTip == "Choose a CT, an MR or a PET volume."


def test_a_refused_case_shows_the_one_sentence(panel: Any, child: Callable[[str], Path]) -> None:
    child("refuses")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == ["case.json names an image that is not in the folder"]
    assert panel.ui.statusLabel.text == "Not compared."
    assert leftovers() == []


def test_a_volume_under_a_transform_is_refused_before_anything_starts(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("finishes")
    ct = load_ct()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    ct.SetAndObserveTransformNodeID(transform.GetID())
    panel.ui.ctSelector.setCurrentNode(ct)
    click(panel.ui.compareButton)
    assert not panel.running
    (message,) = slicer.app.shown_messages
    assert "harden the transform" in message
    assert not marker.exists()
    assert leftovers() == []


def test_nodes_of_two_patients_cannot_be_compared_and_a_doubt_is_asked(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("finishes")
    ct, dose = load_ct("Anna CT"), load_ct("Bert dose")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    for name, node in (("Anna", ct), ("Bert", dose)):
        hierarchy.CreateItem(hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), name), node)
    panel.ui.ctSelector.setCurrentNode(ct)
    panel.ui.doseSelector.setCurrentNode(dose)
    assert not panel.ui.compareButton.enabled
    assert panel.ui.compareButton.toolTip.endswith("is of Anna, the dose 'Bert dose' of Bert: choose nodes of one patient.")
    unnamed, other = load_ct("Synthetic 1 CT"), load_ct("Synthetic 2 MR")
    panel.ui.doseSelector.setCurrentNode(None)
    panel.ui.ctSelector.setCurrentNode(unnamed)
    panel.ui.mrSelector.setCurrentNode(other)
    assert panel.ui.compareButton.enabled
    click(panel.ui.compareButton)
    (asked,) = slicer.app.asked
    assert "is of synthetic 1, the MR 'Synthetic 2 MR' of synthetic 2, by their names" in asked
    assert not panel.running
    assert not marker.exists()


def test_results_carry_the_patients_own_name_in_the_scene_and_the_cases_id_in_the_rows(
    panel: Any, child: Callable[[str], Path]
) -> None:
    child("finishes")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    for name in ("Anna", "Bert"):
        ct = load_ct()
        hierarchy.CreateItem(hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), name), ct)
        panel.ui.ctSelector.setCurrentNode(ct)
        click(panel.ui.compareButton)
        spin(lambda: not panel.running)
        assert panel.ui.summaryLabel.text.startswith(f"{name}, CT")
        assert {row.case for row in panel.results.rows} == {"case-001"}
        assert hierarchy.GetItemByName(f"DefaceCompare {name}")
        curves = slicer.util.getNode(f"{name}: DVH curves")
        assert hierarchy.GetItemName(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(curves))) == f"DefaceCompare {name}"
        chart = dvh_chart()
        assert chart.GetNthPlotSeriesNode(0).GetTableNode().GetID() == curves.GetID()


@pytest.mark.parametrize("single", [False, True], ids=["folder", "volume"])
def test_what_a_tool_made_elsewhere_is_chosen_and_compared(
    panel: Any, child: Callable[[str], Path], tmp_path: Path, single: bool
) -> None:
    marker = child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    (tmp_path / "reface").mkdir()
    volume = tmp_path / "reface" / "defaced head.nii.gz"
    volume.write_bytes(b"voxels")
    box = next(box for box in boxes(panel) if box.text == "mri_reface")
    assert not box.enabled
    path = panel.methods.resultsOf_mri_reface
    path.currentPath = str(tmp_path / "nowhere")
    assert panel.ui.compareButton.toolTip.startswith(
        f"There is no {tmp_path / 'nowhere'}: choose the results of mri_reface again"
    )
    path.currentPath = str(volume if single else volume.parent)
    assert (box.enabled, box.checked) == (True, True)
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    (given,) = [each for each in json.loads(marker.read_text())["arguments"] if each.startswith("--external=")]
    name, folder = given.removeprefix("--external=").split("=")
    assert name == "mri_reface"
    if single:
        assert json.loads(marker.read_text())["results"] == {"CT.nii.gz": "voxels"}
        assert not Path(folder).exists()  # the copy went with the run
    else:
        assert folder == str(volume.parent)
    path.currentPath = ""
    assert (box.enabled, box.checked) == (False, False)


def test_results_are_kept_whole_in_the_chosen_folder_and_offered_for_export(
    panel: Any, child: Callable[[str], Path], tmp_path: Path
) -> None:
    child("finishes")
    panel.ui.ctSelector.setCurrentNode(load_ct())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for path, reason in (
        (tmp_path / "full", "The results folder is not empty: choose a new one, or none."),
        (tmp_path / "none" / "kept", f"There is no folder {tmp_path / 'none'} to keep results in."),
    ):
        panel.ui.resultsPathEdit.currentPath = str(path)
        assert panel.ui.compareButton.toolTip == reason
    panel.ui.resultsPathEdit.currentPath = str(tmp_path / "kept")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert (tmp_path / "kept" / "cases" / "case-001" / "measurements.csv").is_file()
    assert panel.ui.exportCasePathEdit.currentPath == str(tmp_path / "kept" / "cases" / "case-001")
    assert not list(tmp_path.glob(".DefaceCompare-*"))


def test_a_reload_in_the_middle_of_a_run_ends_it_and_gives_a_new_panel_of_the_new_code(
    panel: Any, child: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = require_host()
    library = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] in ("deface_compare", "DefaceCompareLib")
    }
    panel.parameters.follow(None)
    parent, old = host.load_module(ROOT / "DefaceCompare" / "DefaceCompare.py")
    parent.show()
    try:
        marker = child("hangs")
        old.panel.ui.ctSelector.setCurrentNode(load_ct())
        click(old.panel.ui.compareButton)
        spin(lambda: old.panel.ui.statusLabel.text == "reading")
        old.onReload()
        new = slicer.modules.DefaceCompareWidget
        assert type(new.panel) is not type(old.panel)
        assert not alive(json.loads(marker.read_text())["process"])
        assert leftovers() == []
        assert new.panel.ui.ctSelector.currentNode().GetName() == "planning CT"
        assert new.panel.ui.compareButton.enabled
        before = slicer.mrmlScene.GetNumberOfNodes()
        click(new.panel.ui.compareButton)
        click(new.panel.ui.cancelButton)
        spin(lambda: not new.panel.running)
        assert slicer.mrmlScene.GetNumberOfNodes() == before
        new.cleanup()
    finally:
        parent.close()
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.modules.update(library)  # the other tests go on with the classes that they imported

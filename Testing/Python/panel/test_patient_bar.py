"""Stepping through patients: who is shown, what is preselected, and all compared in turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from panel_host import ball, chosen, click, load_ct, only, spin
from views_on_screen import dvh_chart, settle

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

from DefaceCompareLib.nodes.volumes import add_volume  # noqa: E402

DOSE_ATTRIBUTE = "DicomRtImport.DoseVolume"


def load_patient(name: str, *, dose: bool = True) -> None:
    """A patient of the subject hierarchy with CT, MR, structures and, if wanted, dose."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), name)
    nodes = [load_ct(f"{name} CT"), load_ct(f"{name} MR"), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)]
    if dose:
        nodes.append(add_volume(slicer.mrmlScene, sitk.Cast(ball() > 0, sitk.sitkFloat32) * 20.0, f"{name} dose"))
        nodes[-1].SetAttribute(DOSE_ATTRIBUTE, "1")
    for node in nodes:
        hierarchy.CreateItem(item, node)


def test_a_patient_loaded_while_the_panel_is_open_is_preselected_with_everything(panel: Any) -> None:
    assert panel.ui.patientNameLabel.text == "no patient"
    load_patient("Anna")
    settle()
    assert chosen(panel) == ["Anna CT", "Anna MR", "", "Anna", "Anna dose"]
    assert panel.ui.patientNameLabel.text == "Anna"
    assert not panel.ui.compareAllButton.enabled
    assert panel.ui.compareAllButton.toolTip.startswith("There is one patient, or none")


def test_a_patient_is_preselected_though_a_method_was_ticked_before_slicer_came_to_look_at_the_scene(panel: Any) -> None:
    load_patient("Anna")
    only(panel, "quickshear")
    assert panel.ui.patientNameLabel.text == "no patient"  # said by the refresh that the tick asks for
    settle()
    assert chosen(panel) == ["Anna CT", "Anna MR", "", "Anna", "Anna dose"]


def test_what_is_loaded_later_is_taken_up_and_what_the_user_left_out_stays_out(panel: Any) -> None:
    load_patient("Anna", dose=False)
    settle()
    panel.ui.mrSelector.setCurrentNode(None)
    dose = load_ct("dose")
    dose.SetAttribute(DOSE_ATTRIBUTE, "1")
    settle()
    assert chosen(panel) == ["Anna CT", "", "", "Anna", "dose"]


def test_the_arrows_go_through_the_scenes_patients_and_stop_at_the_ends(panel: Any) -> None:
    for name in ("Anna", "Bert", "Carl"):
        load_patient(name, dose=name != "Bert")
    settle()
    ui = panel.ui
    assert ui.patientNameLabel.text == "Anna (1 of 3)"
    assert not ui.previousPatientButton.enabled
    click(ui.nextPatientButton)
    assert chosen(panel) == ["Bert CT", "Bert MR", "", "Bert", ""]
    click(ui.nextPatientButton)
    assert (ui.patientNameLabel.text, ui.nextPatientButton.enabled) == ("Carl (3 of 3)", False)
    assert chosen(panel)[4] == "Carl dose"
    click(ui.previousPatientButton)
    assert ui.patientNameLabel.text == "Bert (2 of 3)"


def test_one_click_shows_the_next_patient_once_and_never_a_mixture_of_two(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Anna", "Bert"):
        load_patient(name)
    settle()
    shown: list[list[str]] = []
    monkeypatch.setattr(panel, "show_scene", lambda: shown.append(chosen(panel)))
    click(panel.ui.nextPatientButton)
    settle()
    assert shown == [["Bert CT", "Bert MR", "", "Bert", "Bert dose"]]  # each time the views are filled anew, seconds in Slicer
    assert panel.ui.compareButton.enabled


def test_all_patients_are_compared_by_one_click_and_each_is_shown_by_one_more(panel: Any, child: Callable[[str], Path]) -> None:
    child("finishes")
    for name in ("Anna", "Bert", "Carl"):
        load_patient(name)
    settle()
    for segmentation in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        slicer.mrmlScene.RemoveNode(segmentation)  # empty ones are refused
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareAllButton)
    assert panel.ui.statusLabel.text.startswith("1 of 3, Anna: ")
    assert panel.ui.cancelButton.visible
    spin(lambda: not panel.running, seconds=180.0)
    assert slicer.app.shown_messages == []
    assert slicer.app.news == ["All 3 patients are compared."]
    assert panel.ui.statusLabel.text == "Compared 3 of 3 patients."
    assert panel.ui.summaryLabel.text.startswith("Anna, CT")
    for name in ("Bert", "Carl"):
        click(panel.ui.nextPatientButton)
        assert panel.ui.summaryLabel.text.startswith(f"{name}, CT")
        original = panel.views._original
        assert original.GetName() == f"{name} CT"
        curves = dvh_chart().GetNthPlotSeriesNode(0).GetTableNode()
        assert curves.GetName() == f"{name}: DVH curves"


def test_a_patient_who_was_not_compared_shows_no_results_of_another(panel: Any, child: Callable[[str], Path]) -> None:
    child("finishes")
    for name in ("Anna", "Bert"):
        slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        load_ct(f"{name} CT")
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert panel.results.rows
    click(panel.ui.nextPatientButton)
    assert panel.ui.patientNameLabel.text == "Bert CT (2 of 2)"
    assert panel.results.rows == []
    assert not panel.ui.sideBySideButton.enabled
    click(panel.ui.previousPatientButton)
    assert panel.results.rows


def folder_of_patients(folder: Path) -> Path:
    """Three patients' folders; the second one's image is damaged."""
    for name in ("anna", "bert", "carl"):
        (folder / name).mkdir(parents=True)
        sitk.WriteImage(ball(), str(folder / name / "ct.nrrd"))
        (folder / name / "case.json").write_text(json.dumps({"images": {"CT": "ct.nrrd"}, "synthetic": True}))
    (folder / "bert" / "ct.nrrd").write_bytes(b"NRRD0004\n")
    return folder


def test_a_folder_of_patients_is_compared_in_turn_and_one_that_fails_does_not_stop_the_others(
    panel: Any, child: Callable[[str], Path], tmp_path: Path
) -> None:
    child("finishes")
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(folder_of_patients(tmp_path / "patients"))
    panel.ui.resultsPathEdit.currentPath = str(tmp_path / "kept")
    only(panel, "quickshear")
    assert panel.ui.patientNameLabel.text == "anna (1 of 3)"
    click(panel.ui.compareAllButton)
    spin(lambda: not panel.running, seconds=180.0)
    (told,) = slicer.app.shown_messages
    assert told.startswith("bert: ")
    assert panel.ui.statusLabel.text == "Compared 2 of 3 patients."
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["patient-001", "patient-003"]
    assert panel.ui.summaryLabel.text.startswith("anna, CT")
    click(panel.ui.nextPatientButton)
    assert panel.results.rows == []
    click(panel.ui.nextPatientButton)
    assert panel.ui.summaryLabel.text.startswith("carl, CT")
    assert not list(tmp_path.glob("**/.DefaceCompare-*"))


def test_cancel_ends_the_whole_queue(panel: Any, child: Callable[[str], Path]) -> None:
    child("hangs")
    for name in ("Anna", "Bert"):
        load_ct(f"{name} CT")
    settle()
    click(panel.ui.compareAllButton)
    spin(lambda: panel.ui.statusLabel.text == "1 of 2, Anna CT: reading")
    click(panel.ui.cancelButton)
    spin(lambda: not panel.running)
    assert panel.ui.statusLabel.text == "Cancelled. Nothing was kept."
    assert slicer.app.news == []
    assert panel.ui.compareAllButton.enabled


def test_a_closed_scene_is_nobody_and_says_nothing_of_the_last_comparison(panel: Any, child: Callable[[str], Path]) -> None:
    child("finishes")
    load_ct()
    settle()
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert panel.ui.statusLabel.text.startswith("Compared")
    slicer.mrmlScene.Clear()
    settle()
    assert panel.ui.statusLabel.text == ""
    assert panel.ui.patientNameLabel.text == "no patient"


def test_the_end_of_a_comparison_reads_its_own_tables_only(
    panel: Any, child: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from DefaceCompareLib.nodes import run

    child("finishes")
    load_ct()
    settle()
    only(panel, "quickshear")
    read: list[str] = []
    rows_of_table = run.rows_of_table
    monkeypatch.setattr(run, "rows_of_table", lambda table: read.append(table.GetID()) or rows_of_table(table))
    counts = []
    for _ in range(3):
        read.clear()
        click(panel.ui.compareButton)
        spin(lambda: not panel.running)
        counts.append(len(set(read)))
    assert counts == [counts[0]] * 3  # the fourth patient does not wait for the tables of the first


def test_the_panel_fits_into_a_window_of_1280_by_800_with_slicers_own_width_and_all_stays_in_reach(panel_widget: Any) -> None:
    parent, ui, size = panel_widget.parent, panel_widget.panel.ui, panel_widget.parent.size
    parent.resize(480, 640)
    slicer.app.processEvents()
    assert (parent.width, parent.height) == (480, 640)
    for index in range(ui.tabWidget.count):
        ui.tabWidget.setCurrentIndex(index)
        slicer.app.processEvents()
        for name in ("patientBar", "compareButton", "statusLabel", "tabWidget"):
            widget = getattr(ui, name)
            bottom = widget.mapTo(parent, widget.rect.bottomRight())
            assert bottom.x() <= 480, (index, name)
            assert bottom.y() <= 640, (index, name)
    parent.resize(size)


def test_a_shorter_folder_that_is_chosen_later_shows_the_patient_who_would_be_compared(panel: Any, tmp_path: Path) -> None:
    patients = folder_of_patients(tmp_path / "patients")
    panel.ui.patientComboBox.setCurrentIndex(1)
    panel.ui.casePathEdit.currentPath = str(patients)
    panel.bar.choose(2)
    panel.ui.casePathEdit.currentPath = str(patients / "anna")
    settle()
    assert panel.case.folder == patients / "anna"
    assert panel.ui.patientNameLabel.text == "anna"

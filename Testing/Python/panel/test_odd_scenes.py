"""Scenes as users make them: nodes in any order, names of any letters, two scans of one patient, patients who go during a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from deface_compare.case import Structure
from deface_compare.cohort.review import read_decisions
from panel_host import alive, ball, chosen, click, load_ct, only, press, spin
from review_study import opened, write_study
from views_on_screen import FOUR_UP, layout, listed, seen, settle, skin_meshes

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

from DefaceCompareLib.nodes.volumes import add_volume, remove_node  # noqa: E402


def subject(name: str) -> int:
    """A patient of the subject hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    return int(hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), name))


def under(item: int, node: Any) -> Any:
    """File a node under a patient."""
    slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene).CreateItem(item, node)
    return node


def structures(name: str, segment: str = "Brain") -> Any:
    """A segmentation with one mask."""
    from DefaceCompareLib.nodes.structures import add_structures

    mask = sitk.Cast(ball() > 0, sitk.sitkUInt8)
    return add_structures(slicer.mrmlScene, [Structure(name=segment, standard_name=segment, labelmap=mask)], name)


def dose(name: str) -> Any:
    """A volume that SlicerRT has marked as a dose."""
    node = add_volume(slicer.mrmlScene, sitk.Cast(ball() > 0, sitk.sitkFloat32) * 20.0, name)
    node.SetAttribute("DicomRtImport.DoseVolume", "1")
    return node


def test_nodes_of_three_patients_that_come_in_any_order_and_are_named_alike_are_sorted_by_patient(panel: Any) -> None:
    anna, bert, carl = (subject(name) for name in ("Müller^Jürgen", "李^小龍", "Ångström, Åsa"))
    for make, item in (
        (dose, carl), (structures, bert), (load_ct, anna), (structures, carl), (dose, anna), (load_ct, carl), (load_ct, bert),
        (structures, anna),
    ):  # fmt: skip
        under(item, make("same name"))
        settle()
    ui = panel.ui
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    seen = []
    while ui.previousPatientButton.enabled:
        click(ui.previousPatientButton)
    for number in range(3):
        selectors = (ui.ctSelector, ui.segmentationSelector, ui.doseSelector)
        nodes = [each.currentNode() for each in selectors if each.currentNode() is not None]
        owners = {hierarchy.GetItemName(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))) for node in nodes}
        assert len(owners) == 1, owners
        (owner,) = owners
        assert ui.patientNameLabel.text == f"{owner} ({number + 1} of 3)"
        assert len(nodes) == (2 if owner.startswith("李") else 3)  # one has no dose
        assert ui.compareButton.enabled
        seen.append(owner)
        if number < 2:
            click(ui.nextPatientButton)
    assert len(set(seen)) == 3


def test_names_of_any_letters_come_through_a_comparison_into_scene_tables_and_folders(
    panel: Any, child: Callable[[str], Path], tmp_path: Path
) -> None:
    child("finishes")
    name = "Müller^Jürgen 李"
    under(subject(name), load_ct("CT"))
    settle()
    only(panel, "quickshear")
    panel.ui.resultsPathEdit.currentPath = str(tmp_path / "Ergebnisse für 李")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert panel.ui.summaryLabel.text.startswith(f"{name}, CT")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    assert hierarchy.GetItemByName(f"DefaceCompare {name}")
    assert (tmp_path / "Ergebnisse für 李" / "cases" / "case-001").is_dir()


def test_two_scans_of_one_patient_are_one_patient_and_the_second_can_be_chosen_and_has_its_own_results(
    panel: Any, child: Callable[[str], Path]
) -> None:
    child("finishes")
    item = subject("Anna")
    planning, follow_up = under(item, load_ct("CT planning")), under(item, load_ct("CT follow-up"))
    settle()
    only(panel, "quickshear")
    assert chosen(panel)[0] == "CT planning"
    assert panel.ui.patientNameLabel.text == "Anna"
    for ct in (planning, follow_up):
        panel.ui.ctSelector.setCurrentNode(ct)
        settle()
        assert panel.ui.patientNameLabel.text == "Anna"
        assert panel.results.rows == []
        click(panel.ui.compareButton)
        spin(lambda: not panel.running)
        assert panel.results.rows
        assert panel.views._original.GetID() == ct.GetID()
    panel.ui.ctSelector.setCurrentNode(planning)
    settle()
    assert panel.views._original.GetID() == planning.GetID()


def test_a_patient_without_dose_and_structures_is_compared_and_no_table_or_chart_is_left_of_the_one_before(
    panel: Any, child: Callable[[str], Path]
) -> None:
    child("finishes")
    slicer.app.layoutManager().setLayout(FOUR_UP)
    anna, bert = subject("Anna"), subject("Bert")
    for node in (load_ct("CT"), structures("structures"), dose("dose")):
        under(anna, node)
    under(bert, load_ct("CT"))
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert not panel.ui.chartWidget.isHidden()
    click(panel.ui.sideBySideButton)
    settle()
    click(panel.ui.nextPatientButton)
    settle()
    assert chosen(panel) == ["CT", "", "", "", ""]
    assert panel.results.rows == []
    assert panel.ui.chartWidget.isHidden()
    assert not panel.views.views.on  # the views do not show Anna under Bert's name
    assert layout() == FOUR_UP
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert panel.ui.summaryLabel.text.startswith("Bert, CT")


def test_a_scene_saved_in_the_middle_of_a_run_reopens_and_the_run_ends_as_if_nothing_was(
    panel: Any, child: Callable[[str], Path], tmp_path: Path
) -> None:
    child("finishes")
    under(subject("Anna"), load_ct("CT"))
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    slicer.mrmlScene.SetURL(str(tmp_path / "saved.mrml"))
    slicer.mrmlScene.Commit()
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    assert panel.results.rows
    slicer.mrmlScene.Clear()
    slicer.mrmlScene.Import()
    settle()
    assert panel.results.rows == []
    assert panel.ui.statusLabel.text == ""


def test_another_patient_chosen_during_a_run_keeps_the_choice_and_the_results_wait_for_their_own(
    panel: Any, child: Callable[[str], Path]
) -> None:
    child("finishes")
    for name in ("Anna", "Bert"):
        under(subject(name), load_ct("CT"))
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    click(panel.ui.nextPatientButton)
    assert panel.ui.patientNameLabel.text == "Bert (2 of 2)"
    spin(lambda: not panel.running)
    assert panel.ui.patientNameLabel.text == "Bert (2 of 2)"
    assert panel.results.rows == []  # they are Anna's
    click(panel.ui.previousPatientButton)
    assert panel.ui.summaryLabel.text.startswith("Anna, CT")


def test_the_compared_patient_who_is_removed_during_the_run_leaves_no_result_of_nobody(
    panel: Any, child: Callable[[str], Path]
) -> None:
    child("finishes")
    ct = under(subject("Anna"), load_ct("CT"))
    under(subject("Bert"), load_ct("CT"))
    settle()
    only(panel, "quickshear")
    click(panel.ui.compareButton)
    remove_node(slicer.mrmlScene, ct)
    spin(lambda: not panel.running)
    settle()
    assert panel.ui.patientNameLabel.text == "Bert"  # who is left is chosen
    assert panel.results.rows == []
    assert slicer.app.shown_messages == ["The patient was removed from the scene meanwhile: nothing is shown."]
    assert not [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "defaced" in node.GetName()]


def test_compare_works_again_after_cancel_in_the_middle(panel: Any, child: Callable[[str], Path]) -> None:
    marker = child("hangs")
    under(subject("Anna"), load_ct("CT"))
    settle()
    only(panel, "quickshear", "surface_blur")
    click(panel.ui.compareButton)
    spin(lambda: panel.ui.statusLabel.text == "reading")
    click(panel.ui.cancelButton)
    spin(lambda: not panel.running)
    assert not panel.ui.cancelButton.visible
    child("finishes")
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert panel.results.rows
    assert panel.ui.statusLabel.text.startswith("Compared")
    assert not alive(json.loads(marker.read_text())["process"])


def test_a_layout_chosen_during_a_review_stays_and_the_case_comes_with_its_own_face_when_asked_for(
    panel: Any, tmp_path: Path
) -> None:
    panel.ui.arrangementComboBox.setCurrentIndex(0)
    panel.ui.wipeSlider.value = 100
    ui = opened(panel, write_study(tmp_path, cases=3, looked_at=(1, 2, 3), eye=True))
    click(ui.reviewShowButton)
    settle()
    slicer.app.layoutManager().setLayout(FOUR_UP)
    settle()
    press(ui.reviewTable, "P")
    assert layout() == FOUR_UP
    press(ui.reviewTable, "N")
    settle()
    assert ui.placeLabel.text.startswith("2 of 3")
    assert layout() == FOUR_UP
    click(ui.reviewShowButton)
    spin(lambda: [np.array_equal(face, skin_meshes()["case-002 CT"]) for face in seen("DefaceFace")] == [True])
    click(ui.sideBySideButton)
    assert layout() == FOUR_UP


def test_answers_of_a_review_are_taken_back_one_after_the_other_and_given_anew(panel: Any, tmp_path: Path) -> None:
    study = write_study(tmp_path, cases=2, looked_at=(1, 2))
    ui = opened(panel, study, advance=True)
    for key in ("P", "F", "P", "U"):
        press(ui.reviewTable, key)
    assert ui.placeLabel.text == "2 of 2; 1 finished"
    press(ui.reviewTable, "Backspace")
    assert ui.placeLabel.text == "1 of 2; 0 finished"  # back where it was given
    assert (ui.reviewTable.currentRow(), ui.reviewTable.currentColumn()) == (1, 2)
    click(ui.takeBackButton)
    assert listed(ui.reviewCasesList)[0] == "case-001  PF ··"
    press(ui.reviewTable, "F")
    kept = [(each.face_gone, each.data_whole) for each in read_decisions(study / "identifiable" / "review.csv")]
    assert kept == [("pass", "fail"), ("fail", "")]
    ui = opened(panel, study)  # what an earlier session said
    ui.reviewTable.setCurrentCell(0, 1)
    press(ui.reviewTable, "Backspace")
    assert ui.reviewTable.item(0, 1).text() == ""
    assert read_decisions(study / "identifiable" / "review.csv")[0].face_gone == ""

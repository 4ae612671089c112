"""The scene keeps the panel's choices, in both directions, through one table."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from panel_host import ROOT, load_ct

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


def test_every_line_of_the_table_names_a_widget_of_the_ui_and_a_choice_has_a_word_an_entry(panel: Any) -> None:
    from DefaceCompareLib.panel.parameters import CHOICE, PARAMETERS

    root = ElementTree.parse(ROOT / "DefaceCompare" / "Resources" / "UI" / "DefaceCompare.ui").getroot()
    widgets = {widget.get("name"): widget for widget in root.iter("widget")}
    assert len({parameter.key for parameter in PARAMETERS}) == len(PARAMETERS)
    for parameter in PARAMETERS:
        entries = widgets[parameter.widget].findall("item")
        if parameter.property == CHOICE:
            assert len(entries) == len(parameter.choices), parameter.widget
            assert parameter.default in parameter.choices


def test_what_is_clicked_lands_in_the_parameter_node_and_what_a_script_sets_lands_in_the_panel(
    panel: Any, panel_widget: Any, tmp_path: Path
) -> None:
    node, ui = panel_widget.logic.getParameterNode(), panel.ui
    ct = load_ct()
    ui.ctSelector.setCurrentNode(ct)
    ui.fillComboBox.setCurrentIndex(1)
    ui.alteredCheckBox.checked = False
    ui.reviewerLineEdit.text = "AB"
    ui.reviewSeedSpinBox.value = 7
    panel.methods.methodBox_eye_line.checked = True
    assert node.GetNodeReference("CT").GetID() == ct.GetID()
    kept = [node.GetParameter(key) for key in ("Fill", "ShowAltered", "Reviewer", "ReviewSeed", "Method.eye_line")]
    assert kept == ["zero", "false", "AB", "7", "true"]
    node.SetParameter("Fill", "permute")
    node.SetParameter("Method.eye_line", "false")
    node.SetParameter("CaseFolder", str(tmp_path))
    node.SetNodeReferenceID("CT", None)
    assert ui.fillComboBox.currentIndex == 2
    assert not panel.methods.methodBox_eye_line.checked
    assert ui.casePathEdit.currentPath == str(tmp_path)
    assert ui.ctSelector.currentNode() is None
    node.SetParameter("Fill", "a word of another version")
    assert ui.fillComboBox.currentIndex == 0


def test_choices_come_back_with_the_module_and_with_a_saved_scene(panel: Any, panel_widget: Any, tmp_path: Path) -> None:
    ct, other = load_ct("first"), load_ct("second")
    panel.ui.ctSelector.setCurrentNode(other)
    panel.methods.methodBox_quickshear.checked = False
    panel.set_parameter_node(None)
    panel.ui.ctSelector.setCurrentNode(ct)
    panel.methods.methodBox_quickshear.checked = True
    panel_widget.enter()
    assert panel.ui.ctSelector.currentNode().GetName() == "second"
    assert not panel.methods.methodBox_quickshear.checked
    scene = slicer.mrmlScene
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear()
    assert panel.methods.methodBox_quickshear.checked
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Import()
    panel_widget.enter()
    assert not panel.methods.methodBox_quickshear.checked


def test_a_fresh_scene_offers_its_first_volume_structure_set_and_marked_dose_but_a_users_none_stays(
    panel: Any, panel_widget: Any
) -> None:
    dose, ct = load_ct("dose"), load_ct("CT")
    dose.SetAttribute("DicomRtImport.DoseVolume", "1")
    panel_widget.enter()
    assert (panel.ui.ctSelector.currentNode().GetName(), panel.ui.doseSelector.currentNode().GetName()) == ("CT", "dose")
    panel.ui.doseSelector.setCurrentNode(None)
    panel_widget.enter()
    assert panel.ui.doseSelector.currentNode() is None
    assert panel.ui.ctSelector.currentNode().GetID() == ct.GetID()

"""Results as a user reads them: summary, organs, DVH chart, jump to a structure, and what comes back with a scene."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from panel_host import click, spin
from result_tables import column, plain
from views_on_screen import dvh_chart

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


NARROW_PIXELS = 466
"""A panel of 480 pixels with a scroll bar beside it."""


QUALITY, PRIVACY, VOLUME, DOSE = 4, 0, 1, 3
"""Entries of the list of tables."""


def test_the_summary_says_what_one_case_may_say_and_no_more(compared: Any) -> None:
    import qt

    ui = compared.ui
    assert "no verdict from one case" in ui.summaryLabel.text
    assert column(ui.summaryTable, "method") == ["Quickshear (ours)", "Surface blur (CuratAI-style)"]
    headings = [ui.summaryTable.horizontalHeaderItem(index).toolTip() for index in range(ui.summaryTable.columnCount)]
    assert headings == ["method", "left of face", "did as meant", "worst organ"]  # no column of excuses
    assert column(ui.summaryTable, "worst organ")[1] == "Eye_L: Dmean −1.00 Gy"
    assert "not measured: similarity (face model not installed)" in ui.summaryLabel.text.splitlines()
    assert column(ui.summaryTable, "did as meant") == ["yes"] * 2
    picture = ui.summaryTable.item(0, 1)
    assert not picture.data(qt.Qt.DecorationRole).isNull()
    assert "eyes 98 %, nose 2 %, mouth not known" in picture.toolTip()


def test_organs_stand_below_worst_first_as_they_were_planned_and_lead_to_their_slices(compared: Any) -> None:
    import qt

    ui = compared.ui
    assert column(ui.organTable, "organ") == ["Auge links", "Brain", "Lens_L"]
    assert column(ui.organTable, "Quickshear (ours)") == ["−0.50 Gy"] * 3
    assert not ui.organTable.item(0, 1).data(qt.Qt.DecorationRole).isNull()
    assert ui.organsLabel.text == "3 of 3 organs changed; dose policy mask"
    ui.organTable.setCurrentCell(0, 0)
    node = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    middle = [node.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]
    assert middle == pytest.approx([-30.0, 40.0, 10.0], abs=1e-3)
    ui.dosePolicyComboBox.setCurrentIndex(0)
    assert not ui.organTable.visible
    assert ui.organsLabel.text == "0 of 3 organs changed; dose policy keep"


def test_with_other_heads_the_similarity_has_a_percentile_and_it_comes_back_with_the_scene(
    compared: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from deface_compare.cohort.reidentification import percentile as face_percentile
    from deface_compare.cohort.reidentification.percentile import Percentile

    asked: list[Any] = []

    def percentiles(case: Path, study: Path, case_id: str, image: str) -> dict[str, Percentile]:
        asked.append((study, case_id, image))
        return {"quickshear": Percentile(62.5, 8)}

    monkeypatch.setattr(face_percentile, "percentiles", percentiles)
    ui = compared.ui
    ui.otherHeadsPathEdit.currentPath = str(tmp_path)
    click(ui.compareButton)
    spin(lambda: not compared.running)
    assert asked == [(tmp_path, "case-001", "CT")]
    for _ in range(2):
        assert column(ui.summaryTable, "percentile") == ["62.5", ""]
        assert "percentile among 8 other heads, which are few" in ui.summaryLabel.text
        compared.results.show(None)
        compared.show_scene()


def test_the_summary_tells_how_many_structures_were_measured_also_from_a_saved_scene(compared: Any) -> None:
    sentence = "2 of 3 structures measured; not measured: 1 × helper, excluded (structure-03)"
    for index in range(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLTableNode")):
        slicer.mrmlScene.GetNthNodeByClass(index, "vtkMRMLTableNode").SetAttribute("DefaceCompare.Structures", sentence)
    compared.show_scene()
    assert compared.ui.summaryLabel.text.splitlines()[-1] == sentence
    compared.results.show(None)
    assert sentence not in compared.ui.summaryLabel.text


def test_the_chart_draws_an_organ_in_its_colour_and_every_method_in_its_own_line_style(compared: Any) -> None:
    assert compared.ui.chartWidget.visible
    chart = dvh_chart()
    series = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [node.GetName() for node in series] == [
        "original",
        "Quickshear",
        "Surface blur",
    ]
    assert chart.GetTitle() == "Eye_L"
    low, high = chart.GetXAxisRange()
    assert (low, high) == pytest.approx((0.0, 1.02 * 10.0))  # the last dose that any of the volume receives
    assert [node.GetLineStyleAsString(node.GetLineStyle()) for node in series] == ["solid", "dash", "dot"]
    widths = [node.GetLineWidth() for node in series]
    assert widths == sorted(set(widths))  # the more of a line is blank, the wider its pen
    assert {tuple(np.round(node.GetColor(), 2)) for node in series} == {(0.2, 0.4, 0.6)}
    assert [node.GetYColumnName().split("|")[2] for node in series] == ["", "mask", "mask"]
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("Dose [Gy]", "Volume [%]")
    compared.ui.dosePolicyComboBox.setCurrentIndex(0)
    assert chart.GetNumberOfPlotSeriesNodes() == 1
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") == 1


def test_choosing_a_row_with_a_structure_jumps_the_slices_to_it_by_its_planned_name(compared: Any) -> None:
    ui = compared.ui
    ui.tableComboBox.setCurrentIndex(VOLUME)
    row = column(ui.resultTable, "structure").index("Eye_L")
    ui.resultTable.setCurrentCell(row, 0)
    for name in ("Red", "Yellow", "Green"):
        node = slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode")
        middle = [node.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]
        assert middle == pytest.approx([-30.0, 40.0, 10.0], abs=1e-3)


def test_a_second_run_of_the_same_case_is_shown_alone_and_the_first_ones_tables_stay(
    compared: Any, child: Callable[[str], Path]
) -> None:
    from DefaceCompareLib.nodes.run import runs_of_scene

    first = [plain(row) for row in compared.results.rows]
    child("finishes")
    compared.methods.methodBox_surface_blur.checked = False
    click(compared.ui.compareButton)
    spin(lambda: not compared.running)
    assert {row.method for row in compared.results.rows} == {"quickshear"}
    runs = runs_of_scene(slicer.mrmlScene)
    assert [plain(row) for row in runs[0].rows()] == first
    assert len(runs) == 2


def test_results_come_back_with_a_saved_scene(compared: Any, panel_widget: Any, tmp_path: Path) -> None:
    rows = list(compared.results.rows)
    bundle = str(tmp_path / "case.mrb")
    assert slicer.mrmlScene.WriteToMRB(bundle)
    slicer.mrmlScene.Clear()
    assert not compared.results.rows
    assert not compared.ui.resultsTab.enabled
    assert not compared.ui.chartWidget.visible
    read_bundle(bundle)
    panel_widget.enter()
    same = [plain(row) for row in compared.results.rows]
    assert same == [
        plain(row) for row in sorted(rows, key=lambda row: ("quality", "privacy", "volume", "dose").index(row.domain))
    ]
    assert compared.ui.chartWidget.visible
    assert compared.ui.sideBySideButton.enabled


def test_charts_are_drawn_anew_and_neither_saved_nor_doubled_nor_listed(compared: Any, panel_widget: Any, tmp_path: Path) -> None:
    count = {name: slicer.mrmlScene.GetNumberOfNodesByClass(f"vtkMRMLPlot{name}Node") for name in ("Chart", "Series", "View")}
    for name in ("Chart", "Series"):
        node = slicer.mrmlScene.GetNthNodeByClass(0, f"vtkMRMLPlot{name}Node")
        assert node.GetHideFromEditors()
        node.SetSaveWithScene(True)  # as version 0.5.0 saved them
    for number in range(2):
        bundle = str(tmp_path / f"case{number}.mrb")
        assert slicer.mrmlScene.WriteToMRB(bundle)
        slicer.mrmlScene.Clear()
        read_bundle(bundle)
        panel_widget.enter()
        now = {name: slicer.mrmlScene.GetNumberOfNodesByClass(f"vtkMRMLPlot{name}Node") for name in count}
        assert now == count


def read_bundle(bundle: str) -> None:
    """Unpack and import, as Slicer's reader of .mrb does (which needs its data cache here)."""
    import zipfile

    folder = Path(bundle).with_suffix("")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    slicer.mrmlScene.SetURL(str(next(folder.rglob("*.mrml"))))
    slicer.mrmlScene.Import()

"""Results as a user reads them: summary, sortable tables with units and engines, copy, CSV, DVH chart, jump to a structure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deface_compare.measurement import Scope, read_measurements, write_measurements
from panel_host import click, install_copier, load_ct, show_tab_of, spin

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")
pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]

NARROW_PIXELS = 466
"""A panel of 480 pixels with a scroll bar beside it."""

QUALITY, PRIVACY, VOLUME, DOSE = 4, 0, 1, 3
"""Entries of the list of tables."""


@pytest.fixture
def compared(panel: Any, two_methods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The panel after a run of two methods on a patient with a structure set."""
    install_copier(tmp_path, monkeypatch, two_methods)
    panel.ui.ctSelector.setCurrentNode(load_ct())
    panel.ui.segmentationSelector.setCurrentNode(eyes_and_brain())
    for key in panel.methods._boxes:
        getattr(panel.methods, f"methodBox_{key}").checked = key in ("quickshear", "surface_blur")
    panel.ui.dosePolicyComboBox.setCurrentIndex(1)
    panel.ui.valueComboBox.setCurrentIndex(0)
    click(panel.ui.compareButton)
    spin(lambda: not panel.running)
    assert slicer.app.shown_messages == []
    return panel


def eyes_and_brain() -> Any:
    """A segmentation whose names are a clinic's own."""
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "structures")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    own = {"Auge links": ((-30.0, 40.0, 10.0), (0.2, 0.4, 0.6)), "Brain": ((0.0, 0.0, 30.0), (0.7, 0.1, 0.3))}
    for name, (centre, colour) in own.items():
        sphere = vtkSphereSource()
        sphere.SetCenter(*centre)
        sphere.SetRadius(12.0)
        sphere.Update()
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*colour)
        segment.AddRepresentation("Closed surface", sphere.GetOutput())
        node.GetSegmentation().AddSegment(segment, name)
    return node


def column(table: Any, heading: str) -> list[str]:
    """The texts below a heading, as shown."""
    headings = [table.horizontalHeaderItem(index).text().replace("\n", " ") for index in range(table.columnCount)]
    return [table.item(row, headings.index(heading)).text() for row in range(table.rowCount)]


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
    assert column(ui.organTable, "Quickshear (ours)") == ["Dmean −0.50 Gy"] * 3
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


def test_tables_sort_by_number_and_show_units_and_the_engine(compared: Any) -> None:
    import qt

    ui = compared.ui
    ui.tableComboBox.setCurrentIndex(VOLUME)
    assert set(column(ui.resultTable, "unit")) == {"cc"}
    ui.resultTable.sortItems(3, qt.Qt.SortOrder.AscendingOrder)
    assert [float(text) for text in column(ui.resultTable, "original")] == [0.25, 7.12, 1310.5]
    assert column(ui.resultTable, "structure") == ["Lens_L", "Eye_L", "Brain"]
    ui.tableComboBox.setCurrentIndex(DOSE)
    assert "builtin-slab-x4" in ui.tableNoteLabel.text
    assert "dose was not recalculated on the defaced image" in ui.tableNoteLabel.text
    assert [float(text) for text in column(ui.resultTable, "Quickshear (ours)")] == [19.5] * 3
    ui.valueComboBox.setCurrentIndex(1)
    assert [float(text) for text in column(ui.resultTable, "Surface blur (CuratAI-style)")] == [-1.0] * 3
    ui.dosePolicyComboBox.setCurrentIndex(2)
    assert [float(text) for text in column(ui.resultTable, "Surface blur (CuratAI-style)")] == [-0.5] * 3
    ui.tableComboBox.setCurrentIndex(VOLUME)
    ui.valueComboBox.setCurrentIndex(2)
    assert ui.resultTable.rowCount == 0
    assert not ui.saveButton.enabled


def test_in_a_narrow_panel_no_table_of_four_methods_scrolls_sideways_and_what_is_cut_can_be_read(
    compared: Any, panel_widget: Any
) -> None:
    rows = []
    for method in ("quickshear", "biometric_mask", "average_face", "surface_blur"):
        scope = Scope("case-001", method, "", "background", "none")
        rows += [
            scope.row(metric, defaced=1.0, image="CT")
            for metric in ("done_as_intended", "data_whole", "face_detected", "face_surface_moved_p95")
        ]
        rows.append(scope.row("feature_moved", defaced=3.0, image="CT", structure="forehead_and_brow"))
        for metric in ("own", "reference", "reconstructed"):
            rows.append(scope.missing(f"cosine_similarity_{metric}", "face not in field of view", image="CT"))
        for organ in ("Brain", "OpticChiasm", "Parotid_L", "Parotid_R"):
            rows += [
                scope.row(metric, original=62.66, defaced=-20.13, structure=organ, image="DOSE", dose_policy="mask", engine="x")
                for metric in ("Dmean", "V20Gy_percent", "V20Gy_cc")
            ]
    ui, size = compared.ui, panel_widget.parent.size
    compared.results.show(None, rows)
    show_tab_of(ui.resultTable)
    panel_widget.parent.resize(NARROW_PIXELS, size.height())
    slicer.app.processEvents()
    compared.results.refit()
    for domain in (PRIVACY, DOSE, QUALITY):
        ui.tableComboBox.setCurrentIndex(domain)
        slicer.app.processEvents()
        for table in (ui.summaryTable, ui.resultTable):
            assert table.rowCount > 0
            assert sum(table.columnWidth(column) for column in range(table.columnCount)) <= table.viewport().width
            headings = [table.horizontalHeaderItem(column).toolTip() for column in range(table.columnCount)]
            for column in (index for index, heading in enumerate(headings) if heading in ("method", "structure", "measurement")):
                items = [table.item(row, column) for row in range(table.rowCount)]
                assert all(item.text() in item.toolTip() for item in items)
            assert headings[-1] in ("worst organ", "Surface blur (CuratAI-style)")
    panel_widget.parent.resize(size)


def test_names_are_whole_where_a_wide_panel_has_room_and_rows_are_one_line_high(compared: Any, panel_widget: Any) -> None:
    arms = ("quickshear", "biometric_mask", "average_face", "surface_blur", "eye_line", "mri_reface", "curatai")
    rows = [
        Scope("case-001", method, "", "background", "none").row(
            metric, original=20.0, defaced=19.0, structure=organ, image="DOSE", dose_policy="mask", engine="x"
        )
        for organ in ("InternalAuditoryCanal_L", "SubmandibularGland_R")
        for metric in ("V20Gy_percent", "Dmean")
        for method in arms
    ]
    ui, size = compared.ui, panel_widget.parent.size
    show_tab_of(ui.resultTable)
    panel_widget.parent.resize(900, size.height())
    slicer.app.processEvents()
    ui.tableComboBox.setCurrentIndex(DOSE)
    compared.results.show(None, rows)
    slicer.app.processEvents()
    table = ui.resultTable
    for index in range(2):
        metrics = table.fontMetrics()
        wanted = max(metrics.horizontalAdvance(table.item(row, index).text()) for row in range(table.rowCount))
        assert table.columnWidth(index) > wanted
    assert sum(table.columnWidth(index) for index in range(table.columnCount)) >= table.viewport().width - 20
    assert max(table.rowHeight(row) for row in range(table.rowCount)) < 2 * table.fontMetrics().height()
    panel_widget.parent.resize(size)


def test_rows_of_another_engine_are_extra_lines_and_a_column_says_so(compared: Any) -> None:
    ui = compared.ui
    ui.valueComboBox.setCurrentIndex(0)
    ui.tableComboBox.setCurrentIndex(DOSE)
    before = ui.resultTable.rowCount
    scope = Scope("case-001", "quickshear", "", "background", "none")
    extra = scope.row(
        "Dmean", original=20.1, defaced=19.6, structure="Eye_L", image="DOSE", dose_policy="mask", engine="SlicerRT-x2"
    )
    compared.results.add_rows([extra])
    assert ui.resultTable.rowCount == before + 1
    assert column(ui.resultTable, "engine").count("SlicerRT-x2") == 1
    assert "SlicerRT-x2, builtin-slab-x4" in ui.tableNoteLabel.text
    assert not [
        engine for engine in column(ui.resultTable, "engine") if "≠" in engine
    ]  # 19.5 and 19.6 Gy are half a percent apart
    compared.results.add_rows([replace(extra, defaced=15.0)])
    lines = zip(column(ui.resultTable, "structure"), column(ui.resultTable, "engine"), strict=True)
    assert {engine for organ, engine in lines if organ == "Eye_L"} == {"SlicerRT-x2 ≠", "builtin-slab-x4 ≠"}


def test_another_engines_line_stands_before_the_built_in_one(panel: Any) -> None:
    from DefaceCompareLib.panel.results.measurement_table import measurement_table

    scope = Scope("case-001", "quickshear", "", "background", "none")
    rows = [
        scope.row("Dmean", original=20.0, defaced=19.0, structure=organ, image="DOSE", dose_policy="mask", engine=engine)
        for engine in ("builtin-slab-x4", "SlicerRT-x2")
        for organ in ("Eye_L", "Brain")
    ]
    table = measurement_table(rows, {}, dose_policy="mask")
    assert [(line[0].content, line[3].content) for line in table.lines] == [
        ("Eye_L", "SlicerRT-x2"),
        ("Eye_L", "builtin-slab-x4"),
        ("Brain", "SlicerRT-x2"),
        ("Brain", "builtin-slab-x4"),
    ]


def test_slicerrt_is_asked_only_where_it_is_installed_and_ticked_and_its_rows_stand_beside(
    compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicerrt_stand_in
    from DefaceCompareLib.slicerrt import rows as slicerrt_rows

    ui = compared.ui
    assert (ui.slicerrtCheckBox.enabled, ui.slicerrtCheckBox.toolTip) == (False, "SlicerRT is not installed (Extensions Manager)")
    asked: list[Any] = []

    def measure(out: Path, case: Any, scene: Any, segmentation: Any, progress: Callable[[int, int, str], bool]) -> None:
        asked.append((case.id, segmentation.GetName()))
        assert progress(1, 4, "SlicerRT's DVH")
        rows = [row for row in read_measurements(out / "cases" / case.id / "measurements.csv") if row.domain == "dose"]
        twins = [replace(row, engine="SlicerRT-x2", defaced=row.defaced + 0.01) for row in rows]
        write_measurements(out / "cases" / case.id / slicerrt_rows.FILE_NAME, twins)

    monkeypatch.setattr(slicerrt_rows, "add_slicerrt_rows", measure)
    slicerrt_stand_in.install(slicer.mrmlScene, monkeypatch)
    compared.slicerrt.refresh()
    assert ui.slicerrtCheckBox.checked  # where SlicerRT is, the clinic's own engine is asked
    click(ui.compareButton)
    spin(lambda: not compared.running)
    assert slicer.app.shown_messages == []
    assert asked == [("case-001", "structures")]
    ui.tableComboBox.setCurrentIndex(DOSE)
    engines = column(ui.resultTable, "engine")
    assert engines.count("SlicerRT-x2") == engines.count("builtin-slab-x4") > 0
    assert "SlicerRT-x2, builtin-slab-x4" in ui.tableNoteLabel.text


def test_copy_takes_what_is_shown_and_csv_takes_every_row_and_digit(
    compared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    ui = compared.ui
    ui.tableComboBox.setCurrentIndex(VOLUME)
    click(ui.copyButton)
    lines = slicer.app.clipboard().text().splitlines()
    assert lines[0].split("\t")[:3] == ["structure", "measurement", "unit"]
    assert len(lines) == 1 + ui.resultTable.rowCount
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *given: str(tmp_path / "rows.csv"))
    click(ui.saveButton)
    saved = read_measurements(tmp_path / "rows.csv")
    assert [_plain(row) for row in saved] == [_plain(row) for row in compared.results.rows if row.domain == "volume"]
    assert 7.125 in [row.original for row in saved]
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *given: "")
    click(ui.saveButton)
    assert len(list(tmp_path.glob("*.csv"))) == 1


def test_the_chart_draws_an_organ_in_its_colour_and_every_method_in_its_own_line_style(compared: Any) -> None:
    assert compared.ui.chartWidget.visible
    chart = compared.ui.dvhPlot.mrmlPlotViewNode().GetPlotChartNode()
    series = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [node.GetName() for node in series] == [
        "original",
        "quickshear",
        "surface_blur",
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

    first = [_plain(row) for row in compared.results.rows]
    child("finishes")
    compared.methods.methodBox_surface_blur.checked = False
    click(compared.ui.compareButton)
    spin(lambda: not compared.running)
    assert {row.method for row in compared.results.rows} == {"quickshear"}
    runs = runs_of_scene(slicer.mrmlScene)
    assert [_plain(row) for row in runs[0].rows()] == first
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
    same = [_plain(row) for row in compared.results.rows]
    assert same == [
        _plain(row) for row in sorted(rows, key=lambda row: ("quality", "privacy", "volume", "dose").index(row.domain))
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


def _plain(row: Any) -> tuple[object, ...]:
    return tuple(None if isinstance(value, float) and math.isnan(value) else value for value in astuple(row))

"""The panel's tables: sortable, with units and engines, lines of other engines; copy and CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deface_compare.measurement import Scope
from deface_compare.measurement_table import read_measurements, write_measurements
from panel_host import click, show_tab_of, spin
from result_tables import click_heading, column, numbers, plain

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed (pip install .[slicer])")

pytestmark = [pytest.mark.slicer_core, pytest.mark.xdist_group("panel")]


NARROW_PIXELS = 466
"""A panel of 480 pixels with a scroll bar beside it."""


QUALITY, PRIVACY, VOLUME, DOSE = 4, 0, 1, 3
"""Entries of the list of tables."""


def test_tables_sort_by_number_and_show_units_and_the_engine(compared: Any) -> None:
    ui = compared.ui
    ui.tableComboBox.setCurrentIndex(VOLUME)
    show_tab_of(ui.resultTable)
    assert set(column(ui.resultTable, "unit")) == {"cc"}
    as_they_came = column(ui.resultTable, "original")
    click_heading(ui.resultTable, "original")
    assert column(ui.resultTable, "original") == ["0.25", "7.12", "1310"]
    assert column(ui.resultTable, "structure") == ["Lens_L", "Eye_L", "Brain"]
    click_heading(ui.resultTable, "original")
    assert column(ui.resultTable, "structure") == ["Brain", "Eye_L", "Lens_L"]
    click_heading(ui.resultTable, "original")
    assert column(ui.resultTable, "original") == as_they_came
    ui.tableComboBox.setCurrentIndex(DOSE)
    assert "builtin-slab-x4" in ui.tableNoteLabel.text
    assert "dose was not recalculated on the defaced image" in ui.tableNoteLabel.text
    assert column(ui.resultTable, "Quickshear (ours)") == ["19.50"] * 3
    ui.valueComboBox.setCurrentIndex(1)
    assert column(ui.resultTable, "Surface blur (CuratAI-style)") == ["\N{MINUS SIGN}1.00"] * 3
    ui.dosePolicyComboBox.setCurrentIndex(2)
    assert numbers(ui.resultTable, "Surface blur (CuratAI-style)") == [-0.5] * 3
    ui.tableComboBox.setCurrentIndex(VOLUME)
    ui.valueComboBox.setCurrentIndex(2)
    assert ui.resultTable.rowCount == 0
    assert not ui.saveButton.enabled


def test_a_chosen_line_is_its_structure_however_the_table_is_sorted(compared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ui, jumped = compared.ui, []
    monkeypatch.setattr(compared.results, "_on_structure", jumped.append)
    ui.tableComboBox.setCurrentIndex(VOLUME)
    show_tab_of(ui.resultTable)
    for _ in range(2):
        click_heading(ui.resultTable, "original")
        for row, organ in enumerate(column(ui.resultTable, "structure")):
            ui.resultTable.setCurrentCell(row, 1)
            assert jumped[-1] == organ


def test_a_table_begins_with_the_structure_and_the_measurement_that_changed_by_most_tolerances(compared: Any) -> None:
    changes = {
        ("Brain", "Dmean", "Gy"): (30.0, -0.4),
        ("Brain", "V20Gy_percent", "%"): (60.0, -1.0),
        ("Eye_L", "Dmean", "Gy"): (4.0, -0.5),
        ("Eye_L", "Dmax", "Gy"): (9.0, -6.0),
        ("Eye_L", "V20Gy_cc", "cc"): (0.0, 0.0),
        ("Lens_L", "Dmean", "Gy"): (2.0, -2.0),
        ("Lens_L", "V20Gy_cc", "cc"): (0.2, -0.1),
    }
    scope = Scope("case-001", "quickshear", "", "background", "none")
    rows = [
        scope.row(
            metric, original=planned, defaced=planned + change, structure=organ, image="DOSE", dose_policy="mask", engine="x"
        )
        for (organ, metric, _unit), (planned, change) in changes.items()
    ]
    compared.results.show(None, rows)
    compared.ui.tableComboBox.setCurrentIndex(DOSE)
    table = compared.ui.resultTable
    assert list(zip(column(table, "structure"), column(table, "measurement"), strict=True)) == [
        ("Lens_L", "V20Gy_cc"),  # 50 % of a volume: ten tolerances of 5 %
        ("Lens_L", "Dmean"),  # 2 Gy: two
        ("Eye_L", "Dmax"),  # 6 Gy: six
        ("Eye_L", "Dmean"),
        ("Eye_L", "V20Gy_cc"),
        ("Brain", "Dmean"),  # 0.4 of one Gy
        ("Brain", "V20Gy_percent"),  # one of 5 percent
    ]


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


@pytest.mark.parametrize(("slicerrt_gy", "marked"), [(0.0098, False), (0.03, True)])
def test_a_dose_of_nothing_that_bins_read_off_as_a_hundredth_is_no_difference_of_engines(
    panel: Any, slicerrt_gy: float, marked: bool
) -> None:
    from DefaceCompareLib.panel.results.measurement_table import measurement_table

    scope = Scope("case-001", "quickshear", "", "background", "none")
    rows = [
        scope.row("D2%", original=2.1, defaced=defaced, structure="Lens_R", image="DOSE", dose_policy="mask", engine=engine)
        for engine, defaced in (("builtin-slab-x4", 0.0), ("SlicerRT-x2", slicerrt_gy))
    ]
    table = measurement_table(rows, {}, dose_policy="mask")
    assert [("≠" in line[table.headings.index("engine")].text) for line in table.lines] == [marked, marked]


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
    assert [plain(row) for row in saved] == [plain(row) for row in compared.results.rows if row.domain == "volume"]
    assert 7.125 in [row.original for row in saved]
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *given: "")
    click(ui.saveButton)
    assert len(list(tmp_path.glob("*.csv"))) == 1
